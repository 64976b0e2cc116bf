-- ARGV 5 contact: one step up the ladder, whatever the load and however long it waited
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'waiting' or not ladder()[c.step + 2] then return answer(false, c) end
local able, offers = able_for(c), {}
if not able then return missing('type', c.type) end
settle('relax', c.id)
leave_queue(c)
c.step = c.step + 1
fact('contact.relaxed', c.id, '', { step = c.step, asked = true })
seek_lawyer(c, able, offers)
return answer(true, c, nil, offers)
