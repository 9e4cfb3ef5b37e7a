// fetch against real servers, through a real egress process: run by fetch_test.c, which gives `test`, `assert` and
// `ports`, and starts the servers (egress_test_server.mjs).
const first = `http://127.0.0.1:${ports.first}`;
const second = `http://127.0.0.1:${ports.second}`;
const { Buffer } = require("buffer");

const rejection = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
};
const echo = async (path, init) => (await fetch(`${first}/echo${path}`, init)).json();
const header = (echoed, name) => {
  const at = echoed.headers.findIndex((value, i) => i % 2 === 0 && value.toLowerCase() === name);
  return at < 0 ? undefined : echoed.headers[at + 1];
};

test("a response has what Node's has", async () => {
  const response = await fetch(`${first}/headers#part`);
  assert.equal(response.status, 200);
  assert.equal(response.statusText, "Fine");
  assert.equal(response.ok, true);
  assert.equal(response.url, `${first}/headers`);
  assert.equal(response.redirected, false);
  assert.equal(response.type, "basic");
  assert.equal(response.headers.get("X-Latin"), "caf\u00e9");
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.throws(() => response.headers.set("a", "b"), TypeError);
  assert.equal(await response.text(), "");
});

test("a body is read in every form", async () => {
  const url = `${first}/hello`;
  assert.equal(await (await fetch(url)).text(), "hello");
  assert.equal(Buffer.from(await (await fetch(url)).arrayBuffer()).toString(), "hello");
  assert.equal(Buffer.from(await (await fetch(url)).bytes()).toString(), "hello");
  assert.equal(await (await (await fetch(url)).blob()).text(), "hello");
  const chunks = [];
  for await (const chunk of (await fetch(`${first}/chunked`)).body) chunks.push(Buffer.from(chunk).toString());
  assert.equal(chunks.join(""), "one two three");
});

test("a body is read once", async () => {
  const response = await fetch(`${first}/hello`);
  await response.text();
  assert.equal(response.bodyUsed, true);
  const error = await rejection(response.text());
  assert.equal(error.name, "TypeError");
  assert.match(error.message, /Body is unusable/);
});

test("a clone is read beside its original", async () => {
  const response = await fetch(`${first}/chunked`);
  const copy = response.clone();
  assert.deepEqual(await Promise.all([response.text(), copy.text()]), ["one two three", "one two three"]);
});

test("JSON is sent and received", async () => {
  const got = await echo("?x=1", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ a: 1 }) });
  assert.equal(got.method, "POST");
  assert.equal(got.url, "/echo?x=1");
  assert.equal(got.body, '{"a":1}');
  assert.equal(header(got, "content-type"), "application/json");
  assert.equal(header(got, "content-length"), "7");
});

test("each kind of body has its type", async () => {
  const cases = [
    ["text", "text/plain;charset=UTF-8", "text"],
    [new URLSearchParams({ a: "1 2", b: "\u00e9" }), "application/x-www-form-urlencoded;charset=UTF-8", "a=1+2&b=%C3%A9"],
    [new Blob(["blob"], { type: "text/x-blob" }), "text/x-blob", "blob"],
    [new Uint8Array([104, 105]), undefined, "hi"],
    [new Uint8Array([104, 105]).buffer, undefined, "hi"],
    [Buffer.from("buffer"), undefined, "buffer"],
    [42, "text/plain;charset=UTF-8", "42"],
  ];
  for (const [body, type, text] of cases) {
    const got = await echo("", { method: "POST", body });
    assert.equal(header(got, "content-type"), type);
    assert.equal(got.body, text);
  }
});

test("a form is sent as multipart", async () => {
  const form = new FormData();
  form.append("plain", "a\nb");
  form.append('na"me', new File(["data"], "file.txt", { type: "text/plain" }));
  const got = await echo("", { method: "POST", body: form });
  const [, boundary] = /^multipart\/form-data; boundary=(.+)$/.exec(header(got, "content-type"));
  const expected =
    `--${boundary}\r\nContent-Disposition: form-data; name="plain"\r\n\r\na\r\nb\r\n` +
    `--${boundary}\r\nContent-Disposition: form-data; name="na%22me"; filename="file.txt"\r\nContent-Type: text/plain\r\n\r\ndata\r\n--${boundary}--\r\n`;
  assert.equal(got.length, expected.length);
});

test("an iterable body is sent whole", async () => {
  async function* parts() {
    yield "one";
    yield new TextEncoder().encode("two");
  }
  const got = await echo("", { method: "POST", body: parts(), duplex: "half" });
  assert.equal(got.body, "onetwo");
});

