// The standard's WebSocket in code blocks, against real servers on loopback.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { test } from "node:test";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { WebSocketServer } from "ws";

import { withAuthority } from "../support/certificates.mjs";
import { runBlock, runTenon, withFolder } from "../support/tenon.mjs";

const loopback = ["--allow-private", "127.0.0.1/32"];

const listening = async (server, use) => {
  const sockets = new Set();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(server.address().port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};

/** A server whose connections are `serve`'s. */
const withSockets = (serve, use, options = {}) => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server, ...options });
  sockets.on("connection", (socket, request) => serve(socket.on("error", () => {}), request));
  return listening(server, use);
};

const source = (port, body) =>
  `const port = ${port};
   const next = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
   const open = async (...args) => { const socket = new WebSocket(...args); await next(socket, "open"); return socket; };
   const url = "ws://127.0.0.1:" + port + "/path?query";
   module.exports = async () => { ${body} };`;

const run = async (port, body) => {
  const { result, error } = await runBlock(source(port, body), { args: loopback });
  assert.equal(error, null, error?.message);
  return result;
};

const echo = (socket) => socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));

test("text and bytes go and come back, in each of the forms that they are given in", async () => {
  const data = await withSockets(echo, (port) =>
    run(port, `
      const socket = await open(url);
      const back = async (data) => { socket.send(data); return (await next(socket, "message")).data; };
      const blob = await back(Uint8Array.of(1, 2));
      socket.binaryType = "arraybuffer";
      const first = next(socket, "message");
      socket.send(new Blob(["slow"]));
      socket.send("after");
      const order = [new TextDecoder().decode((await first).data), (await next(socket, "message")).data];
      const event = next(socket, "message");
      socket.send("\\ud800x");
      const { data: text, origin } = await event;
      const bytes = [await back(new ArrayBuffer(3)), await back(new DataView(new ArrayBuffer(4), 1, 2))].map((one) => [one instanceof ArrayBuffer, one.byteLength]);
      const long = await back("é".repeat(1_000_000));
      socket.close();
      await next(socket, "close");
      return { data: { blob: [blob instanceof Blob, [...await blob.bytes?.() ?? new Uint8Array(await blob.arrayBuffer())]], order, text, origin: origin === "ws://127.0.0.1:" + port, bytes, long: long.length, states: [socket.readyState, WebSocket.CLOSED, socket.url === url, socket.bufferedAmount] } };`),
  );
  assert.deepEqual(data, { blob: [true, [1, 2]], order: ["slow", "after"], text: "\ufffdx", origin: true, bytes: [[true, 3], [true, 2]], long: 1_000_000, states: [3, 3, true, 0] });
});

test("a connection is closed with code and reason, by either side", async () => {
  const codes = [];
  const serve = (socket, request) => {
    socket.on("close", (code, reason) => codes.push([code, `${reason}`]));
    if (request.url === "/server") socket.close(4001, "bye");
    if (request.url === "/cut") socket.terminate();
  };
  const data = await withSockets(serve, (port) =>
    run(port, `
      const at = "ws://127.0.0.1:" + port;
      const shown = ({ wasClean, code, reason }) => [wasClean, code, reason];
      const mine = await open(at);
      mine.close(3000, "done");
      const states = [mine.readyState];
      mine.send("late");
      states.push(mine.bufferedAmount);
      const closes = [shown(await next(mine, "close"))];
      closes.push(shown(await next(new WebSocket(at + "/server"), "close")));
      closes.push(shown(await next(new WebSocket(at + "/cut"), "close")));
      const plain = await open(at);
      plain.close();
      closes.push(shown(await next(plain, "close")));
      return { data: [states, closes] };`),
  );
  assert.deepEqual(data, [[2, 4], [[true, 3000, "done"], [true, 4001, "bye"], [false, 1006, ""], [true, 1005, ""]]]);
  assert.deepEqual(codes.filter(([code]) => code !== 1006).sort(), [[1005, ""], [3000, "done"], [4001, "bye"]]);
});

test("subprotocols and headers are asked for, and extensions agreed on", async () => {
  const data = await withSockets((socket, request) => socket.send(JSON.stringify(request.headers)), (port) =>
    run(port, `
      const socket = new WebSocket(url, { protocols: ["one", "two"], headers: { Authorization: "Bearer x" } });
      const headers = JSON.parse((await next(socket, "message")).data);
      const { protocol, extensions } = socket;
      socket.close();
      return { data: [protocol, extensions, headers.authorization, headers["sec-websocket-version"], headers["sec-websocket-protocol"]] };`),
    { perMessageDeflate: { threshold: 0 }, handleProtocols: () => "two" },
  );
  assert.deepEqual(data, ["two", "permessage-deflate", "Bearer x", "13", "one,two"]);
});

