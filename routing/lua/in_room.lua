-- ARGV 5 contact
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'talking' or c.in_room then return answer(false, c) end
if c.dial then c.talk_since_ms = now end -- until now their phone rang
c.in_room, c.dial = true, false
fact('contact.joined', c.id, c.lawyer)
save_contact(c)
return answer(true, c)
