-- ARGV 5 contact   6 lawyer   7 the leg that ended
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or c.leg ~= ARGV[7] or c.lost_ms > 0 or not c.in_room then
  return answer(false, c)
end
c.lost_ms = now
due('talk', c.id, now + times.rejoin)
fact('talk.leg_lost', c.id, c.lawyer)
save_contact(c)
return answer(true, c)
