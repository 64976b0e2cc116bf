-- Everything, to be checked.
local function unpacked(key)
  local found = {}
  for _, packed in ipairs(call('HVALS', key)) do
    found[#found + 1] = cjson.encode(unpack_(packed))
  end
  return found
end
return {
  unpacked(CONTACTS), unpacked(GONE), unpacked(LAWYERS), call('ZRANGE', WAITING, 0, -1), call('ZRANGE', IDLE, 0, -1),
  call('ZRANGE', DUE, 0, -1, 'WITHSCORES'), unpacked(CALLBACKS), call('HGETALL', COUNTS),
}
