-- reads only
-- ARGV 5 at most
return call('ZRANGE', DUE, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[5], 'WITHSCORES')
