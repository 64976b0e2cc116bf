-- ARGV 5 call-back   6 proof or signature (JSON)
local k = load_callback(ARGV[5])
if not k then return 0 end
local c = load_contact(k.contact)
if c.state == 'offered' or c.state == 'talking' then return 0 end -- it is being answered right now
close_callback(k, c, decode(ARGV[6]))
return 1
