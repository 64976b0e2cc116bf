-- ARGV 5 contact   6 the lawyer who is asked   7 leg
local c = load_contact(ARGV[5])
if not c or c.state ~= 'talking' or c.second ~= ARGV[6] then return answer(false, c) end
if c.second_leg ~= '' then return answer(c.second_leg == ARGV[7], c) end
c.second_leg = ARGV[7]
save_contact(c)
return answer(true, c)
