#include "base/gcm.h"

#include <openssl/evp.h>

void
gcm_seal (const SecretBytes *key, const guint8 *nonce, gconstpointer associated,
          gsize associated_length, gconstpointer plain, gsize length, guint8 *out, guint8 *tag)
{
  EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new ();
  int n;
  g_assert (secret_bytes_size (key) == GCM_KEY_BYTES && length <= G_MAXINT
            && associated_length <= G_MAXINT);
  gboolean is_done
      = EVP_EncryptInit_ex (cipher, EVP_aes_256_gcm (), NULL, secret_bytes_data (key), nonce) == 1
        && EVP_EncryptUpdate (cipher, NULL, &n, associated, (int) associated_length) == 1
        && EVP_EncryptUpdate (cipher, out, &n, plain, (int) length) == 1
        && EVP_EncryptFinal_ex (cipher, out + n, &n) == 1
        && EVP_CIPHER_CTX_ctrl (cipher, EVP_CTRL_GCM_GET_TAG, GCM_TAG_BYTES, tag) == 1;
  EVP_CIPHER_CTX_free (cipher);
  if (!is_done)
    g_error ("AES-256-GCM can't be had from OpenSSL");
}

gboolean
gcm_open (const SecretBytes *key, const guint8 *nonce, gconstpointer associated,
          gsize associated_length, gconstpointer sealed, gsize length, const guint8 *tag,
          guint8 *out)
{
  int n;
  if (secret_bytes_size (key) != GCM_KEY_BYTES || length > G_MAXINT || associated_length > G_MAXINT)
    return FALSE;
  EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new ();
  gboolean is_open
      = EVP_DecryptInit_ex (cipher, EVP_aes_256_gcm (), NULL, secret_bytes_data (key), nonce) == 1
        && EVP_DecryptUpdate (cipher, NULL, &n, associated, (int) associated_length) == 1
        && EVP_DecryptUpdate (cipher, out, &n, sealed, (int) length) == 1
        && EVP_CIPHER_CTX_ctrl (cipher, EVP_CTRL_GCM_SET_TAG, GCM_TAG_BYTES, (void *) tag) == 1
        && EVP_DecryptFinal_ex (cipher, out + n, &n) == 1;
  EVP_CIPHER_CTX_free (cipher);
  if (!is_open)
    secret_wipe (out, length);
  return is_open;
}
