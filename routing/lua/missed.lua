-- ARGV 5 a contact that is on no line (JSON)   6 how its leg ended, as the carrier says; '' = it had none
--      7 why a call is owed
local given = with(decode(ARGV[5]), CONTACT)
local known = load_contact(given.id)
if known then return answer(false, known) end
given.passed, given.legs, given.place_ms = {}, {}, given.arrived_ms
local today = now_text
now_text = string.format('%.0f', given.arrived_ms) -- it happened then
fact('contact.arrived', given.id, '', {
  from = given.from_number, to = given.to_number, entrance = given.entrance, prefecture = given.prefecture,
  demand = given.demand, ordinal = given.ordinal, number = given.callback_number, missed = ARGV[6] ~= '' and ARGV[6] or nil,
})
now_text = today
open_callback(given, ARGV[7])
return answer(true, given)
