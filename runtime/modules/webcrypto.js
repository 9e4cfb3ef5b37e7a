// The Web Cryptography API: crypto and crypto.subtle.
const { randomUUID, getRandomValues } = require("crypto-random");
const { asInterface } = require("idl");

const secret = Symbol("Crypto");

class Crypto {
  #subtle;
  constructor(given) {
    if (given !== secret) throw Object.assign(new TypeError("Illegal constructor"), { code: "ERR_ILLEGAL_CONSTRUCTOR" });
  }
  get subtle() {
    return (this.#subtle ??= require("webcrypto-subtle").subtle);
  }
  getRandomValues(array) {
    void this.#subtle;
    return getRandomValues(array);
  }
  randomUUID() {
    void this.#subtle;
    return randomUUID();
  }
}
asInterface(Crypto);

const crypto = new Crypto(secret);
module.exports = {
  crypto,
  get subtle() {
    return crypto.subtle;
  },
  get Crypto() {
    return Crypto;
  },
  get CryptoKey() {
    return require("webcrypto-subtle").CryptoKey;
  },
};
