const assert = require("node:assert/strict");
const { Redis } = require("ioredis@6.0.0");

module.exports = async (context, { webhook }) => {
  const redis = new Redis({ ...webhook.results.body.data.redis, maxRetriesPerRequest: 1 });
  assert.equal(await redis.ping(), "PONG");
  await redis.set("name", "Ada ü", "EX", 60);
  assert.equal(await redis.get("name"), "Ada ü");
  await redis.hset("order", { id: 7, total: "30.5" });
  assert.deepEqual(await redis.hgetall("order"), { id: "7", total: "30.5" });
  assert.deepEqual(await redis.multi().incr("n").incrby("n", 4).exec(), [[null, 1], [null, 5]]);
  const results = await redis.pipeline(Array.from({ length: 200 }, (_, n) => ["set", `k${n}`, n])).exec();
  assert.ok(results.every(([error, answer]) => error === null && answer === "OK"));
  assert.equal(await redis.eval("return redis.call('get', KEYS[1])", 1, "k7"), "7");
  const keys = [];
  for await (const page of redis.scanStream({ match: "k*", count: 50 })) keys.push(...page);
  assert.equal(new Set(keys).size, 200);

  const subscriber = redis.duplicate();
  await subscriber.subscribe("news");
  const heard = new Promise((resolve) => subscriber.on("message", (channel, text) => resolve([channel, text])));
  await redis.publish("news", "hello");
  assert.deepEqual(await heard, ["news", "hello"]);
  subscriber.disconnect();
  await assert.rejects(redis.call("NOTHING"), /unknown command/);
  await redis.quit();
};
