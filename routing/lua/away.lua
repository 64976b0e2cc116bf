-- ARGV 5 lawyer   6 reason
local l = load_lawyer(ARGV[5])
if not l then return unknown('lawyer', ARGV[5]) end
if l.state == 'offline' then return answer(false, nil, l) end
if l.state == 'talking' then
  if l.next_status == 'away' and l.next_reason == ARGV[6] then return answer(false, nil, l) end
  l.next_status, l.next_reason = 'away', ARGV[6]
  fact('lawyer.next', '', l.id, { status = 'away', reason = ARGV[6] })
elseif l.status == 'away' and l.away_reason == ARGV[6] then
  return answer(false, nil, l)
else
  be_away(l, ARGV[6])
end
save_lawyer(l)
return answer(true, nil, l)
