-- ARGV 5 contact   6 the lawyer who was asked   7 reason; no_answer: they let it ring
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local l = load_lawyer(ARGV[6])
if c.second == '' or c.second ~= ARGV[6] then return answer(false, c, l) end
local _, serves, lacking = second_of(c)
if lacking then return lacking end
local offers, leg = {}, c.second_leg
let_second_go(c, l, ARGV[7])
save_contact(c)
l = second_seeks(l.id, serves, offers)
return answer(true, c, l, offers, leg)
