-- Closes what is past its time by Redis' own clock.
-- KEYS: open index, dirty list   ARGV: how many at once
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local late = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
local closed = 0
for _, key in ipairs(late) do
  redis.call('ZREM', KEYS[1], key)
  if redis.call('HGET', key, 'state') == 'open' then
    redis.call('HSET', key, 'state', 'expired')
    redis.call('HINCRBY', key, 'version', 1)
    redis.call('ZADD', KEYS[2], now, key)
    closed = closed + 1
  end
end
return closed
