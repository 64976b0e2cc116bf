-- ARGV 5 contact that is to be dialled   6 reason: hours (not our fault, nor theirs: no attempt), carrier, ..
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if not c.dial then return answer(false, c) end
local l, serves, offers, leg = nil, nil, {}, c.leg
if c.lawyer ~= '' then
  l = load_lawyer(c.lawyer)
  serves = served_by(l)
  if not serves then return missing('profile', l.profile) end
end
if c.state == 'waiting' then leave_queue(c) end
settle('offer', c.id)
end_talk(c)
retry_callback(c, ARGV[6], ARGV[6] ~= 'hours')
if l then free_lawyer(l, serves, offers) end
return answer(true, c, l, offers, leg)
