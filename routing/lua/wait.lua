-- ARGV 5 contact   6 what it needs (JSON): channel, type, language, prefecture, priority, digit, evidence, head_start,
--      prefer, conflicts
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'menu' then return answer(false, c) end
local need = decode(ARGV[6])
local able = able_for(need)
if not able then return missing('type', need.type) end
c.channel, c.type, c.language, c.priority = need.channel, need.type, need.language, need.priority
c.digit, c.evidence, c.prefer = need.digit, need.evidence, need.prefer
if need.prefecture ~= '' then c.prefecture = need.prefecture end
c.waiting_since_ms, c.place_ms, c.step = now, now - need.head_start, first_manned_step(able)
local offers = {}
take_over(c)
fact('contact.chose', c.id, '', {
  digit = c.digit, channel = c.channel, evidence = c.evidence, language = c.language, prefecture = c.prefecture,
  prefer = c.prefer,
})
fact('contact.waiting', c.id, '', {
  type = c.type, priority = c.priority, since_ms = now, place_ms = c.place_ms, step = c.step,
})
if call('LPUSH', ARRIVALS, now) > 2 * SAMPLES then call('LTRIM', ARRIVALS, 0, SAMPLES - 1) end
for _, lawyer in ipairs(need.conflicts) do
  c.passed[lawyer] = now + FOR_GOOD
  fact('contact.passed_over', c.id, lawyer, { reason = 'conflict' })
end
due('lease', c.id, now + times.wait_lease)
seek_lawyer(c, able, offers)
return answer(true, c, nil, offers)
