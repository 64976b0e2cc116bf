-- ARGV 5 lawyer
local l = load_lawyer(ARGV[5])
if not l then return unknown('lawyer', ARGV[5]) end
if l.state ~= 'wrapup' then return answer(false, nil, l) end
local serves, offers = served_by(l), {}
if not serves then return missing('profile', l.profile) end
end_wrapup(l)
seek_contact(l, serves, offers)
return answer(true, nil, l, offers)
