-- What every transition shares; it is put in front of each script. A contact and a lawyer are maps, packed.
-- KEYS  1 contacts   hash  id -> contact on the line (menu, waiting, offered, talking)
--       2 gone       hash  id -> contact that left the line (callback, ended)
--       3 lawyers    hash  id -> lawyer
--       4 waiting    zset  all scores 0: "type|step <tab> place <tab> contact", so the lowest is served first
--       5 idle       zset  all scores 0: "profile <tab> idle since <tab> lawyer", so the longest idle is first
--       6 due        zset  "kind:owner" -> when (ms)
--       7 callbacks  hash  id -> open call-back
--       8 callers    hash  number key -> id of the open call-back
--       9 tables     hash  "a:type" -> who may serve it; "s:profile" -> what it may serve; types; profiles
--      10 counts     hash  "w:type|step" -> how many wait; "d:profile" -> how many lawyers are on duty
--      11 handling   list  recent handling times (ms), the newest first
--      12 arrivals   list  when recent contacts began to wait (ms), the newest first
--      13 legs       hash  id made of an outbound leg's CallSid -> the contact that it called back
--      14 ev         stream of facts
-- ARGV  1 now (ms)   2 times (ms): ring, menu lease, wait lease, talk lease, room retry, wrap-up, fresh,
--       pass over, carrier retry, forget, proof   3 hours (ms): when a call-back opened now is due, when calling
--       back stops for today, when to try again after the first attempt, the second, ..
--       4 the ladder: after (ms) of each step   5.. the script's own
local CONTACTS, GONE, LAWYERS, WAITING, IDLE, DUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local CALLBACKS, CALLERS, TABLES, COUNTS, HANDLING = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local ARRIVALS, LEGS, EV = KEYS[12], KEYS[13], KEYS[14]
local call, pack, unpack_ = redis.call, cmsgpack.pack, cmsgpack.unpack
local now = tonumber(ARGV[1])
local SAMPLES = 100 -- so many recent arrivals and handling times are kept
local FAR = 100 -- how many promised or passed-over entries one look skips at most

local time_names = {
  'ring', 'menu_lease', 'wait_lease', 'talk_lease', 'room_retry', 'wrapup', 'fresh', 'pass_over', 'carrier_retry', 'forget',
  'proof'
}
local times = {}
do
  local i = 0
  for number in string.gmatch(ARGV[2], '%d+') do
    i = i + 1
    times[time_names[i]] = tonumber(number)
  end
end

local function fact(kind, contact, lawyer, body)
  local text = body and cjson.encode(body) or '{}'
  call('XADD', EV, '*', 'k', kind, 't', ARGV[1], 'c', contact, 'l', lawyer, 'b', text)
end

local function stamp(ms)
  return string.format('%016.0f', ms)
end

-- Contacts -------------------------------------------------------------------------------------------------

local function on_line(state)
  return state ~= 'callback' and state ~= 'ended'
end

-- By its id, or by the one made of the leg on which we call it back.
local function load_contact(id)
  local packed = call('HGET', CONTACTS, id) or call('HGET', GONE, id)
  if packed then return unpack_(packed) end
  local named = call('HGET', LEGS, id)
  return named and unpack_(call('HGET', CONTACTS, named) or call('HGET', GONE, named))
end

local function save_contact(c)
  if on_line(c.state) then
    call('HSET', CONTACTS, c.id, pack(c))
  else
    call('HDEL', CONTACTS, c.id)
    call('HSET', GONE, c.id, pack(c))
  end
end

local function group_of(c)
  return c.type .. '|' .. c.step
end

local function place_of(c)
  return group_of(c) .. '\t' .. stamp(c.place_ms) .. '\t' .. c.id
end

-- Is this the id of the leg on which the caller is now? The leg they left long ago has its late news.
local function is_their_leg(c, id)
  if c.caller_leg ~= '' then return id == 'c_' .. string.sub(c.caller_leg, 3) end
  return not c.dial
end

