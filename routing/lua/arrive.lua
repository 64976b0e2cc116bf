-- ARGV 5 the new contact (JSON)
local given = with(decode(ARGV[5]), CONTACT)
local known = load_contact(given.id)
if known then return answer(false, known) end
given.state, given.passed, given.legs = 'menu', {}, {}
due('lease', given.id, now + times.menu_lease)
fact('contact.arrived', given.id, '', {
  from = given.from_number, to = given.to_number, entrance = given.entrance, prefecture = given.prefecture,
  demand = given.demand, ordinal = given.ordinal, number = given.callback_number,
})
save_contact(given)
return answer(true, given)
