-- reads only
-- Everything, to be checked.
return {
  call('HVALS', CONTACTS), call('HVALS', GONE), call('HVALS', LAWYERS), call('ZRANGE', WAITING, 0, -1),
  call('ZRANGE', IDLE, 0, -1), call('ZRANGE', DUE, 0, -1, 'WITHSCORES'), call('HVALS', CALLBACKS),
  call('HGETALL', COUNTS),
}
