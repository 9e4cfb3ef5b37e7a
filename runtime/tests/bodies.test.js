const { Buffer } = require("buffer");

test("a Blob is made of parts and sliced", async () => {
  const blob = new Blob(["a", new Uint8Array([98]), new Uint8Array([99]).buffer, new Blob(["d"]), 5], { type: "Text/Plain" });
  assert.equal(blob.size, 5);
  assert.equal(blob.type, "text/plain");
  assert.equal(await blob.text(), "abcd5");
  assert.equal(await blob.slice(1, -1, "x/y").text(), "bcd");
  assert.equal(blob.slice(1, 2, "x/y").type, "x/y");
  assert.equal(blob.slice(4, 2).size, 0);
  assert.equal(Buffer.from(await blob.arrayBuffer()).toString(), "abcd5");
  assert.equal(await new Blob(["\ufeffa"]).text(), "a");
  assert.throws(() => new Blob("text"), TypeError);
  assert.equal(new Blob([], { type: "te\u00e9xt" }).type, "");
  let text = "";
  for await (const chunk of blob.stream()) text += Buffer.from(chunk).toString();
  assert.equal(text, "abcd5");
});

test("a File is a Blob with a name", async () => {
  const file = new File(["x"], "n\ud800", { type: "a/b", lastModified: 5 });
  assert.equal(file instanceof Blob, true);
  assert.equal(file.name, "n\ufffd");
  assert.equal(file.lastModified, 5);
  assert.equal(await file.text(), "x");
  assert.throws(() => new File([]), TypeError);
});

test("a FormData keeps its entries in order", () => {
  const form = new FormData();
  form.append("a", 1);
  form.append("b", new Blob(["x"], { type: "t/u" }));
  form.append("a", "2");
  assert.deepEqual(form.getAll("a"), ["1", "2"]);
  assert.equal(form.get("b").name, "blob");
  assert.equal(form.get("b").type, "t/u");
  form.set("a", "3");
  assert.deepEqual([...form.keys()], ["a", "b"]);
  form.set("c", new File(["y"], "f"), "g");
  assert.equal(form.get("c").name, "g");
  form.delete("a");
  assert.equal(form.has("a"), false);
  assert.equal(form.get("a"), null);
  assert.throws(() => form.append("x"), TypeError);
  assert.throws(() => form.append("x", "text", "name"), TypeError);
});

test("a form goes out and comes back", async () => {
  const form = new FormData();
  form.append("plain", "caf\u00e9");
  form.append("odd\"name\n", "x");
  form.append("file", new File([Buffer.from([0, 255, 13, 10, 45, 45])], "a.bin", { type: "application/x-a" }));
  form.append("__proto__", "p");
  const response = new Response(form);
  const back = await response.formData();
  assert.deepEqual([...back.keys()], ["plain", "odd\"name\r\n", "file", "__proto__"]);
  assert.equal(back.get("plain"), "caf\u00e9");
  assert.equal(back.get("file").name, "a.bin");
  assert.equal(back.get("file").type, "application/x-a");
  assert.equal(Buffer.from(await back.get("file").arrayBuffer()).toString("hex"), "00ff0d0a2d2d");
  assert.equal(back.get("__proto__"), "p");
  const encoded = await new Response(new URLSearchParams("a=1&b=%20")).formData();
  assert.deepEqual([...encoded], [["a", "1"], ["b", " "]]);
});

test("a broken form is refused", async () => {
  const cases = [
    ["multipart/form-data", "x"],
    ["multipart/form-data; boundary=b", ""],
    ["multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"],
    ["multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--"],
    ["text/plain", "a=1"],
  ];
  for (const [type, body] of cases) await assert.rejects(new Response(body, { headers: { "content-type": type } }).formData(), TypeError);
});

test("a Response is made of a body and init", async () => {
  const response = new Response('{"a":1}', { status: 201, statusText: "Made", headers: { "x-a": "b" } });
  assert.equal(response.status, 201);
  assert.equal(response.ok, true);
  assert.equal(response.statusText, "Made");
  assert.equal(response.type, "default");
  assert.equal(response.headers.get("content-type"), "text/plain;charset=UTF-8");
  assert.deepEqual(await response.json(), { a: 1 });
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
  assert.throws(() => response.clone(), TypeError);
  assert.equal(new Response().body, null);
  assert.equal(await new Response().text(), "");
  await assert.rejects(new Response("{").json(), SyntaxError);
  for (const status of [100, 199, 600, 0]) assert.throws(() => new Response(null, { status }), RangeError);
  assert.throws(() => new Response("x", { status: 204 }), TypeError);
  assert.throws(() => new Response(null, { statusText: "a\nb" }), TypeError);
});

test("Response has its makers", async () => {
  const made = Response.json({ a: [1] }, { status: 202 });
  assert.equal(made.headers.get("content-type"), "application/json");
  assert.equal(made.status, 202);
  assert.deepEqual(await made.json(), { a: [1] });
  assert.throws(() => Response.json(undefined), TypeError);
  const error = Response.error();
  assert.equal(error.type, "error");
  assert.equal(error.status, 0);
  assert.throws(() => error.headers.append("a", "b"), TypeError);
  const redirect = Response.redirect("http://example.com/a b", 307);
  assert.equal(redirect.status, 307);
  assert.equal(redirect.headers.get("location"), "http://example.com/a%20b");
  assert.throws(() => Response.redirect("http://example.com", 200), RangeError);
  assert.throws(() => Response.redirect("nonsense"), TypeError);
});

test("a Request is made of a URL or a Request", async () => {
  const request = new Request("http://example.com/a#b", { method: "post", headers: { a: "1" }, body: "text", redirect: "manual" });
  assert.equal(request.method, "POST");
  assert.equal(request.url, "http://example.com/a#b");
  assert.equal(request.redirect, "manual");
  assert.equal(request.signal instanceof AbortSignal, true);
  assert.equal(request.headers.get("content-type"), "text/plain;charset=UTF-8");
  const copy = request.clone();
  const next = new Request(request, { headers: { b: "2" } });
  assert.equal(next.method, "POST");
  assert.deepEqual([...next.headers.keys()], ["b", "content-type"].filter((name) => next.headers.has(name)));
  assert.equal(request.bodyUsed, true);
  assert.equal(await next.text(), "text");
  assert.equal(await copy.text(), "text");
  assert.equal(new Request("http://x/", { method: "patch" }).method, "patch");
  for (const [input, init] of [["x", {}], ["http://u@x/", {}], ["http://x/", { method: "TRACE" }], ["http://x/", { body: "x" }], ["http://x/", { redirect: "no" }], ["http://x/", { signal: {} }], ["http://x/", { mode: "navigate" }]])
    assert.throws(() => new Request(input, init), TypeError);
});

test("a body's stream is read by one reader", async () => {
  const response = new Response("abc");
  const reader = response.body.getReader();
  assert.equal(response.body.locked, true);
  await assert.rejects(response.text(), TypeError);
  assert.equal(Buffer.from((await reader.read()).value).toString(), "abc");
  assert.equal((await reader.read()).done, true);
  reader.releaseLock();
  assert.equal(response.body.locked, false);
  assert.equal(response.bodyUsed, true);
});
