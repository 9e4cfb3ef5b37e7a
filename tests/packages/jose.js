const assert = require("node:assert/strict");
const jose = require("jose@6.2.18");

module.exports = async () => {
  for (const algorithm of ["RS256", "PS256", "ES256", "EdDSA"]) {
    const { publicKey, privateKey } = await jose.generateKeyPair(algorithm, { extractable: true });
    const token = await new jose.SignJWT({ scope: "read" }).setProtectedHeader({ alg: algorithm }).setIssuedAt().setIssuer("tenon").setExpirationTime("2h").sign(privateKey);
    const jwk = await jose.exportJWK(publicKey);
    const keys = jose.createLocalJWKSet({ keys: [{ ...jwk, alg: algorithm }] });
    const { payload } = await jose.jwtVerify(token, keys, { issuer: "tenon" });
    assert.equal(payload.scope, "read", algorithm);
    const again = await jose.importPKCS8(await jose.exportPKCS8(privateKey), algorithm);
    assert.ok(await new jose.CompactSign(Buffer.from("x")).setProtectedHeader({ alg: algorithm }).sign(again));
  }

  const secret = new Uint8Array(32).fill(7);
  for (const [alg, enc] of [["dir", "A256GCM"], ["A256KW", "A128CBC-HS256"], ["A256GCMKW", "A256GCM"]]) {
    const sealed = await new jose.EncryptJWT({ card: "4242" }).setProtectedHeader({ alg, enc }).encrypt(secret);
    assert.equal((await jose.jwtDecrypt(sealed, secret)).payload.card, "4242", alg);
  }

  const { publicKey, privateKey } = await jose.generateKeyPair("ECDH-ES+A128KW");
  const sealed = await new jose.CompactEncrypt(Buffer.from("hello")).setProtectedHeader({ alg: "ECDH-ES+A128KW", enc: "A128GCM" }).encrypt(publicKey);
  assert.equal(Buffer.from((await jose.compactDecrypt(sealed, privateKey)).plaintext).toString(), "hello");
  await assert.rejects(jose.jwtVerify("a.b.c", secret), { code: "ERR_JWS_INVALID" });
  // RFC 7638, section 3.1.
  assert.equal(
    await jose.calculateJwkThumbprint({ kty: "RSA", e: "AQAB", n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw" }),
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
  );
};
