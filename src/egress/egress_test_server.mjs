// The servers that egress_test.c speaks to, all on loopback: two plain ones (two origins), four with
// TLS and HTTP/2. Prints one line, the ports by name, and ends with its standard input.
// Arguments: the folder with NAME.pem (key and certificate) for each of the TLS servers.
import http from "node:http";
import http2 from "node:http2";
import fs from "node:fs";
import net from "node:net";
import zlib from "node:zlib";
import { createHash } from "node:crypto";

const folder = process.argv[2];
const ports = {};
const seen = { connections: 0, aborted: 0, sent: 0, closed: 0 };
const text = "the quick brown fox jumps over the lazy dog\n".repeat(100);

async function readAll(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sendBig(response, bytes) {
  const chunk = Buffer.alloc(65536, "x");
  let left = bytes;
  function more() {
    while (left > 0) {
      const n = Math.min(left, chunk.length);
      left -= n;
      seen.sent += n;
      if (!response.write(chunk.subarray(0, n))) {
        response.once("drain", more);
        return;
      }
    }
    response.end();
  }
  response.on("close", () => { if (left > 0) seen.aborted++; });
  more();
}

const routes = {
  "/hello": (request, response) => response.end("hello"),
  "/seen": (request, response) => response.end(JSON.stringify(seen)),
  "/reset-seen": (request, response) => { seen.sent = seen.aborted = seen.closed = 0; response.end(); },
  "/echo": async (request, response) => {
    const body = await readAll(request);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({
      method: request.method,
      url: request.url,
      version: request.httpVersion,
      headers: request.rawHeaders,
      body: body.length <= 200 ? body.toString("latin1") : "",
      length: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
      socket: request.socket.remotePort,
    }));
  },
  "/status": (request, response, url) => {
    response.writeHead(Number(url.searchParams.get("code")), url.searchParams.get("text") ?? undefined);
    response.end("body");
  },
  "/redirect": (request, response, url) => {
    const to = url.searchParams.get("to")
      .replace("$first", `http://127.0.0.1:${ports.first}`)
      .replace("$second", `http://127.0.0.1:${ports.second}`)
      .replace("$self_signed", `https://localhost:${ports.self_signed}`);
    response.writeHead(Number(url.searchParams.get("code")), { location: Buffer.from(to).toString("latin1") });
    response.end("redirecting");
  },
  // What came is told by its digest alone, and once as it was.
  "/digest": (request, response) => {
    const digest = createHash("sha256").update(request.headers["x-key"] ?? "").digest("base64");
    response.setHeader("x-came", request.headers["x-key"] ?? "");
    response.end(`${digest} <${request.headers["x-key"]}>`);
  },
  "/redirect-big": (request, response) => {
    response.writeHead(302, { location: "/hello" });
    sendBig(response, 1 << 20);
  },
  "/loop": (request, response, url) => {
    const n = Number(url.searchParams.get("n"));
    if (n === 0) return response.end("arrived");
    response.writeHead(302, { location: `/loop?n=${n - 1}` });
    response.end();
  },
  "/encoded": (request, response, url) => {
    const how = url.searchParams.get("how");
    const encode = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync }[how];
    response.setHeader("content-encoding", how);
    response.end(encode ? encode(text) : text);
  },
  "/bomb": (request, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(zlib.gzipSync(Buffer.alloc(64 << 20)));
  },
  "/broken-gzip": (request, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end("this is not gzip at all");
  },
  "/chunked": (request, response) => {
    response.write("one ");
    setTimeout(() => { response.write("two "); setTimeout(() => response.end("three"), 20); }, 20);
  },
  "/trailers": (request, response) => {
    response.writeHead(200, { trailer: "x-after" });
    response.write("body");
    response.addTrailers({ "x-after": "later" });
    response.end();
  },
  "/big": (request, response, url) => sendBig(response, Number(url.searchParams.get("bytes"))),
  "/headers": (request, response) => {
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.setHeader("x-latin", "caf\u00e9");
    response.setHeader("x-empty", "");
    response.writeHead(200, "Fine");
    response.end();
  },
  "/many-headers": (request, response) => {
    for (let i = 0; i < 200; i++) response.setHeader(`x-${i}`, "v".repeat(1000));
    response.end();
  },
  "/hints": (request, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("after hints");
  },
  "/never": () => {},
  "/half": (request, response) => { response.write("half"); },
  "/reset": (request) => request.socket.resetAndDestroy(),
  "/close": (request) => { seen.closed++; request.socket.destroy(); },
  "/truncated": (request, response) => {
    response.setHeader("content-length", "100");
    response.write("short");
    setTimeout(() => response.socket.destroy(), 20);
  },
};

function handle(request, response) {
  const url = new URL(request.url, "http://x");
  const route = routes[url.pathname];
  if (route) return route(request, response, url);
  response.statusCode = 404;
  response.end("no such page");
}

function listen(server, name) {
  return new Promise((done) => server.listen(0, "127.0.0.1", () => {
    ports[name] = server.address().port;
    done();
  }));
}

function plain(name) {
  const server = http.createServer({ keepAliveTimeout: 60000 }, handle);
  server.on("connection", () => seen.connections++);
  return listen(server, name);
}

function secure(name) {
  const pem = fs.readFileSync(`${folder}/${name}.pem`);
  if (pem.length === 0) return undefined; // not wanted by this test
  const server = http2.createSecureServer({ key: pem, cert: pem, allowHTTP1: true }, handle);
  server.on("error", () => {});
  server.on("sessionError", () => {});
  return listen(server, name);
}

// Speaks, but not HTTP.
function garbage() {
  return listen(net.createServer((socket) => {
    socket.on("error", () => {});
    socket.end("220 mail.example.com ESMTP\r\n");
  }), "garbage");
}

// Says what it was told to, byte for byte.
function raw() {
  return listen(net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(
      "HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nX-Nul: a\0b\r\nNoColon\r\nContent-Length: 2\r\n\r\nok"));
  }), "raw");
}

await Promise.all([plain("first"), plain("second"), garbage(), raw(),
  ...["good", "self_signed", "expired", "other_host"].map(secure)]);
console.log(JSON.stringify(ports));
process.stdin.on("end", () => process.exit(0)).resume();
