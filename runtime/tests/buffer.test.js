test("base64url is an encoding everywhere", () => {
  const bytes = Buffer.from([251, 239, 255, 0]);
  assert.equal(bytes.toString("base64url"), "--__AA");
  assert.equal(bytes.toString("BASE64URL", 1, 3), "7_8");
  assert.deepEqual([...Buffer.from("--__AA", "base64url")], [251, 239, 255, 0]);
  assert.equal(Buffer.byteLength("--__AA", "base64url"), 4);
  assert.ok(Buffer.isEncoding("base64url"));
  const into = Buffer.alloc(4);
  assert.equal(into.write("-_8", 1, "base64url"), 2);
  assert.equal(into.toString("hex"), "00fbff00");
  assert.equal(bytes.indexOf("__8", "base64url"), -1);
  assert.equal(bytes.indexOf("7_8", 0, "base64url"), 1);
  assert.equal(Buffer.alloc(3, "-_8", "base64url").toString("hex"), "fbfffb");
  assert.equal(Buffer.alloc(2).fill("-_8", "base64url").toString("hex"), "fbff");
});

test("each encoding has its own methods to read and write", () => {
  const bytes = Buffer.from("h\u00e9llo");
  assert.deepEqual([bytes.utf8Slice(), bytes.latin1Slice(0, 3), bytes.hexSlice(4), bytes.base64urlSlice(0, 2)], ["h\u00e9llo", "h\u00c3\u00a9", "6c6f", "aMM"]);
  const into = Buffer.alloc(8);
  assert.deepEqual([into.utf8Write("h\u00e9", 1), into.hexWrite("ffee", 4), into.latin1Write("zz", 6, 1)], [3, 2, 1]);
  assert.equal(into.toString("hex"), "0068c3a9ffee7a00");
});

test("copyBytesFrom copies a part of a typed array, counted in its elements", () => {
  const numbers = new Uint16Array([1, 2, 3]);
  const copy = Buffer.copyBytesFrom(numbers, 1, 1);
  assert.equal(copy.toString("hex"), "0200");
  numbers[1] = 9;
  assert.equal(copy[0], 2);
  assert.throws(() => Buffer.copyBytesFrom("text"), { code: "ERR_INVALID_ARG_TYPE" });
  assert.throws(() => Buffer.copyBytesFrom(numbers, -1), { code: "ERR_OUT_OF_RANGE" });
});

test("big integers are read and written by both spellings", () => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUint64LE(513n);
  assert.equal(bytes.readBigUint64LE(), bytes.readBigUInt64LE());
  assert.equal(bytes.readBigUint64BE(), 0x0102000000000000n);
});

test("DOMException has the constants of the standard", () => {
  assert.deepEqual(
    [DOMException.URL_MISMATCH_ERR, DOMException.INUSE_ATTRIBUTE_ERR, DOMException.prototype.VALIDATION_ERR, DOMException.DATA_CLONE_ERR],
    [21, 10, 16, 25],
  );
});
