// META: title=FileReader, blob: URLs and the order of a Blob's conversions
const read = (way, blob, ...rest) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader[way](blob, ...rest);
  });

promise_test(async () => {
  const blob = new Blob(["é€"], { type: "text/plain" });
  assert_equals(await read("readAsText", blob), "é€");
  assert_equals(await read("readAsText", new Blob([Uint8Array.of(0xe9)]), "latin1"), "é");
  assert_equals(await read("readAsText", new Blob([Uint8Array.of(0xc6, 0xfc)], { type: "text/plain;charset=euc-jp" })), "日");
  assert_equals(await read("readAsText", new Blob([Uint8Array.of(0xfe, 0xff, 0x65, 0xe5)]), "latin1"), "日", "a byte order mark wins");
  assert_equals(await read("readAsDataURL", blob), "data:text/plain;base64,w6nigqw=");
  assert_equals(await read("readAsBinaryString", blob), "\xc3\xa9\xe2\x82\xac");
  assert_array_equals(new Uint8Array(await read("readAsArrayBuffer", new Blob(["ab"]))), [97, 98]);
}, "each way to read gives its kind of result");

promise_test(async () => {
  const seen = [];
  const reader = new FileReader();
  for (const type of ["loadstart", "progress", "load", "loadend"]) reader.addEventListener(type, (event) => seen.push([type, reader.readyState, event.loaded]));
  const over = new Promise((resolve) => reader.addEventListener("loadend", resolve));
  reader.readAsText(new Blob(["abc"]));
  assert_throws_dom("InvalidStateError", () => reader.readAsText(new Blob([])));
  await over;
  assert_array_equals(seen.flat(), ["loadstart", 1, 0, "progress", 1, 3, "load", 2, 3, "loadend", 2, 3]);
}, "events come in order, and one read goes on at a time");

promise_test(async (t) => {
  const reader = new FileReader();
  const seen = [];
  reader.onload = t.unreached_func("it was aborted");
  reader.onabort = () => seen.push("abort");
  reader.onloadend = () => seen.push("loadend");
  reader.readAsText(new Blob(["abc"]));
  reader.abort();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert_array_equals(seen, ["abort", "loadend"]);
  assert_equals(reader.error.name, "AbortError");
}, "abort() ends a read with an error and no result");

promise_test(async (t) => {
  const url = URL.createObjectURL(new Blob(["hello"], { type: "text/x" }));
  const kept = new Request(url);
  const response = await fetch(`${url}#part`);
  assert_equals(await response.text(), "hello");
  assert_equals(response.headers.get("content-type"), "text/x");
  assert_equals(await (await fetch(url, { headers: { range: "bytes=1-2" } })).text(), "el");
  await promise_rejects_js(t, TypeError, fetch(url, { method: "HEAD" }));
  URL.revokeObjectURL(url);
  assert_equals(await (await fetch(kept)).text(), "hello", "the request was made before");
  await promise_rejects_js(t, TypeError, fetch(url));
}, "a blob: URL names its blob until it is revoked");

test(() => {
  const order = [];
  const part = (name) => ({ toString: () => (order.push(name), name) });
  const options = { get type() { return order.push("type"), ""; }, get endings() { return order.push("endings"), undefined; } };
  new Blob([part("one"), part("two")], options);
  assert_array_equals(order, ["one", "two", "endings", "type"]);
}, "parts are converted before options are looked at");

promise_test(async () => {
  const form = new FormData();
  form.append("a\nb", "c\rd");
  form.append("file", new File(["x"], "e\nf\"g.txt", { type: "text/plain" }));
  const text = await new Response(form).text();
  assert_true(text.includes('name="a%0D%0Ab"\r\n\r\nc\r\nd\r\n'), text);
  assert_true(text.includes('filename="e%0Af%22g.txt"'), text);
}, "a form's names and values get line ends of CR LF, a file's name keeps its own");
