-- Takes an approval off the dirty list if nothing changed since it was painted and the operator was told.
-- KEYS: approval, dirty list   ARGV: painted version
local held = redis.call('HMGET', KEYS[1], 'version', 'told', 'state')
local same = (not held[1]) or (held[1] == ARGV[1] and (held[2] == '1' or held[3] == 'advice' or held[3] == 'superseded'))
if same then
  return redis.call('ZREM', KEYS[2], KEYS[1])
end
return 0
