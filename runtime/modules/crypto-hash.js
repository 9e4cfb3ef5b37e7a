// Hash and Hmac of Node's crypto.
const { toInput, toOutput, secretOf } = require("crypto-util");
const { streamsLazily, transformsBy } = require("crypto-stream");
const { viewOf } = require("idl");
const { argumentType, nodeError, checkString, checkInteger } = require("node-errors");

const finished = () => nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");

class Hash {
  #handle;
  #length;
  #isFinished = false;

  constructor(algorithm, options, handle) {
    this._options = options;
    this.#length = options?.outputLength;
    if (this.#length !== undefined) checkInteger("options.outputLength", this.#length, 0, 2 ** 31 - 1);
    this.#handle = handle ?? native.hashNew(algorithm);
    if (this.#handle === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_DIGEST", "Digest method not supported");
  }
  copy(options) {
    if (this.#isFinished) throw finished();
    return new Hash(undefined, options ?? { outputLength: this.#length }, native.hashCopy(this.#handle));
  }
  update(data, encoding) {
    if (this.#isFinished) throw finished();
    native.hashUpdate(this.#handle, toInput("data", data, encoding));
    return this;
  }
  digest(encoding) {
    if (this.#isFinished) throw finished();
    this.#isFinished = true;
    return toOutput(native.hashDigest(this.#handle, this.#length), encoding);
  }
}

class Hmac {
  #handle;
  #isFinished = false;

  constructor(algorithm, key, options) {
    this._options = options;
    this.#handle = native.hmacNew(algorithm, secretOf("key", key, options?.encoding));
    if (this.#handle === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm}`);
  }
  update(data, encoding) {
    if (this.#isFinished) throw finished();
    native.hmacUpdate(this.#handle, toInput("data", data, encoding));
    return this;
  }
  digest(encoding) {
    /* Node gives an empty result the second time, unlike Hash. */
    if (this.#isFinished) return toOutput(new Uint8Array(0), encoding);
    this.#isFinished = true;
    return toOutput(native.hmacDigest(this.#handle), encoding);
  }
}

const createHash = (algorithm, options) => {
  checkString("algorithm", algorithm);
  return new Hash(algorithm, options);
};
const createHmac = (hmac, key, options) => {
  checkString("hmac", hmac);
  return new Hmac(hmac, key, options);
};
const getHashes = () => native.digestNames();

const hash = (algorithm, data, outputEncoding = "hex") => {
  checkString("algorithm", algorithm);
  const digest = native.digest(algorithm, toInput("input", data));
  if (digest === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm}`);
  return toOutput(digest, outputEncoding);
};

const timingSafeEqual = (a, b) => {
  const [one, other] = [viewOf(a), viewOf(b)];
  if (one === undefined) throw argumentType("buf1", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", a);
  if (other === undefined) throw argumentType("buf2", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", b);
  if (one.length !== other.length)
    throw nodeError(RangeError, "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
  return native.timingSafeEqual(one, other);
};

const update = (hash, chunk, encoding) => void hash.update(chunk, encoding);
/* The digest may be asked for again when the stream has ended. */
streamsLazily(Hash, "Transform", transformsBy(update, (hash) => hash.copy().digest()));
streamsLazily(Hmac, "Transform", transformsBy(update, (hmac) => hmac.digest()));

/* The bundler calls a class that mentions itself _Name. */
Object.defineProperty(Hash, "name", { value: "Hash", configurable: true });

/* `Hash(…)` without new, as older packages call it. */
const callable = (type, create) => new Proxy(type, { apply: (_, __, given) => create(...given) });

module.exports = {
  Hash: callable(Hash, createHash),
  Hmac: callable(Hmac, createHmac),
  createHash,
  createHmac,
  getHashes,
  hash,
  timingSafeEqual,
};
