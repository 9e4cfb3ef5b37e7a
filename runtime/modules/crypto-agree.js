// Agreement on a secret: Diffie and Hellman's way, over numbers and over curves; and prime numbers.
const { Buffer } = require("buffer");
const { bufferOf, toBytes, toOutput, later } = require("crypto-util");
const { curves, handleOf, isKeyObject } = require("crypto-keys");
const { argumentType, argumentValue, checkFunction, checkInteger, nodeError } = require("node-errors");

// --- curves ---

class ECDHClass {
  #curve;
  #secret;
  #point;
  constructor(curve) {
    if (typeof curve !== "string") throw argumentType("curve", "of type string", curve);
    this.#curve = curves[curve]?.[0] ?? curve;
    if (!native.curveNames().includes(this.#curve)) throw nodeError(TypeError, "ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name");
  }
  generateKeys(encoding, format) {
    const handle = native.keyGenerate("EC", { curve: this.#curve });
    this.#secret = bufferOf(native.keyParts(handle, true).d);
    this.#point = bufferOf(native.keyPoint(handle));
    return this.getPublicKey(encoding, format);
  }
  computeSecret(other, inputEncoding, outputEncoding) {
    if (this.#secret === undefined) throw nodeError(Error, "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Private key is not set");
    const point = native.pointConvert(this.#curve, toBytes("otherPublicKey", other, inputEncoding), "uncompressed");
    if (point === undefined) throw nodeError(Error, "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Public key is not valid for specified curve");
    const half = (point.length - 1) / 2;
    const make = (bytes, d) => native.keyFromParts("EC", { x: bytes.subarray(1, 1 + half), y: bytes.subarray(1 + half), d }, d !== undefined, this.#curve, half);
    return toOutput(native.deriveSecret(make(this.#point, this.#secret), make(point)), outputEncoding);
  }
  getPrivateKey(encoding) {
    if (this.#secret === undefined) throw nodeError(Error, "ERR_CRYPTO_ECDH_INVALID_PRIVATE_KEY", "Failed to get ECDH private key");
    return toOutput(this.#secret, encoding);
  }
  getPublicKey(encoding, format) {
    if (this.#point === undefined) throw nodeError(Error, "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Failed to get ECDH public key");
    return toOutput(convert(this.#curve, this.#point, format), encoding);
  }
  setPrivateKey(key, encoding) {
    const secret = Buffer.from(toBytes("key", key, encoding));
    const point = native.pointOf(this.#curve, secret);
    if (point === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_KEYTYPE", "Private key is not valid for specified curve.");
    this.#secret = secret;
    this.#point = bufferOf(point);
    return this;
  }
  setPublicKey(key, encoding) {
    const point = native.pointConvert(this.#curve, toBytes("key", key, encoding), "uncompressed");
    if (point === undefined) throw nodeError(Error, "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Public key is not valid for specified curve");
    this.#point = bufferOf(point);
    return this;
  }
}
const formats = ["compressed", "uncompressed", "hybrid"];
const convert = (curve, point, format = "uncompressed") => {
  if (!formats.includes(format)) throw nodeError(TypeError, "ERR_CRYPTO_ECDH_INVALID_FORMAT", `Invalid ECDH format: ${format}`);
  return native.pointConvert(curve, point, format);
};
function ECDH(curve) {
  return Reflect.construct(ECDHClass, [curve], new.target ?? ECDH);
}
ECDH.prototype = ECDHClass.prototype;
Object.defineProperty(ECDH.prototype, "constructor", { value: ECDH, writable: true, configurable: true });
ECDH.convertKey = (key, curve, inputEncoding, outputEncoding, format = "uncompressed") => {
  if (typeof curve !== "string") throw argumentType("curve", "of type string", curve);
  const bytes = toBytes("key", key, inputEncoding);
  const point = convert(curves[curve]?.[0] ?? curve, bytes, format);
  if (point === undefined) throw nodeError(Error, "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Failed to convert Buffer to EC_POINT");
  return toOutput(point, outputEncoding);
};

// --- numbers ---

/* RFC 2409 and RFC 3526: group name -> bits. */
const groups = { modp1: 768, modp2: 1024, modp5: 1536, modp14: 2048, modp15: 3072, modp16: 4096, modp17: 6144, modp18: 8192 };
const primeOf = (name) => {
  const bits = Object.hasOwn(groups, `${name}`.toLowerCase()) ? groups[`${name}`.toLowerCase()] : undefined;
  if (bits === undefined) throw nodeError(Error, "ERR_CRYPTO_UNKNOWN_DH_GROUP", "Unknown DH group");
  return bufferOf(native.dhPrime(bits));
};
const strip = (bytes) => {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  return bytes.subarray(from);
};

class DiffieHellmanClass {
  #prime;
  #generator;
  #secret;
  #public;
  verifyError = 0;
  constructor(prime, generator) {
    this.#prime = prime;
    this.#generator = generator;
  }
  generateKeys(encoding) {
    if (this.#secret === undefined) {
      const secret = bufferOf(native.randomBytes(this.#prime.length));
      /* Below the prime, so that it is in the group's range. */
      secret[0] &= Math.max(this.#prime[0] >> 1, 1) - 1;
      secret[secret.length - 1] |= 2;
      this.#secret = strip(secret);
    }
    this.#public = bufferOf(native.modExp(this.#generator, this.#secret, this.#prime));
    return this.getPublicKey(encoding);
  }
  computeSecret(other, inputEncoding, outputEncoding) {
    const key = toBytes("otherPublicKey", other, inputEncoding);
    const value = BigInt(`0x${Buffer.from(key).toString("hex") || "0"}`);
    const prime = BigInt(`0x${this.#prime.toString("hex")}`);
    if (value <= 1n) throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Supplied key is too small");
    if (value >= prime - 1n) throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Supplied key is too large");
    return toOutput(native.modExp(key, this.#secret, this.#prime), outputEncoding);
  }
  getPrime(encoding) {
    return toOutput(Buffer.from(this.#prime), encoding);
  }
  getGenerator(encoding) {
    return toOutput(Buffer.from(this.#generator), encoding);
  }
  getPublicKey(encoding) {
    if (this.#public === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_STATE", "No public key - did you forget to generate one?");
    return toOutput(Buffer.from(this.#public), encoding);
  }
  getPrivateKey(encoding) {
    if (this.#secret === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_STATE", "No private key - did you forget to generate one?");
    return toOutput(Buffer.from(this.#secret), encoding);
  }
  setPublicKey(key, encoding) {
    this.#public = Buffer.from(toBytes("key", key, encoding));
    return this;
  }
  setPrivateKey(key, encoding) {
    this.#secret = Buffer.from(toBytes("key", key, encoding));
    return this;
  }
}
const generatorOf = (generator, encoding) => {
  if (generator === undefined || generator === null) return Buffer.from([2]);
  if (typeof generator !== "number") return Buffer.from(toBytes("generator", generator, encoding));
  if (generator < 2) throw nodeError(Error, "ERR_OSSL_DH_BAD_GENERATOR", "error:0280007A:Diffie-Hellman routines::bad generator");
  return Buffer.from([(generator >> 24) & 255, (generator >> 16) & 255, (generator >> 8) & 255, generator & 255].slice(generator > 0xffffff ? 0 : generator > 0xffff ? 1 : generator > 0xff ? 2 : 3));
};
function DiffieHellman(sizeOrKey, keyEncoding, generator, generatorEncoding) {
  if (typeof keyEncoding !== "string" || !Buffer.isEncoding(keyEncoding)) [keyEncoding, generator, generatorEncoding] = [undefined, keyEncoding, generator];
  let prime;
  if (typeof sizeOrKey === "number") {
    checkInteger("sizeOrKey", sizeOrKey, 2, 16384);
    prime = bufferOf(native.primeGenerate(sizeOrKey, true));
  } else if (typeof sizeOrKey === "string" || ArrayBuffer.isView(sizeOrKey) || sizeOrKey instanceof ArrayBuffer) prime = Buffer.from(toBytes("sizeOrKey", sizeOrKey, keyEncoding));
  else throw argumentType("sizeOrKey", "of type number or string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView", sizeOrKey);
  return Reflect.construct(DiffieHellmanClass, [prime, generatorOf(generator, generatorEncoding)], new.target ?? DiffieHellman);
}
DiffieHellman.prototype = DiffieHellmanClass.prototype;
function DiffieHellmanGroup(name) {
  return Reflect.construct(DiffieHellmanClass, [primeOf(name), Buffer.from([2])], new.target ?? DiffieHellmanGroup);
}
DiffieHellmanGroup.prototype = Object.create(DiffieHellmanClass.prototype, {
  constructor: { value: DiffieHellmanGroup, writable: true, configurable: true },
  setPublicKey: { value: undefined },
  setPrivateKey: { value: undefined },
});

const diffieHellman = (options, callback) => {
  if (options === null || typeof options !== "object") throw argumentType("options", "of type object", options);
  const { privateKey, publicKey } = options;
  for (const [name, key, type] of [["privateKey", privateKey, "private"], ["publicKey", publicKey, "public"]]) {
    if (!isKeyObject(key)) throw argumentValue(`options.${name}`, key);
    if (key.type !== type && !(type === "public" && key.type === "private")) throw nodeError(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${key.type}, expected ${type}.`);
  }
  const compute = () => bufferOf(native.deriveSecret(handleOf(privateKey, true), handleOf(publicKey, false)));
  if (callback === undefined) return compute();
  checkFunction("callback", callback);
  later(compute, callback);
  return undefined;
};

// --- primes ---

const numberBytes = (name, value) => {
  if (value === undefined) return undefined;
  if (typeof value !== "bigint") return toBytes(name, value);
  if (value < 0n) throw require("node-errors").outOfRange(name, ">= 0", value);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex");
};
const planPrime = (size, options = {}) => {
  checkInteger("size", size, 1, 65536);
  const { safe = false, bigint = false, add, rem } = options;
  for (const [name, value] of Object.entries({ safe, bigint })) if (typeof value !== "boolean") throw argumentType(`options.${name}`, "of type boolean", value);
  const [addBytes, remBytes] = [numberBytes("options.add", add), numberBytes("options.rem", rem)];
  return () => {
    const bytes = bufferOf(native.primeGenerate(size, safe, addBytes, remBytes));
    if (bigint) return BigInt(`0x${bytes.toString("hex")}`);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  };
};
const asynchronous = (plan) => (value, options, callback) => {
  if (typeof options === "function") [options, callback] = [undefined, options];
  checkFunction("callback", callback);
  later(plan(value, options ?? {}), callback);
};
const planCheck = (candidate) => {
  const bytes = numberBytes("candidate", candidate);
  return () => native.primeCheck(bytes);
};

module.exports = {
  ECDH,
  DiffieHellman,
  DiffieHellmanGroup,
  createECDH: (curve) => new ECDH(curve),
  createDiffieHellman: (...args) => new DiffieHellman(...args),
  createDiffieHellmanGroup: (name) => new DiffieHellmanGroup(name),
  getDiffieHellman: (name) => new DiffieHellmanGroup(name),
  diffieHellman,
  generatePrimeSync: (size, options) => planPrime(size, options)(),
  generatePrime: asynchronous(planPrime),
  checkPrimeSync: (candidate) => planCheck(candidate)(),
  checkPrime: asynchronous(planCheck),
};
