-- ARGV 5 contact   6 lawyer: the talk goes on with the one whom they consulted
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local l = load_lawyer(ARGV[6])
local second = c.second ~= '' and load_lawyer(c.second)
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or not second or second.state ~= 'talking' then return answer(false, c, l) end
local leg = c.leg
fact('talk.handed_over', c.id, second.id, { from = l.id })
c.lawyer, c.leg, c.second, c.second_leg, c.held, c.lost_ms = second.id, c.second_leg, '', '', false, 0
due('talk', c.id, now + times.talk_lease)
save_contact(c)
second.second = nil
save_lawyer(second)
wrap_up(l)
return answer(true, c, l, nil, leg)
