const assert = require("node:assert/strict");
const { createHmac } = require("node:crypto");
const CryptoJS = require("crypto-js@4.2.0");
const sha256 = require("crypto-js@4.2.0/sha256");

module.exports = async () => {
  // FIPS 180-4's "abc".
  assert.equal(sha256("abc").toString(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(CryptoJS.HmacSHA512("text", "key").toString(CryptoJS.enc.Base64), createHmac("sha512", "key").update("text").digest("base64"));
  const sealed = CryptoJS.AES.encrypt("grüße", "passphrase").toString();
  assert.equal(CryptoJS.AES.decrypt(sealed, "passphrase").toString(CryptoJS.enc.Utf8), "grüße");
  assert.equal(CryptoJS.lib.WordArray.random(16).sigBytes, 16);
};
