-- ARGV 5 contact whose talk is over   6 number, '' = the one they call from   7 not before (ms), 0 = in sensible hours
--      8 reason   9 what tells the number apart
local c = load_contact(ARGV[5])
if not c then return unknown('contact', ARGV[5]) end
if c.state ~= 'ended' then return answer(false, c) end
if ARGV[6] ~= '' then
  leave_number(c, ARGV[6], ARGV[9])
  fact('contact.callback', c.id, '', { number = ARGV[6], reason = ARGV[8] })
end
local at = tonumber(ARGV[7])
open_callback(c, ARGV[8], at > 0 and at or nil)
return answer(true, c)
