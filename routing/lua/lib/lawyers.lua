-- Lawyers --------------------------------------------------------------------------------------------------

local function load_lawyer(id)
  local text = call('HGET', LAWYERS, id)
  if not text then return end
  local l = decode(text)
  texts[l] = text
  return with(l, LAWYER)
end

local function fresh_until(l)
  return math.min(l.desk_ms, l.phone_ms) + times.fresh
end

-- Write a lawyer, and let the idle queue and the count of those on duty follow.
local function save_lawyer(l)
  local present = l.status == 'ready' and l.fresh
  local member = present and l.state == 'idle' and l.profile .. '\t' .. stamp(l.idle_since_ms) .. '\t' .. l.id
  if l.queued ~= member then
    if l.queued then call('ZREM', IDLE, l.queued) end
    if member then call('ZADD', IDLE, 0, member) end
    l.queued = member
  end
  local duty = present and l.state ~= 'offline' and l.profile
  if l.duty ~= duty then
    if l.duty and call('HINCRBY', COUNTS, 'd:' .. l.duty, -1) == 0 then call('HDEL', COUNTS, 'd:' .. l.duty) end
    if duty then call('HINCRBY', COUNTS, 'd:' .. duty, 1) end
    l.duty = duty
  end
  local text = encode(l)
  texts[l] = text
  call('HSET', LAWYERS, l.id, text)
end

-- Is anybody on duty, whoever they may serve?
local function is_manned()
  for _, field in ipairs(call('HKEYS', COUNTS)) do
    if string.sub(field, 1, 2) == 'd:' then return true end
  end
  return false
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
  l.next_status, l.next_reason = nil, nil
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
  if call('LPUSH', HANDLING, now - l.talk_from_ms) > 2 * SAMPLES then call('LTRIM', HANDLING, 0, SAMPLES - 1) end
  l.idle_since_ms = now
  become_idle(l)
  fact('lawyer.idle', '', l.id)
end

local function be_away(l, reason)
  l.status, l.away_reason = 'away', reason
  fact('lawyer.away', '', l.id, { reason = reason })
end
