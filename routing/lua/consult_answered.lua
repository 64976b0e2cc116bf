-- ARGV 5 contact   6 the lawyer who was asked
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local l = load_lawyer(ARGV[6])
if c.state ~= 'talking' or c.second ~= ARGV[6] or l.state ~= 'offered' then return answer(false, c, l) end
settle('consult', c.id)
l.state, l.since_ms, l.talk_from_ms = 'talking', now, now
fact('consult.answered', c.id, l.id, { by = c.lawyer })
save_lawyer(l)
return answer(true, c, l)
