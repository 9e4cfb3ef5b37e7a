// Node's http in code blocks: requests over real sockets to real servers on loopback.
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";

import { runBlock } from "../support/tenon.mjs";

const loopback = ["--allow-private", "127.0.0.1/32"];

const listening = async (server, use) => {
  const sockets = new Set();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(server.address().port, sockets);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};

/** What the block's body returns. `ask(options, body)` in its scope resolves with what came. */
const run = async (port, body) => {
  const { result, error } = await runBlock(
    `const http = require("node:http"); const { once } = require("node:events"); const port = ${port};
     const ask = (options, body, look) => new Promise((resolve, reject) => {
       const req = http.request({ host: "127.0.0.1", port, ...options }, (res) => {
         let text = "";
         res.setEncoding("utf8").on("data", (part) => (text += part)).on("error", reject);
         res.on("end", () => resolve({ status: res.statusCode, text, headers: res.headers, reused: req.reusedSocket, trailers: res.trailers, complete: res.complete }));
       });
       req.on("error", reject);
       look?.(req);
       req.end(body);
     });
     const failure = async (promise) => { try { await promise; return "no failure"; } catch (error) { return error.code ?? String(error); } };
     module.exports = async () => { ${body} };`,
    { args: loopback },
  );
  assert.equal(error, null, error?.message);
  return result;
};

/** Answers with what was asked. */
const mirror = () =>
  http.createServer((req, res) => {
    const parts = [];
    req.on("data", (part) => parts.push(part)).on("end", () => {
      res.end(JSON.stringify({ method: req.method, url: req.url, raw: req.rawHeaders, body: Buffer.concat(parts).toString(), trailers: req.trailers }));
    });
  });

/** Answers each connection's first bytes with these, as they are. */
const raw = (answer, { isKept = false } = {}) =>
  net.createServer((socket) => {
    socket.once("data", () => {
      for (const part of [answer].flat()) socket.write(part, "latin1");
      if (!isKept) socket.end();
    });
  });

test("a request says what Node's would, with and without a body", async () => {
  const data = await listening(mirror(), (port) =>
    run(port, `
      const text = async (...args) => JSON.parse((await ask(...args)).text);
      const stream = http.request({ port, host: "127.0.0.1", method: "PUT", headers: { "Content-Type": "text/plain", "X-Two": ["a", "b"] } });
      stream.write("ab");
      stream.write(Buffer.from("cd"));
      stream.addTrailers({ "X-Sum": "1" });
      stream.end();
      const [res] = await once(stream, "response");
      return { data: {
        get: await text({ path: "/a?b=c" }),
        post: await text({ method: "post", path: "/", auth: "user:pa ss" }, "h\\u00e9"),
        get_with_body: await text({}, "body"),
        stream: JSON.parse(await require("stream/consumers").text(res)),
        url: JSON.parse(await new Promise((resolve) => http.get(new URL("http://127.0.0.1:" + port + "/u%20v?w#x"), { headers: ["A", "1", "Host", "h"] }, (res) => resolve(require("stream/consumers").text(res))))),
      } };`),
  );
  const host = data.get.raw[1];
  assert.deepEqual(data.get, { method: "GET", url: "/a?b=c", raw: ["Host", host, "Connection", "keep-alive"], body: "", trailers: {} });
  assert.deepEqual(data.post.raw, ["Host", host, "Authorization", "Basic dXNlcjpwYSBzcw==", "Connection", "keep-alive", "Content-Length", "3"]);
  assert.equal(data.post.body, "hé");
  assert.deepEqual([data.get_with_body.raw.slice(-2), data.get_with_body.body], [["Content-Length", "4"], "body"]);
  assert.deepEqual(data.stream.raw, ["Content-Type", "text/plain", "X-Two", "a", "X-Two", "b", "Host", host, "Connection", "keep-alive", "Transfer-Encoding", "chunked"]);
  assert.deepEqual([data.stream.body, data.stream.trailers], ["abcd", { "x-sum": "1" }]);
  assert.deepEqual([data.url.url, data.url.raw], ["/u%20v?w", ["A", "1", "Host", "h", "Connection", "keep-alive"]]);
});

