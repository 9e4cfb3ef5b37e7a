// Signatures, and encryption with public keys.
const { Buffer } = require("buffer");
const { Writable } = require("stream");
const { bufferOf, toBytes, toOutput, later } = require("crypto-util");
const { handleOf } = require("crypto-keys");
const { argumentType, argumentValue, checkFunction, nodeError } = require("node-errors");
const constants = require("crypto-constants");

const integerOption = (options, name) => {
  const value = options?.[name];
  if (value === undefined) return undefined;
  if (!Number.isInteger(value)) throw argumentValue(`options.${name}`, value);
  return value;
};
const settingsOf = (options) => {
  const encoding = options?.dsaEncoding;
  if (encoding !== undefined && encoding !== "der" && encoding !== "ieee-p1363") throw argumentValue("options.dsaEncoding", encoding);
  return [integerOption(options, "padding"), integerOption(options, "saltLength"), encoding === "ieee-p1363"];
};
const noKey = (name) => nodeError(Error, "ERR_CRYPTO_SIGN_KEY_REQUIRED", `No key provided to ${name}`);

const digestOf = (algorithm) => {
  if (typeof algorithm !== "string") throw argumentType("algorithm", "of type string", algorithm);
  if (native.hashNew(algorithm) === undefined) throw Object.assign(new Error("Invalid digest: " + algorithm), { code: "ERR_CRYPTO_INVALID_DIGEST" });
  return algorithm;
};

/** Keys whose way of signing has its digest in it take none (RFC 8032). */
const digestFor = (handle, digest) => (["ed25519", "ed448"].includes(native.keyInfo(handle).type) ? undefined : digest);

class Streamed extends Writable {
  #digest;
  #chunks = [];
  constructor(algorithm, options) {
    const digest = digestOf(algorithm);
    super(options);
    this.#digest = digest;
  }
  get digest() {
    return this.#digest;
  }
  _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }
  update(data, encoding) {
    const bytes = toBytes("data", data, encoding === "buffer" ? undefined : encoding);
    this.#chunks.push(Buffer.from(bytes));
    return this;
  }
  whole() {
    return Buffer.concat(this.#chunks);
  }
}

class SignClass extends Streamed {
  sign(key, encoding) {
    if (key === undefined || key === null) throw noKey("sign");
    return toOutput(native.signData(handleOf(key, true), this.digest, this.whole(), ...settingsOf(key)), encoding);
  }
}
class VerifyClass extends Streamed {
  verify(key, signature, encoding) {
    return native.verifyData(handleOf(key, false), this.digest, this.whole(), ...settingsOf(key), toBytes("signature", signature, encoding));
  }
}
/** Node's classes may be called without `new`. */
const callable = (type, name) => {
  const outer = { [name]: function (...args) {
    return Reflect.construct(type, args, new.target ?? outer);
  } }[name];
  outer.prototype = type.prototype;
  Object.defineProperty(type.prototype, "constructor", { value: outer, writable: true, configurable: true });
  return outer;
};
const Sign = callable(SignClass, "Sign");
const Verify = callable(VerifyClass, "Verify");

const oneShot = (run) => (algorithm, data, ...rest) => {
  const callback = typeof rest.at(-1) === "function" ? rest.pop() : undefined;
  if (algorithm !== null && algorithm !== undefined) digestOf(algorithm);
  const compute = run(algorithm ?? undefined, toBytes("data", data), ...rest);
  if (callback === undefined) return compute();
  checkFunction("callback", callback);
  later(compute, callback);
  return undefined;
};
const sign = oneShot((digest, data, key) => {
  if (key === undefined || key === null) throw noKey("sign");
  const handle = handleOf(key, true);
  const settings = settingsOf(key);
  return () => bufferOf(native.signData(handle, digestFor(handle, digest), data, ...settings));
});
const verify = oneShot((digest, data, key, signature) => {
  const handle = handleOf(key, false);
  const settings = settingsOf(key);
  const given = toBytes("signature", signature);
  return () => native.verifyData(handle, digestFor(handle, digest), data, ...settings, given);
});

const crypt = (way, isPrivate, usual) => (key, data) => {
  const { padding = usual, oaepHash, oaepLabel, encoding } = key !== null && typeof key === "object" ? key : {};
  if (oaepHash !== undefined && typeof oaepHash !== "string") throw argumentType("key.oaepHash", "of type string", oaepHash);
  const label = oaepLabel === undefined ? undefined : toBytes("key.oaepLabel", oaepLabel, encoding);
  return bufferOf(native.pkeyCrypt(way, handleOf(key, isPrivate), toBytes("buffer", data, encoding), padding, oaepHash, label));
};

/** Netscape's old way to ask for a certificate: nothing verifies here. */
const refuseSpkac = require("refused").refuse("crypto.Certificate", "SPKAC is no longer used", { functions: ["exportChallenge", "exportPublicKey", "verifySpkac"] });
function Certificate() {
  return new.target ? this : new Certificate();
}
Object.assign(Certificate, refuseSpkac);
Object.assign(Certificate.prototype, refuseSpkac);

module.exports = {
  Sign,
  Verify,
  Certificate,
  createSign: (algorithm, options) => new Sign(algorithm, options),
  createVerify: (algorithm, options) => new Verify(algorithm, options),
  sign,
  verify,
  publicEncrypt: crypt("encrypt", false, constants.RSA_PKCS1_OAEP_PADDING),
  privateDecrypt: crypt("decrypt", true, constants.RSA_PKCS1_OAEP_PADDING),
  privateEncrypt: crypt("sign", true, constants.RSA_PKCS1_PADDING),
  publicDecrypt: crypt("recover", false, constants.RSA_PKCS1_PADDING),
};
