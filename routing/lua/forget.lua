-- ARGV 5 contact
local c = load_contact(ARGV[5])
local at = tonumber(call('ZSCORE', DUE, 'forget:' .. ARGV[5]) or 0)
if at == 0 or at > now then return answer(false, c) end
settle('forget', ARGV[5])
for _, leg in ipairs(c.legs) do
  call('HDEL', LEGS, leg)
end
call('HDEL', GONE, ARGV[5])
return answer(true)
