-- ARGV 5 contact   6 lawyer
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or c.lost_ms == 0 then return answer(false, c) end
fact('talk.rejoined', c.id, c.lawyer, { after_ms = now - c.lost_ms })
c.lost_ms = 0
due('talk', c.id, now + times.talk_lease)
save_contact(c)
return answer(true, c)
