-- ARGV 5 contact
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'menu' then
  due('lease', c.id, now + times.menu_lease)
elseif c.state == 'waiting' or c.state == 'offered' then
  if c.dial then return answer(false, c) end
  due('lease', c.id, now + times.wait_lease)
elseif c.state == 'talking' then
  due('talk', c.id, now + times.talk_lease)
else
  return answer(false, c)
end
return answer(true, c)
