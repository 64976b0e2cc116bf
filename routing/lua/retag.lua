-- ARGV 5 contact   6 what it needs now (JSON, as for wait)   7 reason
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local need = decode(ARGV[6])
if c.state ~= 'waiting' or (c.type == need.type and c.priority == need.priority) then return answer(false, c) end
local able = able_for(need)
if not able then return missing('type', need.type) end
leave_queue(c)
settle('relax', c.id)
c.channel, c.type, c.language, c.priority = need.channel, need.type, need.language, need.priority
if need.prefecture ~= '' then c.prefecture = need.prefecture end
c.place_ms, c.step = c.waiting_since_ms - need.head_start, first_manned_step(able)
local offers = {}
fact('contact.retagged', c.id, '', {
  type = c.type, priority = c.priority, reason = ARGV[7], channel = c.channel, language = c.language,
  prefecture = c.prefecture, place_ms = c.place_ms, step = c.step,
})
seek_lawyer(c, able, offers)
return answer(true, c, nil, offers)
