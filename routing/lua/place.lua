-- reads only
-- ARGV 5 contact
local c = load_contact(ARGV[5])
if not c or (c.state ~= 'waiting' and c.state ~= 'offered') then return false end
local able = able_for(c)
if not able then return missing('type', c.type) end
local ahead = 0
if c.state == 'waiting' then
  for _, field in ipairs(call('HKEYS', COUNTS)) do
    local group, kind = string.match(field, '^w:((.*)|%d+)$')
    if kind == c.type then
      local before = '(' .. group .. '\t' .. stamp(c.place_ms) .. '\t' .. c.id
      ahead = ahead + call('ZLEXCOUNT', WAITING, '[' .. group .. '\t', before)
    end
  end
end
local duty = 0
for _, row in ipairs(able) do
  duty = duty + tonumber(call('HGET', COUNTS, 'd:' .. row[3]) or 0)
end
return { ahead, duty, call('LRANGE', HANDLING, 0, SAMPLES - 1) }
