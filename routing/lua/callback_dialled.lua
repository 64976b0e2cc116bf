-- ARGV 5 contact   6 CallSid of the leg on which it is called
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'talking' or not c.dial or c.caller_leg ~= '' then return answer(false, c) end
local alias = 'c_' .. string.sub(ARGV[6], 3)
c.caller_leg = ARGV[6]
c.legs[#c.legs + 1] = alias
call('HSET', LEGS, alias, c.id)
fact('callback.dialled', c.id, c.lawyer, { callback = c.callback, leg = ARGV[6] })
save_contact(c)
return answer(true, c)
