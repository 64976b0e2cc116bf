-- ARGV 5 contact   6 lawyer
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'menu' then return illegal(c.id, c.state, 'accept') end
local l = load_lawyer(ARGV[6])
if c.state ~= 'offered' or c.lawyer ~= ARGV[6] then return answer(false, c, l) end
settle_both('offer', 'lease', c.id)
call('ZADD', DUE, now + times.talk_lease, 'talk:' .. c.id, now + times.room_retry, 'room:' .. c.id)
c.held, c.lost_ms, c.guest, c.guest_state = nil, nil, nil, nil
c.state, c.talk, c.talk_since_ms, c.until_ms, c.in_room, c.recording = 'talking', c.talk + 1, now, 0, false, ''
l.state, l.since_ms, l.talk_from_ms = 'talking', now, now
fact('contact.accepted', c.id, l.id, { waited_ms = now - c.waiting_since_ms, talk = c.talk })
save_contact(c)
save_lawyer(l)
return answer(true, c, l)
