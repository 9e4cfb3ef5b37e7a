/* Private keys as people paste them. PEM keys are opened by OpenSSL, with their passphrase. Of a
 * key in OpenSSH's own form (PROTOCOL.key of OpenSSH) the structure is checked and, where it is not
 * encrypted, the two check numbers inside; the passphrase of an encrypted one can't be tried, since
 * its key derivation (bcrypt_pbkdf) is in no library that Tenon has. */
#include "connection/private.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define OPENSSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define OPENSSH_END "-----END OPENSSH PRIVATE KEY-----"
#define OPENSSH_MAGIC "openssh-key-v1" /* and a NUL */
#define MAX_KEY_BYTES (64 << 10)

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID, message);
  return FALSE;
}

/* --- OpenSSH --- */

typedef struct
{
  const guint8 *at, *end;
} Blob;

static gboolean
read_u32 (Blob *blob, guint32 *number)
{
  if (blob->end - blob->at < 4)
    return FALSE;
  *number = ((guint32) blob->at[0] << 24) | ((guint32) blob->at[1] << 16)
            | ((guint32) blob->at[2] << 8) | blob->at[3];
  blob->at += 4;
  return TRUE;
}

static gboolean
read_string (Blob *blob, Blob *string)
{
  guint32 length;
  if (!read_u32 (blob, &length) || (gsize) (blob->end - blob->at) < length)
    return FALSE;
  *string = (Blob){ blob->at, blob->at + length };
  blob->at += length;
  return TRUE;
}

static gboolean
is_text (const Blob *string, const char *text)
{
  gsize length = (gsize) (string->end - string->at);
  return length == strlen (text) && memcmp (string->at, text, length) == 0;
}

static gboolean
check_openssh_blob (Blob blob, gboolean has_passphrase, GError **error)
{
  Blob cipher, kdf, kdf_options, public_key, private_part;
  guint32 n_keys, check1, check2;
  gsize magic = sizeof OPENSSH_MAGIC;
  if ((gsize) (blob.end - blob.at) < magic || memcmp (blob.at, OPENSSH_MAGIC, magic) != 0)
    return refuse (error, "the private key says that it is OpenSSH's, and is not");
  blob.at += magic;
  if (!read_string (&blob, &cipher) || !read_string (&blob, &kdf)
      || !read_string (&blob, &kdf_options) || !read_u32 (&blob, &n_keys) || n_keys != 1
      || !read_string (&blob, &public_key) || !read_string (&blob, &private_part))
    return refuse (error, "the private key (OpenSSH) is cut short or damaged: copy the whole file");
  if (!is_text (&cipher, "none"))
    return has_passphrase
           || refuse (error, "the private key is encrypted: give its passphrase too, in the field "
                             "passphrase");
  if (!read_u32 (&private_part, &check1) || !read_u32 (&private_part, &check2) || check1 != check2)
    return refuse (error, "the private key (OpenSSH) is damaged: copy the whole file");
  return TRUE;
}

static gboolean
check_openssh (const char *key, gboolean has_passphrase, GError **error)
{
  const char *begin = strstr (key, OPENSSH_BEGIN) + strlen (OPENSSH_BEGIN);
  const char *end = strstr (begin, OPENSSH_END);
  if (end == NULL)
    return refuse (error, "the private key is cut short: the line \"%s\" is missing", OPENSSH_END);
  char *base64 = g_strndup (begin, (gsize) (end - begin));
  gsize length = 0;
  guchar *bytes = g_base64_decode_inplace (base64, &length);
  gboolean is_good = check_openssh_blob ((Blob){ bytes, bytes + length }, has_passphrase, error);
  explicit_bzero (base64, (gsize) (end - begin));
  g_free (base64);
  return is_good;
}

/* --- PEM --- */

typedef struct
{
  const char *passphrase;
  gboolean was_asked;
} Passphrase;

static int
give_passphrase (char *buffer, int size, int for_writing, void *data)
{
  Passphrase *passphrase = data;
  passphrase->was_asked = TRUE;
  gsize length = passphrase->passphrase == NULL ? 0 : strlen (passphrase->passphrase);
  if (length == 0 || length > (gsize) size)
    return -1;
  memcpy (buffer, passphrase->passphrase, length);
  return (int) length;
}

static gboolean
check_pem (const char *key, const char *text, GError **error)
{
  Passphrase passphrase = { text, FALSE };
  gboolean has_passphrase = text != NULL && *text != '\0';
  ERR_set_mark ();
  BIO *bio = BIO_new_mem_buf (key, -1);
  EVP_PKEY *opened = PEM_read_bio_PrivateKey (bio, NULL, give_passphrase, &passphrase);
  BIO_free (bio);
  ERR_pop_to_mark ();
  if (opened != NULL)
    {
      EVP_PKEY_free (opened);
      return TRUE;
    }
  if (passphrase.was_asked && !has_passphrase)
    return refuse (
        error, "the private key is encrypted: give its passphrase too, in the field passphrase");
  if (passphrase.was_asked)
    return refuse (error, "the private key does not open with this passphrase");
  return refuse (error,
                 "the private key is damaged, or of a kind that is not known: copy the whole "
                 "file, with its first and last line");
}

gboolean
connection_private_key_check (const char *key, const char *passphrase, GError **error)
{
  if (strlen (key) > MAX_KEY_BYTES)
    return refuse (error, "the private key is longer than %d bytes", MAX_KEY_BYTES);
  if (strstr (key, OPENSSH_BEGIN) != NULL)
    return check_openssh (key, passphrase != NULL && *passphrase != '\0', error);
  if (strstr (key, "-----BEGIN ") == NULL)
    return refuse (error, "the private key must be in PEM or OpenSSH form: text that begins with "
                          "\"-----BEGIN … PRIVATE KEY-----\"");
  if (strstr (key, "PRIVATE KEY-----") == NULL)
    return refuse (error, "this is no private key: its first line says what it is");
  return check_pem (key, passphrase, error);
}
