-- ARGV 5 contact   6 the load that each step of the ladder allows
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'waiting' then return answer(false, c) end
local function offered_load() -- as policy.load
  local duty, worked, n = 0, 0, math.min(call('LLEN', ARRIVALS), SAMPLES)
  local counts = call('HGETALL', COUNTS)
  for i = 1, #counts, 2 do
    if string.sub(counts[i], 1, 2) == 'd:' then duty = duty + tonumber(counts[i + 1]) end
  end
  local handling, oldest = call('LRANGE', HANDLING, 0, SAMPLES - 1), tonumber(call('LINDEX', ARRIVALS, n - 1) or now)
  if duty == 0 or #handling == 0 or n == 0 or now <= oldest then return 0 end
  for _, ms in ipairs(handling) do
    worked = worked + tonumber(ms)
  end
  return math.floor(n / (now - oldest) * (worked / #handling) / duty * 1000 + 0.5) / 1000
end
local able = able_for(c)
if not able then return missing('type', c.type) end
local load, gates, afters, offers = offered_load(), {}, ladder(), {}
for number in string.gmatch(ARGV[6], '[%d.]+') do
  gates[#gates + 1] = tonumber(number)
end
local step = c.step
while afters[step + 2] and now - c.waiting_since_ms >= afters[step + 2] and load <= gates[step + 2] do
  step = step + 1
end
settle('relax', c.id)
leave_queue(c)
if step ~= c.step then
  c.step = step
  fact('contact.relaxed', c.id, '', { step = step, load = load })
end
seek_lawyer(c, able, offers)
return answer(true, c, nil, offers)
