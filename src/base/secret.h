/* Secrets in memory: keys, passwords, tokens.
 *
 * The bytes live in pages of their own that are left out of core dumps
 * (MADV_DONTDUMP), are empty in a forked child (MADV_WIPEONFORK), are kept from
 * the swap where the limit of locked memory allows, and are wiped when the
 * secret is freed. There is no way to print one, and equality takes the same
 * time for every pair of a length.
 *
 * Counted; for one thread.
 */
#pragma once

#include <glib.h>

typedef struct SecretBytes SecretBytes;

SecretBytes *secret_bytes_new (gconstpointer data, gsize length); /* copies; wipe yours */
SecretBytes *secret_bytes_new_random (gsize length);
/* Of `length` zero bytes, to be filled in through secret_bytes_writable(). */
SecretBytes *secret_bytes_new_empty (gsize length);
SecretBytes *secret_bytes_ref (SecretBytes *secret);
void secret_bytes_unref (SecretBytes *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SecretBytes, secret_bytes_unref)

const guint8 *secret_bytes_data (const SecretBytes *secret); /* a NUL stands after the last byte */
guint8 *secret_bytes_writable (SecretBytes *secret);
gsize secret_bytes_size (const SecretBytes *secret);
gboolean secret_bytes_equal (const SecretBytes *a, const SecretBytes *b);

/* Overwrites in a way that a compiler does not leave out. */
void secret_wipe (gpointer data, gsize length);
/* For g_autofree-like use: wipes a text to its end and frees it. NULL is fine. */
void secret_text_free (char *text);

/* From here on everything that jansson and GLib's own allocations through json free is wiped first:
 * for a process that holds opened secrets. Call before the first JSON value is made. */
void secret_wipe_json_memory (void);
