// Keys from passwords and secrets.
const { bufferOf, toInput, later, secretOf } = require("crypto-util");
const { nodeError, outOfRange, checkString, checkFunction, checkInteger } = require("node-errors");

const most = 2 ** 31 - 1;
const noDigest = (name) => nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${name}`);

const pbkdf2With = (password, salt, iterations, keylen, digest) => {
  checkString("digest", digest);
  const secret = toInput("password", password);
  const salted = toInput("salt", salt);
  checkInteger("iterations", iterations, 1, most);
  checkInteger("keylen", keylen, 0, most);
  if (native.digest(digest, "") === undefined) throw noDigest(digest);
  return () => bufferOf(native.pbkdf2(secret, salted, iterations, keylen, digest));
};
const pbkdf2Sync = (password, salt, iterations, keylen, digest) => pbkdf2With(password, salt, iterations, keylen, digest)();
const pbkdf2 = (password, salt, iterations, keylen, digest, callback) => {
  if (typeof digest === "function") return pbkdf2(password, salt, iterations, keylen, undefined, digest);
  const compute = pbkdf2With(password, salt, iterations, keylen, digest);
  checkFunction("callback", callback);
  later(compute, callback);
};

const either = (options, name, other, otherwise) => {
  if (options[name] !== undefined && options[other] !== undefined)
    throw nodeError(TypeError, "ERR_INCOMPATIBLE_OPTION_PAIR", `Option "${name}" cannot be used in combination with option "${other}"`);
  return options[name] ?? options[other] ?? otherwise;
};
const scryptWith = (password, salt, keylen, options) => {
  const secret = toInput("password", password);
  const salted = toInput("salt", salt);
  checkInteger("keylen", keylen, 0, most);
  const cost = either(options, "N", "cost", 16384);
  const blockSize = either(options, "r", "blockSize", 8);
  const parallelization = either(options, "p", "parallelization", 1);
  const maxmem = options.maxmem ?? 32 * 1024 * 1024;
  checkInteger("N", cost, 0, 2 ** 32 - 1);
  checkInteger("r", blockSize, 0, 2 ** 32 - 1);
  checkInteger("p", parallelization, 0, 2 ** 32 - 1);
  checkInteger("maxmem", maxmem, 0);
  const refuse = () => nodeError(RangeError, "ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params: memory limit exceeded");
  if (cost < 2 || (cost & (cost - 1)) !== 0 || 128 * cost * blockSize > maxmem) throw refuse();
  return () => {
    const key = native.scrypt(secret, salted, keylen, cost, blockSize, parallelization, maxmem);
    if (key === undefined) throw refuse();
    return bufferOf(key);
  };
};
const scryptSync = (password, salt, keylen, options = {}) => scryptWith(password, salt, keylen, options)();
const scrypt = (password, salt, keylen, options, callback) => {
  if (typeof options === "function") return scrypt(password, salt, keylen, {}, options);
  const compute = scryptWith(password, salt, keylen, options ?? {});
  checkFunction("callback", callback);
  later(compute, callback);
};

const hkdfWith = (digest, ikm, salt, info, keylen) => {
  checkString("digest", digest);
  const secret = secretOf("ikm", ikm);
  const salted = toInput("salt", salt);
  const about = toInput("info", info);
  checkInteger("length", keylen, 0, most);
  if (about.length > 1024) throw outOfRange("info", "must not contain more than 1024 bytes", about.length);
  const size = native.digest(digest, "")?.length;
  if (size === undefined) throw noDigest(digest);
  if (keylen > 255 * size) throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
  return () => native.hkdf(digest, secret, salted, about, keylen).buffer;
};
const hkdfSync = (digest, ikm, salt, info, keylen) => hkdfWith(digest, ikm, salt, info, keylen)();
const hkdf = (digest, ikm, salt, info, keylen, callback) => {
  const compute = hkdfWith(digest, ikm, salt, info, keylen);
  checkFunction("callback", callback);
  later(compute, callback);
};

module.exports = { pbkdf2, pbkdf2Sync, scrypt, scryptSync, hkdf, hkdfSync };
