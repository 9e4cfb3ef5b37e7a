// Node's tls and https in code blocks, against real servers on loopback with certificates of the test's own authority.
import assert from "node:assert/strict";
import https from "node:https";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";

import { withAuthority } from "../support/certificates.mjs";
import { runBlock, runTenon, withFolder } from "../support/tenon.mjs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

const loopback = ["--allow-private", "127.0.0.1/32"];
const goodNames = "DNS:localhost,DNS:good.example,IP:127.0.0.1";

const listening = async (server, use) => {
  const sockets = new Set();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  server.on("tlsClientError", () => {});
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(server.address().port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};

const source = (scope, body) =>
  `const tls = require("node:tls"); const https = require("node:https"); const net = require("node:net"); const { once } = require("node:events");
   const { text } = require("stream/consumers");
   const { ${Object.keys(scope).join(", ")} } = ${JSON.stringify(scope)};
   const failure = (socket) => new Promise((resolve) => socket.on("error", (error) => resolve(error.code)).on("secureConnect", () => resolve("connected")));
   module.exports = async () => { ${body} };`;

/** What the block's body returns; the members of `scope` are in its scope. */
const run = async (scope, body) => {
  const { result, error } = await runBlock(source(scope, body), { args: loopback });
  assert.equal(error, null, error?.message);
  return result;
};

const echo = (socket) => socket.on("error", () => {}).pipe(socket);

test("a session is made, says what it is made of, and carries bytes both ways", () =>
  withAuthority(async ({ ca, issue }) => {
    const own = await issue(goodNames);
    const data = await listening(tls.createServer({ ...own, ALPNProtocols: ["two", "one"] }, echo), (port) =>
      run({ ca, port }, `
        const told = [];
        const socket = tls.connect({ host: "127.0.0.1", port, ca, servername: "good.example", ALPNProtocols: ["one"] }, () => told.push("callback"));
        for (const name of ["connect", "ready", "secure", "secureConnect", "end", "close"]) socket.on(name, () => told.push(name));
        socket.write("before ");
        await once(socket, "secureConnect");
        const peer = socket.getPeerCertificate(true);
        const is = { authorized: socket.authorized, protocol: socket.getProtocol(), cipher: socket.getCipher().version, alpn: socket.alpnProtocol, encrypted: socket.encrypted, isSocket: socket instanceof net.Socket,
          names: peer.subjectaltname, issuer: peer.issuerCertificate.subject.CN, root: peer.issuerCertificate.issuerCertificate === peer.issuerCertificate, remote: socket.remotePort === port, servername: socket.servername };
        socket.end("after");
        const came = await text(socket);
        if (!socket.destroyed) await once(socket, "close");
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { data: { is, came, told } };`),
    );
    assert.deepEqual(data.is, {
      authorized: true, protocol: "TLSv1.3", cipher: "TLSv1.3", alpn: "one", encrypted: true, isSocket: true,
      names: "DNS:localhost, DNS:good.example, IP Address:127.0.0.1", issuer: "Test Authority", root: true, remote: true, servername: "good.example",
    });
    assert.equal(data.came, "before after");
    assert.deepEqual(data.told, ["connect", "ready", "secure", "callback", "secureConnect", "end", "close"]);
  }));

test("megabytes pass through a session at the pace of who reads", () =>
  withAuthority(async ({ ca, issue }) => {
    const data = await listening(tls.createServer(await issue(goodNames), echo), (port) =>
      run({ ca, port }, `
        const socket = tls.connect({ host: "127.0.0.1", port, ca });
        const part = Buffer.alloc(100_000, "x");
        (async () => { for (let i = 0; i < 30; i++) if (!socket.write(part)) await once(socket, "drain"); socket.end(); })();
        let length = 0;
        for await (const chunk of socket) length += chunk.length;
        return { data: length };`),
    );
    assert.equal(data, 3_000_000);
  }));

test("a server that is not who it should be gets no byte, whatever is wrong with it", () =>
  withAuthority(async ({ ca, issue }) => {
    const cases = [
      [await issue(goodNames), "{ }", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
      [await issue("DNS:other.example"), "{ ca }", "ERR_TLS_CERT_ALTNAME_INVALID"],
      [await issue("DNS:127.0.0.1"), "{ ca }", "ERR_TLS_CERT_ALTNAME_INVALID"],
      [await issue("DNS:*.example"), '{ ca, servername: "a.b.example" }', "ERR_TLS_CERT_ALTNAME_INVALID"],
      [await issue(goodNames, { isSelfSigned: true }), "{ ca }", "DEPTH_ZERO_SELF_SIGNED_CERT"],
      [await issue(goodNames), '{ ca, checkServerIdentity: () => Object.assign(new Error("no"), { code: "MINE" }) }', "MINE"],
      [await issue(goodNames), '{ ca, minVersion: "TLSv1.3", maxVersion: "TLSv1.3" }', "connected"],
      [await issue(goodNames), "{ rejectUnauthorized: false }", "connected"],
    ];
    for (const [own, options, code] of cases) {
      let received = 0;
      const server = tls.createServer(own, (socket) => socket.on("error", () => {}).on("data", (part) => (received += part.length)));
      const data = await listening(server, (port) =>
        run({ ca, port }, `const socket = tls.connect({ host: "127.0.0.1", port, ...${options} }); socket.write("secret"); const code = await failure(socket); await new Promise((resolve) => setTimeout(resolve, 50)); return { data: [code, socket.authorized, socket.authorizationError] };`),
      );
      assert.equal(data[0], code, options);
      assert.equal(received, code === "connected" ? 6 : 0, options);
      if (options.includes("rejectUnauthorized")) assert.deepEqual(data.slice(1), [false, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]);
    }
  }));

test("the system's authorities are trusted, and listed", () =>
  withAuthority(async ({ caFile, issue }) => {
    const own = await issue(goodNames);
    const { code, stdout, stderr } = await listening(tls.createServer(own, echo), (port) =>
      withFolder(async (folder) => {
        const file = path.join(folder, "block.js");
        await writeFile(file, source({ port }, `
          const code = await failure(tls.connect({ host: "127.0.0.1", port }));
          return { data: [code, tls.rootCertificates.length, tls.rootCertificates[0].startsWith("-----BEGIN CERTIFICATE-----")] };`));
        return runTenon(["run", file, "--json", ...loopback], { env: { SSL_CERT_FILE: caFile } });
      }),
    );
    assert.equal(code, 0, stderr + stdout);
    assert.deepEqual(JSON.parse(stdout).result, ["connected", 1, true]);
  }));

test("a program's own authorities take the place of the system's", () =>
  withAuthority(async ({ ca, issue }) => {
    const data = await listening(tls.createServer(await issue(goodNames), echo), (port) =>
      run({ ca, port }, `
        const before = await failure(tls.connect({ host: "127.0.0.1", port }));
        tls.setDefaultCACertificates([ca]);
        return { data: [before, await failure(tls.connect({ host: "127.0.0.1", port })), tls.getCACertificates().length, tls.getCACertificates("extra").length] };`),
    );
    assert.deepEqual(data, ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "connected", 1, 0]);
  }));

test("a client shows its own certificate, by cert and key or by pfx", () =>
  withAuthority(async ({ ca, issue, pfx }) => {
    const own = await issue(goodNames);
    const mine = await issue("DNS:client");
    const bundle = await pfx(mine, "word");
    const server = tls.createServer({ ...own, ca, requestCert: true }, (socket) => socket.end(socket.getPeerCertificate().subjectaltname));
    const data = await listening(server, (port) =>
      run({ ca, port, mine, bundle: bundle.toString("base64") }, `
        const pfx = Buffer.from(bundle, "base64");
        const thrown = (options) => { try { tls.connect({ host: "127.0.0.1", port, ...options }); } catch (error) { return error.code; } };
        const encrypted = require("crypto").createPrivateKey(mine.key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" });
        return { data: [
          await text(tls.connect({ host: "127.0.0.1", port, ca, ...mine })),
          await text(tls.connect({ host: "127.0.0.1", port, ca, cert: mine.cert, key: encrypted, passphrase: "p" })),
          await text(tls.connect({ host: "127.0.0.1", port, ca, pfx, passphrase: "word" })),
          await text(tls.connect({ host: "127.0.0.1", port, secureContext: tls.createSecureContext({ ca: [Buffer.from(ca)], ...mine }) })),
          thrown({ pfx, passphrase: "wrong" }) !== undefined, thrown({ ca: "nonsense" }), thrown({ minVersion: "SSLv3" }),
        ] };`),
    );
    assert.deepEqual(data, ["DNS:client", "DNS:client", "DNS:client", "DNS:client", true, "ERR_OSSL_PEM_NO_START_LINE", "ERR_TLS_INVALID_PROTOCOL_VERSION"]);
  }));

test("a connection is secured from its middle, as SMTP and PostgreSQL do it", () =>
  withAuthority(async ({ ca, issue }) => {
    const own = await issue(goodNames);
    const server = net.createServer((socket) => {
      socket.write("ready\n");
      socket.once("data", () => {
        socket.write("go\n");
        const secured = new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext(own) });
        secured.on("error", () => {});
        secured.pipe(secured);
      });
    });
    const data = await listening(server, (port) =>
      run({ ca, port }, `
        const plain = net.connect(port, "127.0.0.1");
        const [greeting] = await once(plain, "data");
        plain.write("STARTTLS\\n");
        const [go] = await once(plain, "data");
        const socket = tls.connect({ socket: plain, host: "127.0.0.1", ca });
        await once(socket, "secureConnect");
        socket.end("secret");
        return { data: [String(greeting), String(go), await text(socket), socket.authorized] };`),
    );
    assert.deepEqual(data, ["ready\n", "go\n", "secret", true]);
  }));

