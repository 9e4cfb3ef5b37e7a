const { Writable } = require("stream");

const collect = () => {
  const lines = [];
  const stream = new Writable({ decodeStrings: false, write: (chunk, encoding, done) => (lines.push(`${chunk}`), done()) });
  return { lines, stream };
};

test("a Console of one's own writes lines to its streams", () => {
  const out = collect();
  const err = collect();
  const mine = new console.Console(out.stream, err.stream);
  mine.log("%s is %d", "x", 1, { a: 1 });
  mine.error("wrong");
  mine.group("outer");
  mine.info("a\nb");
  mine.groupEnd();
  mine.assert(false, "no");
  assert.deepEqual(out.lines, ["x is 1 { a: 1 }\n", "outer\n", "  a\n  b\n"]);
  assert.deepEqual(err.lines, ["wrong\n", "Assertion failed: no\n"]);
  assert.ok(mine instanceof console.Console);
  assert.throws(() => new console.Console({}), { code: "ERR_CONSOLE_WRITABLE_STREAM" });
});

test("what is written to one end of a pair is read from the other", async () => {
  const [a, b] = require("stream").duplexPair({ encoding: "utf8" });
  const read = async (end) => {
    let text = "";
    for await (const chunk of end) text += chunk;
    return text;
  };
  const both = Promise.all([read(a), read(b)]);
  a.write("to ");
  a.end("b");
  b.end("to a");
  assert.deepEqual(await both, ["to a", "to b"]);
});

test("errors of the system have their names and words", () => {
  const util = require("util");
  assert.deepEqual([util.getSystemErrorName(-2), util.getSystemErrorMessage(-2)], ["ENOENT", "no such file or directory"]);
  assert.deepEqual(util.getSystemErrorMap().get(-111), ["ECONNREFUSED", "connection refused"]);
  assert.equal(util.getSystemErrorName(-99999), undefined);
  assert.throws(() => util.getSystemErrorName(1), { code: "ERR_OUT_OF_RANGE" });
});

test("keys are told from other values", async () => {
  const { types } = require("util");
  const key = require("crypto").createSecretKey(Buffer.alloc(16));
  const webKey = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]);
  assert.deepEqual([types.isKeyObject(key), types.isKeyObject(webKey), types.isCryptoKey(webKey), types.isCryptoKey({})], [true, false, true, false]);
  assert.deepEqual([types.isFloat16Array(new Uint8Array(1)), types.isFloat16Array(undefined)], [false, false]);
});

test("navigator says the same everywhere", () => {
  assert.ok(navigator instanceof Navigator);
  assert.deepEqual([navigator.userAgent, navigator.platform, navigator.languages, navigator.hardwareConcurrency], ["Tenon", "linux", ["en-US"], 1]);
});

test("a path of a file URL comes as bytes", () => {
  assert.equal(require("url").fileURLToPathBuffer("file:///a%ffb").toString("hex"), "2f61ff62");
  assert.throws(() => require("url").fileURLToPathBuffer("https://x/"), { code: "ERR_INVALID_URL_SCHEME" });
});

test("events of errors have what they are made with", () => {
  const error = new Error("x");
  const event = new ErrorEvent("error", { message: "m", lineno: 3, error, cancelable: true });
  assert.deepEqual([event.type, event.message, event.lineno, event.colno, event.error, event.cancelable], ["error", "m", 3, 0, error, true]);
  const promise = Promise.resolve();
  const rejection = new PromiseRejectionEvent("unhandledrejection", { promise, reason: 1 });
  assert.ok(rejection.promise === promise && rejection.reason === 1 && rejection instanceof Event);
  assert.throws(() => new PromiseRejectionEvent("x", {}), TypeError);
});
