const assert = require("node:assert/strict");
const forge = require("node-forge@1.4.3");

module.exports = async () => {
  const keys = forge.pki.rsa.generateKeyPair({ bits: 1024, workers: 0 });
  const cert = forge.pki.createCertificate();
  cert.publicKey = keys.publicKey;
  cert.serialNumber = "01";
  cert.validity.notAfter.setFullYear(cert.validity.notBefore.getFullYear() + 1);
  cert.setSubject([{ name: "commonName", value: "tenon.example" }]);
  cert.setIssuer([{ name: "commonName", value: "tenon.example" }]);
  cert.sign(keys.privateKey, forge.md.sha256.create());
  const read = forge.pki.certificateFromPem(forge.pki.certificateToPem(cert));
  assert.equal(read.subject.getField("CN").value, "tenon.example");
  assert.ok(read.verify(read));

  const p12 = forge.asn1.toDer(forge.pkcs12.toPkcs12Asn1(keys.privateKey, [cert], "password", { algorithm: "3des", count: 10 })).getBytes();
  const bags = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(p12), "password").getBags({ bagType: forge.pki.oids.certBag });
  assert.equal(bags[forge.pki.oids.certBag].length, 1);

  const sealed = keys.publicKey.encrypt("secret", "RSA-OAEP");
  assert.equal(keys.privateKey.decrypt(sealed, "RSA-OAEP"), "secret");
  assert.equal(forge.md.md5.create().update("abc").digest().toHex(), "900150983cd24fb0d6963f7d28e17f72");
};
