// Node's net and dns in code blocks, against real servers on loopback.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";

import { runBlock } from "../support/tenon.mjs";

const loopback = ["--allow-private", "127.0.0.1/32"];

/** A TCP server for as long as `use` runs; what is written on a connection is up to `serve`. */
const withServer = async (serve, use) => {
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(server.address().port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};
const echo = (socket) => socket.pipe(socket);

/** What the block's body returns; `port` is in its scope. */
const run = async (port, body, options = {}) => {
  const { result, error } = await runBlock(
    `const net = require("node:net"); const dns = require("node:dns"); const { once } = require("node:events");
     module.exports = async () => { const port = ${port}; ${body} };`,
    { args: loopback, ...options },
  );
  assert.equal(error, null, error?.message);
  return result;
};

test("a socket tells its life in Node's order, and both directions arrive", async () => {
  const data = await withServer(echo, (port) =>
    run(port, `
      const told = [];
      const socket = net.connect({ port, host: "127.0.0.1" }, () => told.push("callback"));
      for (const name of ["connect", "ready", "end", "finish", "close"]) socket.on(name, (...args) => told.push([name, ...args].join()));
      const before = [socket.connecting, socket.pending, socket.readyState];
      socket.write("one ");
      socket.end("two");
      let text = "";
      socket.setEncoding("utf8").on("data", (part) => (text += part));
      await once(socket, "close");
      return { data: { told, before, text, counts: [socket.bytesRead, socket.bytesWritten], state: socket.readyState } };`),
  );
  assert.deepEqual(data, {
    told: ["callback", "connect", "ready", "finish", "end", "close,false"],
    before: [true, true, "opening"],
    text: "one two",
    counts: [7, 7],
    state: "closed",
  });
});

test("megabytes pass in both directions at the pace of who reads", async () => {
  const data = await withServer(echo, (port) =>
    run(port, `
      const { createHash } = require("crypto");
      const socket = net.connect(port, "127.0.0.1");
      const sent = createHash("sha256"), received = createHash("sha256");
      const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(100_000, i));
      (async () => {
        for (const chunk of chunks) {
          sent.update(chunk);
          if (!socket.write(chunk)) await once(socket, "drain");
        }
        socket.end();
      })();
      let length = 0;
      for await (const part of socket) {
        length += part.length;
        received.update(part);
        if (length % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return { data: [length, sent.digest("hex") === received.digest("hex")] };`),
  );
  assert.deepEqual(data, [4_000_000, true]);
});

test("a write that has called back reaches the other side though the socket is destroyed at once", async () => {
  let received = 0;
  let ended;
  const isOver = new Promise((resolve) => (ended = resolve));
  const serve = (socket) => {
    socket.on("data", (part) => (received += part.length));
    socket.on("close", ended).on("end", () => socket.end());
  };
  await withServer(serve, async (port) => {
    await run(port, `
      const socket = net.connect(port, "127.0.0.1");
      await new Promise((resolve) => socket.write(Buffer.alloc(2_000_000), resolve));
      socket.destroy();
      return { data: null };`);
    await isOver;
  });
  assert.equal(received, 2_000_000);
});

test("connections that fail say so as Node does", async () => {
  const unused = await withServer(echo, (port) => port);
  const data = await run(unused, `
    const failure = async (...args) => {
      const [error] = await once(net.connect(...args), "error").catch((error) => [error]);
      const { code, syscall, address, port, errno, hostname, message } = error;
      return { code, syscall, address, port, errno, hostname, message };
    };
    const thrown = (run) => { try { run(); } catch (error) { return error.code; } };
    return { data: {
      refused: await failure(port, "127.0.0.1"),
      unknown: await failure(port, "no-such-host.invalid"),
      policy: (await failure(80, "10.1.2.3")).code,
      badPort: thrown(() => net.connect(70000, "127.0.0.1")),
      path: thrown(() => net.connect("/var/run/docker.sock")),
      server: thrown(() => net.createServer()),
      fd: thrown(() => new net.Socket({ fd: 3 })),
    } };`);
  assert.deepEqual(data.refused, { code: "ECONNREFUSED", syscall: "connect", address: "127.0.0.1", port: unused, errno: -111, message: `connect ECONNREFUSED 127.0.0.1:${unused}` });
  assert.deepEqual(data.unknown, { code: "ENOTFOUND", syscall: "getaddrinfo", errno: -3008, hostname: "no-such-host.invalid", message: "getaddrinfo ENOTFOUND no-such-host.invalid" });
  assert.equal(data.policy, "EPOLICY");
  assert.equal(data.badPort, "ERR_SOCKET_BAD_PORT");
  for (const name of ["path", "server", "fd"]) assert.equal(data[name], "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
});

test("a reset, a silent peer and an aborted signal end a socket", async () => {
  const serve = (socket) => socket.once("data", (data) => `${data}` === "reset" && socket.resetAndDestroy());
  const data = await withServer(serve, (port) =>
    run(port, `
      const reset = net.connect(port, "127.0.0.1");
      reset.write("reset");
      const [error] = await once(reset, "close").catch((error) => [error]);
      const silent = net.connect(port, "127.0.0.1");
      silent.setTimeout(50);
      await once(silent, "timeout");
      silent.destroy();
      const controller = new AbortController();
      const aborted = net.connect({ port, host: "127.0.0.1", signal: controller.signal });
      controller.abort();
      const [reason] = await once(aborted, "error").catch((error) => [error]);
      return { data: [error.code, error.syscall, reason.name] };`),
  );
  assert.deepEqual(data, ["ECONNRESET", "read", "AbortError"]);
});

test("a socket that is not referenced keeps no execution, and one that is does", async () => {
  const { error } = await withServer(echo, (port) =>
    runBlock(`const net = require("net");
      module.exports = () => new Promise(() => { net.connect(${port}, "127.0.0.1").unref(); });`, { args: loopback }),
  );
  assert.match(error.message, /nothing will settle/);
});

test("a lookup of the caller's own decides where to, and the policy is asked all the same", async () => {
  const data = await withServer(echo, (port) =>
    run(port, `
      const at = (address) => (name, options, done) => process.nextTick(done, null, options.all ? [{ address, family: 4 }] : address, 4);
      const socket = net.connect({ port, host: "somewhere.example", lookup: at("127.0.0.1") });
      const told = [];
      socket.on("lookup", (...args) => told.push(args));
      await once(socket, "connect");
      socket.destroy();
      const [error] = await once(net.connect({ port, host: "somewhere.example", lookup: at("127.0.0.2") }), "error").catch((error) => [error]);
      return { data: [told, error.code] };`),
  );
  assert.deepEqual(data, [[[null, "127.0.0.1", 4, "somewhere.example"]], "EPOLICY"]);
});

test("a connection too many is an error of that socket", async () => {
  const data = await withServer(echo, (port) =>
    run(port, `
      const sockets = Array.from({ length: 4 }, () => net.connect(port, "127.0.0.1"));
      const outcomes = await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on("connect", () => resolve("connected")).on("error", ({ code }) => resolve(code)))));
      for (const socket of sockets) socket.destroy();
      const again = net.connect(port, "127.0.0.1");
      await once(again, "connect");
      again.destroy();
      return { data: outcomes };`, { limits: { requests: 3 } }),
  );
  assert.deepEqual(data, ["connected", "connected", "connected", "EMFILE"]);
});

test("addresses are told from names as Node does", async () => {
  const data = await run(0, `
    const texts = ["127.0.0.1", "127.1", "0177.0.0.1", "256.1.1.1", "::", "::1", "::ffff:1.2.3.4", "fe80::1%eth0", "1::2::3", ":::", "12345::", "a.b", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", ""];
    const list = new net.BlockList();
    list.addAddress("123.123.123.123");
    list.addRange("10.0.0.1", "10.0.0.10");
    list.addSubnet("8592:757c:efae:4e45::", 64, "ipv6");
    return { data: {
      isIP: texts.map(net.isIP),
      checks: [list.check("123.123.123.123"), list.check("10.0.0.3"), list.check("10.0.0.11"), list.check("8592:757c:efae:4e45:1::", "ipv6"), list.check("::ffff:7b7b:7b7b", "ipv6")],
      rules: list.rules,
      address: { ...new net.SocketAddress({ address: "1:0:0:0:0:0:0:2", family: "ipv6", port: 80 }).toJSON() },
    } };`);
  assert.deepEqual(data, {
    isIP: [4, 0, 0, 0, 6, 6, 6, 6, 0, 0, 0, 0, 6, 6, 0],
    checks: [true, true, false, true, true],
    rules: ["Subnet: IPv6 8592:757c:efae:4e45::/64", "Range: IPv4 10.0.0.1-10.0.0.10", "Address: IPv4 123.123.123.123"],
    address: { address: "1::2", port: 80, family: "ipv6", flowlabel: 0 },
  });
});

test("dns answers, and fails with Node's codes", async () => {
  const data = await run(0, `
    const failure = (promise) => promise.then(() => "no failure", ({ code, syscall, hostname }) => [code, syscall, hostname]);
    const { promises } = dns;
    return { data: {
      local: await promises.lookup("localhost"),
      all: (await require("util").promisify(dns.lookup)("127.0.0.1", { all: true })),
      unknown: await failure(promises.lookup("no-such-host.invalid")),
      mx: await failure(promises.resolveMx("no-such-host.invalid")),
      cname: await failure(new promises.Resolver().resolveCname("example.com")),
      reverse: await new Promise((resolve) => { try { dns.reverse("nonsense", () => {}); } catch (error) { resolve(error.code); } }),
      privateName: await failure(promises.reverse("10.0.0.1")),
      none: await promises.lookup(""),
      codes: [dns.ADDRCONFIG, dns.NOTFOUND, dns.getDefaultResultOrder(), require("dns/promises") === promises],
      servers: await failure((async () => new dns.Resolver().setServers(["127.0.0.1"]))()),
    } };`);
  assert.deepEqual(data, {
    local: { address: "127.0.0.1", family: 4 },
    all: [{ address: "127.0.0.1", family: 4 }],
    unknown: ["ENOTFOUND", "getaddrinfo", "no-such-host.invalid"],
    mx: ["ENOTFOUND", "queryMx", "no-such-host.invalid"],
    cname: ["ENOTIMP", "queryCname", "example.com"],
    reverse: "EINVAL",
    privateName: ["EPOLICY", "getHostByAddr", "10.0.0.1"],
    none: { address: null, family: 4 },
    codes: [32, "ENOTFOUND", "verbatim", true],
    servers: ["ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", null, null],
  });
});
