// SubtleCrypto: digests and HMAC.
const { asInterface, viewOf, invalid } = require("idl");
const { DOMException } = require("dom-exception");
const { Buffer } = require("buffer");

const secret = Symbol("SubtleCrypto");
const illegal = () => Object.assign(new TypeError("Illegal constructor"), { code: "ERR_ILLEGAL_CONSTRUCTOR" });
const fail = (message, name) => new DOMException(message, name);
const digests = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const blocks = { "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };

class CryptoKey {
  #type;
  #isExtractable;
  #algorithm;
  #usages;
  #data;
  constructor(given, type, isExtractable, algorithm, usages, data) {
    if (given !== secret) throw illegal();
    this.#type = type;
    this.#isExtractable = isExtractable;
    this.#algorithm = algorithm;
    this.#usages = usages;
    this.#data = data;
  }
  get type() {
    return this.#type;
  }
  get extractable() {
    return this.#isExtractable;
  }
  get algorithm() {
    return this.#algorithm;
  }
  get usages() {
    return this.#usages;
  }
  static dataOf(key) {
    return key.#data;
  }
  static isKey(value) {
    return typeof value === "object" && value !== null && #data in value;
  }
}
const { dataOf, isKey } = CryptoKey;
delete CryptoKey.dataOf;
delete CryptoKey.isKey;
asInterface(CryptoKey, ["type", "extractable", "algorithm", "usages"]);

const nameOf = (algorithm) => {
  const name = typeof algorithm === "string" ? algorithm : algorithm?.name;
  if (name === undefined) throw invalid("The algorithm has no name.", "ERR_MISSING_OPTION");
  return `${name}`.toUpperCase();
};
const hashOf = (algorithm) => {
  const name = nameOf(algorithm);
  if (digests[name] === undefined) throw fail(`Unrecognized algorithm name: ${name}`, "NotSupportedError");
  return name;
};
const onlyHmac = (algorithm) => {
  const name = nameOf(algorithm);
  if (name !== "HMAC") throw fail(`Unrecognized algorithm name: ${name}`, "NotSupportedError");
};
const bytesOf = (value) => {
  const view = viewOf(value);
  if (view === undefined) throw invalid("The data must be an ArrayBuffer or a view of one.");
  return view.slice();
};
const exactly = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);

const checkUsages = (usages) => {
  const list = [...usages].map(String);
  if (list.some((usage) => usage !== "sign" && usage !== "verify")) throw fail("Unsupported key usage for an HMAC key", "SyntaxError");
  if (list.length === 0) throw fail("Usages cannot be empty when creating a key.", "SyntaxError");
  return ["sign", "verify"].filter((usage) => list.includes(usage));
};
const hmacKey = (bytes, hash, isExtractable, usages) =>
  new CryptoKey(secret, "secret", Boolean(isExtractable), { name: "HMAC", length: bytes.length * 8, hash: { name: hash } }, usages, bytes);
const mac = (key, bytes) => {
  const handle = native.hmacNew(digests[key.algorithm.hash.name], dataOf(key));
  native.hmacUpdate(handle, bytes);
  return native.hmacDigest(handle);
};
const checkUse = (algorithm, key, usage) => {
  onlyHmac(algorithm);
  if (!isKey(key)) throw invalid("The key must be a CryptoKey.");
  if (!key.usages.includes(usage)) throw fail(`Unable to use this key to ${usage}`, "InvalidAccessError");
};

class SubtleCrypto {
  constructor(given) {
    if (given !== secret) throw illegal();
  }
  async digest(algorithm, data) {
    const name = hashOf(algorithm);
    return exactly(native.digest(digests[name], bytesOf(data)));
  }
  async sign(algorithm, key, data) {
    const bytes = bytesOf(data);
    checkUse(algorithm, key, "sign");
    return exactly(mac(key, bytes));
  }
  async verify(algorithm, key, signature, data) {
    const [given, bytes] = [bytesOf(signature), bytesOf(data)];
    checkUse(algorithm, key, "verify");
    const expected = mac(key, bytes);
    return expected.length === given.length && native.timingSafeEqual(expected, given);
  }
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    onlyHmac(algorithm);
    const hash = hashOf(algorithm.hash);
    const usages = checkUsages(keyUsages);
    let bytes;
    if (format === "raw") bytes = bytesOf(keyData);
    else if (format === "jwk") {
      if (keyData?.kty !== "oct" || typeof keyData.k !== "string") throw fail("Invalid keyData", "DataError");
      bytes = new Uint8Array(Buffer.from(keyData.k.replaceAll("-", "+").replaceAll("_", "/"), "base64"));
    } else throw fail(`Unable to import HMAC key with format ${format}`, "NotSupportedError");
    if (bytes.length === 0) throw fail("Zero-length key is not supported", "DataError");
    return hmacKey(bytes, hash, extractable, usages);
  }
  async exportKey(format, key) {
    if (!isKey(key)) throw invalid("The key must be a CryptoKey.");
    if (!key.extractable) throw fail("key is not extractable", "InvalidAccessError");
    if (format === "raw") return exactly(dataOf(key).slice());
    if (format !== "jwk") throw fail(`Unable to export HMAC key with format ${format}`, "NotSupportedError");
    const alg = `HS${key.algorithm.hash.name.slice(4)}`;
    return { key_ops: [...key.usages], ext: true, kty: "oct", k: Buffer.from(dataOf(key)).toString("base64").replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""), alg };
  }
  async generateKey(algorithm, extractable, keyUsages) {
    onlyHmac(algorithm);
    const hash = hashOf(algorithm.hash);
    const usages = checkUsages(keyUsages);
    const bits = algorithm.length ?? blocks[hash];
    if (!Number.isInteger(bits) || bits < 8 || bits % 8 !== 0 || bits > 2 ** 20) throw fail("Invalid key length", "OperationError");
    return hmacKey(native.randomBytes(bits / 8), hash, extractable, usages);
  }
}
asInterface(SubtleCrypto);

module.exports = { subtle: new SubtleCrypto(secret), SubtleCrypto, CryptoKey, dataOf, isKey };
