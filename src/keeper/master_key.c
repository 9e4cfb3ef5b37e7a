#include "keeper/master_key.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/base64url.h"
#include "keeper/private.h"

#define KEY_BYTES 32
#define MOST_FILE_BYTES 256

G_DEFINE_QUARK (master - key - error - quark, master_key_error)

static void
    G_GNUC_PRINTF (3, 4) fail (GError **error, MasterKeyErrorCode code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, MASTER_KEY_ERROR, (gint) code, message);
}

SecretBytes *
master_key_derive (const SecretBytes *secret, const char *purpose, gsize length)
{
  SecretBytes *derived = secret_bytes_new_empty (length);
  EVP_KDF *kdf = EVP_KDF_fetch (NULL, "HKDF", NULL);
  EVP_KDF_CTX *context = EVP_KDF_CTX_new (kdf);
  OSSL_PARAM params[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 0),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_KEY, (void *) secret_bytes_data (secret),
                                       secret_bytes_size (secret)),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_INFO, (void *) purpose, strlen (purpose)),
    OSSL_PARAM_construct_end (),
  };
  int result = EVP_KDF_derive (context, secret_bytes_writable (derived), length, params);
  EVP_KDF_CTX_free (context);
  EVP_KDF_free (kdf);
  if (result != 1)
    g_error ("HKDF can't be had from OpenSSL");
  return derived;
}

static MasterKey *
key_new (SecretBytes *secret)
{
  MasterKey *key = g_new0 (MasterKey, 1);
  key->secret = secret;
  g_autoptr (SecretBytes) id = master_key_derive (secret, "tenon: key id", sizeof key->id);
  memcpy (key->id, secret_bytes_data (id), sizeof key->id);
  return key;
}

MasterKey *
master_key_new (const SecretBytes *secret)
{
  return key_new (secret_bytes_new (secret_bytes_data (secret), secret_bytes_size (secret)));
}

void
master_key_free (MasterKey *key)
{
  secret_bytes_unref (key->secret);
  g_free (key);
}

char *
master_key_id_text (const guint8 *id)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < MASTER_KEY_ID_BYTES; i++)
    g_string_append_printf (text, "%02x", id[i]);
  return g_string_free (text, FALSE);
}

/* --- reading --- */

static SecretBytes *
from_hex (const char *text)
{
  SecretBytes *secret = secret_bytes_new_empty (KEY_BYTES);
  for (guint i = 0; i < KEY_BYTES; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]), low = g_ascii_xdigit_value (text[2 * i + 1]);
      if (high < 0 || low < 0)
        {
          secret_bytes_unref (secret);
          return NULL;
        }
      secret_bytes_writable (secret)[i] = (guint8) (high << 4 | low);
    }
  return secret;
}

static SecretBytes *
from_base64 (char *text, gsize length)
{
  gsize n = 0;
  SecretBytes *secret = NULL;
  while (length > 0 && text[length - 1] == '=')
    length--;
  for (gsize i = 0; i < length; i++)
    text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
  guint8 *bytes = base64url_decode (text, length, &n);
  if (bytes != NULL && n == KEY_BYTES)
    secret = secret_bytes_new (bytes, n);
  if (bytes != NULL)
    secret_wipe (bytes, n);
  g_free (bytes);
  return secret;
}

static SecretBytes *
parse (char *text, gsize length)
{
  if (length == KEY_BYTES)
    return secret_bytes_new (text, length);
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  while (length > 0 && g_ascii_isspace (*text))
    text++, length--;
  return length == 2 * KEY_BYTES ? from_hex (text) : from_base64 (text, length);
}

/* On the descriptor that is read, so that nobody can change the file in between. */
static gboolean
check_rights (int fd, const char *path, MasterKeyKind kind, GError **error)
{
  struct stat info;
  mode_t wrong = kind == MASTER_KEY_CREDENTIAL ? 0007 : 0077;
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      fail (error, MASTER_KEY_ERROR_UNFIT, "the master key %s is not a file", path);
      return FALSE;
    }
  if ((info.st_mode & wrong) != 0 || (info.st_uid != geteuid () && info.st_uid != 0))
    {
      fail (error, MASTER_KEY_ERROR_READABLE,
            "the master key %s can be read by others (mode %03o, owner %u): do `chmod 600 %s`, and "
            "replace the key "
            "with `tenon keys rotate` if somebody may have read it",
            path, info.st_mode & 0777, info.st_uid, path);
      return FALSE;
    }
  return TRUE;
}

MasterKey *
master_key_read (const char *path, MasterKeyKind kind, GError **error)
{
  char text[MOST_FILE_BYTES + 1];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    {
      fail (error, errno == ENOENT ? MASTER_KEY_ERROR_MISSING : MASTER_KEY_ERROR_UNFIT,
            "the master key %s: %s", path, g_strerror (errno));
      return NULL;
    }
  SecretBytes *secret = NULL;
  if (check_rights (fd, path, kind, error))
    {
      ssize_t length = read (fd, text, sizeof text);
      if (length > 0 && length < (ssize_t) sizeof text)
        secret = parse (text, (gsize) length);
      secret_wipe (text, sizeof text);
      if (secret == NULL)
        fail (error, MASTER_KEY_ERROR_UNFIT,
              "the master key %s must hold 32 bytes, as they are, in hexadecimal or in Base64 "
              "(`openssl rand -hex 32` makes one)",
              path);
    }
  close (fd);
  return secret == NULL ? NULL : key_new (secret);
}

/* --- making --- */

static gboolean
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean is_synced = fd >= 0 && fsync (fd) == 0;
  if (fd >= 0)
    close (fd);
  return is_synced;
}

static gboolean
write_key (int fd, const SecretBytes *secret)
{
  char text[2 * KEY_BYTES + 2];
  for (guint i = 0; i < KEY_BYTES; i++)
    g_snprintf (text + 2 * i, 3, "%02x", secret_bytes_data (secret)[i]);
  text[2 * KEY_BYTES] = '\n';
  gboolean is_written = write (fd, text, 2 * KEY_BYTES + 1) == 2 * KEY_BYTES + 1 && fsync (fd) == 0;
  secret_wipe (text, sizeof text);
  return is_written;
}

MasterKey *
master_key_make (const char *path, GError **error)
{
  g_autofree char *draft = g_strconcat (path, ".draft", NULL);
  g_autoptr (SecretBytes) secret = secret_bytes_new_random (KEY_BYTES);
  g_unlink (draft);
  int fd = open (draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean is_made = fd >= 0 && write_key (fd, secret);
  if (fd >= 0)
    close (fd);
  /* A link, unlike a rename, never replaces a key. */
  is_made = is_made && link (draft, path) == 0 && g_unlink (draft) == 0 && sync_folder (path);
  if (is_made)
    return key_new (g_steal_pointer (&secret));
  fail (error, MASTER_KEY_ERROR_UNFIT, "the master key %s can't be written: %s", path,
        g_strerror (errno));
  g_unlink (draft);
  return NULL;
}

gboolean
master_key_replace (const char *from, const char *path, GError **error)
{
  if (g_rename (from, path) == 0 && sync_folder (path))
    return TRUE;
  fail (error, MASTER_KEY_ERROR_UNFIT, "the master key %s can't be replaced: %s", path,
        g_strerror (errno));
  return FALSE;
}
