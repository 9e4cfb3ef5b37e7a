/* What the keeper's files share. */
#pragma once

#include "base/secret.h"
#include "keeper/jwe.h"

/* The Concat KDF of RFC 7518 §4.6.2 with SHA-256, one round: `bits` is at most 256. */
SecretBytes *jwe_concat_kdf (const SecretBytes *agreed, const char *algorithm, gconstpointer apu,
                             gsize apu_length, gconstpointer apv, gsize apv_length, guint bits);

/* AES-256-GCM with a nonce of 12 and a tag of 16 bytes. `out` has room for `length` bytes. Sealing
 * does not fail; opening returns FALSE, with nothing of use in `out`, where anything was changed.
 */
#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16
#define GCM_KEY_BYTES 32
void
gcm_seal (const SecretBytes *key, const guint8 *nonce, gconstpointer associated,
          gsize associated_length, gconstpointer plain, gsize length, guint8 *out, guint8 *tag);
gboolean gcm_open (const SecretBytes *key, const guint8 *nonce, gconstpointer associated,
                   gsize associated_length, gconstpointer sealed, gsize length, const guint8 *tag,
                   guint8 *out);
