// Webhooks against a real server on loopback.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { callServer, deployFlows, endOf, startServer } from "../support/tenon.mjs";

let server, data, urls;

const json = { "content-type": "application/json" };
const send = (url, options = {}) => fetch(url, { method: "POST", redirect: "manual", ...options });

/** Writes raw bytes to the server and collects the answer until it closes or `idleMs` pass. */
const raw = (text, idleMs = 1500) =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let answer = "";
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(idleMs, end);
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("end", end);
    socket.on("error", end);
    socket.write(text);
  });


before(async () => {
  data = await mkdtemp(path.join(tmpdir(), "tenon-e2e-"));
  server = await startServer(data);
  urls = await deployFlows(
    server,
    {
      Echo: { isSynchronous: true, steps: ["module.exports = async (c, { webhook }) => ({ data: webhook.results });"] },
      Async: { steps: ["module.exports = async () => ({ data: 'done' });"] },
      Answer: {
        trigger:
          "module.exports = async (context, payload) => ({ payload: payload.body.data, response: { statusCode: 202, contentType: 'text/csv', body: 'hello,world', headers: { 'X-Own': 'yes' } } });",
        steps: ["module.exports = async (c, { codeTrigger }) => ({ data: codeTrigger.results });"],
      },
      Fails: { isSynchronous: true, steps: ["module.exports = async () => { throw new Error('no such order'); };"] },
      Pdf: {
        isSynchronous: true,
        steps: [
          "module.exports = async () => ({ data: Buffer.from([0, 255, 1, 254, 13, 10, 0]), contentType: 'application/pdf' });",
          "module.exports = async (c, { step1 }) => ({ data: step1.results });",
        ],
      },
      Teapot: {
        isSynchronous: true,
        steps: ["module.exports = async () => ({ statusCode: 418, contentType: 'text/plain', headers: { 'X-Tea': 'green' }, body: 'short and stout' });"],
      },
      Text: { isSynchronous: true, steps: ["module.exports = async () => ({ data: 'plain' });"] },
      Slow: {
        isSynchronous: true,
        limits: { syncMs: 300 },
        steps: ["module.exports = async () => { await new Promise((r) => setTimeout(r, 1200)); return { data: 'late' }; };"],
      },
      Small: { isSynchronous: true, limits: { payloadBytes: 1000 }, steps: ["module.exports = async () => ({ data: 1 });"] },
      Keyed: { isSynchronous: true, security: "customer_required", steps: ["module.exports = async () => ({ data: 'in' });"] },
      Count: {
        isSynchronous: true,
        steps: ["module.exports = async ({ instanceState }) => { instanceState.n = (instanceState.n ?? 0) + 1; return { data: instanceState.n }; };"],
      },
      Fetches: {
        isSynchronous: true,
        steps: ["module.exports = async (c, { webhook }) => { try { const r = await fetch(webhook.results.body.data.url); return { data: r.status }; } catch (e) { return { data: `${e.cause?.code} ${e.cause?.message}` }; } };"],
      },
    },
    { args: ["--api-key", "Keyed=secret-key-1"] },
  );
});

after(async () => {
  await server?.stop();
  await rm(data, { recursive: true, force: true });
});

