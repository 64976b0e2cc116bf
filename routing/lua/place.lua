-- reads only
-- ARGV 5 contact
local c = load_contact(ARGV[5])
if not c or (c.state ~= 'waiting' and c.state ~= 'offered') then return false end
local able = able_for(c)
if not able then return missing('type', c.type) end
local duty, seated = 0, {}
for _, row in ipairs(able) do
  local here = tonumber(call('HGET', COUNTS, 'd:' .. row[3]) or 0)
  if here > 0 then duty, seated[row[3]] = duty + here, true end
end
-- Do they share a lawyer who is on duty? Then those of that type who came before are before this caller.
local function shares(kind)
  if kind == c.type then return true end
  local text = call('HGET', TABLES, 'a:' .. kind)
  for _, row in ipairs(text and able_in(text) or {}) do
    if seated[row[3]] then return true end
  end
  return false
end
local ahead = 0
if c.state == 'waiting' then
  for _, field in ipairs(call('HKEYS', COUNTS)) do
    local group, kind = string.match(field, '^w:((.*)|%d+)$')
    if kind and shares(kind) then
      local before = '(' .. group .. '\t' .. stamp(c.place_ms) .. '\t' .. c.id
      ahead = ahead + call('ZLEXCOUNT', WAITING, '[' .. group .. '\t', before)
    end
  end
end
return { ahead, duty, call('LRANGE', HANDLING, 0, SAMPLES - 1) }
