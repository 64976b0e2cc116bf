-- ARGV 5 contact   6 lawyer   7 the leg on which they come back
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or not c.in_room then return answer(false, c) end
local old = c.leg
if old == ARGV[7] then return answer(false, c) end
if c.lost_ms == 0 then
  c.lost_ms = now
  fact('talk.leg_lost', c.id, c.lawyer)
end
c.leg = ARGV[7]
due('talk', c.id, now + times.rejoin)
save_contact(c)
return answer(true, c, nil, nil, old)
