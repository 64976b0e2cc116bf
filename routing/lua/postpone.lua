-- ARGV 5 kind:owner   6 until (ms)
if not call('ZSCORE', DUE, ARGV[5]) then return 0 end
call('ZADD', DUE, ARGV[6], ARGV[5])
return 1
