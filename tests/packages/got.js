const assert = require("node:assert/strict");
const { pipeline } = require("node:stream/promises");
const { default: got, HTTPError } = require("got@14.6.6");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const client = got.extend({ prefixUrl: http, headers: { "x-app": "tenon" } });
  const echoed = await client.post("echo", { json: { total: 3 }, searchParams: { a: "ü" } }).json();
  assert.deepEqual([echoed.method, echoed.query.a, echoed.headers["x-app"], JSON.parse(echoed.body)], ["POST", "ü", "tenon", { total: 3 }]);
  assert.equal((await client("redirect").json()).query.redirected, "1");
  assert.equal((await client("bytes").buffer()).length, 300_000);
  assert.equal((await client.put("echo", { form: { a: 1 } }).json()).body, "a=1");

  const flaky = await client("flaky", { searchParams: { key: `got-${Math.random()}` }, retry: { limit: 3, calculateDelay: ({ computedValue }) => (computedValue === 0 ? 0 : 5) } }).json();
  assert.equal(flaky.tries, 3);
  await assert.rejects(client("missing"), (error) => error instanceof HTTPError && error.response.statusCode === 404);
  await assert.rejects(client("slow", { timeout: { request: 100 }, retry: { limit: 0 } }), { name: "TimeoutError" });
  let length = 0;
  await pipeline(client.stream("bytes"), async (chunks) => {
    for await (const chunk of chunks) length += chunk.length;
  });
  assert.equal(length, 300_000);
};
