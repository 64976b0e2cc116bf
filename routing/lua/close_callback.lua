-- ARGV 5 call-back   6 proof or signature (JSON)
local packed = call('HGET', CALLBACKS, ARGV[5])
if not packed then return 0 end
local k = unpack_(packed)
call('HDEL', CALLBACKS, k.id)
if k.number_key ~= '' and call('HGET', CALLERS, k.number_key) == k.id then call('HDEL', CALLERS, k.number_key) end
local body = cjson.decode(ARGV[6])
body.callback = k.id
fact('callback.closed', k.contact, '', body)
local c = load_contact(k.contact)
if c and c.callback == k.id then
  c.callback = ''
  if c.state == 'callback' then
    c.state = 'ended'
    due('forget', c.id, now + times.forget)
  end
  save_contact(c)
end
return 1
