-- ARGV 5 contact   6 number, '' = the one they call from
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'talking' or c.dial or not on_line(c.state) then return answer(false, c) end
local l, serves, offers, leg = nil, nil, {}, c.leg
if c.state == 'offered' then
  l = load_lawyer(c.lawyer)
  serves = served_by(l)
  if not serves then return missing('profile', l.profile) end
end
if c.state == 'waiting' then leave_queue(c) end
settle('offer', c.id)
if ARGV[6] ~= '' then c.callback_number = ARGV[6] end
fact('contact.callback', c.id, '', { number = c.callback_number, reason = 'chosen' })
local manned = false
for _, field in ipairs(call('HKEYS', COUNTS)) do
  if string.sub(field, 1, 2) == 'd:' then manned = true end
end
open_callback(c, manned and 'chosen' or 'nobody_on_duty')
if l then free_lawyer(l, serves, offers) end
return answer(true, c, l, offers, leg)
