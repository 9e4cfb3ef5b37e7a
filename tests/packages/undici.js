const assert = require("node:assert/strict");
const { Agent, Pool, fetch, request, stream } = require("undici@7.30.2");
const { Writable } = require("node:stream");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const { statusCode, headers, body } = await request(`${http}/echo?a=1`, { method: "POST", body: JSON.stringify({ b: 2 }), headers: { "content-type": "application/json" } });
  assert.equal(statusCode, 200);
  assert.match(headers["content-type"], /json/);
  assert.deepEqual(JSON.parse((await body.json()).body), { b: 2 });

  const pool = new Pool(http, { connections: 2, pipelining: 1 });
  const answers = await Promise.all([1, 2, 3].map(async (n) => (await pool.request({ path: `/echo/${n}`, method: "GET" })).body.json()));
  assert.deepEqual(answers.map(({ path }) => path), ["/echo/1", "/echo/2", "/echo/3"]);
  await pool.close();

  const agent = new Agent();
  const fetched = await fetch(`${http}/echo`, { dispatcher: agent, method: "PUT", body: "text" });
  assert.equal((await fetched.json()).body, "text");
  let length = 0;
  await stream(`${http}/bytes`, { method: "GET", dispatcher: agent }, () => new Writable({ write: (chunk, encoding, done) => ((length += chunk.length), done()) }));
  assert.equal(length, 300_000);
  await agent.close();
  await assert.rejects(request("http://127.0.0.1:1/"), { code: "ECONNREFUSED" });
};
