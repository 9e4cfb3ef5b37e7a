const assert = require("node:assert/strict");
const { createPublicKey, generateKeyPairSync } = require("node:crypto");
const jwt = require("jsonwebtoken@9.0.3");

module.exports = async () => {
  const token = jwt.sign({ sub: "ada", scope: ["read"] }, "a secret", { expiresIn: "1h", issuer: "tenon" });
  assert.equal(jwt.verify(token, "a secret", { issuer: "tenon" }).sub, "ada");
  assert.throws(() => jwt.verify(token, "another"), { name: "JsonWebTokenError", message: "invalid signature" });
  assert.throws(() => jwt.verify(jwt.sign({}, "a", { expiresIn: -1 }), "a"), { name: "TokenExpiredError" });

  // The token of jwt.io's first page, made elsewhere.
  const known = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
  assert.equal(jwt.verify(known, "your-256-bit-secret").name, "John Doe");

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } });
  assert.equal(jwt.verify(jwt.sign({ a: 1 }, rsa.privateKey, { algorithm: "RS256" }), rsa.publicKey).a, 1);
  assert.equal(jwt.verify(jwt.sign({ a: 2 }, rsa.privateKey, { algorithm: "PS384" }), rsa.publicKey).a, 2);
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  assert.equal(jwt.verify(jwt.sign({ a: 3 }, ec.privateKey, { algorithm: "ES256" }), createPublicKey(ec.privateKey)).a, 3);
};
