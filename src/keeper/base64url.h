/* base64url without padding: RFC 4648 §5, RFC 7515 §2. */
#pragma once

#include <glib.h>

char *base64url_encode (gconstpointer data, gsize length);
/* NULL where a character is not of the alphabet or the length can't be. Free with g_free; wipe it
 * where it is a secret. */
guint8 *base64url_decode (const char *text, gsize length, gsize *out_length);
