-- ARGV 5 the lawyer (JSON): id, name, skills, languages, prefecture, profile
local given = cjson.decode(ARGV[5])
local known = load_lawyer(given.id)
if known and known.state ~= 'offline' then return answer(false, nil, known) end
if call('HSETNX', TABLES, 'profiles:' .. given.profile, 1) == 1 then -- a new profile: who may serve what changes
  for _, field in ipairs(call('HKEYS', TABLES)) do
    if string.sub(field, 1, 2) == 'a:' then call('HDEL', TABLES, field) end
  end
end
local l = given
l.state, l.status, l.contact, l.fresh, l.next_status, l.next_reason = 'idle', 'away', '', false, '', ''
l.away_reason, l.since_ms, l.idle_since_ms, l.until_ms, l.desk_ms, l.phone_ms = '', now, now, 0, 0, 0
l.queued, l.duty, l.talk_from_ms = false, false, 0
fact('lawyer.signed_in', '', l.id, {
  skills = l.skills, languages = l.languages, prefecture = l.prefecture, name = l.name, profile = l.profile,
})
save_lawyer(l)
return answer(true, nil, l)
