// SubtleCrypto (Web Cryptography API, W3C; the Edwards curves as in its Level 2), over the same natives as Node's crypto.
//
// A row of `algorithms` says what an algorithm can do; SubtleCrypto's methods check what all have in common and ask it.
const { asInterface, viewOf, invalid } = require("idl");
const { DOMException } = require("dom-exception");
const { Buffer } = require("buffer");
const { promisify } = require("util");

const secret = Symbol("SubtleCrypto");
const illegal = () => Object.assign(new TypeError("Illegal constructor"), { code: "ERR_ILLEGAL_CONSTRUCTOR" });
const fail = (message, name) => new DOMException(message, name);
const keysModule = () => require("crypto-keys");

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
  static copyOfKey(key) {
    return new CryptoKey(secret, key.#type, key.#isExtractable, key.#algorithm, key.#usages, key.#data);
  }
  static isKey(value) {
    return typeof value === "object" && value !== null && #data in value;
  }
}
const { dataOf, isKey, copyOfKey } = CryptoKey;
delete CryptoKey.dataOf;
delete CryptoKey.isKey;
delete CryptoKey.copyOfKey;
asInterface(CryptoKey, ["type", "extractable", "algorithm", "usages"]);

// --- what several have in common ---

const digests = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const blocks = { "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };
const allUsages = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

const nameOf = (algorithm) => {
  const name = typeof algorithm === "string" ? algorithm : algorithm?.name;
  if (name === undefined) throw invalid("The algorithm has no name.", "ERR_MISSING_OPTION");
  return `${name}`.toUpperCase();
};
const hashOf = (algorithm) => {
  if (algorithm === undefined) throw invalid("The algorithm has no hash.", "ERR_MISSING_OPTION");
  const name = nameOf(algorithm);
  if (!Object.hasOwn(digests, name)) throw fail(`Unrecognized algorithm name: ${name}`, "NotSupportedError");
  return name;
};
const bytesOf = (value, what = "data") => {
  const view = viewOf(value);
  if (view === undefined) throw invalid(`The ${what} must be an ArrayBuffer or a view of one.`);
  return view.slice();
};
const member = (algorithm, name) => {
  if (algorithm?.[name] === undefined) throw invalid(`The algorithm's "${name}" is missing.`, "ERR_MISSING_OPTION");
  return algorithm[name];
};
const exactly = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const operation = (run) => {
  try {
    return run();
  } catch (cause) {
    throw new DOMException("The operation failed for an operation-specific reason", { name: "OperationError", cause });
  }
};
const readData = (run) => {
  let handle;
  try {
    handle = run();
  } catch (cause) {
    throw new DOMException("Invalid keyData", { name: "DataError", cause });
  }
  if (handle === undefined) throw fail("Invalid keyData", "DataError");
  return handle;
};
const pick = (usages, allowed) => allUsages.filter((usage) => usages.includes(usage) && allowed.includes(usage));
const checkAllowed = (usages, allowed, name) => {
  if (usages.some((usage) => !allowed.includes(usage))) throw fail(`Unsupported key usage for a ${name} key`, "SyntaxError");
};
const notEmpty = (usages) => {
  if (usages.length === 0) throw fail("Usages cannot be empty when creating a key.", "SyntaxError");
};
const makeSecret = (algorithm, bytes, isExtractable, usages) => new CryptoKey(secret, "secret", isExtractable, algorithm, pick(usages, allUsages), bytes);
const makeKey = (type, algorithm, handle, isExtractable, usages) => new CryptoKey(secret, type, isExtractable, algorithm, pick(usages, allUsages), handle);
const makePair = (algorithm, handle, isExtractable, usages, publicUsages, privateUsages) => {
  const own = pick(usages, privateUsages);
  notEmpty(own);
  return { publicKey: makeKey("public", algorithm, handle, true, pick(usages, publicUsages)), privateKey: makeKey("private", algorithm, handle, isExtractable, own) };
};
const unsupportedFormat = (name, format) => fail(`Unable to import or export a ${name} key with format ${format}`, "NotSupportedError");

const checkJwk = (jwk, isExtractable, usages, use) => {
  if (jwk === null || typeof jwk !== "object") throw invalid("The keyData must be a JSON Web Key.");
  if (jwk.use !== undefined && usages.length > 0 && jwk.use !== use) throw fail("Invalid JWK \"use\" Parameter", "DataError");
  if (jwk.key_ops !== undefined && (new Set(jwk.key_ops).size !== jwk.key_ops.length || usages.some((usage) => !jwk.key_ops.includes(usage)))) throw fail("Key operations and usage mismatch", "DataError");
  if (jwk.ext === false && isExtractable) throw fail("JWK \"ext\" Parameter and extractable mismatch", "DataError");
};
const jwkOf = (key, parts) => ({ ...parts, key_ops: [...key.usages], ext: key.extractable });
const toBase64Url = (bytes) => keysModule().toBase64Url(bytes);
const fromBase64Url = (text) => new Uint8Array(keysModule().fromBase64Url(text));

const readOctets = (name, format, keyData, isExtractable, usages, use, alg) => {
  if (format === "raw") return bytesOf(keyData, "keyData");
  if (format !== "jwk") throw unsupportedFormat(name, format);
  checkJwk(keyData, isExtractable, usages, use);
  if (keyData.kty !== "oct" || typeof keyData.k !== "string") throw fail("Invalid keyData", "DataError");
  const bytes = fromBase64Url(keyData.k);
  if (keyData.alg !== undefined && keyData.alg !== alg(bytes)) throw fail("JWK \"alg\" does not match the requested algorithm", "DataError");
  return bytes;
};
const writeOctets = (name, format, key, alg) => {
  if (format === "raw") return exactly(dataOf(key).slice());
  if (format !== "jwk") throw unsupportedFormat(name, format);
  return jwkOf(key, { kty: "oct", k: toBase64Url(dataOf(key)), alg });
};

/** spki, pkcs8 and jwk, of RSA, EC and the Edwards curves. */
const readAsymmetric = (format, keyData, isExtractable, usages, { name, use, checkParts, publicUsages, privateUsages, jwkUse }) => {
  const { handleOf } = keysModule();
  if (format === "spki" || format === "pkcs8") {
    const isPrivate = format === "pkcs8";
    checkAllowed(usages, isPrivate ? privateUsages : publicUsages, name);
    const bytes = bytesOf(keyData, "keyData");
    return { type: isPrivate ? "private" : "public", handle: readData(() => handleOf({ key: bytes, format: "der", type: format }, isPrivate)) };
  }
  if (format !== "jwk") throw unsupportedFormat(name, format);
  const isPrivate = keyData?.d !== undefined;
  checkJwk(keyData, isExtractable, usages, jwkUse ?? use);
  checkAllowed(usages, isPrivate ? privateUsages : publicUsages, name);
  checkParts(keyData);
  return { type: isPrivate ? "private" : "public", handle: readData(() => handleOf({ key: keyData, format: "jwk" }, isPrivate)) };
};
const writeAsymmetric = (name, format, key, alg) => {
  const { keyObjectOf } = keysModule();
  const isPrivate = key.type === "private";
  if (format === "jwk") {
    const jwk = keyObjectOf(key.type, dataOf(key)).export({ format: "jwk" });
    return jwkOf(key, alg === undefined ? jwk : { ...jwk, alg });
  }
  if (format !== (isPrivate ? "pkcs8" : "spki")) {
    if (format === "spki" || format === "pkcs8") throw fail(`Unable to export a ${key.type} key with format ${format}`, "InvalidAccessError");
    throw unsupportedFormat(name, format);
  }
  return operation(() => exactly(native.keyWrite(dataOf(key), "der", format, isPrivate)));
};

// --- AES ---

const aesLength = (algorithm) => {
  const length = Number(member(algorithm, "length"));
  if (![128, 192, 256].includes(length)) throw fail("Invalid key length", "OperationError");
  return length;
};
const aesRow = (name, usages, jwkName, ways) => ({
  usages,
  generate(algorithm, isExtractable, wanted) {
    const length = aesLength(algorithm);
    notEmpty(wanted);
    return makeSecret({ name, length }, native.randomBytes(length / 8), isExtractable, wanted);
  },
  import(format, keyData, algorithm, isExtractable, wanted) {
    const bytes = readOctets(name, format, keyData, isExtractable, wanted, "enc", (key) => `A${key.length * 8}${jwkName}`);
    if (![16, 24, 32].includes(bytes.length)) throw fail("Invalid key length", "DataError");
    notEmpty(wanted);
    return makeSecret({ name, length: bytes.length * 8 }, bytes, isExtractable, wanted);
  },
  export: (format, key) => writeOctets(name, format, key, `A${key.algorithm.length}${jwkName}`),
  length: aesLength,
  ...ways,
});
const crypt = (cipher, key, iv, data, isEncrypting) => {
  const { createCipheriv, createDecipheriv } = require("crypto-cipher");
  const codec = (isEncrypting ? createCipheriv : createDecipheriv)(cipher, dataOf(key), iv);
  return Buffer.concat([codec.update(data), codec.final()]);
};
const aesCipher = (key, mode) => `aes-${key.algorithm.length}-${mode}`;

const cbc = (isEncrypting) => (algorithm, key, data) => {
  const iv = bytesOf(member(algorithm, "iv"), "iv");
  if (iv.length !== 16) throw fail("The \"iv\" must have 16 bytes", "OperationError");
  return exactly(operation(() => crypt(aesCipher(key, "cbc"), key, iv, data, isEncrypting)));
};
const ctr = (algorithm, key, data) => {
  const counter = bytesOf(member(algorithm, "counter"), "counter");
  const length = Number(member(algorithm, "length"));
  if (counter.length !== 16) throw fail("The \"counter\" must have 16 bytes", "OperationError");
  if (!(length >= 1 && length <= 128)) throw fail("The \"length\" must be from 1 to 128", "OperationError");
  const value = BigInt(`0x${Buffer.from(counter).toString("hex")}`);
  const size = 1n << BigInt(length);
  const start = value % size;
  const blocksNeeded = BigInt(Math.ceil(data.length / 16));
  if (blocksNeeded > size) throw fail("The counter would be used twice", "OperationError");
  const untilWrap = size - start;
  const run = (from, part) => crypt(aesCipher(key, "ctr"), key, Buffer.from(from.toString(16).padStart(32, "0"), "hex"), part, true);
  if (blocksNeeded <= untilWrap) return exactly(operation(() => run(value, data)));
  const split = Number(untilWrap) * 16;
  return exactly(operation(() => Buffer.concat([run(value, data.subarray(0, split)), run(value - start, data.subarray(split))])));
};
const gcm = (isEncrypting) => (algorithm, key, data) => {
  const { createCipheriv, createDecipheriv } = require("crypto-cipher");
  const iv = bytesOf(member(algorithm, "iv"), "iv");
  const tagBits = algorithm.tagLength === undefined ? 128 : Number(algorithm.tagLength);
  if (![32, 64, 96, 104, 112, 120, 128].includes(tagBits)) throw fail(`${tagBits} is not a valid AES-GCM tag length`, "OperationError");
  const additional = algorithm.additionalData === undefined ? undefined : bytesOf(algorithm.additionalData, "additionalData");
  const tagLength = tagBits / 8;
  return exactly(
    operation(() => {
      const codec = (isEncrypting ? createCipheriv : createDecipheriv)(aesCipher(key, "gcm"), dataOf(key), iv, { authTagLength: tagLength });
      if (additional !== undefined) codec.setAAD(additional);
      if (isEncrypting) return Buffer.concat([codec.update(data), codec.final(), codec.getAuthTag()]);
      if (data.length < tagLength) throw new Error("The provided data is too small");
      codec.setAuthTag(data.subarray(data.length - tagLength));
      return Buffer.concat([codec.update(data.subarray(0, data.length - tagLength)), codec.final()]);
    }),
  );
};
const kw = (isEncrypting) => (algorithm, key, data) =>
  exactly(operation(() => crypt(`id-aes${key.algorithm.length}-wrap`, key, Buffer.alloc(8, 0xa6), data, isEncrypting)));

// --- HMAC ---

const hmac = {
  usages: ["sign", "verify"],
  hasHash: true,
  jwk: (hash) => `HS${hash.slice(4)}`,
  make: (bytes, hash, isExtractable, usages, bits = bytes.length * 8) => makeSecret({ name: "HMAC", length: bits, hash: { name: hash } }, bytes, isExtractable, usages),
  mac(key, data) {
    const handle = native.hmacNew(digests[key.algorithm.hash.name], dataOf(key));
    native.hmacUpdate(handle, data);
    return native.hmacDigest(handle);
  },
  sign: (algorithm, key, data) => exactly(hmac.mac(key, data)),
  verify(algorithm, key, signature, data) {
    const expected = hmac.mac(key, data);
    return expected.length === signature.length && native.timingSafeEqual(expected, signature);
  },
  length(algorithm) {
    const bits = algorithm.length === undefined ? blocks[hashOf(algorithm.hash)] : Number(algorithm.length);
    if (bits === 0) throw invalid("Invalid key length");
    return bits;
  },
  generate(algorithm, isExtractable, usages) {
    const hash = hashOf(algorithm.hash);
    const bits = algorithm.length === undefined ? blocks[hash] : Number(algorithm.length);
    notEmpty(usages);
    if (!Number.isInteger(bits) || bits < 1 || bits > 2 ** 20) throw fail("Invalid key length", "OperationError");
    return hmac.make(native.randomBytes(Math.ceil(bits / 8)), hash, isExtractable, usages, bits);
  },
  import(format, keyData, algorithm, isExtractable, usages) {
    const hash = hashOf(algorithm.hash);
    const bytes = readOctets("HMAC", format, keyData, isExtractable, usages, "sig", () => hmac.jwk(hash));
    if (bytes.length === 0) throw fail("Zero-length key is not supported", "DataError");
    const bits = algorithm.length === undefined ? bytes.length * 8 : Number(algorithm.length);
    if (bits > bytes.length * 8 || bits <= bytes.length * 8 - 8) throw fail("Invalid key length", "DataError");
    notEmpty(usages);
    return hmac.make(bytes, hash, isExtractable, usages, bits);
  },
  export: (format, key) => writeOctets("HMAC", format, key, hmac.jwk(key.algorithm.hash.name)),
};

// --- RSA ---

const rsaRow = (name, publicUsages, privateUsages, jwkAlg, use, ways) => ({
  usages: [...publicUsages, ...privateUsages],
  hasHash: true,
  generate(algorithm, isExtractable, usages) {
    const hash = hashOf(algorithm.hash);
    const modulusLength = Number(member(algorithm, "modulusLength"));
    const publicExponent = bytesOf(member(algorithm, "publicExponent"), "publicExponent");
    const exponent = publicExponent.reduce((sum, byte) => sum * 256 + byte, 0);
    if (exponent < 3 || exponent % 2 === 0 || exponent > 2 ** 32 || modulusLength < 256 || modulusLength > 16384) throw fail("The key can't be generated with these numbers", "OperationError");
    const handle = operation(() => native.keyGenerate("RSA", { bits: modulusLength, exponent }));
    return makePair({ name, modulusLength, publicExponent, hash: { name: hash } }, handle, isExtractable, usages, publicUsages, privateUsages);
  },
  import(format, keyData, algorithm, isExtractable, usages) {
    const hash = hashOf(algorithm.hash);
    const checkParts = (jwk) => {
      if (jwk.kty !== "RSA") throw fail("Invalid JWK \"kty\" Parameter", "DataError");
      if (jwk.alg !== undefined && jwk.alg !== jwkAlg(hash)) throw fail("JWK \"alg\" does not match the requested algorithm", "DataError");
    };
    const { type, handle } = readAsymmetric(format, keyData, isExtractable, usages, { name, use, checkParts, publicUsages, privateUsages });
    const info = native.keyInfo(handle);
    if (info.type !== "rsa") throw fail("Invalid key type", "DataError");
    if (type === "private") notEmpty(usages);
    return makeKey(type, { name, modulusLength: info.bits, publicExponent: new Uint8Array(info.publicExponent), hash: { name: hash } }, handle, isExtractable, usages);
  },
  export: (format, key) => writeAsymmetric(name, format, key, jwkAlg(key.algorithm.hash.name)),
  ...ways,
});
const RSA_PKCS1 = 1, RSA_OAEP = 4, RSA_PSS = 6;
const rsaSign = (padding) => (algorithm, key, data) =>
  exactly(operation(() => native.signData(dataOf(key), digests[key.algorithm.hash.name], data, padding, padding === RSA_PSS ? Number(member(algorithm, "saltLength")) : undefined, false)));
const rsaVerify = (padding) => (algorithm, key, signature, data) =>
  native.verifyData(dataOf(key), digests[key.algorithm.hash.name], data, padding, padding === RSA_PSS ? Number(member(algorithm, "saltLength")) : undefined, false, signature);
const oaep = (way) => (algorithm, key, data) => {
  const label = algorithm.label === undefined ? undefined : bytesOf(algorithm.label, "label");
  return exactly(operation(() => native.pkeyCrypt(way, dataOf(key), data, RSA_OAEP, digests[key.algorithm.hash.name], label)));
};

// --- curves ---

const curveOf = (algorithm) => {
  const name = member(algorithm, "namedCurve");
  if (!["P-256", "P-384", "P-521"].includes(name)) throw fail("Unrecognized namedCurve", "NotSupportedError");
  return name;
};
const ecRow = (name, publicUsages, privateUsages, use, ways) => ({
  usages: [...publicUsages, ...privateUsages],
  generate(algorithm, isExtractable, usages) {
    const namedCurve = curveOf(algorithm);
    const handle = operation(() => native.keyGenerate("EC", { curve: keysModule().curves[namedCurve][0] }));
    return makePair({ name, namedCurve }, handle, isExtractable, usages, publicUsages, privateUsages);
  },
  import(format, keyData, algorithm, isExtractable, usages) {
    const namedCurve = curveOf(algorithm);
    const [curve, length] = keysModule().curves[namedCurve];
    if (format === "raw") {
      checkAllowed(usages, publicUsages, name);
      const point = native.pointConvert(curve, bytesOf(keyData, "keyData"), "uncompressed");
      if (point === undefined) throw fail("Invalid keyData", "DataError");
      const handle = readData(() => native.keyFromParts("EC", { x: point.subarray(1, 1 + length), y: point.subarray(1 + length) }, false, curve, length));
      return makeKey("public", { name, namedCurve }, handle, isExtractable, usages);
    }
    const checkParts = (jwk) => {
      if (jwk.kty !== "EC") throw fail("Invalid JWK \"kty\" Parameter", "DataError");
      if (jwk.crv !== namedCurve) throw fail("JWK \"crv\" does not match the requested algorithm", "DataError");
    };
    const { type, handle } = readAsymmetric(format, keyData, isExtractable, usages, { name, use, checkParts, publicUsages, privateUsages });
    const info = native.keyInfo(handle);
    if (info.type !== "ec" || info.namedCurve !== curve) throw fail("Named curve mismatch", "DataError");
    /* A point that came compressed is written in full: so the key is made of its numbers. */
    if (type === "public") return makeKey(type, { name, namedCurve }, native.keyFromParts("EC", native.keyParts(handle, false), false, curve, length), isExtractable, usages);
    notEmpty(usages);
    return makeKey(type, { name, namedCurve }, handle, isExtractable, usages);
  },
  export(format, key) {
    if (format !== "raw") return writeAsymmetric(name, format, key);
    if (key.type !== "public") throw fail("Unable to export a private key with format raw", "InvalidAccessError");
    return exactly(native.keyPoint(dataOf(key)));
  },
  ...ways,
});
const okpRow = (name, publicUsages, privateUsages, use, ways) => ({
  usages: [...publicUsages, ...privateUsages],
  generate(algorithm, isExtractable, usages) {
    return makePair({ name }, operation(() => native.keyGenerate(name.toUpperCase(), {})), isExtractable, usages, publicUsages, privateUsages);
  },
  import(format, keyData, algorithm, isExtractable, usages) {
    if (format === "raw") {
      checkAllowed(usages, publicUsages, name);
      const bytes = bytesOf(keyData, "keyData");
      return makeKey("public", { name }, readData(() => native.keyFromParts("OKP", { x: bytes }, false, name)), isExtractable, usages);
    }
    const checkParts = (jwk) => {
      if (jwk.kty !== "OKP") throw fail("Invalid JWK \"kty\" Parameter", "DataError");
      if (jwk.crv !== name) throw fail("JWK \"crv\" Parameter and algorithm name mismatch", "DataError");
      if (jwk.alg !== undefined && use === "sig" && jwk.alg !== name && jwk.alg !== "EdDSA") throw fail("JWK \"alg\" does not match the requested algorithm", "DataError");
    };
    const { type, handle } = readAsymmetric(format, keyData, isExtractable, usages, { name, use, checkParts, publicUsages, privateUsages });
    if (native.keyInfo(handle).type !== name.toLowerCase()) throw fail("Invalid key type", "DataError");
    if (format === "jwk" && toBase64Url(native.keyParts(handle, false).x) !== keyData.x) throw fail("Invalid keyData", "DataError");
    if (type === "private") notEmpty(usages);
    return makeKey(type, { name }, handle, isExtractable, usages);
  },
  export(format, key) {
    if (format !== "raw") return writeAsymmetric(name, format, key);
    if (key.type !== "public") throw fail("Unable to export a private key with format raw", "InvalidAccessError");
    return exactly(native.keyParts(dataOf(key), false).x);
  },
  ...ways,
});
const edRow = (name) =>
  okpRow(name, ["verify"], ["sign"], "sig", {
    sign: (algorithm, key, data) => exactly(operation(() => native.signData(dataOf(key), undefined, data, undefined, undefined, false))),
    verify: (algorithm, key, signature, data) => native.verifyData(dataOf(key), undefined, data, undefined, undefined, false, signature),
  });
const agree = (name) => (algorithm, key, length) => {
  const other = member(algorithm, "public");
  if (!isKey(other)) throw invalid("The algorithm's \"public\" must be a CryptoKey.");
  if (other.type !== "public") throw fail("algorithm.public must be a public key", "InvalidAccessError");
  if (other.algorithm.name !== name) throw fail(`The public and private keys must be of the same type: ${name}`, "InvalidAccessError");
  if (other.algorithm.namedCurve !== key.algorithm.namedCurve) throw fail("Named curve mismatch", "InvalidAccessError");
  const bits = operation(() => native.deriveSecret(dataOf(key), dataOf(other)));
  if (length === null || length === undefined) return exactly(bits);
  if (length > bits.length * 8) throw fail("derived bit length is too small", "OperationError");
  const cut = bits.slice(0, Math.ceil(length / 8));
  if (length % 8 !== 0) cut[cut.length - 1] &= 0xff << (8 - (length % 8));
  return exactly(cut);
};

// --- derivation ---

const kdfRow = (name, derive) => ({
  usages: ["deriveKey", "deriveBits"],
  import(format, keyData, algorithm, isExtractable, usages) {
    if (format !== "raw") throw unsupportedFormat(name, format);
    if (isExtractable) throw fail(`${name} keys are not extractable`, "SyntaxError");
    notEmpty(usages);
    return makeSecret({ name }, bytesOf(keyData, "keyData"), false, usages);
  },
  length: () => null,
  async deriveBits(algorithm, key, length) {
    if (length === null || length === undefined || length % 8 !== 0) throw fail("length must be a multiple of 8", "OperationError");
    if (length === 0) return new ArrayBuffer(0);
    return derive(algorithm, key, length);
  },
});
const hkdf = async (algorithm, key, length) => {
  const hash = digests[hashOf(algorithm.hash)];
  const [salt, info] = [bytesOf(member(algorithm, "salt"), "salt"), bytesOf(member(algorithm, "info"), "info")];
  const run = promisify(require("crypto-kdf").hkdf);
  try {
    return await run(hash, dataOf(key), salt, info, length / 8);
  } catch (cause) {
    throw new DOMException("The operation failed for an operation-specific reason", { name: "OperationError", cause });
  }
};
const pbkdf2 = async (algorithm, key, length) => {
  const hash = digests[hashOf(algorithm.hash)];
  const salt = bytesOf(member(algorithm, "salt"), "salt");
  const iterations = Number(member(algorithm, "iterations"));
  if (iterations === 0) throw fail("iterations cannot be zero", "OperationError");
  return exactly(await promisify(require("crypto-kdf").pbkdf2)(dataOf(key), salt, iterations, length / 8, hash));
};

// --- the table ---

const aesUsages = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const rows = {
  "AES-CBC": aesRow("AES-CBC", aesUsages, "CBC", { encrypt: cbc(true), decrypt: cbc(false) }),
  "AES-CTR": aesRow("AES-CTR", aesUsages, "CTR", { encrypt: ctr, decrypt: ctr }),
  "AES-GCM": aesRow("AES-GCM", aesUsages, "GCM", { encrypt: gcm(true), decrypt: gcm(false) }),
  "AES-KW": aesRow("AES-KW", ["wrapKey", "unwrapKey"], "KW", { wrap: kw(true), unwrap: kw(false) }),
  HMAC: hmac,
  "RSASSA-PKCS1-v1_5": rsaRow("RSASSA-PKCS1-v1_5", ["verify"], ["sign"], (hash) => `RS${hash.slice(4)}`, "sig", { sign: rsaSign(RSA_PKCS1), verify: rsaVerify(RSA_PKCS1) }),
  "RSA-PSS": rsaRow("RSA-PSS", ["verify"], ["sign"], (hash) => `PS${hash.slice(4)}`, "sig", { sign: rsaSign(RSA_PSS), verify: rsaVerify(RSA_PSS) }),
  "RSA-OAEP": rsaRow("RSA-OAEP", ["encrypt", "wrapKey"], ["decrypt", "unwrapKey"], (hash) => (hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${hash.slice(4)}`), "enc", { encrypt: oaep("encrypt"), decrypt: oaep("decrypt") }),
  ECDSA: ecRow("ECDSA", ["verify"], ["sign"], "sig", {
    sign: (algorithm, key, data) => exactly(operation(() => native.signData(dataOf(key), digests[hashOf(algorithm.hash)], data, undefined, undefined, true))),
    verify: (algorithm, key, signature, data) => native.verifyData(dataOf(key), digests[hashOf(algorithm.hash)], data, undefined, undefined, true, signature),
  }),
  ECDH: ecRow("ECDH", [], ["deriveKey", "deriveBits"], "enc", { deriveBits: agree("ECDH") }),
  Ed25519: edRow("Ed25519"),
  Ed448: edRow("Ed448"),
  X25519: okpRow("X25519", [], ["deriveKey", "deriveBits"], "enc", { deriveBits: agree("X25519") }),
  X448: okpRow("X448", [], ["deriveKey", "deriveBits"], "enc", { deriveBits: agree("X448") }),
  HKDF: kdfRow("HKDF", hkdf),
  PBKDF2: kdfRow("PBKDF2", pbkdf2),
};
const byName = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name.toUpperCase(), { name, ...row }]));

const rowOf = (algorithm, what) => {
  const name = nameOf(algorithm);
  const row = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (row === undefined || (what !== undefined && row[what] === undefined)) throw fail(`Unrecognized algorithm name: ${typeof algorithm === "string" ? algorithm : algorithm?.name}`, "NotSupportedError");
  return row;
};
/** What makes a key: its hash has to be known before anything else is looked at ("normalizing an algorithm"). */
const makerOf = (algorithm, what) => {
  const row = rowOf(algorithm, what);
  if (row.hasHash) hashOf(algorithm.hash);
  return row;
};
const useOf = (algorithm, key, usage, ...whats) => {
  const row = rowOf(algorithm);
  const run = whats.map((what) => row[what]).find(Boolean);
  if (run === undefined) throw fail(`${row.name} can't ${usage}`, "NotSupportedError");
  if (!isKey(key)) throw invalid("The key must be a CryptoKey.");
  if (key.algorithm.name !== row.name) throw fail("Key algorithm mismatch", "InvalidAccessError");
  if (!key.usages.includes(usage)) throw fail(`Unable to use this key to ${usage}`, "InvalidAccessError");
  return run;
};
const objectOf = (algorithm) => (typeof algorithm === "string" ? { name: algorithm } : algorithm);
const usagesOf = (usages, row) => {
  const list = [...usages].map(String);
  for (const usage of list) if (!allUsages.includes(usage)) throw invalid(`"${usage}" is not a key usage.`);
  checkAllowed(list, row.usages, row.name);
  return list;
};
const checkFormat = (format) => {
  if (!["raw", "spki", "pkcs8", "jwk"].includes(format)) throw invalid(`"${format}" is not a key format.`);
  return format;
};

class SubtleCrypto {
  constructor(given) {
    if (given !== secret) throw illegal();
  }
  async digest(algorithm, data) {
    const name = hashOf(algorithm);
    return exactly(native.digest(digests[name], bytesOf(data)));
  }
  async encrypt(algorithm, key, data) {
    const bytes = bytesOf(data);
    return useOf(algorithm, key, "encrypt", "encrypt")(objectOf(algorithm), key, bytes);
  }
  async decrypt(algorithm, key, data) {
    const bytes = bytesOf(data);
    return useOf(algorithm, key, "decrypt", "decrypt")(objectOf(algorithm), key, bytes);
  }
  async sign(algorithm, key, data) {
    const bytes = bytesOf(data);
    return useOf(algorithm, key, "sign", "sign")(objectOf(algorithm), key, bytes);
  }
  async verify(algorithm, key, signature, data) {
    const [given, bytes] = [bytesOf(signature, "signature"), bytesOf(data)];
    return useOf(algorithm, key, "verify", "verify")(objectOf(algorithm), key, given, bytes);
  }
  async generateKey(algorithm, extractable, keyUsages) {
    const row = makerOf(algorithm, "generate");
    return row.generate(objectOf(algorithm), Boolean(extractable), usagesOf(keyUsages, row));
  }
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    const row = makerOf(algorithm, "import");
    return row.import(checkFormat(format), keyData, objectOf(algorithm), Boolean(extractable), usagesOf(keyUsages, row));
  }
  async exportKey(format, key) {
    checkFormat(format);
    if (!isKey(key)) throw invalid("The key must be a CryptoKey.");
    const row = rowOf(key.algorithm);
    if (row.export === undefined) throw unsupportedFormat(row.name, format);
    if (!key.extractable) throw fail("key is not extractable", "InvalidAccessError");
    return row.export(format, key);
  }
  async deriveBits(algorithm, key, length = null) {
    return useOf(algorithm, key, "deriveBits", "deriveBits")(objectOf(algorithm), key, length);
  }
  async deriveKey(algorithm, key, derivedKeyType, extractable, keyUsages) {
    const run = useOf(algorithm, key, "deriveKey", "deriveBits");
    const row = rowOf(derivedKeyType, "length");
    const length = row.length(objectOf(derivedKeyType));
    const bits = await run(objectOf(algorithm), key, length);
    return row.import("raw", bits, objectOf(derivedKeyType), Boolean(extractable), usagesOf(keyUsages, row));
  }
  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    const run = useOf(wrapAlgorithm, wrappingKey, "wrapKey", "wrap", "encrypt");
    const exported = await this.exportKey(format, key);
    let bytes = format === "jwk" ? native.utf8Encode(JSON.stringify(exported)) : new Uint8Array(exported);
    if (format === "jwk" && wrappingKey.algorithm.name === "AES-KW" && bytes.length % 8 !== 0) bytes = Buffer.concat([bytes, Buffer.alloc(8 - (bytes.length % 8), " ")]);
    return run(objectOf(wrapAlgorithm), wrappingKey, bytes);
  }
  async unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
    const wrapped = bytesOf(wrappedKey, "wrappedKey");
    const run = useOf(unwrapAlgorithm, unwrappingKey, "unwrapKey", "unwrap", "decrypt");
    const bytes = await run(objectOf(unwrapAlgorithm), unwrappingKey, wrapped);
    let data = bytes;
    if (format === "jwk")
      try {
        data = JSON.parse(native.utf8Decode(new Uint8Array(bytes), false));
      } catch (cause) {
        throw new DOMException("Invalid wrapped JWK key", { name: "DataError", cause });
      }
    return this.importKey(format, data, unwrappedKeyAlgorithm, extractable, keyUsages);
  }
}
asInterface(SubtleCrypto);

module.exports = { subtle: new SubtleCrypto(secret), SubtleCrypto, CryptoKey, dataOf, isKey, copyOfKey };
