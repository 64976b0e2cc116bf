-- ARGV 5 contact   6 guest   7 asked, joined or left
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local guest, state = ARGV[6], ARGV[7]
local fits
if state == 'asked' then
  fits = c.guest == ''
elseif state == 'joined' then
  fits = c.guest == guest and c.guest_state == 'asked'
else
  fits = c.guest == guest
end
if c.state ~= 'talking' or not c.in_room or not fits then return answer(false, c) end
if state == 'left' then
  c.guest, c.guest_state = '', ''
else
  c.guest, c.guest_state = guest, state
end
fact('talk.guest', c.id, c.lawyer, { guest = guest, state = state })
save_contact(c)
return answer(true, c)