test("compressed, fragmented and interleaved messages arrive whole; pings are answered", async () => {
  let pong;
  const isAnswered = new Promise((resolve) => (pong = resolve));
  const serve = (socket) => {
    socket.on("pong", (data) => pong(`${data}`));
    socket.send("frag", { fin: false });
    socket.ping("are you there");
    socket.send("mented", { fin: true });
    socket.send("x".repeat(200_000));
  };
  const data = await withSockets(serve, async (port) => {
    const result = await run(port, `
      const socket = new WebSocket(url);
      const first = (await next(socket, "message")).data;
      const second = (await next(socket, "message")).data;
      socket.close();
      await next(socket, "close");
      return { data: [first, second.length] };`);
    return [...result, await isAnswered];
  }, { perMessageDeflate: { threshold: 0 } });
  assert.deepEqual(data, ["fragmented", 200_000, "are you there"]);
});

test("messages that come at once are heard one after the other by code that awaits each", async () => {
  for (const options of [{}, { perMessageDeflate: { threshold: 0 } }]) {
    const serve = (socket) => {
      for (let i = 0; i < 50; i++) socket.send(`${i}`);
      socket.close();
    };
    const data = await withSockets(serve, (port) => run(port, `
      const socket = new WebSocket(url);
      const heard = [];
      for (let i = 0; i < 50; i++) heard.push((await next(socket, "message")).data);
      await next(socket, "close");
      return { data: heard };`), options);
    assert.deepEqual(data, Array.from({ length: 50 }, (_, i) => `${i}`));
  }
});

test("what the standard forbids is thrown under its names", async () => {
  const data = await run(1, `
    const thrown = (run) => { try { run(); return "nothing"; } catch (error) { return error.name; } };
    const socket = new WebSocket("ws://127.0.0.1:1");
    socket.onerror = () => {};
    return { data: [
      thrown(() => new WebSocket("ftp://a")), thrown(() => new WebSocket("nonsense")), thrown(() => new WebSocket("ws://a/#b")), thrown(() => new WebSocket("ws://a", ["x", "x"])), thrown(() => new WebSocket("ws://a", "a b")),
      thrown(() => new WebSocket()), thrown(() => socket.send("x")), thrown(() => socket.close(1001)), thrown(() => socket.close(3000, "x".repeat(124))), thrown(() => WebSocket("ws://a")),
      new WebSocket("https://127.0.0.1:1/a").url, WebSocket.OPEN, socket.OPEN, socket.binaryType, String(socket),
    ] };`);
  assert.deepEqual(data, ["SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "TypeError", "InvalidStateError", "InvalidAccessError", "SyntaxError", "TypeError", "wss://127.0.0.1:1/a", 1, 1, "blob", "[object WebSocket]"]);
});

test("a server that breaks the protocol is an error, and the connection is over", async () => {
  const accept = (key) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const cases = {
    masked: [0x81, 0x81, 0, 0, 0, 0, 0x61],
    reserved: [0xc1, 0x01, 0x61],
    opcode: [0x83, 0x00],
    "not UTF-8": [0x81, 0x01, 0xff],
    "long control": [0x89, 0x7e, 0x00, 0x80],
    continuation: [0x80, 0x01, 0x61],
    huge: [0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0],
    "close code": [0x88, 0x02, 0x03, 0xec],
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const server = http.createServer();
    server.on("upgrade", (request, socket) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(request.headers["sec-websocket-key"])}\r\n\r\n`);
      socket.write(Buffer.from(bytes));
      socket.on("data", () => socket.end());
    });
    const data = await listening(server, (port) => run(port, `const socket = new WebSocket(url); const told = []; for (const name of ["open", "message", "error"]) socket.addEventListener(name, () => told.push(name)); const { wasClean } = await next(socket, "close"); return { data: [...told, wasClean] };`));
    assert.deepEqual(data, ["open", "error", false], name);
  }
});

test("an answer that is no upgrade is an error, and closes with 1006", async () => {
  const answers = [
    (request, socket) => socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
    (request, socket) => socket.end("HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    (request, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n"),
  ];
  for (const answer of answers) {
    const server = http.createServer();
    server.on("upgrade", answer);
    const data = await listening(server, (port) => run(port, `const socket = new WebSocket(url); const error = next(socket, "error"); const { code } = await next(socket, "close"); return { data: [(await error).type, code] };`));
    assert.deepEqual(data, ["error", 1006]);
  }
});

test("wss goes over TLS, to a server that is trusted", () =>
  withAuthority(async ({ caFile, issue }) => {
    const server = https.createServer(await issue("IP:127.0.0.1"));
    new WebSocketServer({ server }).on("connection", echo);
    const outcome = (env) =>
      withFolder(async (folder) => {
        const file = path.join(folder, "block.js");
        const { port } = server.address();
        await writeFile(file, source(port, `
          const socket = new WebSocket("wss://127.0.0.1:" + port);
          const isOpen = await Promise.race([next(socket, "open").then(() => true), next(socket, "error").then((event) => event.message)]);
          if (isOpen !== true) return { data: isOpen };
          socket.send("safe");
          const { data } = await next(socket, "message");
          socket.close();
          return { data };`));
        const { code, stdout, stderr } = await runTenon(["run", file, "--json", ...loopback], { env });
        assert.equal(code, 0, stderr + stdout);
        return JSON.parse(stdout).result;
      });
    await listening(server, async () => {
      assert.equal(await outcome({ SSL_CERT_FILE: caFile }), "safe");
      assert.match(await outcome({}), /unable to get local issuer certificate/);
    });
  }));
