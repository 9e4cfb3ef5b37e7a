const { Buffer } = require("buffer");

const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

test("a Buffer's encodings are there and back", () => {
  for (const encoding of ["latin1", "binary", "hex", "base64", "base64url", "HEX", "Base64"])
    assert.equal(Buffer.compare(Buffer.from(bytes.toString(encoding), encoding), bytes), 0, encoding);
  const text = "a\u0000Grünstadt ☃ 😀".repeat(50);
  assert.equal(Buffer.from(text).toString(), text);
  assert.equal(Buffer.byteLength(text), Buffer.from(text).length);
  assert.equal(bytes.toString("ascii", 65, 68), "ABC");
  assert.equal(bytes.toString("ascii", 193, 196), "ABC");
  assert.equal(bytes.toString("base64", 0, 4), "AAECAw==");
  assert.equal(bytes.toString("base64url", 251), "-_z9_v8");
});

test("a Buffer's text is cut where Node cuts it", () => {
  const abc = Buffer.from("abcdef");
  assert.equal(abc.toString("utf8", 2), "cdef");
  assert.equal(abc.toString("utf8", -3, 2), "ab");
  assert.equal(abc.toString("utf8", 1.9, 3.9), "bc");
  assert.equal(abc.toString("utf8", 4, 2), "");
  assert.equal(abc.toString("utf8", 9), "");
  assert.equal(abc.toString(undefined, 1, 2), "b");
  assert.equal(abc.subarray(1, 3).toString("hex"), "6263");
  assert.throws(() => abc.toString("morse"), TypeError);
});

test("a Buffer reads what is not quite right as Node does", () => {
  assert.equal(Buffer.from("aGk", "base64").toString(), "hi");
  assert.equal(Buffer.from("aG k\n=", "base64").toString(), "hi");
  assert.equal(Buffer.from("-_8", "base64").toString("hex"), "fbff");
  assert.equal(Buffer.from("aGk=aGk=", "base64").toString(), "hi");
  assert.equal(Buffer.from("6162zz63", "hex").toString(), "ab");
  assert.equal(Buffer.from("616", "hex").toString(), "a");
  assert.equal(Buffer.from([0x61, 0xff, 0xe2, 0x98, 0x62]).toString(), "a\ufffd\ufffdb");
  assert.equal(Buffer.from("\ud800x").toString("hex"), "efbfbd78");
  assert.equal(Buffer.from("é☃", "latin1").toString("hex"), "e903");
});

test("atob and btoa are forgiving where the standard is", () => {
  assert.equal(btoa("\u0000ÿ"), "AP8=");
  assert.equal(atob(" A P8\n="), "\u0000ÿ");
  assert.equal(atob("AP8"), "\u0000ÿ");
  for (const wrong of ["A", "AP8==", "A=P8", "-_8=", "====", "é"])
    assert.throws(() => atob(wrong), { name: "InvalidCharacterError" });
  assert.throws(() => btoa("☃"), { name: "InvalidCharacterError" });
});
