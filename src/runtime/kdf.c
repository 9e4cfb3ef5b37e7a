/* Keys from passwords and secrets: PBKDF2, scrypt, HKDF. */
#include "runtime/crypto.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static JSValueRef
give (JSContextRef ctx, gboolean is_good, guint8 *data, gsize length, const char *fallback,
      JSValueRef *exception)
{
  if (is_good)
    return take_bytes (ctx, data, length, exception);
  g_free (data);
  return throw_openssl (ctx, exception, fallback);
}

/* pbkdf2 (password, salt, iterations, key length, digest): a Uint8Array, or undefined where there
 * is no such digest */
static JSValueRef
pbkdf2 (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
        const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) password = { 0 };
  g_auto (Bytes) salt = { 0 };
  g_autofree char *name = argument_text (ctx, n, arguments, 4);
  const EVP_MD *digest = digest_find (name);
  if (digest == NULL || !bytes_read (ctx, arguments[0], &password, exception)
      || !bytes_read (ctx, arguments[1], &salt, exception))
    return js_undefined (ctx);
  int iterations = (int) argument_number (ctx, n, arguments, 2, 1);
  gsize length = (gsize) argument_number (ctx, n, arguments, 3, 0);
  guint8 *key = g_malloc (length + 1);
  gboolean is_good
      = length == 0
        || PKCS5_PBKDF2_HMAC ((const char *) password.data, (int) password.length, salt.data,
                              (int) salt.length, iterations, digest, (int) length, key)
               == 1;
  return give (ctx, is_good, key, length, "PBKDF2 failed", exception);
}

/* scrypt (password, salt, key length, N, r, p, most memory): a Uint8Array, or undefined where the
 * parameters can't be */
static JSValueRef
scrypt (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
        const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) password = { 0 };
  g_auto (Bytes) salt = { 0 };
  crypto_init ();
  if (n < 7 || !bytes_read (ctx, arguments[0], &password, exception)
      || !bytes_read (ctx, arguments[1], &salt, exception))
    return js_undefined (ctx);
  gsize length = (gsize) argument_number (ctx, n, arguments, 2, 0);
  guint64 cost = (guint64) argument_number (ctx, n, arguments, 3, 0);
  guint64 block_size = (guint64) argument_number (ctx, n, arguments, 4, 0);
  guint64 parallel = (guint64) argument_number (ctx, n, arguments, 5, 0);
  guint64 most_memory = (guint64) argument_number (ctx, n, arguments, 6, 0);
  /* Without a place for the key it only checks the parameters. */
  if (EVP_PBE_scrypt (NULL, 0, NULL, 0, cost, block_size, parallel, most_memory, NULL, 0) != 1)
    return js_undefined (ctx);
  guint8 *key = g_malloc (length + 1);
  gboolean is_good
      = length == 0
        || EVP_PBE_scrypt ((const char *) password.data, password.length, salt.data, salt.length,
                           cost, block_size, parallel, most_memory, key, length)
               == 1;
  return give (ctx, is_good, key, length, "scrypt failed", exception);
}

/* hkdf (digest, key, salt, info, length): a Uint8Array, or undefined where there is no such digest
 */
static JSValueRef
hkdf (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
      const JSValueRef arguments[], JSValueRef *exception)
{
  static EVP_KDF *kdf;
  g_auto (Bytes) secret = { 0 };
  g_auto (Bytes) salt = { 0 };
  g_auto (Bytes) info = { 0 };
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  const EVP_MD *digest = digest_find (name);
  if (digest == NULL || n < 5 || !bytes_read (ctx, arguments[1], &secret, exception)
      || !bytes_read (ctx, arguments[2], &salt, exception)
      || !bytes_read (ctx, arguments[3], &info, exception))
    return js_undefined (ctx);
  if (kdf == NULL)
    kdf = EVP_KDF_fetch (NULL, "HKDF", NULL);

  gsize length = (gsize) argument_number (ctx, n, arguments, 4, 0);
  EVP_KDF_CTX *context = EVP_KDF_CTX_new (kdf);
  const OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, (char *) EVP_MD_get0_name (digest), 0),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_KEY, (void *) secret.data, secret.length),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_SALT, (void *) salt.data, salt.length),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_INFO, (void *) info.data, info.length),
    OSSL_PARAM_construct_end (),
  };
  guint8 *key = g_malloc (length + 1);
  gboolean is_good = length == 0 || EVP_KDF_derive (context, key, length, parameters) == 1;
  EVP_KDF_CTX_free (context);
  return give (ctx, is_good, key, length, "HKDF failed", exception);
}

const NativeFunction kdf_natives[] = {
  { "pbkdf2", pbkdf2 },
  { "scrypt", scrypt },
  { "hkdf", hkdf },
  { NULL, NULL },
};
