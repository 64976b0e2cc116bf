-- ARGV 5 contact   6 lawyer   7 leg
local c = load_contact(ARGV[5])
if not c or c.lawyer ~= ARGV[6] or (c.state ~= 'offered' and c.state ~= 'talking') then return answer(false, c) end
if c.leg ~= '' then return answer(c.leg == ARGV[7], c) end
c.leg = ARGV[7]
save_contact(c)
return answer(true, c)
