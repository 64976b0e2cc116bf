-- ARGV 5 contact or lawyer   6 id
local found = ARGV[5] == 'contact' and load_contact(ARGV[6]) or ARGV[5] == 'lawyer' and load_lawyer(ARGV[6])
return found and cjson.encode(found)
