const assert = require("node:assert/strict");
const pLimit = require("p-limit@7.3.3").default;

module.exports = async () => {
  const limit = pLimit(2);
  let running = 0;
  let most = 0;
  const results = await Promise.all(
    [1, 2, 3, 4, 5].map((n) =>
      limit(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        return n * 2;
      }),
    ),
  );
  assert.deepEqual(results, [2, 4, 6, 8, 10]);
  assert.equal(most, 2);
};
