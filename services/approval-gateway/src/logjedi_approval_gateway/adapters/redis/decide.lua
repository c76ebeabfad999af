-- Records one signed vote and appends it to the operator's stream, or says why not. One step: all or nothing.
-- KEYS: approval, decisions stream, open index, dirty list
-- ARGV: digest, nonce, person, verdict, quorum, expires ms, vote (sealed), then the stream entry's fields and values
local held = redis.call('HMGET', KEYS[1], 'state', 'digest', 'nonce', 'approvals')
if not held[1] then
  return 'unknown'
end
if held[2] ~= ARGV[1] or held[3] ~= ARGV[2] then
  return 'changed'
end
local field = 'vote:' .. ARGV[4] .. ':' .. ARGV[3]
if redis.call('HEXISTS', KEYS[1], field) == 1 then
  return 'duplicate'
end
if held[1] == 'approved' or held[1] == 'rejected' then
  return 'decided'
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if held[1] == 'expired' or (held[1] == 'open' and now >= tonumber(ARGV[6])) then
  if held[1] == 'open' then
    redis.call('HSET', KEYS[1], 'state', 'expired')
    redis.call('HINCRBY', KEYS[1], 'version', 1)
    redis.call('ZREM', KEYS[3], KEYS[1])
    redis.call('ZADD', KEYS[4], now, KEYS[1])
  end
  return 'expired'
end
if held[1] ~= 'open' then
  return 'ended'
end
-- The stream first: should its key be spoilt, the script ends here and nothing is recorded.
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 8))
redis.call('HSET', KEYS[1], field, ARGV[7])
local state = 'open'
if ARGV[4] == 'reject' then
  state = 'rejected'  -- any authorised rejection before the quorum ends it
elseif redis.call('HINCRBY', KEYS[1], 'approvals', 1) >= tonumber(ARGV[5]) then
  state = 'approved'
end
if state ~= 'open' then
  redis.call('HSET', KEYS[1], 'state', state)
  redis.call('ZREM', KEYS[3], KEYS[1])
end
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('ZADD', KEYS[4], now, KEYS[1])
return 'recorded'
