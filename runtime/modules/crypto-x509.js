// X509Certificate.
const { bufferOf, toInput } = require("crypto-util");
const { handleOf, isKeyObject, keyObjectOf } = require("crypto-keys");
const { argumentType, checkString, nodeError } = require("node-errors");

const shown = ["subject", "subjectAltName", "issuer", "infoAccess", "validFrom", "validTo", "fingerprint", "fingerprint256", "fingerprint512", "keyUsage", "serialNumber"];

class X509Certificate {
  #handle;
  #info;
  #key;
  constructor(given) {
    const input = typeof given === "object" && given !== null && #handle in given ? given.raw : given;
    this.#handle = native.x509Read(toInput("buffer", input));
    this.#info = native.x509Info(this.#handle);
  }
  get subject() {
    return this.#info.subject;
  }
  get subjectAltName() {
    return this.#info.subjectAltName;
  }
  get issuer() {
    return this.#info.issuer;
  }
  get issuerCertificate() {
    void this.#handle;
    return undefined;
  }
  get infoAccess() {
    return this.#info.infoAccess;
  }
  get validFrom() {
    return this.#info.validFrom;
  }
  get validTo() {
    return this.#info.validTo;
  }
  get validFromDate() {
    return new Date(this.validFrom);
  }
  get validToDate() {
    return new Date(this.validTo);
  }
  get fingerprint() {
    return this.#info.fingerprint;
  }
  get fingerprint256() {
    return this.#info.fingerprint256;
  }
  get fingerprint512() {
    return this.#info.fingerprint512;
  }
  get keyUsage() {
    return this.#info.keyUsage;
  }
  get serialNumber() {
    return this.#info.serialNumber;
  }
  get raw() {
    return bufferOf(this.#info.raw.slice());
  }
  get ca() {
    return this.#info.ca;
  }
  get publicKey() {
    return (this.#key ??= keyObjectOf("public", native.x509Key(this.#handle)));
  }
  #check(kind, text, options = {}) {
    checkString(kind === "ip" ? "ip" : kind === "host" ? "name" : "email", text);
    const { subject = "default", wildcards = true, partialWildcards = true, multiLabelWildcards = false, singleLabelSubdomains = false } = options;
    const flags =
      (subject === "always" ? 1 : subject === "never" ? 0x20 : 0) | (wildcards ? 0 : 2) | (partialWildcards ? 0 : 4) | (multiLabelWildcards ? 8 : 0) | (singleLabelSubdomains ? 0x10 : 0);
    return native.x509Check(this.#handle, kind, text, flags);
  }
  checkHost(name, options) {
    return this.#check("host", name, options);
  }
  checkEmail(email, options) {
    return this.#check("email", email, options);
  }
  checkIP(ip, options) {
    return this.#check("ip", ip, options);
  }
  checkIssued(other) {
    if (!(typeof other === "object" && other !== null && #handle in other)) throw argumentType("otherCert", "an instance of X509Certificate", other);
    return native.x509IssuedBy(this.#handle, other.#handle);
  }
  checkPrivateKey(key) {
    if (!isKeyObject(key)) throw argumentType("pkey", "an instance of KeyObject", key);
    if (key.type !== "private") throw nodeError(TypeError, "ERR_INVALID_ARG_VALUE", "The argument 'pkey' must be a private key");
    return native.keyEquals(handleOf(key, true), handleOf(this.publicKey, false));
  }
  verify(key) {
    if (!isKeyObject(key)) throw argumentType("pkey", "an instance of KeyObject", key);
    return native.x509Verify(this.#handle, handleOf(key, false));
  }
  toString() {
    return this.#info.pem;
  }
  toJSON() {
    return this.toString();
  }
  toLegacyObject() {
    const parse = (text) => Object.fromEntries((text ?? "").split("\n").filter(Boolean).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    const { validFrom, validTo, fingerprint, fingerprint256, fingerprint512, serialNumber, raw, ca } = this;
    return { subject: parse(this.subject), issuer: parse(this.issuer), subjectaltname: this.subjectAltName, ca, valid_from: validFrom, valid_to: validTo, fingerprint, fingerprint256, fingerprint512, ext_key_usage: this.keyUsage, serialNumber, raw };
  }
  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `X509Certificate ${inspect(Object.fromEntries(shown.map((name) => [name, this[name]])), options)}`;
  }
}

module.exports = { X509Certificate };
