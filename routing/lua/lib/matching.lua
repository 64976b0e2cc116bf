-- Matching -------------------------------------------------------------------------------------------------

-- List of {step, width, profile}, in the order in which they are tried; then what their look at the idle takes.
local able_in = memory_of(function(text)
  local able = decode(text)
  for _, row in ipairs(able) do
    row[4], row[5], row[6] = '[' .. row[3] .. '\t', '(' .. row[3] .. '\n', #row[3] + 2
  end
  return able
end)
local serves_in = memory_of(function(text) return decode(text) end)

local function able_for(c)
  local text = call('HGET', TABLES, 'a:' .. c.type)
  return text and able_in(text)
end

local function served_by(l)
  local text = call('HGET', TABLES, 's:' .. l.profile)
  return text and serves_in(text) -- type -> first step
end

local function missing(kind, name)
  return { 'missing', kind, name }
end

-- A field of counts that says how many wait: the type, the step, and what a look at those who wait takes.
local group_in = memory_of(function(field)
  local kind, step = string.match(field, '^w:(.*)|(%d+)$')
  if not kind then return false end
  local group = kind .. '|' .. step
  return { kind, tonumber(step), nil, '[' .. group .. '\t', '(' .. group .. '\n', #group + 2 }
end)

-- The rank ("since <tab> id") of the first in a group, behind those that are skipped; false if there is none.
local function head(key, group, skip)
  local member = skip < FAR and call('ZRANGE', key, group[4], group[5], 'BYLEX', 'LIMIT', skip, 1)[1]
  return member and string.sub(member, group[6])
end

local function id_of(rank)
  return string.sub(rank, 18) -- behind sixteen digits and a tab
end

local FOR_GOOD = 31536000000 -- a year: who advised the other side is never offered this contact

-- Those whom a contact passes over for good stay so when it is called back.
local function still_passed(c)
  local kept = {}
  for lawyer, over in pairs(c.passed) do
    if over > now + times.forget then kept[lawyer] = over end
  end
  return kept
end

local function is_passed(c, lawyer)
  local over = c.passed[lawyer]
  return over and over > now
end

-- The lawyer who knows the matter, if they are free and truly there and may serve it at any step.
local function lawyer_of_matter(c, able)
  local l = c.prefer ~= '' and load_lawyer(c.prefer)
  if not l or not l.queued or is_passed(c, l.id) then return end
  if tonumber(call('ZSCORE', DUE, 'beat:' .. l.id) or 0) <= now then return become_stale(l) end
  for _, row in ipairs(able) do
    if row[3] == l.profile then return l.id end
  end
end

-- The lowest step that has anybody; there the least flexible; of those the longest idle who is truly there and
-- whom the contact does not pass over.
local function best_lawyer(c, able)
  local heads, skips = {}, {}
  while true do
    local best, at, step, width
    for i, row in ipairs(able) do
      if row[1] > c.step or (best and (row[1] ~= step or row[2] ~= width)) then break end
      local rank = heads[i]
      if rank == nil then
        rank = head(IDLE, row, skips[i] or 0)
        heads[i] = rank
      end
      if rank and (not best or rank < best) then best, at, step, width = rank, i, row[1], row[2] end
    end
    if not best then return end
    local id = id_of(best)
    if tonumber(call('ZSCORE', DUE, 'beat:' .. id) or 0) <= now then
      become_stale(load_lawyer(id)) -- which takes them out of the queue
    elseif is_passed(c, id) then
      skips[at] = (skips[at] or 0) + 1
    else
      return id
    end
    heads[at] = nil
  end
end

local function best_contact(l, serves)
  local heads, skips = {}, {}
  local groups = {}
  for _, field in ipairs(call('HKEYS', COUNTS)) do
    local group = group_in(field)
    local from = group and serves[group[1]]
    if from and group[2] >= from then groups[#groups + 1] = group end
  end
  while true do
    local best, at
    for i, group in ipairs(groups) do
      local rank = heads[i]
      if rank == nil then
        rank = head(WAITING, group, skips[i] or 0)
        heads[i] = rank
      end
      if rank and (not best or rank < best) then best, at = rank, i end
    end
    if not best then return end
    local c = load_contact(id_of(best))
    if not is_passed(c, l.id) then return c end
    skips[at] = (skips[at] or 0) + 1
    heads[at] = nil
  end
end

-- A contact that is in no queue is rung at a lawyer.
local function make_offer(c, l, offers)
  c.state, c.lawyer, c.leg, c.offered_ms, c.until_ms = 'offered', l.id, nil, now, now + times.ring
  l.state, l.contact, l.since_ms = 'offered', c.id, now
  due('offer', c.id, c.until_ms)
  fact('contact.offered', c.id, l.id, { until_ms = c.until_ms, waited_ms = now - c.waiting_since_ms })
  save_contact(c)
  save_lawyer(l)
  local n = #offers
  offers[n + 1], offers[n + 2], offers[n + 3] = c.id, l.id, c.until_ms
end

-- A contact that is in no queue is offered at once if somebody is free, and else waits in its place.
local function seek_lawyer(c, able, offers)
  local id = lawyer_of_matter(c, able) or best_lawyer(c, able)
  if id then
    make_offer(c, load_lawyer(id), offers)
  else
    enter_queue(c)
    plan_relax(c)
    save_contact(c)
  end
end

-- A lawyer may have become able: save them, and offer them the best waiting contact.
local function seek_contact(l, serves, offers)
  save_lawyer(l)
  if not l.queued then return end
  local c = best_contact(l, serves)
  if not c then return end
  leave_queue(c)
  settle('relax', c.id)
  make_offer(c, l, offers)
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
  c.lawyer, c.leg, c.offered_ms, c.until_ms, c.in_room, c.recording = nil, nil, nil, nil, nil, nil
  c.held, c.lost_ms, c.guest, c.guest_state = nil, nil, nil, nil
  if c.dial then c.caller_leg = nil end
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
  settle_both('talk', 'room', c.id)
end
