-- Answers --------------------------------------------------------------------------------------------------

local function text_of(record)
  return record and (texts[record] or encode(record)) or false
end

-- 1 if anything changed; contact and lawyer as they are stored; offers as contact, lawyer, until, ..; leg to end.
local function answer(changed, c, l, offers, stop)
  return { changed and 1 or 0, text_of(c), text_of(l), offers or {}, stop or '' }
end

local function illegal(whom, state, event)
  return { 'illegal', whom, state, event }
end

local function unknown(kind, id)
  return { 'unknown', kind, id }
end
