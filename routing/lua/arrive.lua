-- ARGV 5 contact   6 the new contact as it is stored (JSON)   7 what its arrival says (JSON)
local known = load_contact(ARGV[5])
if known then return answer(false, known) end
due('lease', ARGV[5], now + times.menu_lease)
tell('contact.arrived', ARGV[5], '', ARGV[7])
call('HSET', CONTACTS, ARGV[5], ARGV[6])
return { 1, ARGV[6], false, {}, '' }
