// Cipheriv and Decipheriv of Node's crypto.
const { Buffer } = require("buffer");
const { streamsLazily, transformsBy } = require("crypto-stream");
const { bufferOf, toBytes, secretOf } = require("crypto-util");
const { argumentType, argumentValue, nodeError, checkString, checkInteger } = require("node-errors");

const invalidState = (method) => nodeError(Error, "ERR_CRYPTO_INVALID_STATE", `Invalid state for operation ${method}`);
const tagLengths = { gcm: [4, 8, 12, 13, 14, 15, 16], poly1305: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], ccm: [4, 6, 8, 10, 12, 14, 16] };
const checkTagLength = (mode, length) => {
  if (tagLengths[mode] !== undefined && !tagLengths[mode].includes(length))
    throw nodeError(TypeError, "ERR_CRYPTO_INVALID_AUTH_TAG", `Invalid authentication tag length: ${length}`);
};

const checkKey = (info, key, iv) => {
  if (key.length !== info.keyLength) {
    throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
  }
  const isFree = info.isAuthenticated;
  if (iv === null ? info.ivLength > 0 : isFree ? iv.length === 0 : iv.length !== info.ivLength)
    throw nodeError(TypeError, "ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
};

class Cipher {
  #handle;
  #info;
  #isEncrypting;
  #tagLength;
  #tag;
  #isFinished = false;
  #hasBegun = false;
  #decoder;

  constructor(isEncrypting, algorithm, key, iv, options) {
    checkString("cipher", algorithm);
    const encoding = options?.encoding;
    const secret = secretOf("key", key, encoding);
    const keyBytes = typeof secret === "string" ? Buffer.from(secret) : secret;
    if (iv === undefined || (iv !== null && typeof iv !== "string" && !ArrayBuffer.isView(iv) && !(iv instanceof ArrayBuffer)))
      throw argumentType("iv", "of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView", iv);
    const ivBytes = iv === null ? null : toBytes("iv", iv, encoding);
    const info = native.cipherInfo(algorithm);
    if (info === undefined) throw nodeError(Error, "ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
    checkKey(info, keyBytes, ivBytes);
    const { authTagLength } = options ?? {};
    if (authTagLength !== undefined && authTagLength !== null) {
      if (!Number.isInteger(authTagLength) || authTagLength < 0) throw argumentValue("options.authTagLength", authTagLength);
      checkTagLength(info.mode, authTagLength);
    } else if (info.mode === "ccm" || info.mode === "ocb")
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_AUTH_TAG", `authTagLength required for ${algorithm}`);
    this._options = options;
    this.#info = info;
    this.#isEncrypting = isEncrypting;
    this.#tagLength = authTagLength ?? undefined;
    const early = info.mode === "ccm" || info.mode === "ocb" ? authTagLength : 0;
    this.#handle = native.cipherNew(algorithm, keyBytes, ivBytes ?? new Uint8Array(0), isEncrypting, early);
  }

  #text(bytes, encoding, isLast) {
    if (encoding === undefined || encoding === null || encoding === "buffer") return bufferOf(bytes);
    /* A character may be cut by the end of a piece. */
    this.#decoder ??= new (require("string_decoder").StringDecoder)(encoding);
    return isLast ? this.#decoder.end(bufferOf(bytes)) : this.#decoder.write(bufferOf(bytes));
  }
  update(data, inputEncoding, outputEncoding) {
    const bytes = toBytes("data", data, inputEncoding);
    if (this.#isFinished) throw nodeError(Error, "ERR_CRYPTO_INVALID_STATE", "Unsupported state or unable to authenticate data");
    if (this.#info.mode === "ccm" && !this.#isEncrypting && this.#tag === undefined) throw invalidState("update");
    this.#hasBegun = true;
    return this.#text(native.cipherUpdate(this.#handle, bytes), outputEncoding, false);
  }
  final(outputEncoding) {
    if (this.#isFinished) throw invalidState("final");
    this.#isFinished = true;
    if (this.#info.isAuthenticated && !this.#isEncrypting && this.#tag === undefined)
      throw new Error("Unsupported state or unable to authenticate data");
    return this.#text(native.cipherFinal(this.#handle), outputEncoding, true);
  }
  setAutoPadding(isOn = true) {
    if (this.#isFinished) throw invalidState("setAutoPadding");
    native.cipherSetPadding(this.#handle, Boolean(isOn));
    return this;
  }
  setAAD(data, options) {
    if (this.#isFinished || this.#hasBegun || !this.#info.isAuthenticated) throw invalidState("setAAD");
    const { plaintextLength, encoding } = options ?? {};
    if (plaintextLength !== undefined) checkInteger("options.plaintextLength", plaintextLength, 0, 2 ** 31 - 1);
    else if (this.#info.mode === "ccm")
      throw nodeError(TypeError, "ERR_MISSING_ARGS", "options.plaintextLength required for CCM mode with AAD");
    native.cipherSetAad(this.#handle, toBytes("buffer", data, encoding), plaintextLength ?? -1);
    return this;
  }
  getAuthTag() {
    if (!this.#isFinished || !this.#isEncrypting || !this.#info.isAuthenticated) throw invalidState("getAuthTag");
    return bufferOf(native.cipherGetTag(this.#handle, this.#tagLength ?? 16));
  }
  setAuthTag(tag, encoding) {
    const bytes = toBytes("buffer", tag, encoding);
    if (this.#isFinished || this.#isEncrypting || this.#tag !== undefined || !this.#info.isAuthenticated) throw invalidState("setAuthTag");
    checkTagLength(this.#info.mode, bytes.length);
    if (this.#tagLength !== undefined && bytes.length !== this.#tagLength)
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_AUTH_TAG", `Invalid authentication tag length: ${bytes.length}`);
    this.#tag = bytes;
    native.cipherSetTag(this.#handle, bytes);
    return this;
  }
}

class Cipheriv extends Cipher {
  constructor(cipher, key, iv, options) {
    super(true, cipher, key, iv, options);
  }
}
class Decipheriv extends Cipher {
  constructor(cipher, key, iv, options) {
    super(false, cipher, key, iv, options);
  }
}

streamsLazily(
  Cipher,
  "Transform",
  transformsBy(
    (cipher, chunk, encoding) => cipher.update(chunk, encoding),
    (cipher) => cipher.final(),
  ),
);

/** Node's classes may be called without `new`. */
const callable = (type) => new Proxy(type, { apply: (_, __, given) => new type(...given) });

const getCipherInfo = (nameOrNid, options) => {
  if (typeof nameOrNid !== "string") throw argumentType("nameOrNid", "of type string", nameOrNid);
  const info = native.cipherInfo(nameOrNid);
  if (info === undefined) return undefined;
  const { isAuthenticated, ivLength, blockSize, mode, name, nid, keyLength } = info;
  if (options?.keyLength !== undefined && options.keyLength !== keyLength) return undefined;
  if (options?.ivLength !== undefined && options.ivLength !== ivLength && !isAuthenticated) return undefined;
  const shown = { mode, name, nid };
  if (mode !== "stream" && blockSize > 1) shown.blockSize = blockSize;
  const iv = options?.ivLength ?? ivLength;
  if (iv > 0) shown.ivLength = iv;
  return { ...shown, keyLength };
};

module.exports = {
  Cipheriv: callable(Cipheriv),
  Decipheriv: callable(Decipheriv),
  createCipheriv: (cipher, key, iv, options) => new Cipheriv(cipher, key, iv, options),
  createDecipheriv: (cipher, key, iv, options) => new Decipheriv(cipher, key, iv, options),
  getCipherInfo,
  getCiphers: () => native.cipherNames(),
};
