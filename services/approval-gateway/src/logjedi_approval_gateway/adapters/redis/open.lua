-- Stores an ask unless the same one or a newer one of its record is there; an older one is set aside.
-- KEYS: approval, outcome, open index, recent index, dirty list (the older one goes to the approval's key # attempt)
-- ARGV: attempt, digest, nonce, proposed ms, expires ms, state, ask (sealed), asked ms
local attempt, digest = tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('HMGET', KEYS[1], 'attempt', 'digest', 'proposed_ms', 'state')
if held[1] then
  local held_attempt = tonumber(held[1])
  if held_attempt == attempt and held[2] == digest then
    -- Asked again: the operator has not heard from us, or Redis forgot what we said.
    redis.call('HSET', KEYS[1], 'told', '0')
    redis.call('ZADD', KEYS[5], now, KEYS[1])
    return 'again'
  end
  if held_attempt > attempt or (held_attempt == attempt and tonumber(held[3]) >= tonumber(ARGV[4])) then
    return 'older'
  end
  local archive = KEYS[1] .. '#' .. held[1]
  redis.call('RENAME', KEYS[1], archive)
  if held[4] == 'open' or held[4] == 'approved' or held[4] == 'expired' then
    redis.call('HSET', archive, 'state', 'superseded')
  end
  redis.call('HINCRBY', archive, 'version', 1)
  redis.call('ZREM', KEYS[4], KEYS[1])
  redis.call('ZADD', KEYS[4], now - 1, archive)
  redis.call('ZADD', KEYS[5], now, archive)
end
local state = ARGV[6]
if state == 'open' and redis.call('HGET', KEYS[2], 'ended:' .. ARGV[1]) then
  state = 'closed'
end
redis.call('HSET', KEYS[1], 'attempt', ARGV[1], 'digest', digest, 'nonce', ARGV[3], 'proposed_ms', ARGV[4],
  'expires_ms', ARGV[5], 'state', state, 'ask', ARGV[7], 'approvals', '0', 'version', '0', 'told', '0')
if state == 'open' then
  redis.call('ZADD', KEYS[3], ARGV[5], KEYS[1])
end
redis.call('ZADD', KEYS[4], ARGV[8], KEYS[1])
redis.call('ZADD', KEYS[5], now, KEYS[1])
return 'new'
