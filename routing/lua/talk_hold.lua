-- ARGV 5 contact   6 lawyer   7 is the caller to be on hold, 1 or 0
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local held = ARGV[7] == '1'
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] or not c.in_room or c.held == held then return answer(false, c) end
c.held = held
fact('talk.held', c.id, c.lawyer, { held = held })
save_contact(c)
return answer(true, c)
