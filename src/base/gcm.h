/* AES-256-GCM (NIST SP 800-38D) with a nonce of 12 and a tag of 16 bytes. */
#pragma once

#include "base/secret.h"

#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16
#define GCM_KEY_BYTES 32

/* `out` has room for `length` bytes, `tag` for GCM_TAG_BYTES. A nonce is used once with a key. */
void
gcm_seal (const SecretBytes *key, const guint8 *nonce, gconstpointer associated,
          gsize associated_length, gconstpointer plain, gsize length, guint8 *out, guint8 *tag);
/* FALSE, with zeros in `out`, where anything was changed. */
gboolean gcm_open (const SecretBytes *key, const guint8 *nonce, gconstpointer associated,
                   gsize associated_length, gconstpointer sealed, gsize length, const guint8 *tag,
                   guint8 *out);
