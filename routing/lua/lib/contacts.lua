-- Contacts -------------------------------------------------------------------------------------------------

local function on_line(state)
  return state ~= 'callback' and state ~= 'ended'
end

-- By its id, or by the one made of the leg on which we call it back.
local function load_contact(id)
  local text = call('HGET', CONTACTS, id) or call('HGET', GONE, id)
  if not text then
    local named = call('HGET', LEGS, id)
    text = named and (call('HGET', CONTACTS, named) or call('HGET', GONE, named))
    if not text then return end
  end
  local c = decode(text)
  c.passed, c.legs = c.passed or {}, c.legs or {}
  texts[c] = text
  return with(c, CONTACT)
end

local function save_contact(c)
  local text = encode(c)
  texts[c] = text
  if on_line(c.state) then
    call('HSET', CONTACTS, c.id, text)
  else
    call('HDEL', CONTACTS, c.id)
    call('HSET', GONE, c.id, text)
  end
end

-- How long the present talk lasted: from when both were in the room, and if its end was only found out later, to
-- the last sign of it.
local function talk_of(c, found_out)
  if not c.in_room then return 0 end
  if c.lost_ms > 0 then return math.max(0, c.lost_ms - c.talk_since_ms) end -- the lawyer was gone since
  local till = found_out and tonumber(call('ZSCORE', DUE, 'talk:' .. c.id)) - times.talk_lease or now
  return math.max(0, till - c.talk_since_ms)
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
