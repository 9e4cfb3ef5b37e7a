const assert = require("node:assert/strict");
const axios = require("axios@1.21.1");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const client = axios.create({ baseURL: http, headers: { "x-app": "tenon" }, timeout: 10_000 });

  const { data, status, headers } = await client.get("/echo", { params: { a: "1 2", b: ["x", "y"] }, auth: { username: "ada", password: "pw" } });
  assert.equal(status, 200);
  assert.match(headers["content-type"], /json/);
  assert.deepEqual([data.method, data.query.a, data.headers["x-app"]], ["GET", "1 2", "tenon"]);
  assert.equal(data.headers.authorization, "Basic YWRhOnB3");

  const posted = await client.post("/echo", { total: 3 });
  assert.deepEqual(JSON.parse(posted.data.body), { total: 3 });
  const sent = await client.post("/echo", new URLSearchParams({ q: "ü" }));
  assert.equal(sent.data.body, "q=%C3%BC");
  const bytes = await client.get("/bytes", { responseType: "arraybuffer" });
  assert.equal(bytes.data.length, 300_000);
  const { data: stream } = await client.get("/bytes", { responseType: "stream" });
  let length = 0;
  for await (const chunk of stream) length += chunk.length;
  assert.equal(length, 300_000);
  const file = new FormData();
  file.append("file", new Blob(["content"]), "a.txt");
  assert.match((await client.post("/echo", file)).data.body, /filename="a.txt"/);

  assert.equal((await client.get("/redirect")).data.query.redirected, "1");
  await assert.rejects(client.get("/missing"), (error) => axios.isAxiosError(error) && error.response.status === 404 && error.response.data.error === "no /missing");
  await assert.rejects(client.get("/slow", { timeout: 50 }), { code: "ECONNABORTED" });
  await assert.rejects(client.get("/slow", { signal: AbortSignal.timeout(50) }), { code: "ERR_CANCELED" });
  await assert.rejects(axios.get("http://127.0.0.1:1/"), { code: "ECONNREFUSED" });
  client.interceptors.response.use((response) => response.data.path);
  assert.equal(await client.delete("/echo/7"), "/echo/7");
};
