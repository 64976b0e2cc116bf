-- ARGV 5 contact   6 number, '' = the one they call from   7 when somebody is on duty again (ms), 0 = now or unknown
--      8 what tells the number apart   9 reason: chosen, voicemail
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local owed = c.state == 'callback' and load_callback(c.callback)
if owed and ARGV[6] ~= '' and ARGV[6] ~= owed.number then -- the number comes late: from the web page, or a supervisor
  leave_number(c, ARGV[6], ARGV[8])
  if owed.number_key ~= '' and call('HGET', CALLERS, owed.number_key) == owed.id then
    call('HDEL', CALLERS, owed.number_key)
  end
  if c.number_key ~= '' then call('HSET', CALLERS, c.number_key, owed.id) end
  owed.number, owed.number_key = ARGV[6], c.number_key
  if owed.blocked ~= '' and is_callable(owed.number) then
    owed.blocked, owed.next_ms = '', hours()[3]
    due('callback', c.id, owed.next_ms)
  end
  fact('callback.numbered', c.id, '', {
    callback = owed.id, number = owed.number, next_ms = owed.next_ms, blocked = owed.blocked,
  })
  save_callback(owed)
  save_contact(c)
  return answer(true, c)
end
if c.state == 'talking' or c.dial or not on_line(c.state) then return answer(false, c) end
local l, serves, offers, leg = nil, nil, {}, c.leg
if c.state == 'offered' then
  l = load_lawyer(c.lawyer)
  serves = served_by(l)
  if not serves then return missing('profile', l.profile) end
end
if c.state == 'waiting' then leave_queue(c) end
settle('offer', c.id)
if ARGV[6] ~= '' then leave_number(c, ARGV[6], ARGV[8]) end
fact('contact.callback', c.id, '', { number = c.callback_number, reason = ARGV[9] })
if is_manned() then
  open_callback(c, ARGV[9])
else
  open_callback(c, ARGV[9] == 'chosen' and 'nobody_on_duty' or ARGV[9], math.max(hours()[3], tonumber(ARGV[7])))
end
if l then free_lawyer(l, serves, offers) end
return answer(true, c, l, offers, leg)
