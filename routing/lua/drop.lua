-- ARGV 5 contact   6 lawyer   7 reason
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'menu' then return illegal(c.id, c.state, 'drop') end
local l = load_lawyer(ARGV[6])
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] then return answer(false, c, l) end
local able, offers, leg = able_for(c), {}, c.leg
if not able then return missing('type', c.type) end
local second, serves, lacking = second_of(c)
if lacking then return lacking end
local talk_ms = talk_of(c, ARGV[7] == 'lost')
end_talk(c)
c.talked_ms, c.prefer = c.talked_ms + talk_ms, l.id
fact('contact.dropped', c.id, l.id, { reason = ARGV[7], talk_ms = talk_ms })
wrap_up(l)
if second then let_second_go(c, second, 'talk_over') end
back_to_place(c, able, offers)
if second then second_seeks(second.id, serves, offers) end
return answer(true, c, l, offers, leg)
