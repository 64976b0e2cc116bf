-- ARGV 5 lawyer
local l = load_lawyer(ARGV[5])
if not l then return unknown('lawyer', ARGV[5]) end
if l.state == 'offline' then return answer(false, nil, l) end
if l.state == 'talking' then
  local wanted = l.status == 'ready' and '' or 'ready'
  if l.next_status == wanted then return answer(false, nil, l) end
  l.next_status, l.next_reason = wanted, ''
  fact('lawyer.next', '', l.id, { status = wanted })
  save_lawyer(l)
  return answer(true, nil, l)
end
if l.status == 'ready' and l.state ~= 'wrapup' then return answer(false, nil, l) end
local serves, offers = served_by(l), {}
if not serves then return missing('profile', l.profile) end
if l.status ~= 'ready' then
  l.status, l.away_reason = 'ready', ''
  if l.state == 'idle' then l.idle_since_ms = now end
  fact('lawyer.ready', '', l.id)
end
if l.state == 'wrapup' then end_wrapup(l) end
seek_contact(l, serves, offers)
return answer(true, nil, l, offers)
