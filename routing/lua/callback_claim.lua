-- ARGV 5 contact that is owed a call   6 what it needs (JSON, as for wait) if it never chose
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
local k = c.state == 'callback' and load_callback(c.callback)
if not k or k.taken_by ~= '' or not is_callable(k.number) then return answer(false, c) end
if c.type == '' then
  local need = decode(ARGV[6])
  c.channel, c.type, c.language, c.priority = need.channel, need.type, need.language, need.priority
end
local able = able_for(c)
if not able then return missing('type', c.type) end
settle('callback', c.id)
if c.waiting_since_ms == 0 then c.waiting_since_ms = k.opened_ms end
k.next_ms, k.blocked = 0, ''
save_callback(k)
c.dial, c.place_ms, c.step, c.passed = true, k.place_ms, first_manned_step(able), still_passed(c)
fact('callback.claimed', c.id, '', {
  callback = k.id, attempts = k.attempts, type = c.type, channel = c.channel, language = c.language,
  priority = c.priority, since_ms = c.waiting_since_ms, place_ms = c.place_ms, step = c.step,
})
call('HDEL', GONE, c.id) -- it is on the list of those who wait again
local offers = {}
back_to_place(c, able, offers)
return answer(true, c, nil, offers)
