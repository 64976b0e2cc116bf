-- reads only
-- ARGV 5 contact that is owed a call   6 its type if it never chose   7 so long before it is due it waits for nobody (ms)
--      8 the last step of the ladder at which a lawyer who is free is one for it
local c = load_contact(ARGV[5])
local k = c and load_callback(c.callback)
if not k or now >= k.due_ms - tonumber(ARGV[7]) then return 1 end
local able = able_for({ type = c.type ~= '' and c.type or ARGV[6] })
if not able then return missing('type', c.type ~= '' and c.type or ARGV[6]) end
for _, row in ipairs(able) do
  if row[1] > tonumber(ARGV[8]) then break end
  if head(IDLE, row, 0) then return 1 end
end
return 0
