// New keys.
const { later } = require("crypto-util");
const { createSecretKey, keyObjectOf } = require("crypto-keys");
const { argumentType, argumentValue, checkFunction, checkInteger, nodeError } = require("node-errors");
const promisify = Symbol.for("nodejs.util.promisify.custom");

const curveOf = (name) => {
  if (typeof name !== "string") throw argumentType("options.namedCurve", "of type string", name);
  const known = { "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1" }[name] ?? name;
  if (!native.curveNames().includes(known)) throw nodeError(TypeError, "ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name");
  return known;
};
const digestOf = (name, key) => {
  if (name === undefined) return undefined;
  if (typeof name !== "string") throw argumentType(`options.${key}`, "of type string", name);
  if (native.hashNew(name) === undefined) throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid ${key === "hashAlgorithm" ? "digest" : "MGF1 digest"}: ${name}`);
  return name;
};

const rsa = (options) => {
  checkInteger("options.modulusLength", options.modulusLength, 512, 16384);
  if (options.publicExponent !== undefined) checkInteger("options.publicExponent", options.publicExponent, 3, 2 ** 32 - 1);
  return { bits: options.modulusLength, exponent: options.publicExponent ?? 65537 };
};
const groups = { modp14: "modp_2048", modp15: "modp_3072", modp16: "modp_4096", modp17: "modp_6144", modp18: "modp_8192" };
const kinds = {
  rsa: (options) => ["RSA", rsa(options)],
  "rsa-pss": (options) => [
    "RSA-PSS",
    { ...rsa(options), digest: digestOf(options.hashAlgorithm ?? options.hash, "hashAlgorithm"), mgf1: digestOf(options.mgf1HashAlgorithm ?? options.mgf1Hash, "mgf1HashAlgorithm"), salt: options.saltLength },
  ],
  ec: (options) => ["EC", { curve: curveOf(options.namedCurve) }],
  ed25519: () => ["ED25519", {}],
  ed448: () => ["ED448", {}],
  x25519: () => ["X25519", {}],
  x448: () => ["X448", {}],
  dh: (options) => {
    if (groups[options.group] === undefined) throw nodeError(Error, "ERR_CRYPTO_UNKNOWN_DH_GROUP", "Unknown DH group");
    return ["DH", { group: groups[options.group] }];
  },
};

const plan = (type, options) => {
  if (typeof type !== "string") throw argumentType("type", "of type string", type);
  if (!Object.hasOwn(kinds, type)) throw argumentValue("type", type, "must be a supported key type");
  const needs = type.startsWith("rsa") || type === "ec" || type === "dh";
  if (options === undefined ? needs : options === null || typeof options !== "object") throw argumentType("options", "of type object", options);
  return kinds[type](options ?? {});
};
const encode = (key, encoding) => (encoding === undefined || encoding === null ? key : key.export(encoding));
const make = ([kind, wishes], options) => {
  const handle = native.keyGenerate(kind, wishes);
  return {
    publicKey: encode(keyObjectOf("public", handle), options?.publicKeyEncoding),
    privateKey: encode(keyObjectOf("private", handle), options?.privateKeyEncoding),
  };
};

const generateKeyPairSync = (type, options) => make(plan(type, options), options);
const generateKeyPair = (type, options, callback) => {
  if (typeof options === "function") [options, callback] = [undefined, options];
  checkFunction("callback", callback);
  const planned = plan(type, options);
  later(
    () => make(planned, options),
    (error, pair) => (error ? callback(error) : callback(null, pair.publicKey, pair.privateKey)),
  );
};
Object.defineProperty(generateKeyPair, promisify, {
  value: (type, options) =>
    new Promise((resolve, reject) => generateKeyPair(type, options, (error, publicKey, privateKey) => (error ? reject(error) : resolve({ publicKey, privateKey })))),
});

const lengthOf = (type, options) => {
  if (typeof type !== "string") throw argumentType("type", "of type string", type);
  if (options === null || typeof options !== "object") throw argumentType("options", "of type object", options);
  if (type === "hmac") checkInteger("options.length", options.length, 8, 2 ** 31 - 1);
  else if (type !== "aes") throw argumentValue("type", type, "must be a supported key type");
  else if (![128, 192, 256].includes(options.length)) throw argumentValue("options.length", options.length, "must be one of: 128, 192, 256");
  return Math.floor(options.length / 8);
};
const generateKeySync = (type, options) => createSecretKey(native.randomBytes(lengthOf(type, options)));
const generateKey = (type, options, callback) => {
  checkFunction("callback", callback);
  const length = lengthOf(type, options);
  later(() => createSecretKey(native.randomBytes(length)), callback);
};

module.exports = { generateKeyPair, generateKeyPairSync, generateKey, generateKeySync, getCurves: () => native.curveNames() };
