-- Takes an approval off the dirty list if nothing changed since it was painted and the operator was told.
-- KEYS: approval, dirty list   ARGV: attempt, digest, painted version
local held = redis.call('HMGET', KEYS[1], 'attempt', 'digest', 'version', 'told', 'state')
if not held[1] then
  return redis.call('ZREM', KEYS[2], KEYS[1])
end
local same = held[1] == ARGV[1] and held[2] == ARGV[2] and held[3] == ARGV[3]
local told = held[4] == '1' or held[5] == 'advice' or held[5] == 'superseded'
if same and told then
  return redis.call('ZREM', KEYS[2], KEYS[1])
end
return 0