describe("the payload", () => {
  const payload = async (url, options) => (await send(url, options)).json();

  test("has what was sent", async () => {
    const seen = await payload(`${urls.Echo}/my/custom/path?a=1&b=x%20y`, {
      body: '{"foo":"bar"}',
      headers: { ...json, "X-GitHub-Event": "push" },
    });
    assert.deepEqual(seen.body, { data: { foo: "bar" }, contentType: "application/json" });
    assert.deepEqual(seen.queryParameters, { a: "1", b: "x y" });
    assert.equal(seen.pathFragment, "my/custom/path");
    assert.equal(seen.invokeUrl, `${urls.Echo}/my/custom/path?a=1&b=x%20y`);
    assert.equal(typeof seen.executionId, "string");
    assert.deepEqual(Object.keys(seen.webhookUrls).sort(), Object.keys(urls).sort());
    for (const key of ["customer", "instance", "user", "integration", "flow", "startedAt", "globalDebug", "webhookApiKeys", "rawBody"])
      assert.ok(key in seen, key);
  });

  test("keeps the case of header names", async () => {
    const answer = await raw(
      `POST ${new URL(urls.Echo).pathname} HTTP/1.1\r\nHost: x\r\nX-Slack-Request-Timestamp: 5\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    );
    assert.match(answer, /"X-Slack-Request-Timestamp":"5"/);
  });

  for (const [type, body, seen] of [
    ["text/plain", "héllo", "héllo"],
    ["text/csv", "a,b\n1,2", "a,b\n1,2"],
    ["application/xml", "<a>1</a>", "<a>1</a>"],
    ["application/x-www-form-urlencoded", "a=1&b=2", "a=1&b=2"],
    ["application/json; charset=utf-8", "[1,2]", [1, 2]],
    ["application/vnd.api+json", '{"a":null}', { a: null }],
  ])
    test(`reads ${type}`, async () =>
      assert.deepEqual((await payload(urls.Echo, { body, headers: { "content-type": type } })).body.data, seen));

  test("reads multipart/form-data by part", async () => {
    const form = new FormData();
    form.set("person", new Blob(['{"firstname":"Ann"}'], { type: "application/json" }));
    form.set("photo", new Blob([new Uint8Array([137, 80, 0, 255])], { type: "image/png" }), "p.png");
    form.set("note", "hi");
    const { body } = await payload(urls.Echo, { body: form });
    assert.equal(body.data.person.data.firstname, "Ann");
    assert.equal(body.data.photo.contentType, "image/png");
    assert.equal(body.data.note.data, "hi");
  });

  test("malformed JSON is answered 400, with the execution's id", async () => {
    for (const sync of ["true", "false"]) {
      const response = await send(urls.Async, { body: '{"foo":', headers: { ...json, "tenon-synchronous": sync } });
      assert.equal(response.status, 400);
      assert.deepEqual(await response.json(), { error: "Received malformed JSON payload." });
      assert.match(response.headers.get("prismatic-executionid"), /^[0-9a-f-]{36}$/);
    }
  });
});

describe("an asynchronous flow", () => {
  test("answers with the id and runs", async () => {
    const response = await send(urls.Async, { body: "{}", headers: json });
    assert.equal(response.status, 200);
    const { executionId } = await response.json();
    assert.equal(response.headers.get("tenon-execution-id"), executionId);
    assert.equal(response.headers.get("prismatic-executionid"), executionId);
    const execution = await endOf(server, executionId);
    assert.equal(execution.status, "succeeded");
    assert.equal(execution.steps.at(-1).results, "done");
  });

  test("answers as its code trigger says", async () => {
    const response = await send(urls.Answer, { body: '{"n":1}', headers: json });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get("content-type"), "text/csv");
    assert.equal(response.headers.get("x-own"), "yes");
    assert.equal(await response.text(), "hello,world");
    const execution = await endOf(server, response.headers.get("tenon-execution-id"));
    assert.deepEqual(execution.steps.at(-1).results, { n: 1 });
  });

  for (const header of ["tenon-synchronous", "prismatic-synchronous"])
    test(`waits for its result when ${header} says so`, async () => {
      const response = await send(urls.Async, { body: "{}", headers: { ...json, [header]: "true" } });
      assert.equal(await response.text(), "done");
    });
});

describe("a synchronous flow", () => {
  test("answers with the last step's result", async () => {
    const response = await send(urls.Text, { body: "{}", headers: json });
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^text\/plain/);
    assert.equal(await response.text(), "plain");
  });

  test("answers with the error of a failing step", async () => {
    const response = await send(urls.Fails, { body: "{}", headers: json });
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { error: "no such order" });
  });

  test("passes binary data between steps and out, byte for byte", async () => {
    const response = await send(urls.Pdf);
    assert.equal(response.headers.get("content-type"), "application/pdf");
    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [0, 255, 1, 254, 13, 10, 0]);
  });

  test("gives status, type, headers and body of the last step", async () => {
    const response = await send(urls.Teapot);
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-tea"), "green");
    assert.equal(await response.text(), "short and stout");
  });

  test("answers 504 past its limit while the execution goes on", async () => {
    const response = await send(urls.Slow);
    assert.equal(response.status, 504);
    const execution = await endOf(server, response.headers.get("tenon-execution-id"));
    assert.equal(execution.status, "succeeded");
  });

  test("keeps state from one execution to the next", async () => {
    const first = Number(await (await send(urls.Count)).text());
    assert.equal(Number(await (await send(urls.Count)).text()), first + 1);
  });

  test("runs asynchronously when the header says so", async () => {
    const response = await send(urls.Text, { headers: { "tenon-synchronous": "false" } });
    assert.equal(typeof (await response.json()).executionId, "string");
  });
});

describe("refusals", () => {
  test("an unknown token is 404", async () => assert.equal((await send(`${server.url}/trigger/nobody`)).status, 404));

  test("an unknown method is 405 and says which are known", async () => {
    const answer = await raw(`TRACE ${new URL(urls.Text).pathname} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 405/);
    assert.match(answer, /\r\nAllow: .*POST/i);
  });

  test("a missing or wrong key is 401, the right one goes in", async () => {
    assert.equal((await send(urls.Keyed)).status, 401);
    assert.equal((await send(urls.Keyed, { headers: { "api-key": "wrong" } })).status, 401);
    assert.equal(await (await send(urls.Keyed, { headers: { "api-key": "secret-key-1" } })).text(), "in");
  });

  test("a body over the limit is 413", async () =>
    assert.equal((await send(urls.Small, { body: "x".repeat(1001) })).status, 413));

  test("a chunked body over the limit is 413", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
    assert.equal((await send(urls.Small, { body, duplex: "half" })).status, 413);
  });

  test("a paused instance is 503 with Retry-After", async () => {
    await callServer(server, ["pause", "default"]);
    const response = await send(urls.Text);
    assert.equal(response.status, 503);
    assert.ok(response.headers.has("retry-after"));
    await callServer(server, ["resume", "default"]);
    assert.equal((await send(urls.Text)).status, 200);
  });

  test("both Content-Length and Transfer-Encoding are refused", async () => {
    const answer = await raw(
      `POST ${new URL(urls.Text).pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    assert.equal(answer.split("HTTP/1.1 ").length - 1 <= 1, true, answer);
  });
});

describe("HTTP", () => {
  test("Expect: 100-continue is continued", async () => {
    const answer = await raw(
      `POST ${new URL(urls.Echo).pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n{}`,
    );
    assert.match(answer, /^HTTP\/1\.1 100/);
    assert.match(answer, /HTTP\/1\.1 200/);
  });

  test("HTTP/1.0 is answered and closed", async () => {
    const answer = await raw(`GET ${new URL(urls.Text).pathname} HTTP/1.0\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.[01] 200/);
    assert.match(answer, /plain$/);
  });

  test("a connection is kept and pipelined requests are answered in order", async () => {
    const one = `GET ${new URL(urls.Text).pathname} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await raw(one + one);
    assert.equal(answer.split("HTTP/1.1 200").length - 1, 2);
  });
});

test("code can't reach the server's own machine", async () => {
  const response = await send(urls.Fetches, { body: JSON.stringify({ url: `${server.url}/healthz` }), headers: json });
  assert.match(await response.text(), /EPOLICY/);
});

test("executions and logs can be looked back at", async () => {
  const id = (await send(urls.Text)).headers.get("tenon-execution-id");
  await endOf(server, id);
  const { executions } = await callServer(server, ["executions", "list"]);
  assert.ok(executions.some((execution) => execution.id === id));
  const shown = await callServer(server, ["executions", "show", id]);
  assert.equal(shown.status, "succeeded");
});
