-- ARGV 5 lawyer
local l = load_lawyer(ARGV[5])
if not l then return unknown('lawyer', ARGV[5]) end
if not l.fresh or fresh_until(l) > now then return answer(false, nil, l) end
become_stale(l)
return answer(true, nil, l)
