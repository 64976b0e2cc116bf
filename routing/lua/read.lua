-- reads only
-- ARGV 5 contact or lawyer   6 id
return text_of(ARGV[5] == 'contact' and load_contact(ARGV[6]) or ARGV[5] == 'lawyer' and load_lawyer(ARGV[6]))
