// Runs inside namespaces of its own (see outbound.test.mjs): a network whose only interface has a public address beside
// loopback, and a name server whose answers change. Prints what code blocks reached.
import { execFileSync } from "node:child_process";
import dgram from "node:dgram";
import { rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { runBlock } from "../support/tenon.mjs";

const publicAddress = "93.184.216.34";
/* Nobody answers at 2606:4700::2, not even that nobody is there: an IPv6 that leads nowhere. */
const silentAddress = Buffer.from("26064700000000000000000000000002", "hex");
const files = { resolv: path.join(tmpdir(), `resolv-${process.pid}`), hosts: path.join(tmpdir(), `hosts-${process.pid}`) };

const sh = (...args) => execFileSync(args[0], args.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
sh("ip", "link", "set", "lo", "up");
sh("ip", "address", "add", `${publicAddress}/32`, "dev", "lo");
try {
  sh("ip", "-6", "address", "add", "2606:4700::1/128", "dev", "lo");
  sh("ip", "-6", "route", "add", "2606:4700::2/128", "dev", "lo");
} catch {
  /* The kernel has no IPv6: then the name below has one address less to try. */
}
/* The files of this process's mount namespace only. */
writeFileSync(files.resolv, "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n");
writeFileSync(files.hosts, "");
sh("mount", "--bind", files.resolv, "/etc/resolv.conf");
sh("mount", "--bind", files.hosts, "/etc/hosts");
for (const file of Object.values(files)) rmSync(file);

// --- the name server: the first question about a name gets one answer, the later ones another ---

const v4 = (text) => Buffer.from(text.split(".").map(Number));
const encode = (name) => Buffer.concat([...name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0])]);
const record = (type, data, owner) => ({ type, data, owner });
const A = 1, CNAME = 5, AAAA = 28;

const zones = {
  public: () => [record(A, v4(publicAddress))],
  both: () => [record(A, v4("127.0.0.1")), record(A, v4(publicAddress))],
  silent: () => [record(AAAA, silentAddress), record(A, v4(publicAddress))],
  alias: () => [record(CNAME, encode("localhost")), record(A, v4("127.0.0.1"), "localhost")],
  rebound: (n) => [record(A, v4(n === 0 ? publicAddress : "127.0.0.1"))],
};
const asked = new Map();

const server = dgram.createSocket("udp4");
server.on("message", (query, from) => {
  const labels = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const zone = zones[labels[0]];
  const name = labels.join(".");
  let records = zone?.(asked.get(name) ?? 0) ?? [];
  if (records.some((one) => one.type === type)) asked.set(name, (asked.get(name) ?? 0) + 1);
  records = records.filter((one) => one.type === type || one.type === CNAME);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(query.readUInt16BE(0), 0);
  head.writeUInt16BE(zone === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  const answers = records.map((one) => {
    const fields = Buffer.alloc(10);
    fields.writeUInt16BE(one.type, 0);
    fields.writeUInt16BE(1, 2);
    fields.writeUInt16BE(one.data.length, 8);
    return Buffer.concat([encode(one.owner ?? name), fields, one.data]);
  });
  server.send(Buffer.concat([head, question, ...answers]), from.port, from.address);
});
await new Promise((resolve) => server.bind(53, "127.0.0.1", resolve));

// --- whom the name stands for ---

const counts = { public: 0, private: 0 };
const serve = (kind, address, port) => {
  const made = http.createServer((req, res) => res.end(kind));
  made.on("connection", () => counts[kind]++);
  return new Promise((resolve) => made.listen(port, address, () => resolve(made.address().port)));
};
const port = await serve("public", publicAddress, 0);
await serve("private", "127.0.0.1", port);

const { result, error } = await runBlock(`
  const http = require("http"), net = require("net"), dns = require("dns").promises;
  const port = ${port};
  const code = (run) => run().then(() => "REACHED", (error) => error.cause?.code ?? error.code);
  const connected = (target, name) => new Promise((resolve, reject) => target.on(name, resolve).on("error", reject));
  const open = (host) => connected(net.connect(port, host), "connect");
  const lookedUp = async (name) => { const { address } = await dns.lookup(name); if (address !== "${publicAddress}") throw new Error(address); return address; };
  module.exports = async () => {
    const outcomes = { public: await code(() => fetch("http://public.test:" + port)) };
    await lookedUp("rebound.one.test");
    outcomes["rebound fetch"] = await code(() => fetch("http://rebound.one.test:" + port));
    await lookedUp("rebound.two.test");
    outcomes["rebound net"] = await code(() => open("rebound.two.test"));
    await lookedUp("rebound.three.test");
    outcomes["rebound http"] = await code(() => connected(http.get("http://rebound.three.test:" + port), "response"));
    await lookedUp("rebound.four.test");
    outcomes["rebound dns"] = await code(() => dns.lookup("rebound.four.test"));
    outcomes["both addresses"] = await code(() => open("both.test"));
    outcomes["first address silent"] = await code(() => open("silent.test"));
    outcomes.alias = await code(() => open("alias.test"));
    const address = await lookedUp("rebound.five.test");
    outcomes["address of what was looked up"] = await code(() => open(address));
    return { data: outcomes };
  };`);
if (error !== null) throw new Error(error.message);
console.log(JSON.stringify({ publicCount: counts.public, privateCount: counts.private, outcomes: result }));
process.exit(0);