test("connections are kept, limited and let go as the agent says", async () => {
  const data = await listening(mirror(), (port, sockets) =>
    run(port, `
      const kept = [await ask({}), await ask({}), await ask({ method: "POST" }, "x")].map(({ reused }) => reused);
      const one = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const many = await Promise.all(Array.from({ length: 5 }, () => ask({ agent: one })));
      const name = Object.keys(one.freeSockets)[0];
      const counts = [one.freeSockets[name].length, Object.keys(one.sockets).length, Object.keys(one.requests).length, name === one.getName({ host: "127.0.0.1", port })];
      one.destroy();
      const plain = await ask({ agent: new http.Agent() });
      const none = await ask({ agent: false });
      return { data: { kept, many: many.map(({ reused }) => reused), counts, plain: plain.headers.connection, none: none.headers.connection } };`).then((result) => ({ ...result, connections: sockets.size })),
  );
  assert.deepEqual(data, { kept: [false, true, true], many: [false, false, false, false, false], counts: [1, 0, 0, true], plain: "close", none: "close", connections: 4 });
});

test("a connection that the server has closed meanwhile is not used again", async () => {
  const server = mirror();
  server.keepAliveTimeout = 50;
  const data = await listening(server, (port) =>
    run(port, `
      const first = await ask({});
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return { data: [first.status, (await ask({})).status] };`),
  );
  assert.deepEqual(data, [200, 200]);
});

test("events come in order, and close comes last", async () => {
  const data = await listening(mirror(), (port) =>
    run(port, `
      const told = [];
      const req = http.request({ host: "127.0.0.1", port, method: "POST" });
      for (const name of ["socket", "finish", "response", "close", "error", "abort", "timeout"]) req.on(name, () => told.push(name));
      req.on("socket", (socket) => socket.on("connect", () => told.push("connect")));
      req.on("response", (res) => {
        for (const name of ["end", "close", "aborted", "error"]) res.on(name, () => told.push("res " + name));
        res.resume();
      });
      req.end("x");
      await once(req, "close");
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { data: [told, req.writableFinished, req.destroyed, req.headersSent, req.getHeader("HOST") === "127.0.0.1:" + port] };`),
  );
  assert.deepEqual(data[0].filter((name) => !name.startsWith("res ")), ["socket", "connect", "finish", "response", "close"]);
  assert.deepEqual(data[0].filter((name) => name.startsWith("res ")), ["res end", "res close"]);
  assert.deepEqual(data.slice(1), [true, true, true, true]);
});

test("what comes before a response is told: continue, early hints", async () => {
  const server = mirror();
  server.on("checkContinue", (req, res) => {
    res.writeContinue();
    server.emit("request", req, res);
  });
  const data = await listening(server, (port) =>
    run(port, `
      const req = http.request({ host: "127.0.0.1", port, method: "POST", headers: { Expect: "100-continue", "Content-Length": 2 } });
      const told = [];
      req.on("information", ({ statusCode }) => told.push(statusCode));
      req.on("continue", () => req.end("ok"));
      const [res] = await once(req, "response");
      return { data: [told, JSON.parse(await require("stream/consumers").text(res)).body] };`),
  );
  assert.deepEqual(data, [[100], "ok"]);
  const hints = await listening(raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), (port) =>
    run(port, `let links; const { status } = await ask({}, undefined, (req) => req.on("information", ({ headers }) => (links = headers.link))); return { data: [links, status] };`),
  );
  assert.deepEqual(hints, ["</a>", 200]);
});

