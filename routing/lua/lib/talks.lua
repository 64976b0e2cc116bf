-- Talks ----------------------------------------------------------------------------------------------------

-- The lawyer who is consulted in a talk, and what they may serve; third: what is lacking before they can be let go.
local function second_of(c)
  if c.second == '' then return end
  local l = load_lawyer(c.second)
  local serves = served_by(l)
  if not serves then return nil, nil, missing('profile', l.profile) end
  return l, serves
end

-- They keep their place among the idle: to be asked is no talk with a caller. Whoever calls lets them seek.
local function let_second_go(c, l, reason)
  settle('consult', c.id)
  fact('consult.ended', c.id, l.id, { by = c.lawyer, reason = reason })
  c.second, c.second_leg, l.second = '', '', nil
  become_idle(l)
  if reason == 'no_answer' then be_away(l, 'missed') end
  move_on(l)
  save_lawyer(l)
end

local function second_seeks(id, serves, offers)
  local l = load_lawyer(id)
  seek_contact(l, serves, offers)
  return l
end
