-- ARGV 5 'type' or 'profile'   6 its name   7 how many profiles (types) the table was made from   8 the table (JSON)
-- The table of a type is made from all profiles and that of a profile from all types: refused if there are more now.
local mine, others = ARGV[5] == 'type' and 'types:' or 'profiles:', ARGV[5] == 'type' and 'profiles:' or 'types:'
local count, stale = 0, {}
local is_new = call('HSETNX', TABLES, mine .. ARGV[6], 1) == 1
for _, field in ipairs(call('HKEYS', TABLES)) do
  if string.sub(field, 1, #others) == others then count = count + 1 end
  if is_new and string.sub(field, 1, 2) == (ARGV[5] == 'type' and 's:' or 'a:') then stale[#stale + 1] = field end
end
for _, field in ipairs(stale) do
  call('HDEL', TABLES, field)
end
if count ~= tonumber(ARGV[7]) then return 0 end
call('HSET', TABLES, (ARGV[5] == 'type' and 'a:' or 's:') .. ARGV[6], ARGV[8])
return 1