test("an upgrade and a CONNECT hand the connection over, with what came after the head", async () => {
  const server = http.createServer();
  server.on("upgrade", (req, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhead"));
  server.on("connect", (req, socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.pipe(socket);
  });
  const data = await listening(server, (port) =>
    run(port, `
      const up = http.request({ host: "127.0.0.1", port, headers: { Connection: "Upgrade", Upgrade: "x" } }).end();
      const [res, socket, head] = await once(up, "upgrade");
      let rest = head.toString();
      for await (const part of socket) rest += part;
      const connect = http.request({ host: "127.0.0.1", port, method: "CONNECT", path: "example.com:443" }).end();
      const [answer, tunnel] = await once(connect, "connect");
      tunnel.end("echo");
      return { data: [res.statusCode, res.headers.upgrade, rest, answer.statusCode, await require("stream/consumers").text(tunnel)] };`),
  );
  assert.deepEqual(data, [101, "x", "head", 200, "echo"]);
});

test("a response is read as the standard says, whatever form it has", async () => {
  const cases = [
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n02\r\nde\r\n0\r\nT: 1\r\n\r\n", 200, "abcde"],
    ["HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", 204, ""],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, ""],
    ["\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, ""],
    [[..."HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"], 200, "a"],
  ];
  for (const [answer, status, text] of cases) {
    const data = await listening(raw(answer), (port) => run(port, `const { status, text, complete } = await ask({}); return { data: [status, text, complete] };`));
    assert.deepEqual(data, [status, text, true], JSON.stringify(answer));
  }
  const head = await listening(raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), (port) => run(port, `const { status, text } = await ask({ method: "HEAD" }); return { data: [status, text] };`));
  assert.deepEqual(head, [200, ""]);
});

test("a response that two readers could take for different ones is an error", async () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  const cases = [
    [`${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, "HPE_UNEXPECTED_CONTENT_LENGTH"],
    [`${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "HPE_UNEXPECTED_CONTENT_LENGTH"],
    [`${ok}Content-Length: +1\r\n\r\na`, "HPE_INVALID_CONTENT_LENGTH"],
    [`${ok}Content-Length: 1, 1\r\n\r\na`, "HPE_INVALID_CONTENT_LENGTH"],
    [`${ok}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, "HPE_INVALID_TRANSFER_ENCODING"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`, "HPE_INVALID_CHUNK_SIZE"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`, "HPE_STRICT"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`, "HPE_CR_EXPECTED"],
    [`${ok}A : b\r\n\r\n`, "HPE_INVALID_HEADER_TOKEN"],
    [`${ok}A: b\r\n c\r\n\r\n`, "HPE_INVALID_HEADER_TOKEN"],
    [`${ok}A: b\0c\r\n\r\n`, "HPE_INVALID_HEADER_TOKEN"],
    ["HTTP/1.1 200 OK\nA: b\n\n", "HPE_CR_EXPECTED"],
    ["HTTP/2.0 200 OK\r\n\r\n", "HPE_INVALID_VERSION"],
    ["SSH-2.0-x\r\n", "HPE_INVALID_CONSTANT"],
    [`${ok}A: ${"x".repeat(20_000)}\r\n\r\n`, "HPE_HEADER_OVERFLOW"],
    ["", "ECONNRESET"],
    [`${ok}Content-Length: 5\r\n\r\nab`, "ECONNRESET"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nab`, "ECONNRESET"],
  ];
  for (const [answer, code] of cases) {
    const data = await listening(raw(answer), (port) => run(port, `return { data: await failure(ask({})) };`));
    assert.equal(data, code, JSON.stringify(answer.slice(0, 90)));
  }
});

test("what a server sends unasked is not the answer to a later request", async () => {
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  let n = 0;
  const server = net.createServer((socket) => {
    socket.on("data", () => {
      n++;
      socket.write(n === 1 ? `${ok}a${ok}b` : `${ok}c`);
    });
  });
  const data = await listening(server, (port) => run(port, `return { data: [(await ask({})).text, (await ask({})).text] };`));
  assert.deepEqual(data, ["a", "c"]);
});

test("nothing can be put into a request's head that is not of it", async () => {
  const data = await run(1, `
    const thrown = (options) => { try { http.request({ host: "127.0.0.1", port: 1, ...options }).on("error", () => {}).destroy(); return "no error"; } catch (error) { return error.code; } };
    const late = (change) => { const req = http.request({ host: "127.0.0.1", port: 1 }).on("error", () => {}); change(req); try { req.end(); return "no error"; } catch (error) { return error.code; } finally { req.destroy(); } };
    return { data: [
      thrown({ path: "/a b" }), thrown({ path: "/a\\r\\nX: y" }), thrown({ path: "/\\u0100" }), thrown({ method: "GET /" }), thrown({ method: "A\\r\\nB" }),
      thrown({ headers: { "a b": "1" } }), thrown({ headers: { a: "1\\r\\nb: 2" } }), thrown({ headers: ["a", "1\\nb: 2"] }), thrown({ headers: { a: undefined } }),
      thrown({ headers: { a: "\\u0100" } }), thrown({ host: "a\\r\\nb" }), thrown({ protocol: "https:" }), thrown({ host: {} }), thrown({ agent: {} }),
      late((req) => (req.path = "/a\\r\\nb")), late((req) => (req.method = "X Y")),
    ] };`);
  assert.deepEqual(data, [
    "ERR_UNESCAPED_CHARACTERS", "ERR_UNESCAPED_CHARACTERS", "ERR_UNESCAPED_CHARACTERS", "ERR_INVALID_HTTP_TOKEN", "ERR_INVALID_HTTP_TOKEN",
    "ERR_INVALID_HTTP_TOKEN", "ERR_INVALID_CHAR", "ERR_INVALID_CHAR", "ERR_HTTP_INVALID_HEADER_VALUE",
    "ERR_INVALID_CHAR", "ERR_INVALID_CHAR", "ERR_INVALID_PROTOCOL", "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_TYPE",
    "ERR_UNESCAPED_CHARACTERS", "ERR_INVALID_HTTP_TOKEN",
  ]);
});

test("timeouts, aborts and signals end a request with Node's errors", async () => {
  const server = http.createServer((req, res) => req.url === "/half" && (res.writeHead(200), res.write("half")));
  const data = await listening(server, (port) =>
    run(port, `
      const late = http.get({ host: "127.0.0.1", port, timeout: 50 });
      await once(late, "timeout");
      late.destroy(new Error("mine"));
      const [mine] = await once(late, "error").catch((error) => [error]);
      const aborted = http.get({ host: "127.0.0.1", port }).on("socket", (socket) => socket.on("connect", () => aborted.abort()));
      const [hangUp] = await once(aborted, "error").catch((error) => [error]);
      const early = http.get({ host: "127.0.0.1", port });
      early.destroy();
      const [never] = await once(early, "error").catch((error) => [error]);
      const controller = new AbortController();
      const signalled = http.get({ host: "127.0.0.1", port, signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      const [abort] = await once(signalled, "error").catch((error) => [error]);
      const half = http.get({ host: "127.0.0.1", port, path: "/half" }).on("error", () => {});
      const [res] = await once(half, "response");
      await once(res, "data");
      half.destroy();
      const [cut] = await once(res, "error").catch((error) => [error]);
      const refused = await failure(ask({ port: 1 }));
      const policy = await failure(ask({ host: "192.168.0.1" }));
      return { data: [mine.message, hangUp.code, hangUp.message, never.message, abort.name, abort.code, cut.message, cut.code, res.aborted, res.complete, refused, policy] };`),
  );
  assert.deepEqual(data, ["mine", "ECONNRESET", "socket hang up", "socket hang up", "AbortError", "ABORT_ERR", "aborted", "ECONNRESET", true, false, "ECONNREFUSED", "EPOLICY"]);
});

test("a slow reader holds the server back, and all arrives", async () => {
  const server = http.createServer((req, res) => res.end(Buffer.alloc(3_000_000, "x")));
  const data = await listening(server, (port) =>
    run(port, `
      const [res] = await once(http.get({ host: "127.0.0.1", port }), "response");
      await new Promise((resolve) => setTimeout(resolve, 200));
      const before = res.readableLength;
      let length = 0;
      for await (const part of res) length += part.length;
      return { data: [before < 1_000_000, length, (await ask({})).reused] };`),
  );
  assert.deepEqual(data, [true, 3_000_000, true]);
});

test("repeated headers are joined as Node joins them", async () => {
  const answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-A: 1\r\nx-a: 2\r\nETag: 1\r\nETag: 2\r\n__proto__: x\r\nX-Latin: \xe9\r\nContent-Length: 0\r\n\r\n";
  const data = await listening(raw(answer), (port) => run(port, `const { headers } = await ask({}); return { data: [headers["set-cookie"], headers["x-a"], headers.etag, Object.hasOwn(headers, "__proto__"), headers["x-latin"]] };`));
  assert.deepEqual(data, [["a=1", "b=2"], "1, 2", "1", true, "é"]);
});

test("an answer is told in the context of who asked, on a connection that another opened", async () => {
  const data = await listening(mirror(), (port) =>
    run(port, `
      const { AsyncLocalStorage } = require("async_hooks");
      const storage = new AsyncLocalStorage();
      const contexts = (store) => storage.run(store, () => new Promise((resolve) => http.get({ host: "127.0.0.1", port }, (res) => {
        const seen = [storage.getStore()];
        res.on("data", () => seen.push(storage.getStore())).on("end", () => resolve([...seen, storage.getStore(), res.req.reusedSocket]));
      })));
      return { data: [await contexts("a"), await contexts("b")] };`),
  );
  assert.deepEqual(data, [["a", "a", "a", false], ["b", "b", "b", true]]);
});

test("servers are refused, and their classes are there to be asked about", async () => {
  const data = await run(1, `
    const thrown = (run) => { try { run(); } catch (error) { return error.code; } };
    return { data: [thrown(() => http.createServer()), thrown(() => new http.ServerResponse({})), {} instanceof http.ServerResponse, http.METHODS.includes("PATCH"), http.STATUS_CODES[404], thrown(() => http.validateHeaderName("a b"))] };`);
  assert.deepEqual(data, ["ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", false, true, "Not Found", "ERR_INVALID_HTTP_TOKEN"]);
});