local function hours()
  local at = {}
  for number in string.gmatch(ARGV[3], '%d+') do
    at[#at + 1] = tonumber(number)
  end
  return at
end

local function due(kind, owner, at)
  call('ZADD', DUE, at, kind .. ':' .. owner)
end

local function settle(kind, owner)
  call('ZREM', DUE, kind .. ':' .. owner)
end

local function ladder()
  local afters = {}
  for number in string.gmatch(ARGV[4], '%d+') do
    afters[#afters + 1] = tonumber(number)
  end
  return afters -- afters[step + 1] belongs to step
end

local function plan_relax(c)
  local after = ladder()[c.step + 2]
  local retry
  for _, over in pairs(c.passed) do
    if over > now and (not retry or over < retry) then retry = over end
  end
  local at = after and math.max(c.waiting_since_ms + after, now + 1000)
  if retry and (not at or retry < at) then at = retry end
  if at then due('relax', c.id, at) end
end

local function enter_queue(c)
  c.state = 'waiting'
  call('ZADD', WAITING, 0, place_of(c))
  call('HINCRBY', COUNTS, 'w:' .. group_of(c), 1)
end

local function leave_queue(c)
  call('ZREM', WAITING, place_of(c))
  if call('HINCRBY', COUNTS, 'w:' .. group_of(c), -1) == 0 then
    call('HDEL', COUNTS, 'w:' .. group_of(c))
  end
end

-- Lawyers --------------------------------------------------------------------------------------------------

local function load_lawyer(id)
  local packed = call('HGET', LAWYERS, id)
  return packed and unpack_(packed)
end

local function fresh_until(l)
  return math.min(l.desk_ms, l.phone_ms) + times.fresh
end

-- Write a lawyer, and let the idle queue and the count of those on duty follow.
local function save_lawyer(l)
  local member = l.profile .. '\t' .. stamp(l.idle_since_ms) .. '\t' .. l.id
  local able = l.state == 'idle' and l.status == 'ready' and l.fresh
  if l.queued and (not able or l.queued ~= member) then
    call('ZREM', IDLE, l.queued)
    l.queued = false
  end
  if able and not l.queued then
    call('ZADD', IDLE, 0, member)
    l.queued = member
  end
  local duty = l.state ~= 'offline' and l.status == 'ready' and l.fresh and l.profile
  if l.duty ~= duty then
    if l.duty and call('HINCRBY', COUNTS, 'd:' .. l.duty, -1) == 0 then call('HDEL', COUNTS, 'd:' .. l.duty) end
    if duty then call('HINCRBY', COUNTS, 'd:' .. duty, 1) end
    l.duty = duty
  end
  call('HSET', LAWYERS, l.id, pack(l))
end

local function become_stale(l)
  l.fresh = false
  settle('beat', l.id)
  fact('lawyer.stale', '', l.id)
  save_lawyer(l)
end

local function become_idle(l)
  l.state, l.contact, l.until_ms, l.since_ms = 'idle', '', 0, now
end

-- What the lawyer chose during a talk is what they are after it.
local function move_on(l)
  if l.next_status == 'offline' then
    settle('beat', l.id)
    l.state, l.contact, l.since_ms, l.status, l.away_reason, l.fresh = 'offline', '', now, 'away', '', false
    fact('lawyer.signed_out', '', l.id)
  elseif l.next_status ~= '' then
    l.status, l.away_reason = l.next_status, l.next_reason
    if l.status == 'ready' then
      if l.state == 'idle' then l.idle_since_ms = now end
      fact('lawyer.ready', '', l.id)
    else
      fact('lawyer.away', '', l.id, { reason = l.away_reason })
    end
  end
  l.next_status, l.next_reason = '', ''
end

-- After a talk a lawyer writes down, at most so long.
local function wrap_up(l)
  l.state, l.since_ms, l.until_ms = 'wrapup', now, now + times.wrapup
  due('wrapup', l.id, l.until_ms)
  fact('lawyer.wrapup', l.contact, l.id, { until_ms = l.until_ms })
  if l.next_status == 'offline' then
    settle('wrapup', l.id)
    l.until_ms = 0
  end
  move_on(l)
  save_lawyer(l)
end

local function end_wrapup(l)
  settle('wrapup', l.id)
  call('LPUSH', HANDLING, now - l.talk_from_ms)
  call('LTRIM', HANDLING, 0, SAMPLES - 1)
  l.idle_since_ms = now
  become_idle(l)
  fact('lawyer.idle', '', l.id)
end

local function be_away(l, reason)
  l.status, l.away_reason = 'away', reason
  fact('lawyer.away', '', l.id, { reason = reason })
end

-- Matching -------------------------------------------------------------------------------------------------

local function able_for(c)
  local packed = call('HGET', TABLES, 'a:' .. c.type)
  return packed and cjson.decode(packed) -- list of {step, width, profile}, in the order in which they are tried
end

local function served_by(l)
  local packed = call('HGET', TABLES, 's:' .. l.profile)
  return packed and cjson.decode(packed) -- type -> first step
end

local function missing(kind, name)
  return cjson.encode({ missing = kind, name = name })
end

local function head(key, prefix, skip)
  return call('ZRANGE', key, '[' .. prefix .. '\t', '(' .. prefix .. '\n', 'BYLEX', 'LIMIT', skip, 1)[1]
end

local function tail_of(member)
  return string.match(member, '\t(%d+)\t(.*)$')
end

local function is_passed(c, lawyer)
  local over = c.passed[lawyer]
  return over and over > now
end

-- The longest idle lawyer of a profile who is truly there and whom the contact does not pass over.
local function longest_idle(profile, c)
  local skip = 0
  while skip < FAR do
    local member = head(IDLE, profile, skip)
    if not member then return end
    local since, id = tail_of(member)
    local fresh = tonumber(call('ZSCORE', DUE, 'beat:' .. id) or 0)
    if fresh <= now then
      become_stale(load_lawyer(id)) -- which takes them out of the queue
    elseif is_passed(c, id) then
      skip = skip + 1
    else
      return id, since
    end
  end
end

local function best_lawyer(c, able)
  local best, best_since, step, width
  for _, row in ipairs(able) do
    if row[1] > c.step or (best and (row[1] ~= step or row[2] ~= width)) then break end
    local id, since = longest_idle(row[3], c)
    if id and (not best or since < best_since or (since == best_since and id < best)) then
      best, best_since, step, width = id, since, row[1], row[2]
    end
  end
  return best
end

local function best_contact(l, serves)
  local best, best_place, best_id
  local groups = call('HKEYS', COUNTS)
  for _, field in ipairs(groups) do
    local kind, step = string.match(field, '^w:(.*)|(%d+)$')
    local from = kind and serves[kind]
    if from and tonumber(step) >= from then
      local group = kind .. '|' .. step
      for skip = 0, FAR - 1 do
        local member = head(WAITING, group, skip)
        if not member then break end
        local place, id = tail_of(member)
        if best and (place > best_place or (place == best_place and id > best_id)) then break end
        local c = load_contact(id)
        if not is_passed(c, l.id) then
          best, best_place, best_id = c, place, id
          break
        end
      end
    end
  end
  return best
end

local function make_offer(c, l, offers)
  leave_queue(c)
  settle('relax', c.id)
  c.state, c.lawyer, c.leg, c.offered_ms, c.until_ms = 'offered', l.id, '', now, now + times.ring
  l.state, l.contact, l.since_ms = 'offered', c.id, now
  due('offer', c.id, c.until_ms)
  fact('contact.offered', c.id, l.id, { until_ms = c.until_ms, waited_ms = now - c.waiting_since_ms })
  save_contact(c)
  save_lawyer(l)
  offers[#offers + 1] = { contact = c.id, lawyer = l.id, until_ms = c.until_ms }
end

-- A contact waits: save it, and offer it at once if somebody is free.
local function seek_lawyer(c, able, offers)
  local id = best_lawyer(c, able)
  if id then
    make_offer(c, load_lawyer(id), offers)
  else
    plan_relax(c)
    save_contact(c)
  end
end

-- A lawyer may have become able: save them, and offer them the best waiting contact.
local function seek_contact(l, serves, offers)
  save_lawyer(l)
  if not l.queued then return end
  local c = best_contact(l, serves)
  if c then make_offer(c, l, offers) end
end

-- The first step of the ladder for which anybody is on duty: a step without anybody is no step.
local function first_manned_step(able)
  for _, row in ipairs(able) do
    if call('HEXISTS', COUNTS, 'd:' .. row[3]) == 1 then return row[1] end
  end
  return 0
end

-- Put a contact back into its old place, after an offer or a talk that came to nothing.
local function back_to_place(c, able, offers)
  c.lawyer, c.leg, c.offered_ms, c.until_ms, c.in_room, c.recording = '', '', 0, 0, false, ''
  if c.dial then c.caller_leg = '' end
  enter_queue(c)
  due('lease', c.id, c.dial and hours()[2] or now + times.wait_lease)
  seek_lawyer(c, able, offers)
end

-- An offer ended without an answer. The caller keeps the place; this lawyer is passed over for a while.
local function return_offer(c, l, pass_ms, able, serves, offers)
  settle('offer', c.id)
  c.passed[l.id] = now + pass_ms
  become_idle(l)
  l.idle_since_ms = now
  save_lawyer(l)
  back_to_place(c, able, offers)
  l = load_lawyer(l.id) -- the search may have found them stale
  seek_contact(l, serves, offers)
  return l
end

-- The caller left while this lawyer was rung, or before they met: the lawyer keeps their place among the idle.
local function free_lawyer(l, serves, offers)
  become_idle(l)
  fact('lawyer.idle', '', l.id)
  move_on(l)
  seek_contact(l, serves, offers)
end

local function end_talk(c)
  settle('talk', c.id)
  settle('room', c.id)
end

-- Call-backs -----------------------------------------------------------------------------------------------

local function load_callback(id)
  local packed = id ~= '' and call('HGET', CALLBACKS, id)
  return packed and unpack_(packed)
end

local function save_callback(k)
  call('HSET', CALLBACKS, k.id, pack(k))
end

local function end_contact(c)
  c.state = 'ended'
  due('forget', c.id, now + times.forget)
end

local close_callback_of

-- Close a call-back, and those of the same caller that it took the place of. *c* is its contact.
local function close_callback(k, c, body)
  if c.state == 'offered' or c.state == 'talking' then return end -- it is being answered: that talk decides
  call('HDEL', CALLBACKS, k.id)
  if k.number_key ~= '' and call('HGET', CALLERS, k.number_key) == k.id then call('HDEL', CALLERS, k.number_key) end
  settle('callback', c.id)
  body.callback = k.id
  fact('callback.closed', c.id, '', body)
  c.callback = ''
  if c.state == 'waiting' and c.dial then
    leave_queue(c)
    settle('lease', c.id)
    settle('relax', c.id)
    c.dial = false
    end_contact(c)
  elseif c.state == 'callback' then
    end_contact(c)
  end
  save_contact(c)
  local older = load_callback(c.takes)
  if older then close_callback_of(older, body) end
end

close_callback_of = function(k, body)
  close_callback(k, load_contact(k.contact), body)
end

-- The caller was not reached: try again by the schedule; when it is used up, a supervisor decides.
local function retry_callback(c, reason, counts)
  local k = load_callback(c.callback)
  c.state, c.lawyer, c.leg, c.until_ms, c.dial, c.caller_leg, c.in_room = 'callback', '', '', 0, false, '', false
  settle('lease', c.id)
  settle('relax', c.id)
  if counts then k.attempts = k.attempts + 1 end
  local at = hours()
  k.next_ms = counts and (at[2 + k.attempts] or 0) or at[1]
  local body = { callback = k.id, attempts = k.attempts, reason = reason, next_ms = k.next_ms }
  if k.next_ms > 0 then
    due('callback', c.id, k.next_ms)
    fact('callback.retry', c.id, '', body)
  else
    fact('callback.exhausted', c.id, '', body)
  end
  save_callback(k)
  save_contact(c)
end

-- Every contact that leaves without having talked passes here: no such contact is without a call-back.
local function open_callback(c, reason)
  if c.callback ~= '' then return retry_callback(c, reason, true) end
  local id = 'k_' .. string.sub(c.id, 3)
  local place = c.place_ms > 0 and c.place_ms or now
  local number = c.callback_number ~= '' and c.callback_number or c.from_number
  local due_ms = hours()[1]
  local next_ms = string.sub(number, 1, 1) == '+' and due_ms or 0 -- nobody can dial a hidden number
  c.state, c.callback, c.lawyer, c.leg, c.until_ms = 'callback', id, '', '', 0
  settle('lease', c.id)
  settle('relax', c.id)
  save_callback({
    id = id, contact = c.id, demand = c.demand, reason = reason, number = number, channel = c.channel, type = c.type,
    priority = c.priority, prefecture = c.prefecture, place_ms = place, opened_ms = now, due_ms = due_ms,
    next_ms = next_ms, attempts = 0, taken_by = '', number_key = c.number_key,
  })
  if next_ms > 0 then due('callback', c.id, next_ms) end
  if c.number_key ~= '' then call('HSET', CALLERS, c.number_key, id) end
  fact('callback.opened', c.id, '', {
    callback = id, reason = reason, number = number, due_ms = due_ms, place_ms = place, next_ms = next_ms,
  })
  save_contact(c)
end

-- Who rings in while we owe them a call takes over its place: no duplicate, and nobody dials them meanwhile.
local function take_over(c)
  local k = c.number_key ~= '' and load_callback(call('HGET', CALLERS, c.number_key) or '')
  if not k or k.contact == c.id then return end
  local older = load_contact(k.contact)
  if older.state == 'waiting' and older.dial then
    leave_queue(older)
    settle('lease', older.id)
    settle('relax', older.id)
    older.state, older.dial = 'callback', false
    save_contact(older)
  elseif older.state ~= 'callback' then
    return -- they are being called right now
  end
  settle('callback', older.id)
  k.taken_by, k.next_ms = c.id, 0
  save_callback(k)
  c.takes, c.place_ms = k.id, math.min(c.place_ms, k.place_ms)
  fact('callback.taken', older.id, '', { callback = k.id, by = c.id })
end

-- A talk is over. Long enough, it closes the caller's call-backs; too short, they are owed as before.
local function finish(c, ended_by)
  local l, leg, talk_ms = load_lawyer(c.lawyer), c.leg, now - c.talk_since_ms
  settle('talk', c.id)
  settle('room', c.id)
  fact('contact.done', c.id, c.lawyer, { ended_by = ended_by, talk_ms = talk_ms })
  c.leg = ''
  local own, taken = load_callback(c.callback), load_callback(c.takes)
  local closing = { proof = { kind = 'talk', lawyer = c.lawyer, talk_ms = talk_ms, contact = c.id } }
  if own and talk_ms < times.proof then
    retry_callback(c, 'short_talk', true)
  else
    end_contact(c)
    if own then
      close_callback(own, c, closing)
    else
      save_contact(c)
      if taken and talk_ms >= times.proof then
        close_callback_of(taken, closing)
      elseif taken and taken.taken_by == c.id then
        local older = load_contact(taken.contact)
        taken.taken_by = ''
        save_callback(taken)
        retry_callback(older, 'short_talk', true)
      end
    end
  end
  wrap_up(l)
  return l, leg
end

-- Answers --------------------------------------------------------------------------------------------------

local function answer(changed, c, l, offers, stop)
  return cjson.encode({ changed = changed, contact = c or nil, lawyer = l or nil, offers = offers, stop = stop or '' })
end

local function illegal(whom, state, event)
  return cjson.encode({ illegal = event, whom = whom, state = state })
end

local function unknown(kind, id)
  return cjson.encode({ unknown = kind, id = id })
end
