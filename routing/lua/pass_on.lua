-- ARGV 5 contact   6 lawyer   7 what it needs now (JSON, as for wait)
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local l = load_lawyer(ARGV[6])
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or not c.in_room or c.dial then return answer(false, c, l) end
local need = decode(ARGV[7])
local able = able_for(need)
if not able then return missing('type', need.type) end
local second, serves, lacking = second_of(c)
if lacking then return lacking end
local offers, leg = {}, c.leg
local talk_ms = talk_of(c, false)
end_talk(c)
c.talked_ms, c.prefer = c.talked_ms + talk_ms, nil -- another lawyer is to have it
fact('contact.dropped', c.id, l.id, { reason = 'passed_on', talk_ms = talk_ms })
c.channel, c.type, c.language, c.priority = need.channel, need.type, need.language, need.priority
c.place_ms, c.step = math.min(c.place_ms, c.waiting_since_ms - need.head_start), first_manned_step(able)
fact('contact.retagged', c.id, '', {
  type = c.type, priority = c.priority, reason = 'passed_on', channel = c.channel, language = c.language,
  prefecture = c.prefecture, place_ms = c.place_ms, step = c.step,
})
wrap_up(l)
if second then let_second_go(c, second, 'talk_over') end
back_to_place(c, able, offers)
if second then second_seeks(second.id, serves, offers) end
return answer(true, c, l, offers, leg)
