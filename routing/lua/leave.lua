-- ARGV 5 contact, or the id made of the leg on which we called it back
--      6 when somebody is on duty again (ms), 0 = now or unknown
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if not on_line(c.state) or not is_their_leg(c, ARGV[5]) then return answer(false, c) end
if c.state == 'talking' and c.in_room then
  local second, serves, lacking = second_of(c)
  if lacking then return lacking end
  local offers = {}
  local l, leg = finish(c, 'caller', second, serves, offers)
  return answer(true, c, l, offers, leg)
end
local l, serves, offers, leg = nil, nil, {}, c.leg
if c.lawyer ~= '' then
  l = load_lawyer(c.lawyer)
  serves = served_by(l)
  if not serves then return missing('profile', l.profile) end
end
local stage = c.state == 'talking' and 'answered' or c.state
if c.state == 'waiting' then leave_queue(c) end
settle('offer', c.id)
end_talk(c)
if c.dial then
  open_callback(c, 'unanswered')
else
  fact('contact.abandoned', c.id, '', {
    stage = stage, waited_ms = c.waiting_since_ms > 0 and now - c.waiting_since_ms or 0,
  })
  local reason = c.talk > 0 and stage ~= 'answered' and 'dropped' or 'abandoned'
  open_callback(c, reason, not is_manned() and math.max(hours()[3], tonumber(ARGV[6])) or nil)
end
if l then free_lawyer(l, serves, offers) end
return answer(true, c, l, offers, leg)
