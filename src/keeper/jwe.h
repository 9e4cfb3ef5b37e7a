/* JSON Web Encryption (RFC 7516), in the one form that Tenon takes: compact, `ECDH-ES` on P-256
 * (RFC 7518 §4.6, direct key agreement) with `A256GCM` (§5.3), no compression. Whoever types a
 * secret seals it to the keeper's public key with this; any JOSE library can make the same.
 */
#pragma once

#include <gio/gio.h>
#include <jansson.h>
#include "base/secret.h"

#define JWE_ERROR (jwe_error_quark ())
GQuark jwe_error_quark (void);
typedef enum
{
  JWE_ERROR_MALFORMED, /* not a compact JWE */
  JWE_ERROR_FORM,      /* another algorithm, curve, or a header that we don't know */
  JWE_ERROR_KEY,       /* sealed to another key: fetch the present one and seal again */
  JWE_ERROR_FORGED,    /* it does not open */
} JweErrorCode;

/* A P-256 key pair. */
typedef struct JweKey JweKey;
/* From 48 or more uniformly random bytes, reduced to a private key (FIPS 186-5 A.2.1). */
JweKey *jwe_key_from_seed (const SecretBytes *seed, GError **error);
void jwe_key_free (JweKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (JweKey, jwe_key_free)
/* {kty, crv, x, y, use, alg, kid}: kid is the thumbprint of RFC 7638. */
json_t *jwe_key_public (const JweKey *key);

/* Seals `plaintext` to the first key of a JWK set (`{keys: […]}`) that is of our form. `ctx` goes
 * into the protected header: what the JWE is for ("INSTANCE/CONNECTION"). Free with g_free. */
char *
jwe_seal (json_t *jwk_set, const char *ctx, gconstpointer plaintext, gsize length, GError **error);

/* Opens. *header gets the protected header, whose integrity is checked then. */
SecretBytes *
jwe_open (const JweKey *key, const char *compact, gsize length, json_t **header, GError **error);
