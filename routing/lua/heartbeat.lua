-- ARGV 5 lawyer   6 is the phone registered, 1 or 0   7 the contact it talks with, ''
local l = load_lawyer(ARGV[5])
if not l then return unknown('lawyer', ARGV[5]) end
if l.state == 'offline' then return answer(false, nil, l) end
local serves, offers = nil, {}
l.desk_ms = now
if ARGV[6] == '1' then l.phone_ms = now end
local awake = fresh_until(l) > now
if awake and not l.fresh then
  serves = served_by(l)
  if not serves then return missing('profile', l.profile) end
end
if l.state == 'talking' and l.contact == ARGV[7] and ARGV[6] == '1' and not l.second then
  due('talk', l.contact, now + times.talk_lease)
end
if not awake then
  if l.fresh then
    become_stale(l)
    return answer(true, nil, l)
  end
  save_lawyer(l)
  return answer(false, nil, l)
end
due('beat', l.id, fresh_until(l))
if l.fresh then
  save_lawyer(l)
  return answer(false, nil, l)
end
l.fresh = true
fact('lawyer.fresh', '', l.id)
seek_contact(l, serves, offers)
return answer(true, nil, l, offers)