test("headers are sent as given, with Node's defaults", async () => {
  const got = await echo("", { headers: [["X-One", "1"], ["x-one", "2"], ["X-Latin", "caf\u00e9"]] });
  assert.equal(header(got, "x-latin"), "caf\u00e9");
  assert.equal(header(got, "accept"), "*/*");
  assert.equal(header(got, "accept-language"), "*");
  assert.match(header(got, "user-agent"), /^tenon\//);
  assert.match(header(got, "accept-encoding"), /gzip/);
  assert.deepEqual(got.headers.filter((value, i) => i > 0 && got.headers[i - 1].toLowerCase() === "x-one"), ["1", "2"]);
});

test("redirects are followed, refused or given", async () => {
  const to = `${first}/redirect?code=302&to=/hello`;
  const followed = await fetch(to);
  assert.equal(followed.redirected, true);
  assert.equal(followed.url, `${first}/hello`);
  const given = await fetch(to, { redirect: "manual" });
  assert.equal(given.status, 302);
  assert.equal(given.headers.get("location"), "/hello");
  const error = await rejection(fetch(to, { redirect: "error" }));
  assert.equal(error.message, "fetch failed");
  assert.equal(error.cause.message, "unexpected redirect");
});

test("compressed bodies are decoded", async () => {
  for (const how of ["gzip", "deflate", "br"]) {
    const response = await fetch(`${first}/encoded?how=${how}`);
    assert.equal((await response.text()).length, 4400);
  }
});

test("a failure is a TypeError with a cause", async () => {
  const refused = await rejection(fetch("http://127.0.0.1:1/".replace(":1/", `:${ports.unused}/`)));
  assert.equal(refused instanceof TypeError, true);
  assert.equal(refused.message, "fetch failed");
  assert.equal(refused.cause.code, "ECONNREFUSED");
  assert.equal(refused.cause.syscall, "connect");
  assert.equal(refused.cause.address, "127.0.0.1");
  assert.equal(refused.cause.port, ports.unused);

  const policy = await rejection(fetch("http://10.0.0.1/"));
  assert.equal(policy.cause.code, "EPOLICY");
  assert.match(policy.cause.message, /--allow-private 10\.0\.0\.1/);

  const closed = await rejection(fetch(`${first}/close`, { method: "POST", body: "x" }));
  assert.equal(closed.cause.code, "UND_ERR_SOCKET");
  assert.equal(closed.cause.name, "SocketError");
});

test("a body that breaks off is rejected", async () => {
  const response = await fetch(`${first}/truncated`);
  const error = await rejection(response.text());
  assert.equal(error.message, "terminated");
  assert.equal(error.cause.code, "UND_ERR_SOCKET");
});

test("a body over the limit is rejected", async () => {
  const response = await fetch(`${first}/big?bytes=3000000`);
  const error = await rejection(response.bytes());
  assert.equal(error.cause.code, "UND_ERR_RES_EXCEEDED_MAX_SIZE");
  assert.equal((await (await fetch(`${first}/big?bytes=1000000`)).bytes()).length, 1000000);
});

test("a request is aborted before, during and after its head", async () => {
  const before = await rejection(fetch(first, { signal: AbortSignal.abort() }));
  assert.equal(before.name, "AbortError");
  const why = new Error("enough");
  const controller = new AbortController();
  const waiting = rejection(fetch(`${first}/never`, { signal: controller.signal }));
  setTimeout(() => controller.abort(why), 20);
  assert.equal(await waiting, why);
  const late = new AbortController();
  const response = await fetch(`${first}/half`, { signal: late.signal });
  const reading = rejection(response.text());
  late.abort();
  assert.equal((await reading).name, "AbortError");
  const timeout = await rejection(fetch(`${first}/never`, { signal: AbortSignal.timeout(30) }));
  assert.equal(timeout.name, "TimeoutError");
});

test("cancelling the body ends the request", async () => {
  const response = await fetch(`${first}/half`);
  const reader = response.body.getReader();
  const { value } = await reader.read();
  assert.equal(Buffer.from(value).toString(), "half");
  await reader.cancel();
  assert.equal((await reader.read()).done, true);
});

test("many requests wait for their turn", async () => {
  const texts = await Promise.all(Array.from({ length: 40 }, async () => (await fetch(`${first}/hello`)).text()));
  assert.deepEqual(new Set(texts), new Set(["hello"]));
});

test("bad requests are refused before they leave", async () => {
  const cases = [
    ["nonsense", undefined, /Failed to parse URL/],
    ["http://u:p@127.0.0.1/", undefined, /includes credentials/],
    [first, { method: "CONNECT" }, /unsupported/],
    [first, { method: "a b" }, /not a valid HTTP method/],
    [first, { headers: { "a b": "c" } }, /invalid header name/],
    [first, { headers: { a: "b\r\nc" } }, /invalid header value/],
    [first, { headers: { a: "\u20ac" } }, /ByteString/],
    [first, { body: "x" }, /cannot have body/],
    [first, { headers: { "transfer-encoding": "chunked" } }, /fetch failed/],
    ["ftp://x/", undefined, /fetch failed/],
    ["http://127.0.0.1:25/", undefined, /fetch failed/],
  ];
  for (const [url, init, message] of cases) {
    const error = await rejection(fetch(url, init));
    assert.equal(error instanceof TypeError, true);
    assert.match(error.message, message);
    assert.equal(/u:p/.test(error.message), false);
  }
});

test("data: URLs and integrity are known", async () => {
  assert.equal(await (await fetch("data:text/plain,a%20b")).text(), "a b");
  assert.equal(await (await fetch("data:;base64,aGk=")).text(), "hi");
  const good = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
  assert.equal(await (await fetch(`${first}/hello`, { integrity: good })).text(), "hello");
  assert.equal((await rejection(fetch(`${first}/hello`, { integrity: good.replace("L", "M") }))).cause.message, "integrity mismatch");
});

test("a Request is fetched", async () => {
  const request = new Request(`${first}/echo`, { method: "put", body: "mine", headers: { "x-a": "1" } });
  const copy = request.clone();
  const got = await (await fetch(request)).json();
  assert.equal(got.method, "PUT");
  assert.equal(got.body, "mine");
  assert.equal(header(got, "x-a"), "1");
  assert.equal(request.bodyUsed, true);
  assert.equal(await copy.text(), "mine");
  assert.equal((await rejection(fetch(request))) instanceof TypeError, true);
  const redirected = await fetch(`${first}/redirect?code=307&to=${second}/echo`, { headers: { authorization: "secret" } });
  assert.equal(header(await redirected.json(), "authorization"), undefined);
});
