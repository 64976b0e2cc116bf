-- ARGV 5 contact   6 recording
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'talking' or c.recording ~= '' then return answer(false, c) end
c.recording = ARGV[6]
if c.in_room then settle('room', c.id) end
fact('recording.started', c.id, c.lawyer, { recording = ARGV[6] })
save_contact(c)
return answer(true, c)
