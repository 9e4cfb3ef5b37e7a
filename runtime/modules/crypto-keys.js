// Key objects: secret, public and private.
const { Buffer } = require("buffer");
const { bufferOf, toInput, toBytes } = require("crypto-util");
const { viewOf } = require("idl");
const { argumentType, argumentValue, nodeError } = require("node-errors");

const secret = Symbol("KeyObject");
const toBase64Url = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64").replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const fromBase64Url = (text) => Buffer.from(text.replaceAll("-", "+").replaceAll("_", "/"), "base64");

/** Curves by the names of JSON Web Keys (RFC 7518 §6.2.1.1) and by OpenSSL's. */
const curves = { "P-256": ["prime256v1", 32], "P-384": ["secp384r1", 48], "P-521": ["secp521r1", 66], secp256k1: ["secp256k1", 32] };
const jwkCurve = (name) => Object.keys(curves).find((key) => curves[key][0] === name);

class KeyObject {
  #type;
  #data; // bytes of a secret key, else a handle
  #info;
  constructor(given, type, data) {
    if (given !== secret) throw nodeError(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
    this.#type = type;
    this.#data = data;
  }
  get type() {
    return this.#type;
  }
  get [Symbol.toStringTag]() {
    return "KeyObject";
  }
  equals(other) {
    if (!isKeyObject(other)) throw argumentType("otherKeyObject", "an instance of KeyObject", other);
    if (this.#type !== other.#type) return false;
    if (this.#type !== "secret") return native.keyEquals(this.#data, other.#data);
    return this.#data.length === other.#data.length && native.timingSafeEqual(this.#data, other.#data);
  }
  static from(key) {
    const web = require("webcrypto-subtle");
    if (!web.isKey(key)) throw argumentType("key", "an instance of CryptoKey", key);
    return key.type === "secret" ? new SecretKeyObject(secret, "secret", web.dataOf(key)) : keyObjectOf(key.type, web.dataOf(key));
  }
  static isKeyObject(value) {
    return typeof value === "object" && value !== null && #data in value;
  }
  static dataOf(value) {
    return value.#data;
  }
  static infoOf(value) {
    return (value.#info ??= native.keyInfo(value.#data));
  }
}
const { isKeyObject, dataOf, infoOf } = KeyObject;
for (const name of ["isKeyObject", "dataOf", "infoOf"]) delete KeyObject[name];
Object.defineProperty(KeyObject, "name", { value: "KeyObject", configurable: true });

class SecretKeyObject extends KeyObject {
  get symmetricKeySize() {
    return dataOf(this).length;
  }
  export(options) {
    if (options !== undefined && (options === null || typeof options !== "object")) throw argumentType("options", "of type object", options);
    const format = options?.format ?? "buffer";
    if (format === "buffer") return Buffer.from(dataOf(this));
    if (format !== "jwk") throw argumentValue("options.format", format);
    return { kty: "oct", k: toBase64Url(dataOf(this)) };
  }
}

const detailsOf = (key) => {
  const info = infoOf(key);
  const details = {};
  if (info.publicExponent !== undefined) {
    details.modulusLength = info.bits;
    details.publicExponent = BigInt(`0x${bufferOf(info.publicExponent).toString("hex")}`);
  }
  for (const name of ["namedCurve", "hashAlgorithm", "mgf1HashAlgorithm", "saltLength"]) if (info[name] !== undefined) details[name] = info[name];
  return details;
};

const exportJwk = (key, isPrivate) => {
  const parts = native.keyParts(dataOf(key), isPrivate);
  const type = infoOf(key).type;
  const write = (...names) => Object.fromEntries(names.filter((name) => parts[name] !== undefined).map((name) => [name, toBase64Url(parts[name])]));
  if (type === "rsa") return { kty: "RSA", ...write("n", "e", "d", "p", "q", "dp", "dq", "qi") };
  if (type === "ec") {
    const crv = jwkCurve(infoOf(key).namedCurve);
    if (crv === undefined) throw nodeError(Error, "ERR_CRYPTO_JWK_UNSUPPORTED_CURVE", `Unsupported JWK EC curve: ${infoOf(key).namedCurve}.`);
    return { crv, ...write("d", "x", "y"), kty: "EC" };
  }
  if (parts.crv !== undefined) return { crv: parts.crv, ...write("d", "x"), kty: "OKP" };
  throw nodeError(Error, "ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE", "Unsupported JWK Key Type.");
};

const exportKey = (key, options, isPrivate) => {
  if (options === undefined || options === null || typeof options !== "object") throw argumentType("options", "of type object", options);
  const { format, type, cipher, passphrase } = options;
  if (format === "jwk") {
    if (passphrase !== undefined) throw nodeError(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", "The selected key encoding jwk does not support encryption.");
    return exportJwk(key, isPrivate);
  }
  if (format !== "pem" && format !== "der") throw argumentValue("options.format", format);
  const types = isPrivate ? ["pkcs1", "pkcs8", "sec1"] : ["pkcs1", "spki"];
  if (!types.includes(type)) throw argumentValue("options.type", type);
  const kind = infoOf(key).type;
  if (type === "pkcs1" && kind !== "rsa") throw nodeError(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", "The selected key encoding pkcs1 can only be used for RSA keys.");
  if (type === "sec1" && kind !== "ec") throw nodeError(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", "The selected key encoding sec1 can only be used for EC keys.");
  if (cipher !== undefined && cipher !== null) {
    if (typeof cipher !== "string") throw argumentValue("options.cipher", cipher);
    if (typeof passphrase !== "string" && viewOf(passphrase) === undefined) throw argumentValue("options.passphrase", passphrase);
  } else if (passphrase !== undefined) throw argumentValue("options.cipher", cipher);
  const bytes = bufferOf(native.keyWrite(dataOf(key), format, type, isPrivate, cipher ?? undefined, cipher ? toInput("passphrase", passphrase) : undefined));
  return format === "pem" ? bytes.toString("latin1") : bytes;
};

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() {
    return infoOf(this).type;
  }
  get asymmetricKeyDetails() {
    return detailsOf(this);
  }
}
class PublicKeyObject extends AsymmetricKeyObject {
  export(options) {
    return exportKey(this, options, false);
  }
}
class PrivateKeyObject extends AsymmetricKeyObject {
  export(options) {
    return exportKey(this, options, true);
  }
}

const keyObjectOf = (type, handle) => (type === "public" ? new PublicKeyObject(secret, type, handle) : new PrivateKeyObject(secret, type, handle));

const createSecretKey = (value, encoding) => {
  if (typeof value !== "string" && viewOf(value) === undefined) throw argumentType("key", "of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView", value);
  return new SecretKeyObject(secret, "secret", Buffer.from(toBytes("key", toInput("key", value, encoding))));
};

/** A JSON Web Key as a handle. */
const readJwk = (jwk, isPrivate) => {
  if (jwk === null || typeof jwk !== "object") throw argumentType("key.key", "of type object", jwk);
  const { kty } = jwk;
  const invalid = () => nodeError(Error, "ERR_CRYPTO_INVALID_JWK", "Invalid JWK data");
  const parts = {};
  const read = (...names) => {
    for (const name of names) {
      if (typeof jwk[name] !== "string") throw argumentType(`key.${name}`, "of type string", jwk[name]);
      parts[name] = fromBase64Url(jwk[name]);
    }
  };
  let handle;
  if (kty === "RSA") {
    read("n", "e");
    if (isPrivate) read("d", "p", "q", "dp", "dq", "qi");
    handle = native.keyFromParts("RSA", parts, isPrivate);
  } else if (kty === "EC") {
    if (!Object.hasOwn(curves, jwk.crv)) throw argumentValue("key.crv", jwk.crv, "must be one of: 'P-256', 'secp256k1', 'P-384', 'P-521'");
    read("x", "y");
    if (isPrivate) read("d");
    handle = native.keyFromParts("EC", parts, isPrivate, ...curves[jwk.crv]);
  } else if (kty === "OKP") {
    if (!["Ed25519", "Ed448", "X25519", "X448"].includes(jwk.crv)) throw argumentValue("key.crv", jwk.crv, "must be one of: 'Ed25519', 'Ed448', 'X25519', 'X448'");
    read("x");
    if (isPrivate) read("d");
    handle = native.keyFromParts("OKP", parts, isPrivate, jwk.crv);
  } else throw argumentValue("key.kty", kty, "must be one of: 'RSA', 'EC', 'OKP'");
  if (handle === undefined) throw invalid();
  return handle;
};

const keyTypes = "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey";

/** What Node takes for a key, as a handle. */
const handleOf = (given, isPrivate, name = "key") => {
  const object = existing(given);
  if (object !== undefined) {
    if (object.type === "secret") throw nodeError(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type secret, expected ${isPrivate ? "private" : "private or public"}.`);
    if (isPrivate && object.type === "public") throw nodeError(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", "Invalid key object type public, expected private.");
    return dataOf(object);
  }
  if (typeof given === "string" || viewOf(given) !== undefined) return native.keyRead(toInput(name, given), "pem", isPrivate);
  if (given === null || typeof given !== "object") throw argumentType(name, keyTypes.replace("or an", "or an"), given);
  const { key, format = "pem", type, passphrase, encoding } = given;
  const inner = existing(key);
  if (inner !== undefined) return handleOf(inner, isPrivate, name);
  if (format === "jwk") return readJwk(key, isPrivate);
  if (typeof key !== "string" && viewOf(key) === undefined) throw argumentType(`${name}.key`, keyTypes, key);
  if (format !== "pem" && format !== "der") throw argumentValue(`${name}.format`, format);
  if (format === "der" && !["pkcs1", "pkcs8", "sec1", "spki"].includes(type)) throw argumentValue(`${name}.type`, type);
  if (passphrase !== undefined && passphrase !== null && typeof passphrase !== "string" && viewOf(passphrase) === undefined) throw argumentValue(`${name}.passphrase`, passphrase);
  return native.keyRead(toInput(`${name}.key`, key, encoding), format, isPrivate, passphrase ?? undefined);
};
const existing = (value) => {
  if (isKeyObject(value)) return value;
  if (value === null || typeof value !== "object" || viewOf(value) !== undefined) return undefined;
  const web = require("webcrypto-subtle");
  return web.isKey(value) ? KeyObject.from(value) : undefined;
};

const createPrivateKey = (key) => {
  if (existing(key) !== undefined) throw argumentType("key", "of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView", key);
  return keyObjectOf("private", handleOf(key, true));
};
const createPublicKey = (key) => {
  const object = existing(key) ?? existing(key?.key);
  if (object !== undefined && object.type !== "private") throw nodeError(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${object.type}, expected private.`);
  return keyObjectOf("public", handleOf(key, false));
};

/** The bytes of a secret key, be it Node's or the Web's; undefined for anything else. */
const secretBytes = (value) => {
  if (isKeyObject(value)) {
    if (value.type !== "secret") throw nodeError(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${value.type}, expected secret.`);
    return dataOf(value);
  }
  const web = require("webcrypto-subtle");
  return web.isKey(value) && value.type === "secret" ? web.dataOf(value) : undefined;
};

module.exports = { KeyObject, createSecretKey, createPrivateKey, createPublicKey, secretBytes, handleOf, keyObjectOf, isKeyObject, curves, toBase64Url, fromBase64Url };
