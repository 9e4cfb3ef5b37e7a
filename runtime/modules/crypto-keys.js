// Key objects: secret ones. (Public and private keys are not there yet.)
const { Buffer } = require("buffer");
const { toInput, toBytes } = require("crypto-util");
const { argumentType, argumentValue, nodeError } = require("node-errors");

const key = Symbol("KeyObject");

class KeyObject {
  #bytes;
  constructor(given, bytes) {
    if (given !== key) throw nodeError(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
    this.#bytes = bytes;
  }
  get type() {
    void this.#bytes;
    return "secret";
  }
  get symmetricKeySize() {
    return this.#bytes.length;
  }
  export(options) {
    const format = options?.format ?? "buffer";
    if (format === "buffer") return Buffer.from(this.#bytes);
    if (format !== "jwk") throw argumentValue("options.format", format);
    const k = Buffer.from(this.#bytes).toString("base64").replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    return { kty: "oct", k };
  }
  equals(other) {
    if (!isKeyObject(other)) throw argumentType("otherKeyObject", "an instance of KeyObject", other);
    return this.#bytes.length === other.#bytes.length && native.timingSafeEqual(this.#bytes, other.#bytes);
  }
  static isKeyObject(value) {
    return typeof value === "object" && value !== null && #bytes in value;
  }
  static bytesOf(value) {
    return value.#bytes;
  }
}
const { isKeyObject, bytesOf } = KeyObject;
delete KeyObject.isKeyObject;
delete KeyObject.bytesOf;
Object.defineProperty(KeyObject, "name", { value: "KeyObject", configurable: true });

const createSecretKey = (secret, encoding) => new KeyObject(key, Buffer.from(toBytes("key", toInput("key", secret, encoding))));

/** The bytes of a secret key, be it Node's or the Web's; undefined for anything else. */
const secretBytes = (value) => {
  if (isKeyObject(value)) return bytesOf(value);
  const web = require("webcrypto-subtle");
  return web.isKey(value) && value.type === "secret" ? web.dataOf(value) : undefined;
};

module.exports = { KeyObject, createSecretKey, secretBytes };
