/* The other side of jwe_test.c: the npm package jose.
 *
 *   seal JWK CTX TEXT    prints a compact JWE
 *   key                  prints {public, private}, as JWKs
 *   open JWK COMPACT     prints {header, text}
 */
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK } from "jose";

const [what, ...args] = process.argv.slice(2);
const commands = {
  async seal(jwk, ctx, text) {
    const key = await importJWK(JSON.parse(jwk), "ECDH-ES");
    const { kid } = JSON.parse(jwk);
    return new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", kid, ctx })
      .setKeyManagementParameters({ apu: new TextEncoder().encode("Alice") })
      .encrypt(key);
  },
  async key() {
    const pair = await generateKeyPair("ECDH-ES", { crv: "P-256", extractable: true });
    return JSON.stringify({ public: await exportJWK(pair.publicKey), private: await exportJWK(pair.privateKey) });
  },
  async open(jwk, compact) {
    const key = await importJWK(JSON.parse(jwk), "ECDH-ES");
    const { plaintext, protectedHeader } = await compactDecrypt(compact, key);
    return JSON.stringify({ header: protectedHeader, text: new TextDecoder().decode(plaintext) });
  },
};
process.stdout.write(await commands[what](...args));
