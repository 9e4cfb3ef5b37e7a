/* The master key: 32 bytes in a file that only the server's user can read. It
 * wraps data keys (envelope.h) and never leaves the keeper.
 *
 * The file holds the bytes themselves, or their hexadecimal, Base64 or
 * base64url text with blanks around.
 */
#pragma once

#include <gio/gio.h>
#include "base/secret.h"

#define MASTER_KEY_ID_BYTES 8

#define MASTER_KEY_ERROR (master_key_error_quark ())
GQuark master_key_error_quark (void);
typedef enum
{
  MASTER_KEY_ERROR_MISSING,  /* no such file */
  MASTER_KEY_ERROR_READABLE, /* for others too */
  MASTER_KEY_ERROR_UNFIT,    /* not 32 bytes in any of the forms, or it can't be read or written */
} MasterKeyErrorCode;

typedef enum
{
  MASTER_KEY_DEFAULT,    /* the data folder's: made where there is none */
  MASTER_KEY_FILE,       /* the operator's */
  MASTER_KEY_CREDENTIAL, /* systemd's, whose access list shows as rights of the group */
} MasterKeyKind;

typedef struct
{
  SecretBytes *secret;
  guint8 id[MASTER_KEY_ID_BYTES]; /* names the key without telling it */
} MasterKey;

void master_key_free (MasterKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MasterKey, master_key_free)
MasterKey *master_key_read (const char *path, MasterKeyKind kind, GError **error);
/* Makes one and its file, mode 0600, on disk when it returns; a file of that name must not be
 * there. */
MasterKey *master_key_make (const char *path, GError **error);
MasterKey *master_key_new (const SecretBytes *secret); /* of 32 bytes; copies */
/* Puts the file `from` in the place of `path`, on disk when it returns. */
gboolean master_key_replace (const char *from, const char *path, GError **error);
char *master_key_id_text (const guint8 *id); /* hex */
/* A key for one purpose: HKDF (RFC 5869) with SHA-256, of any secret. */
SecretBytes *master_key_derive (const SecretBytes *secret, const char *purpose, gsize length);
