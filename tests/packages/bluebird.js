const assert = require("node:assert/strict");
const Promise = require("bluebird@3.7.2");

module.exports = async () => {
  assert.deepEqual(await Promise.map([3, 1, 2], (n) => Promise.delay(n).return(n * 2), { concurrency: 2 }), [6, 2, 4]);
  assert.deepEqual(await Promise.props({ a: 1, b: Promise.resolve(2) }), { a: 1, b: 2 });
  assert.equal(await Promise.promisify((value, done) => setTimeout(() => done(null, value), 1))("x"), "x");
  const { readFileAsync, writeFileAsync } = Promise.promisifyAll(require("node:fs"));
  await writeFileAsync("/tmp/bluebird", "text");
  assert.equal(await readFileAsync("/tmp/bluebird", "utf8"), "text");
  await assert.rejects(async () => await Promise.delay(1000).timeout(5), Promise.TimeoutError);
  assert.equal(await Promise.reject(new TypeError("t")).catch(RangeError, () => "range").catch(TypeError, () => "type"), "type");
  assert.equal(await Promise.reduce([1, 2, 3], (sum, n) => sum + n, 0), 6);
};
