-- reads only
-- ARGV 5 at most so many of each
local function some(key)
  local limit = tonumber(ARGV[5])
  if call('HLEN', key) <= limit then return call('HVALS', key) end
  local values, scanned = {}, call('HSCAN', key, 0, 'COUNT', limit)[2]
  for i = 2, math.min(#scanned, 2 * limit), 2 do
    values[#values + 1] = scanned[i]
  end
  return values
end
local last = call('XREVRANGE', EV, '+', '-', 'COUNT', 1)[1]
return { last and last[1] or '0-0', some(CONTACTS), some(LAWYERS), some(CALLBACKS) }
