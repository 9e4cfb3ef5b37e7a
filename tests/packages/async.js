const assert = require("node:assert/strict");
const async = require("async@3.2.6");
const eachSeries = require("async@3.2.6/eachSeries");

module.exports = async () => {
  const doubled = await async.mapLimit([1, 2, 3], 2, async (n) => n * 2);
  assert.deepEqual(doubled, [2, 4, 6]);
  const { sum } = await async.auto({ a: async () => 1, b: async () => 2, sum: ["a", "b", async ({ a, b }) => a + b] });
  assert.equal(sum, 3);
  let tries = 0;
  assert.equal(await async.retry({ times: 3, interval: 1 }, async () => (++tries < 3 ? Promise.reject(new Error("again")) : tries)), 3);
  const seen = [];
  await eachSeries(["a", "b"], (item, done) => setImmediate(() => (seen.push(item), done())));
  assert.deepEqual(seen, ["a", "b"]);
  const queue = async.queue(async (job) => job.run(), 1);
  let ran = 0;
  queue.push([{ run: () => ran++ }, { run: () => ran++ }]);
  await queue.drain();
  assert.equal(ran, 2);
};
