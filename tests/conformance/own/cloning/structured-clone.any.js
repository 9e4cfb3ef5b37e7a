// META: title=structuredClone: what can be copied, what can't, and what is given away
for (const [name, make] of Object.entries({
  function: () => () => {},
  symbol: () => Symbol("s"),
  promise: () => Promise.resolve(),
  "weak map": () => new WeakMap(),
  URL: () => new URL("https://example.com"),
  Headers: () => new Headers(),
  ReadableStream: () => new ReadableStream(),
  EventTarget: () => new EventTarget(),
  "a subclass of EventTarget": () => new (class Mine extends EventTarget {})(),
}))
  test(() => {
    assert_throws_dom("DataCloneError", () => structuredClone(make()));
    assert_throws_dom("DataCloneError", () => structuredClone({ inside: [make()] }));
  }, `${name} can't be cloned`);

test(() => {
  const given = new Map([["a", new Set([1])]]);
  Object.defineProperty(given, Symbol.toStringTag, { value: "Lie" });
  const copy = structuredClone(given);
  assert_true(copy instanceof Map);
  assert_true(copy.get("a").has(1));
  assert_equals(Object.getPrototypeOf(structuredClone({ [Symbol.toStringTag]: "Map" })), Object.prototype);
}, "a value's kind is not what it says it is");

test(() => {
  class Point { x = 1; get y() { return 2; } }
  const copy = structuredClone({ point: new Point(), ["__proto__"]: { z: 3 } });
  assert_equals(Object.getPrototypeOf(copy.point), Object.prototype);
  assert_object_equals(copy.point, { x: 1 });
  assert_object_equals(Object.getOwnPropertyDescriptor(copy, "__proto__").value, { z: 3 });
}, "objects of classes become plain, and __proto__ is a name like others");

promise_test(async () => {
  const { file, error } = structuredClone({ file: new File(["abc"], "x.txt", { type: "text/plain", lastModified: 5 }), error: new DOMException("m", "AbortError") });
  assert_true(file instanceof File);
  assert_array_equals([file.name, file.type, file.lastModified, await file.text()], ["x.txt", "text/plain", 5, "abc"]);
  assert_true(error instanceof DOMException);
  assert_array_equals([error.name, error.message, error.code], ["AbortError", "m", 20]);
  const key = structuredClone(await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]));
  assert_true(key instanceof CryptoKey);
  assert_equals((await crypto.subtle.exportKey("raw", key)).byteLength, 16);
}, "files, exceptions and keys are cloned as what they are");

test(() => {
  const buffer = new ArrayBuffer(8);
  const copy = structuredClone({ view: new Uint8Array(buffer, 2, 3), buffer }, { transfer: [buffer] });
  assert_equals(buffer.byteLength, 0);
  assert_equals(copy.view.buffer, copy.buffer);
  assert_array_equals([copy.view.byteOffset, copy.view.length], [2, 3]);
  const kept = new ArrayBuffer(4);
  assert_throws_dom("DataCloneError", () => structuredClone(() => {}, { transfer: [kept] }));
  assert_equals(kept.byteLength, 4, "nothing is given away where cloning fails");
  assert_throws_dom("DataCloneError", () => structuredClone(1, { transfer: [kept, kept] }));
  assert_throws_dom("DataCloneError", () => structuredClone(1, { transfer: [{}] }));
}, "a buffer that is transferred is gone here");

promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  const moved = structuredClone(port2, { transfer: [port2] });
  const message = new Promise((resolve) => (moved.onmessage = resolve));
  port1.postMessage({ a: 1 });
  assert_object_equals((await message).data, { a: 1 });
  assert_throws_dom("DataCloneError", () => structuredClone(port2, { transfer: [port2] }));
  port1.close();
}, "a port that is transferred goes on elsewhere");
