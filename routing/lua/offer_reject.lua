-- ARGV 5 contact   6 lawyer   7 reason
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'menu' then return illegal(c.id, c.state, 'return') end
local l = load_lawyer(ARGV[6])
if c.state ~= 'offered' or c.lawyer ~= ARGV[6] then return answer(false, c, l) end
local able, serves, offers, leg = able_for(c), served_by(l), {}, c.leg
if not able then return missing('type', c.type) end
if not serves then return missing('profile', l.profile) end
fact('offer.rejected', c.id, l.id, { reason = ARGV[7] })
l = return_offer(c, l, times.pass_over, able, serves, offers)
return answer(true, c, l, offers, leg)
