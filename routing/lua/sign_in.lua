-- ARGV 5 the lawyer (JSON): id, name, skills, languages, prefecture, profile
local given = with(decode(ARGV[5]), LAWYER)
local known = load_lawyer(given.id)
if known and known.state ~= 'offline' then return answer(false, nil, known) end
if call('HSETNX', TABLES, 'profiles:' .. given.profile, 1) == 1 then -- a new profile: who may serve what changes
  for _, field in ipairs(call('HKEYS', TABLES)) do
    if string.sub(field, 1, 2) == 'a:' then call('HDEL', TABLES, field) end
  end
end
local l = given
l.state, l.status, l.since_ms, l.idle_since_ms = 'idle', 'away', now, now
fact('lawyer.signed_in', '', l.id, {
  skills = l.skills, languages = l.languages, prefecture = l.prefecture, name = l.name, profile = l.profile,
})
save_lawyer(l)
return answer(true, nil, l)
