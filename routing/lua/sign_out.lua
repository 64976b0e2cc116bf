-- ARGV 5 lawyer
local l = load_lawyer(ARGV[5])
if not l then return unknown('lawyer', ARGV[5]) end
if l.state == 'offline' then return answer(false, nil, l) end
if l.state == 'talking' then
  if l.next_status == 'offline' then return answer(false, nil, l) end
  l.next_status, l.next_reason = 'offline', ''
  fact('lawyer.next', '', l.id, { status = 'offline' })
  save_lawyer(l)
  return answer(true, nil, l)
end
local c, able, offers, leg
if l.state == 'offered' and l.second then
  c = load_contact(l.contact)
  leg, l.next_status = c.second_leg, 'offline'
  let_second_go(c, l, 'signed_out')
  save_contact(c)
  return answer(true, c, l, {}, leg)
end
if l.state == 'offered' then
  c = load_contact(l.contact)
  able, offers, leg = able_for(c), {}, c.leg
  if not able then return missing('type', c.type) end
end
settle('wrapup', l.id)
l.next_status = 'offline'
if c then
  settle('offer', c.id)
  c.passed[l.id] = now + times.pass_over
  fact('offer.rejected', c.id, l.id, { reason = 'signed_out' })
end
move_on(l)
l.until_ms = 0
save_lawyer(l)
if c then back_to_place(c, able, offers) end
return answer(true, c, l, offers, leg)
