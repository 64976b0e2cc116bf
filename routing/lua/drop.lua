-- ARGV 5 contact   6 lawyer   7 reason
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state == 'menu' then return illegal(c.id, c.state, 'drop') end
local l = load_lawyer(ARGV[6])
if c.state ~= 'talking' or c.lawyer ~= ARGV[6] then return answer(false, c, l) end
local able, offers, leg = able_for(c), {}, c.leg
if not able then return missing('type', c.type) end
end_talk(c)
fact('contact.dropped', c.id, l.id, { reason = ARGV[7], talk_ms = now - c.talk_since_ms })
wrap_up(l)
back_to_place(c, able, offers)
return answer(true, c, l, offers, leg)
