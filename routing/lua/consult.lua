-- ARGV 5 contact   6 lawyer   7 the lawyer who is asked
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local l = load_lawyer(ARGV[7])
if not l then return unknown('lawyer', ARGV[7]) end
local able = l.state == 'idle' and l.status == 'ready' and l.fresh and fresh_until(l) > now
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or not c.in_room or c.second ~= '' or not able then
  return answer(false, c, l)
end
c.second, c.second_leg = l.id, ''
l.state, l.contact, l.since_ms, l.second = 'offered', c.id, now, true
due('consult', c.id, now + times.ring)
fact('consult.asked', c.id, l.id, { by = c.lawyer, until_ms = now + times.ring })
save_contact(c)
save_lawyer(l)
return answer(true, c, l)
