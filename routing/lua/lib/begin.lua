-- What every transition shares, as one library of functions: the files of lib/ in the order that ../../functions.py
-- gives, then every script as a function that first calls begin. A contact, a lawyer and a call-back are JSON
-- objects; a field that is not there has the value that the Python dataclass gives it.
-- KEYS  1 contacts   hash  id -> contact on the line (menu, waiting, offered, talking)
--       2 gone       hash  id -> contact that left the line (callback, ended)
--       3 lawyers    hash  id -> lawyer
--       4 waiting    zset  all scores 0: "type|step <tab> place <tab> contact", so the lowest is served first
--       5 idle       zset  all scores 0: "profile <tab> idle since <tab> lawyer", so the longest idle is first
--       6 due        zset  "kind:owner" -> when (ms)
--       7 callbacks  hash  id -> open call-back
--       8 callers    hash  number key -> id of the open call-back
--       9 tables     hash  "a:type" -> who may serve it; "s:profile" -> what it may serve; types; profiles
--      10 counts     hash  "w:type|step" -> how many wait; "d:profile" -> how many lawyers are on duty
--      11 handling   list  recent handling times (ms), the newest first
--      12 arrivals   list  when recent contacts began to wait (ms), the newest first
--      13 legs       hash  id made of an outbound leg's CallSid -> the contact that it called back
--      14 ev         stream of facts
-- ARGV  1 now (ms)   2 times (ms): ring, menu lease, wait lease, talk lease, room retry, wrap-up, fresh,
--       pass over, carrier retry, forget, proof, rejoin   3 hours (ms): when a call-back opened now is due, when calling
--       back stops for today, when to try one that is opened now, and again after the first attempt, the second, ..
--       4 the ladder: after (ms) of each step   5.. the script's own
local CONTACTS, GONE, LAWYERS, WAITING, IDLE, DUE, CALLBACKS, CALLERS, TABLES, COUNTS, HANDLING, ARRIVALS, LEGS, EV
local call, encode, decode, with -- Redis lends most of Lua to functions that run, and hardly any while it loads them
local now, now_text, hours_text, ladder_text
local times, times_text = {}, nil
local texts -- record -> its text as it is stored: of this call
local CONTACT, LAWYER -- metatables: what a field that is not there is
local SAMPLES = 100 -- so many recent arrivals and handling times count
local FAR = 100 -- how many passed-over entries one look skips at most

local time_names = {
  'ring', 'menu_lease', 'wait_lease', 'talk_lease', 'room_retry', 'wrapup', 'fresh', 'pass_over', 'carrier_retry', 'forget',
  'proof', 'rejoin'
}

local function numbers(text)
  local found = {}
  for number in string.gmatch(text, '%d+') do
    found[#found + 1] = tonumber(number)
  end
  return found
end

local function begin(KEYS, ARGV)
  if not call then
    call, encode, decode, with = redis.call, cjson.encode, cjson.decode, setmetatable
    CONTACT, LAWYER = { __index = CONTACT_DEFAULTS }, { __index = LAWYER_DEFAULTS }
  end
  if KEYS[1] ~= CONTACTS then
    CONTACTS, GONE, LAWYERS, WAITING, IDLE, DUE, CALLBACKS, CALLERS, TABLES, COUNTS, HANDLING, ARRIVALS, LEGS, EV =
      unpack(KEYS)
  end
  now_text, hours_text, ladder_text, texts = ARGV[1], ARGV[3], ARGV[4], {}
  now = tonumber(now_text)
  if ARGV[2] ~= times_text then
    for i, ms in ipairs(numbers(ARGV[2])) do
      times[time_names[i]] = ms
    end
    times_text = ARGV[2]
  end
end

-- *text*: the body as JSON, where it comes as that.
local function tell(kind, contact, lawyer, text)
  call('XADD', EV, '*', 'k', kind, 't', now_text, 'c', contact, 'l', lawyer, 'b', text)
end

local function fact(kind, contact, lawyer, body)
  tell(kind, contact, lawyer, body and encode(body) or '{}')
end

local function stamp(ms)
  return string.format('%016.0f', ms)
end

local function hours()
  return numbers(hours_text)
end

local known_ladders = {}

local function ladder()
  local afters = known_ladders[ladder_text] -- afters[step + 1] belongs to step
  if not afters then
    afters = numbers(ladder_text)
    known_ladders = { [ladder_text] = afters }
  end
  return afters
end

local function due(kind, owner, at)
  call('ZADD', DUE, at, kind .. ':' .. owner)
end

local function settle(kind, owner)
  call('ZREM', DUE, kind .. ':' .. owner)
end

-- Two deadlines of one owner at once: each command costs about as much as a deadline does.
local function settle_both(kind, other, owner)
  call('ZREM', DUE, kind .. ':' .. owner, other .. ':' .. owner)
end

-- Tables and names that come again and again are read once; whoever gets one only looks at it.
local function memory_of(read)
  local known, count = {}, 0
  return function(text)
    local found = known[text]
    if found == nil then
      if count >= 2000 then known, count = {}, 0 end
      found = read(text)
      known[text], count = found, count + 1
    end
    return found
  end
end
