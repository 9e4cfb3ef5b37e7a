// The outbound policy holds for every way out and every spelling of an address: each is refused, and nobody is called.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import http from "node:http";
import net from "node:net";
import { hostname } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { runBlock } from "../support/tenon.mjs";

/* Spellings of places that nobody allowed. Those marked true are addresses to whoever reads them; the others are for the URL
 * standard's parser, or a resolver's, to make something of (WHATWG URL "IPv4 parser", inet_aton, RFC 4291, 6052, 3056). */
const spellings = [
  ["127.0.0.1", true], ["127.127.127.127", true], ["0.0.0.0", true], ["10.0.0.1", true], ["172.16.0.1", true], ["192.168.1.1", true],
  ["100.64.0.1", true], ["169.254.169.254", true], ["168.63.129.16", true], ["224.0.0.1", true], ["255.255.255.255", true], ["198.18.0.1", true],
  ["[::1]", true], ["[::]", true], ["[0:0:0:0:0:0:0:1]", true], ["[::ffff:127.0.0.1]", true], ["[::ffff:7f00:1]", true], ["[::FFFF:10.0.0.1]", true],
  ["[::127.0.0.1]", true], ["[::ffff:0:127.0.0.1]", true], ["[64:ff9b::127.0.0.1]", true], ["[64:ff9b::a9fe:a9fe]", true], ["[64:ff9b:1::7f00:1]", true],
  ["[2002:7f00:1::]", true], ["[2002:a00:1::1]", true], ["[2001:0:7f00:1::]", true], ["[fe80::1]", true], ["[fec0::1]", true], ["[fd00:ec2::254]", true], ["[ff02::1]", true], ["[2001:db8::1]", true],
  ["localhost"], ["LOCALHOST"], ["localhost."], ["a.localhost"], ["localhost.localdomain"], ["ip6-localhost"], [hostname()],
  ["127.1"], ["127.0.1"], ["127.0.0.1."], ["2130706433"], ["0x7f000001"], ["0x7f.1"], ["0x7F.0x0.0x0.0x1"], ["0177.0.0.1"], ["017700000001"], ["0"], ["0x0"], ["00000000000"],
  ["127.0.0.01"], ["4294967295"], ["127.0.0.1%00.example"], ["%31%32%37.0.0.1"], ["１２７.０.０.１"], ["①②⑦.⓪.⓪.①"], ["127。0。0。1"], ["127.0.0.1\u00ad"], ["[fe80::1%25lo]"], ["[::1%25lo]"],
  ["user:word@127.0.0.1"], ["example.com@127.0.0.1"], ["127.0.0.1\\@example.com"], ["127.0.0.1#@example.com"], ["127.0.0.1?@example.com"], ["127.0.0.1\t"], [" 127.0.0.1"],
].map(([host, isAddress = false]) => ({ host, isAddress }));

/* Each tries to reach `host` and rejects where it could not. */
const ways = {
  fetch: "({ host, port }) => fetch(`http://${host}:${port}/`)",
  "fetch over TLS": "({ host, port }) => fetch(`https://${host}:${port}/`)",
  "fetch after a redirect": "({ host, port, redirector }) => fetch(`http://127.0.0.2:${redirector}/?${encodeURIComponent(`http://${host}:${port}/`)}`)",
  "http by URL": "({ host, port }) => asked(http.get(`http://${host}:${port}/`))",
  "http by host": "({ plain, port }) => asked(http.get({ host: plain, port }))",
  "http with a lookup of its own": "({ plain, port }) => asked(http.get({ host: 'public.example', port, lookup: (name, options, done) => done(null, options.all ? [{ address: plain, family: net.isIP(plain) || 4 }] : plain, net.isIP(plain) || 4) }))",
  "http with a connection of its own": "({ plain, port }) => asked(http.get({ host: 'public.example', port, createConnection: () => net.connect(port, plain) }))",
  https: "({ host, port }) => asked(https.get(`https://${host}:${port}/`, { rejectUnauthorized: false }))",
  net: "({ plain, port }) => connected(net.connect(port, plain), 'connect')",
  "net, IPv4 only": "({ plain, port }) => connected(net.connect({ port, host: plain, family: 4 }), 'connect')",
  tls: "({ plain, port }) => connected(tls.connect({ port, host: plain, rejectUnauthorized: false }), 'connect')",
  "dns, then net": "async ({ plain, port }) => { const { address } = await dns.promises.lookup(plain); await connected(net.connect(port, address), 'connect'); }",
  "dns of IPv4, then net": "async ({ plain, port }) => { const [address] = await dns.promises.resolve4(plain); await connected(net.connect(port, address), 'connect'); }",
  WebSocket: "({ host, port }) => new Promise((resolve, reject) => { const socket = new WebSocket(`ws://${host}:${port}/`); socket.onopen = resolve; socket.onerror = ({ error }) => reject(error); })",
};

