// The Lua scripts of RedisStore. Each is one atomic step for all processes.
//
// A login is a hash of its state, the login as JSON and the answer as JSON. A LaunchKey session is
// a hash of its JSON, of the members that the scripts need, and of `ended` once it has ended. The
// sessions of a user are a sorted set of handles, scored by their expiry on Redis' clock. So are
// the taken slots of a limit.
//
// The first writing command of a script needs memory. If Redis has none left, it refuses that
// command, and the script changes nothing; it would let the command through after another one.
//
// Where a script builds a key from a prefix, the prefix is passed among the keys, so that a prefix
// of the client's own applies to it too.

// Changes nothing. A cluster refuses the two keys, because they belong to different nodes. Returns
// why the user of the client may not send messages, if so.
export const CHECK = `
local sent = redis.pcall('PUBLISH', ARGV[1], '')
return type(sent) == 'table' and sent.err or nil`;

export const ADD = `
if redis.call('HLEN', KEYS[1]) > 0 then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'login', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`;

export const TAKE_PLACE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf') >= tonumber(ARGV[2]) then
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return first[2] - now
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
return nil`;

export const LEAVE_PLACE = `redis.call('ZREM', KEYS[1], ARGV[1])`;

export const REMOVE = `
if redis.call('DEL', KEYS[1]) == 1 then redis.pcall('PUBLISH', ARGV[1], ARGV[2]) end`;

export const GET = `return redis.call('HMGET', KEYS[1], 'state', 'login', 'answer')`;

export const ANSWER = `
if redis.call('HGET', KEYS[1], 'state') ~= 'pending' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'answered', 'answer', ARGV[1])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1`;

export const CONSUME = `
if redis.call('HGET', KEYS[1], 'state') ~= 'answered' then return nil end
redis.call('HSET', KEYS[1], 'state', 'finished')
return redis.call('HMGET', KEYS[1], 'state', 'login', 'answer')`;

export const RELEASE = `
if redis.call('HGET', KEYS[1], 'state') == 'finished' then
  redis.call('HSET', KEYS[1], 'state', 'answered')
end`;

export const OPEN_SESSION = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'session', ARGV[1], 'startedAt', ARGV[2], 'user', ARGV[3])
redis.call('HDEL', KEYS[1], 'ended')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[5], ARGV[4])
redis.call('PEXPIREAT', KEYS[2], redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2])`;

// A session that is missing from its user's set could not be ended by a logout on the device. Redis
// may have evicted the set, so the session counts as ended.
export const GET_SESSION = `
local kept = redis.call('HMGET', KEYS[1], 'session', 'user', 'ended')
if not kept[1] or kept[3] then return nil end
if not redis.call('ZSCORE', KEYS[2] .. kept[2], ARGV[1]) then return nil end
return kept[1]`;

export const END_SESSIONS = `
local found = {}
for _, handle in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = KEYS[2] .. handle
  local kept = redis.call('HMGET', key, 'session', 'startedAt', 'ended')
  if not kept[1] then
    redis.call('ZREM', KEYS[1], handle)
  elseif kept[3] or tonumber(kept[2]) <= tonumber(ARGV[1]) then
    redis.call('HSET', key, 'ended', '1')
    found[#found + 1] = kept[1]
  end
end
return found`;

export const REMOVE_SESSION = `
local user = redis.call('HGET', KEYS[1], 'user')
if user then
  redis.call('ZREM', KEYS[2] .. user, ARGV[1])
  redis.call('DEL', KEYS[1])
end`;
