-- Writes a field of one attempt's approval, wherever it is by now: a newer attempt may just have set it aside.
-- KEYS: approval, archive of that attempt   ARGV: attempt, digest, field, value
for _, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'attempt', 'digest')
  if held[1] == ARGV[1] and held[2] == ARGV[2] then
    redis.call('HSET', key, ARGV[3], ARGV[4])
    return 1
  end
end
return 0
