// META: title=SubtleCrypto: what is checked, in which order, and the Edwards curves
const { subtle } = crypto;

promise_test(async (t) => {
  await promise_rejects_dom(t, "NotSupportedError", subtle.generateKey({ name: "HMAC", hash: "MD5" }, true, ["decrypt"]), "the hash is looked at first");
  await promise_rejects_dom(t, "SyntaxError", subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["decrypt"]));
  await promise_rejects_dom(t, "SyntaxError", subtle.generateKey("Ed25519", true, []));
}, "an algorithm is understood before usages are");

for (const name of ["Ed25519", "Ed448"])
  promise_test(async (t) => {
    const { publicKey, privateKey } = await subtle.generateKey(name, true, ["sign", "verify"]);
    const data = Uint8Array.of(1, 2, 3);
    const signature = await subtle.sign(name, privateKey, data);
    assert_true(await subtle.verify(name, publicKey, signature, data));
    const jwk = await subtle.exportKey("jwk", privateKey);
    assert_equals(jwk.crv, name);
    const other = await subtle.exportKey("jwk", (await subtle.generateKey(name, true, ["sign", "verify"])).publicKey);
    await promise_rejects_dom(t, "DataError", subtle.importKey("jwk", { ...jwk, x: other.x }, name, true, ["sign"]), "the halves don't belong together");
  }, `${name} signs, and a private key comes with its own public one`);

for (const name of ["X25519", "X448"])
  promise_test(async () => {
    const [a, b] = [await subtle.generateKey(name, false, ["deriveBits"]), await subtle.generateKey(name, false, ["deriveBits"])];
    const one = await subtle.deriveBits({ name, public: b.publicKey }, a.privateKey, 256);
    const two = await subtle.deriveBits({ name, public: a.publicKey }, b.privateKey, 256);
    assert_array_equals(new Uint8Array(one), new Uint8Array(two));
  }, `${name} agrees on a secret`);

promise_test(async (t) => {
  const { publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const spki = new Uint8Array(await subtle.exportKey("spki", publicKey));
  const kept = await subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  assert_false(kept.extractable);
  await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("spki", kept));

  /* The same key, its point compressed: SEC 1, 2.3.3. */
  const point = spki.slice(-64);
  const short = Uint8Array.of(0x30, 0x39, ...spki.slice(2, 23), 0x03, 0x22, 0x00, 2 + (point[63] & 1), ...point.slice(0, 32));
  const read = await subtle.importKey("spki", short, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  assert_array_equals(new Uint8Array(await subtle.exportKey("spki", read)), spki);
}, "an imported public key is as extractable as asked, and its point is written in full");
