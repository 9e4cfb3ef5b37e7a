const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { default: fetch, FetchError, FormData, Headers } = require("node-fetch@3.3.2");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const response = await fetch(`${http}/echo?a=1`, { method: "POST", body: JSON.stringify({ b: 2 }), headers: new Headers({ "content-type": "application/json" }) });
  assert.ok(response.ok);
  const echoed = await response.json();
  assert.deepEqual([echoed.method, echoed.query, echoed.body], ["POST", { a: "1" }, '{"b":2}']);
  const redirected = await fetch(`${http}/redirect`);
  assert.ok(redirected.redirected);
  assert.equal((await redirected.json()).query.redirected, "1");
  const form = new FormData();
  form.set("field", "value");
  assert.match((await (await fetch(`${http}/echo`, { method: "POST", body: form })).json()).body, /name="field"/);
  assert.equal((await (await fetch(`${http}/echo`, { method: "PUT", body: Readable.from(["a", "b"]) })).json()).body, "ab");
  let length = 0;
  for await (const chunk of (await fetch(`${http}/bytes`)).body) length += chunk.length;
  assert.equal(length, 300_000);
  await assert.rejects(fetch("http://127.0.0.1:1/"), (error) => error instanceof FetchError && error.code === "ECONNREFUSED");
  await assert.rejects(fetch(`${http}/slow`, { signal: AbortSignal.timeout(50) }), { name: "AbortError" });
};
