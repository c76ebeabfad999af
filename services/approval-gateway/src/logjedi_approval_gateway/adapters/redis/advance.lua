-- Keeps a phase under its sequence, and ends the ask of its attempt when the cluster has moved past asking.
-- KEYS: outcome, approval, archive of that attempt, open index, dirty list
-- ARGV: sequence, attempt, 1 if the phase ends the ask, phase (sealed)
if redis.call('HSETNX', KEYS[1], 'phase:' .. ARGV[1], ARGV[4]) == 0 then
  return 0
end
redis.call('EXPIRE', KEYS[1], 3024000)  -- 35 days, longer than any approval is kept
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[1], 'ended:' .. ARGV[2], '1')
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for _, key in ipairs({KEYS[2], KEYS[3]}) do
  local held = redis.call('HMGET', key, 'attempt', 'state')
  if held[1] == ARGV[2] then
    if ARGV[3] == '1' and held[2] == 'open' then
      redis.call('HSET', key, 'state', 'closed')
      redis.call('ZREM', KEYS[4], key)
    end
    redis.call('HINCRBY', key, 'version', 1)
    redis.call('ZADD', KEYS[5], now, key)
  end
end
return 1