const attempt = (way, scope) => `
  const http = require("http"), https = require("https"), net = require("net"), tls = require("tls"), dns = require("dns");
  const connected = (target, name) => new Promise((resolve, reject) => target.on(name, resolve).on("error", reject).on("close", () => reject(new Error("closed"))));
  const asked = (request) => connected(request, "response");
  const { spellings, port, redirector } = ${JSON.stringify(scope)};
  const way = ${way};
  module.exports = async () => {
    const outcomes = [];
    const rest = [...spellings];
    const worker = async () => {
      for (let one = rest.shift(); one !== undefined; one = rest.shift()) {
        const plain = one.host.replace(/^\\[(.*)\\]$/, "$1").replace("%25", "%");
        const code = await (async () => way({ host: one.host, plain, port, redirector }))().then(() => "REACHED", (error) => error.cause?.code ?? (typeof error.code === "string" ? error.code : error.name));
        outcomes.push({ ...one, code });
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return { data: outcomes };
  };`;

/** A server on all of the machine's addresses that counts who comes. */
const withTarget = async (use) => {
  const target = { count: 0 };
  const server = net.createServer((socket) => {
    target.count++;
    socket.destroy();
  });
  await new Promise((resolve, reject) => server.on("error", reject).listen(0, resolve));
  target.port = server.address().port;
  const redirect = http.createServer((req, res) => res.writeHead(302, { Location: decodeURIComponent(req.url.slice(2)).replace(/[^\x20-\x7e]/g, encodeURIComponent) }).end());
  await new Promise((resolve) => redirect.listen(0, "127.0.0.2", resolve));
  target.redirector = redirect.address().port;
  try {
    return await use(target);
  } finally {
    server.close();
    redirect.close();
  }
};

/* What says that there is no such place, which is as good. */
const notThere = ["EPOLICY", "ENOTFOUND", "EAI_AGAIN", "EINVAL", "ERR_INVALID_URL", "ERR_INVALID_IP_ADDRESS", "ERR_INVALID_CHAR", "SyntaxError"];

for (const [name, way] of Object.entries(ways))
  test(`${name} reaches no address that the policy refuses, however it is spelt`, () =>
    withTarget(async (target) => {
      const { port, redirector } = target;
      /* What the operator allows opens nothing beside it. */
      const { result, error } = await runBlock(attempt(way, { spellings, port, redirector }), { args: ["--allow-private", "127.0.0.2/32"], limits: { wallMs: 300_000 } });
      assert.equal(error, null, error?.message);
      assert.equal(result.length, spellings.length);
      for (const { host, isAddress, code } of result) {
        if (isAddress) assert.equal(code, "EPOLICY", host);
        /* fetch takes no URL with a user in it (Fetch standard, "Request", step 5). */
        else assert.ok(notThere.includes(code) || (code === "TypeError" && name.startsWith("fetch") && host.includes("@")), `${host}: ${code}`);
      }
      assert.equal(target.count, 0);
    }));

test("the same ways do reach what is allowed", () =>
  withTarget(async ({ port, redirector }) => {
    const answered = http.createServer((req, res) => res.end("here"));
    await new Promise((resolve) => answered.listen(0, "127.0.0.1", resolve));
    try {
      for (const name of ["fetch", "fetch after a redirect", "http by URL", "http by host", "http with a lookup of its own", "net", "dns, then net"]) {
        const scope = { spellings: [{ host: "127.0.0.1" }], port: answered.address().port, redirector };
        const { result, error } = await runBlock(attempt(ways[name], scope), { args: ["--allow-private", "127.0.0.0/30"] });
        assert.equal(error, null, error?.message);
        assert.equal(result[0].code, "REACHED", name);
      }
    } finally {
      answered.close();
    }
    assert.ok(port > 0);
  }));

test("a name that stands for a public address when it is looked at, and for a private one when it is used, reaches nobody", async (t) => {
  const script = path.join(path.dirname(fileURLToPath(import.meta.url)), "outbound-rebinding.mjs");
  /* The sandbox must find the ids that it would find outside. */
  const user = process.getuid() === 0 ? [] : ["--user", "--map-current-user", "--keep-caps"];
  const { code, stdout, stderr } = await new Promise((resolve) =>
    execFile("unshare", [...user, "--net", "--mount", process.execPath, script], { timeout: 120_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr })),
  );
  if (/unshare: .*(Operation not permitted|No space left|cannot)/.test(stderr)) {
    t.skip(`no namespaces here: ${stderr.trim()}`);
    return;
  }
  assert.equal(code, 0, stderr + stdout);
  const { publicCount, privateCount, outcomes } = JSON.parse(stdout);
  assert.deepEqual(outcomes, { public: "REACHED", "rebound fetch": "EPOLICY", "rebound net": "EPOLICY", "rebound http": "EPOLICY", "rebound dns": "EPOLICY", "both addresses": "REACHED", "first address silent": "REACHED", alias: "EPOLICY", "address of what was looked up": "REACHED" });
  assert.equal(privateCount, 0);
  assert.equal(publicCount, 4);
});
