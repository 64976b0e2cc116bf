-- Call-backs -----------------------------------------------------------------------------------------------

local function load_callback(id)
  local text = id ~= '' and call('HGET', CALLBACKS, id)
  return text and decode(text)
end

-- Can the carrier ring this number? A hidden caller has none, and a web page is none.
local function is_callable(number)
  return string.sub(number, 1, 1) == '+' or string.sub(number, 1, 4) == 'sip:'
end

local function save_callback(k)
  call('HSET', CALLBACKS, k.id, encode(k))
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
    settle_both('lease', 'relax', c.id)
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
  c.talked_ms = nil
  settle_both('lease', 'relax', c.id)
  if counts then k.attempts = k.attempts + 1 end
  local at = hours()
  k.next_ms = counts and (at[3 + k.attempts] or 0) or at[3]
  k.blocked = k.next_ms > 0 and '' or 'exhausted'
  local body = { callback = k.id, attempts = k.attempts, reason = reason, next_ms = k.next_ms, blocked = k.blocked }
  if k.next_ms > 0 then
    due('callback', c.id, k.next_ms)
    fact('callback.retry', c.id, '', body)
  else
    fact('callback.exhausted', c.id, '', body)
  end
  save_callback(k)
  save_contact(c)
end

-- Who rings in while we owe them a call takes over its place: no duplicate, and nobody dials them meanwhile.
local function take_over(c)
  local k = c.number_key ~= '' and load_callback(call('HGET', CALLERS, c.number_key) or '')
  if not k or k.contact == c.id then return end
  local older = load_contact(k.contact)
  if older.state == 'waiting' and older.dial then
    leave_queue(older)
    settle_both('lease', 'relax', older.id)
    older.state, older.dial = 'callback', false
    save_contact(older)
  elseif older.state ~= 'callback' then
    return -- they are being called right now
  end
  settle('callback', older.id)
  k.taken_by, k.next_ms, k.blocked = c.id, 0, ''
  save_callback(k)
  c.takes, c.place_ms = k.id, math.min(c.place_ms, k.place_ms)
  fact('callback.taken', older.id, '', { callback = k.id, by = c.id })
end

-- The caller left a number to be rung at. Where theirs is not known, it is what tells them apart, too.
local function leave_number(c, number, key)
  c.callback_number = number
  if string.sub(c.from_number, 1, 1) ~= '+' then c.number_key = key end
end

-- Every contact that leaves without having talked long enough passes here: none of them is without a call-back.
-- *at*: it is tried then, and not before.
local function open_callback(c, reason, at)
  if c.callback ~= '' then return retry_callback(c, reason, true) end
  local id = 'k_' .. string.sub(c.id, 3)
  if c.place_ms == 0 then c.place_ms = now end
  if not load_callback(c.takes) then take_over(c) end
  local number = c.callback_number ~= '' and c.callback_number or c.from_number
  local due_ms, next_ms, blocked = math.max(hours()[1], at or 0), at or hours()[3], ''
  if not is_callable(number) then next_ms, blocked = 0, 'no_number' end
  c.state, c.callback, c.lawyer, c.leg, c.until_ms, c.talked_ms = 'callback', id, '', '', 0, nil
  settle_both('lease', 'relax', c.id)
  settle('forget', c.id)
  save_callback({
    id = id, contact = c.id, demand = c.demand, reason = reason, number = number, channel = c.channel, type = c.type,
    priority = c.priority, prefecture = c.prefecture, place_ms = c.place_ms, opened_ms = now, due_ms = due_ms,
    next_ms = next_ms, blocked = blocked, attempts = 0, taken_by = '', number_key = c.number_key,
  })
  if next_ms > 0 then due('callback', c.id, next_ms) end
  if c.number_key ~= '' then call('HSET', CALLERS, c.number_key, id) end
  fact('callback.opened', c.id, '', {
    callback = id, reason = reason, number = number, due_ms = due_ms, place_ms = c.place_ms, next_ms = next_ms,
    blocked = blocked,
  })
  save_contact(c)
end

-- A talk is over. Long enough, it closes the caller's call-backs; too short, they are owed one.
local function finish(c, ended_by, second, serves, offers)
  local l, leg, talk_ms = load_lawyer(c.lawyer), c.leg, talk_of(c, ended_by == 'carrier')
  local talked_ms = c.talked_ms + talk_ms
  settle_both('talk', 'room', c.id)
  fact('contact.done', c.id, c.lawyer, { ended_by = ended_by, talk_ms = talk_ms })
  local closing = { proof = { kind = 'talk', lawyer = c.lawyer, talk_ms = talked_ms, contact = c.id } }
  c.leg, c.held, c.lost_ms, c.guest, c.guest_state = '', nil, nil, nil, nil
  c.talked_ms, c.prefer = talked_ms, c.lawyer
  if second then let_second_go(c, second, 'talk_over') end
  if talked_ms < times.proof then
    open_callback(c, 'short_talk')
  else
    end_contact(c)
    local own, taken = load_callback(c.callback), load_callback(c.takes)
    if own then
      close_callback(own, c, closing)
    else
      save_contact(c)
      if taken then close_callback_of(taken, closing) end
    end
  end
  wrap_up(l)
  if second then second_seeks(second.id, serves, offers) end
  return l, leg
end

