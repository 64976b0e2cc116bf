-- ARGV 5 contact   6 ended by
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'menu' then return illegal(c.id, c.state, 'done') end
if c.state ~= 'talking' then return answer(false, c) end
local second, serves, lacking = second_of(c)
if lacking then return lacking end
local offers = {}
local l, leg = finish(c, ARGV[6], second, serves, offers)
return answer(true, c, l, offers, leg)
