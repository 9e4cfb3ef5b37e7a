// Node's crypto, over OpenSSL (src/runtime/hash.c, kdf.c, cipher.c, …). Each part is loaded at the first use of
// one of its names.
const parts = {
  "crypto-random": ["randomBytes", "pseudoRandomBytes", "randomFill", "randomFillSync", "randomInt", "randomUUID", "getRandomValues"],
  "crypto-hash": ["Hash", "Hmac", "createHash", "createHmac", "getHashes", "hash", "timingSafeEqual"],
  "crypto-kdf": ["pbkdf2", "pbkdf2Sync", "scrypt", "scryptSync", "hkdf", "hkdfSync"],
  "crypto-cipher": ["Cipheriv", "Decipheriv", "createCipheriv", "createDecipheriv", "getCipherInfo", "getCiphers"],
  "crypto-keys": ["KeyObject", "createSecretKey", "createPrivateKey", "createPublicKey"],
  "crypto-generate": ["generateKeyPair", "generateKeyPairSync", "generateKey", "generateKeySync", "getCurves"],
  "crypto-sign": ["Sign", "Verify", "Certificate", "createSign", "createVerify", "sign", "verify", "publicEncrypt", "privateDecrypt", "privateEncrypt", "publicDecrypt"],
  "crypto-agree": [
    "ECDH", "DiffieHellman", "DiffieHellmanGroup", "createECDH", "createDiffieHellman", "createDiffieHellmanGroup", "getDiffieHellman", "diffieHellman",
    "generatePrime", "generatePrimeSync", "checkPrime", "checkPrimeSync",
  ],
  "crypto-x509": ["X509Certificate"],
  webcrypto: ["subtle"],
};

const define = Object.defineProperty;
for (const [part, names] of Object.entries(parts))
  for (const name of names)
    define(exports, name, {
      get() {
        const value = require(part)[name];
        define(exports, name, { value, writable: true, enumerable: true, configurable: true });
        return value;
      },
      set(value) {
        define(exports, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: true,
      configurable: true,
    });

define(exports, "webcrypto", { get: () => require("webcrypto").crypto, enumerable: true, configurable: true });
exports.getFips = () => 0;
exports.secureHeapUsed = () => undefined;
Object.assign(exports, require("refused").refuse("crypto", "OpenSSL's settings are Tenon's", { functions: ["setEngine", "setFips"] }));
define(exports, "fips", { value: 0, enumerable: true, configurable: true });
for (const name of ["prng", "rng"]) define(exports, name, { get: () => exports.randomBytes, enumerable: false, configurable: true });
define(exports, "constants", { get: () => require("crypto-constants"), enumerable: true, configurable: true });
