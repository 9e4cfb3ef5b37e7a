/* What the keeper's files share. */
#pragma once

#include "base/gcm.h"
#include "keeper/jwe.h"

/* The Concat KDF of RFC 7518 §4.6.2 with SHA-256, one round: `bits` is at most 256. */
SecretBytes *jwe_concat_kdf (const SecretBytes *agreed, const char *algorithm, gconstpointer apu,
                             gsize apu_length, gconstpointer apv, gsize apv_length, guint bits);
