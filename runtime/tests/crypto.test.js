const crypto = require("crypto");
const { Buffer } = require("buffer");

test("digests are those that Node gives", () => {
  const cases = [
    ["md5", "900150983cd24fb0d6963f7d28e17f72"],
    ["sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["RSA-SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"],
    ["sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"],
    ["sha512-256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"],
    ["sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"],
    ["ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"],
    ["blake2s256", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"],
  ];
  for (const [name, hex] of cases) assert.equal(crypto.createHash(name).update("abc").digest("hex"), hex);
});

test("a hash is fed in pieces, in any encoding", () => {
  const whole = crypto.createHash("sha256").update("h\u00e9llo").digest("base64");
  const pieces = crypto.createHash("sha256").update("h").update(Buffer.from("\u00e9")).update("6c6c6f", "hex").digest("base64");
  assert.equal(pieces, whole);
  assert.equal(crypto.createHash("sha256").update("\u00e9", "latin1").digest("hex"), crypto.createHash("sha256").update(Buffer.from([0xe9])).digest("hex"));
  const view = new Uint16Array([1, 2, 3]).subarray(1);
  assert.equal(crypto.createHash("md5").update(view).digest("hex"), crypto.createHash("md5").update(Buffer.from([2, 0, 3, 0])).digest("hex"));
  assert.equal(crypto.createHash("md5").update(new DataView(view.buffer, 2)).digest("hex"), crypto.createHash("md5").update(view).digest("hex"));
  assert.equal(Buffer.isBuffer(crypto.createHash("md5").digest()), true);
});

test("a hash is copied in the middle", () => {
  const hash = crypto.createHash("sha1").update("a");
  const copy = hash.copy();
  assert.equal(hash.update("b").digest("hex"), crypto.createHash("sha1").update("ab").digest("hex"));
  assert.equal(copy.update("c").digest("hex"), crypto.createHash("sha1").update("ac").digest("hex"));
  assert.throws(() => hash.update("x"), { code: "ERR_CRYPTO_HASH_FINALIZED", message: "Digest already called" });
  assert.throws(() => hash.digest(), { code: "ERR_CRYPTO_HASH_FINALIZED" });
  assert.throws(() => hash.copy(), { code: "ERR_CRYPTO_HASH_FINALIZED" });
});

test("an extendable digest has the length asked for", () => {
  assert.equal(crypto.createHash("shake128", { outputLength: 8 }).update("").digest("hex"), "7f9c2ba4e88f827d");
  assert.equal(crypto.createHash("shake256", { outputLength: 0 }).digest("hex"), "");
});

test("wrong arguments have Node's errors", () => {
  const cases = [
    [() => crypto.createHash("nope"), { message: "Digest method not supported" }],
    [() => crypto.createHash(), { code: "ERR_INVALID_ARG_TYPE" }],
    [() => crypto.createHash("md5").update(1), { code: "ERR_INVALID_ARG_TYPE" }],
    [() => crypto.createHmac("nope", "k"), { code: "ERR_CRYPTO_INVALID_DIGEST", message: "Invalid digest: nope" }],
    [() => crypto.createHmac("md5"), { code: "ERR_INVALID_ARG_TYPE" }],
    [() => crypto.randomBytes(-1), { code: "ERR_OUT_OF_RANGE" }],
    [() => crypto.randomBytes("1"), { code: "ERR_INVALID_ARG_TYPE" }],
    [() => crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("ab")), { code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", message: "Input buffers must have the same byte length" }],
    [() => crypto.timingSafeEqual("a", Buffer.from("a")), { code: "ERR_INVALID_ARG_TYPE" }],
    [() => crypto.randomInt(5, 5), { code: "ERR_OUT_OF_RANGE" }],
    [() => crypto.pbkdf2Sync("p", "s", 0, 8, "sha1"), { code: "ERR_OUT_OF_RANGE" }],
    [() => crypto.pbkdf2Sync("p", "s", 1, 8, "nope"), { code: "ERR_CRYPTO_INVALID_DIGEST" }],
    [() => crypto.scryptSync("p", "s", 8, { N: 3 }), { code: "ERR_CRYPTO_INVALID_SCRYPT_PARAMS" }],
    [() => crypto.createCipheriv("nope", "", ""), { code: "ERR_CRYPTO_UNKNOWN_CIPHER" }],
    [() => crypto.createCipheriv("aes-128-cbc", Buffer.alloc(15), Buffer.alloc(16)), { code: "ERR_CRYPTO_INVALID_KEYLEN", message: "Invalid key length" }],
    [() => crypto.createCipheriv("aes-128-cbc", Buffer.alloc(16), Buffer.alloc(15)), { code: "ERR_CRYPTO_INVALID_IV", message: "Invalid initialization vector" }],
  ];
  for (const [run, expected] of cases) assert.throws(run, expected);
});

test("HMACs are those of RFC 4231", () => {
  const key = Buffer.alloc(20, 0x0b);
  assert.equal(crypto.createHmac("sha256", key).update("Hi There").digest("hex"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  assert.equal(crypto.createHmac("sha512", "Jefe").update("what do ya want ").update("for nothing?").digest("hex"), "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
  assert.equal(crypto.createHmac("sha1", "").update("").digest("hex"), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
});

test("random numbers are in range and differ", async () => {
  assert.equal(crypto.randomBytes(0).length, 0);
  assert.notEqual(crypto.randomBytes(16).toString("hex"), crypto.randomBytes(16).toString("hex"));
  assert.equal((await new Promise((done, fail) => crypto.randomBytes(8, (error, bytes) => (error ? fail(error) : done(bytes))))).length, 8);
  const seen = new Set();
  for (let i = 0; i < 200; i++) {
    const n = crypto.randomInt(-2, 3);
    assert.equal(Number.isInteger(n) && n >= -2 && n < 3, true);
    seen.add(n);
  }
  assert.equal(seen.size, 5);
  assert.match(crypto.randomUUID(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const filled = crypto.randomFillSync(Buffer.alloc(10), 2, 4);
  assert.equal(filled.subarray(0, 2).toString("hex") + filled.subarray(6).toString("hex"), "000000000000");
});

test("keys are derived as the standards say", async () => {
  /* RFC 6070 */
  assert.equal(crypto.pbkdf2Sync("password", "salt", 1, 20, "sha1").toString("hex"), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  /* RFC 7914 */
  assert.equal(crypto.scryptSync("password", "NaCl", 64, { N: 1024, r: 8, p: 16 }).toString("hex").slice(0, 32), "fdbabe1c9d3472007856e7190d01e9fe");
  /* RFC 5869, test case 1 */
  const okm = crypto.hkdfSync("sha256", Buffer.alloc(22, 0x0b), Buffer.from("000102030405060708090a0b0c", "hex"), Buffer.from("f0f1f2f3f4f5f6f7f8f9", "hex"), 42);
  assert.equal(Buffer.from(okm).toString("hex"), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  const later = (start) => new Promise((done, fail) => start((error, key) => (error ? fail(error) : done(Buffer.from(key).toString("hex")))));
  assert.equal(await later((done) => crypto.pbkdf2("password", "salt", 1, 20, "sha1", done)), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  assert.equal((await later((done) => crypto.scrypt("a", "b", 8, done))).length, 16);
  assert.equal((await later((done) => crypto.hkdf("sha1", "a", "", "", 8, done))).length, 16);
});

test("what is enciphered is deciphered", () => {
  const key = Buffer.alloc(32, 7);
  const iv = Buffer.alloc(16, 9);
  const text = "a secret of more than one block, \u00e9";
  for (const name of ["aes-256-cbc", "aes-256-ctr", "AES-256-CFB", "aes-256-ofb"]) {
    const cipher = crypto.createCipheriv(name, key, iv);
    const sealed = cipher.update(text, "utf8", "hex") + cipher.final("hex");
    const decipher = crypto.createDecipheriv(name, key, iv);
    assert.equal(decipher.update(sealed, "hex", "utf8") + decipher.final("utf8"), text);
  }
  /* The first block of CBC is that of ECB, after the exclusive or. */
  const first = crypto.createCipheriv("aes-256-cbc", key, iv).update("x".repeat(16), "utf8", "hex");
  assert.equal(first, crypto.createCipheriv("aes-256-ecb", key, null).update(Buffer.alloc(16, "x".charCodeAt(0) ^ 9), undefined, "hex"));
  const wrong = crypto.createDecipheriv("aes-256-cbc", Buffer.alloc(32, 8), iv);
  wrong.update(Buffer.alloc(32));
  assert.throws(() => wrong.final(), { code: "ERR_OSSL_BAD_DECRYPT" });
  const plain = crypto.createCipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
  assert.equal(plain.update(Buffer.alloc(16)).length + plain.final().length, 16);
});

test("authenticated ciphers refuse what was changed", () => {
  const key = Buffer.alloc(32, 1);
  const iv = Buffer.alloc(12, 2);
  for (const [name, options] of [["aes-256-gcm"], ["aes-256-gcm", { authTagLength: 12 }], ["chacha20-poly1305", { authTagLength: 16 }], ["aes-256-ccm", { authTagLength: 16 }], ["aes-256-ocb", { authTagLength: 16 }]]) {
    const extra = name === "aes-256-ccm" ? { plaintextLength: 5 } : undefined;
    const cipher = crypto.createCipheriv(name, key, iv, options).setAAD(Buffer.from("extra"), extra);
    const sealed = Buffer.concat([cipher.update("hello"), cipher.final()]);
    const tag = cipher.getAuthTag();
    assert.equal(tag.length, options?.authTagLength ?? 16);
    const open = (bytes, aad) => {
      const decipher = crypto.createDecipheriv(name, key, iv, options).setAuthTag(tag).setAAD(Buffer.from(aad), extra);
      return Buffer.concat([decipher.update(bytes), decipher.final()]).toString();
    };
    assert.equal(open(sealed, "extra"), "hello");
    assert.throws(() => open(sealed, "other"), /Unsupported state or unable to authenticate data|invalid|unable/i);
    const changed = Buffer.from(sealed);
    changed[0] ^= 1;
    assert.throws(() => open(changed, "extra"));
  }
  const bare = crypto.createDecipheriv("aes-256-gcm", key, iv);
  bare.update(Buffer.alloc(5));
  assert.throws(() => bare.final(), /unable to authenticate/);
});

test("names are listed", () => {
  assert.equal(crypto.getHashes().includes("sha256"), true);
  assert.equal(crypto.getCiphers().includes("aes-256-gcm"), true);
  const { mode, blockSize, ivLength, keyLength } = crypto.getCipherInfo("aes-256-cbc");
  assert.deepEqual({ mode, blockSize, ivLength, keyLength }, { mode: "cbc", blockSize: 16, ivLength: 16, keyLength: 32 });
  assert.equal(crypto.getCipherInfo("nope"), undefined);
});

test("the global crypto is the Web's", async () => {
  const { subtle } = globalThis.crypto;
  const hex = (buffer) => Buffer.from(buffer).toString("hex");
  assert.equal(hex(await subtle.digest("SHA-256", Buffer.from("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.match(globalThis.crypto.randomUUID(), /^[0-9a-f-]{36}$/);
  const array = new Uint32Array(4);
  assert.equal(globalThis.crypto.getRandomValues(array), array);
  assert.throws(() => globalThis.crypto.getRandomValues(new Float64Array(1)), { name: "TypeMismatchError" });
  assert.throws(() => globalThis.crypto.getRandomValues(new Uint8Array(65537)), { name: "QuotaExceededError" });

  const key = await subtle.importKey("raw", Buffer.alloc(20, 0x0b), { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
  const signature = await subtle.sign("HMAC", key, Buffer.from("Hi There"));
  assert.equal(hex(signature), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  assert.equal(await subtle.verify("HMAC", key, signature, Buffer.from("Hi There")), true);
  assert.equal(await subtle.verify("HMAC", key, signature, Buffer.from("Hi there")), false);
  const jwk = await subtle.exportKey("jwk", key);
  assert.equal(jwk.alg, "HS256");
  const again = await subtle.importKey("jwk", jwk, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  assert.equal(hex(await subtle.exportKey("raw", again)), "0b".repeat(20));
  const made = await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, false, ["sign"]);
  assert.equal(made.algorithm.length, 1024);
  await assert.rejects(subtle.exportKey("raw", made), { name: "InvalidAccessError" });
  await assert.rejects(subtle.digest("SHA-9", Buffer.alloc(0)), { name: "NotSupportedError" });
});

test("a secret key object is used like its bytes", async () => {
  const key = crypto.createSecretKey(Buffer.from("Jefe"));
  assert.equal(key.type, "secret");
  assert.equal(key.symmetricKeySize, 4);
  assert.equal(key.export().toString(), "Jefe");
  assert.deepEqual(key.export({ format: "jwk" }), { kty: "oct", k: "SmVmZQ" });
  assert.equal(key.equals(crypto.createSecretKey("Jefe", "utf8")), true);
  const sign = (secret) => crypto.createHmac("sha256", secret).update("x").digest("hex");
  assert.equal(sign(key), sign("Jefe"));
  const web = await globalThis.crypto.subtle.importKey("raw", Buffer.from("Jefe"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  assert.equal(sign(web), sign("Jefe"));
  assert.throws(() => sign({}), { code: "ERR_INVALID_ARG_TYPE" });
});