test("a session runs over any stream, a tunnel in a session included", () =>
  withAuthority(async ({ ca, issue }) => {
    const own = await issue(goodNames);
    const inner = tls.createServer(own, echo);
    const data = await listening(inner, (innerPort) =>
      listening(https.createServer(own).on("connect", (req, socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        const out = net.connect(innerPort, "127.0.0.1");
        socket.on("error", () => {}).pipe(out).on("error", () => {}).pipe(socket);
      }), (port) =>
        run({ ca, port }, `
          const [, tunnel] = await once(https.request({ host: "127.0.0.1", port, ca, method: "CONNECT", path: "x:443" }).end(), "connect");
          const socket = tls.connect({ socket: tunnel, host: "localhost", ca });
          socket.write("deep");
          const [echoed] = await once(socket, "data");
          socket.end();
          return { data: String(echoed) };`),
      ),
    );
    assert.equal(data, "deep");
  }));

test("https asks over kept sessions, and trusts as it is told", () =>
  withAuthority(async ({ ca, issue }) => {
    const server = https.createServer(await issue(goodNames), (req, res) => res.end(`${req.method} ${req.url} ${req.socket.servername}`));
    const data = await listening(server, (port) =>
      run({ ca, port }, `
        const ask = (options) => new Promise((resolve, reject) => {
          const req = https.get({ host: "127.0.0.1", port, path: "/p", ...options }, async (res) => resolve([await text(res), req.reusedSocket, res.socket.authorized]));
          req.on("error", (error) => resolve(error.code));
        });
        const agent = new https.Agent({ keepAlive: true, ca });
        const first = [await ask({ agent }), await ask({ agent }), await ask({ agent, headers: { host: "good.example" } })];
        const url = await new Promise((resolve) => https.get("https://localhost:" + port + "/u", { ca, lookup: (name, options, done) => done(null, options.all ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4) }, (res) => resolve(text(res))));
        return { data: [first, url, await ask({}), await ask({ rejectUnauthorized: false, agent: false }), await ask({ protocol: "http:", agent: false }).catch((error) => error.code)] };`),
    );
    assert.deepEqual(data[0], [["GET /p false", false, true], ["GET /p false", true, true], ["GET /p good.example", false, true]]);
    assert.equal(data[1], "GET /u localhost");
    assert.equal(data[2], "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    assert.deepEqual(data[3].slice(1), [false, false]);
    assert.equal(data[4], "ERR_INVALID_PROTOCOL");
  }));

test("a server that speaks no TLS, or ends in its middle, is an error with a code", () =>
  withAuthority(async ({ ca }) => {
    const data = [];
    for (const serve of [(socket) => socket.end("SSH-2.0-x\r\n"), (socket) => socket.destroy(), (socket) => socket.once("data", () => socket.end())])
      data.push(await listening(net.createServer((socket) => serve(socket.on("error", () => {}))), (port) => run({ ca, port }, `return { data: await failure(tls.connect({ host: "127.0.0.1", port, ca })) };`)));
    assert.match(data[0], /^(EPROTO|ERR_SSL_|ERR_OSSL_)/);
    assert.deepEqual(data.slice(1), ["ECONNRESET", "ECONNRESET"]);
  }));

test("names are compared as RFC 6125 says, and what can't be is refused", async () => {
  const data = await run({}, `
    const check = (host, cert) => tls.checkServerIdentity(host, cert)?.code ?? "good";
    const names = (subjectaltname, CN) => ({ subjectaltname, subject: { CN } });
    return { data: [
      check("a.example", names("DNS:a.example")), check("a.example.", names("DNS:A.EXAMPLE")), check("b.a.example", names("DNS:*.a.example")), check("c.b.a.example", names("DNS:*.a.example")),
      check("example", names("DNS:*")), check("a.com", names("DNS:*.com")), check("1.2.3.4", names("IP Address:1.2.3.4")), check("1.2.3.4", names("DNS:1.2.3.4")), check("a.example", names(undefined, "a.example")),
      check("a.example", names("DNS:b.example", "a.example")), check("evil.example", names('DNS:"good.example, DNS:evil.example"')), check("a", {}),
    ].join(" ").replaceAll("ERR_TLS_CERT_ALTNAME_INVALID", "bad") };`);
  assert.equal(data, "good good good bad bad bad good bad good bad bad bad");
});
