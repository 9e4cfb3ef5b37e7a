/* Digests and HMAC. */
#include "runtime/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

const EVP_MD *
digest_find (const char *name)
{
  static GHashTable *fetched; /* lower-case name -> EVP_MD, for the life of the process */
  crypto_init ();
  if (name == NULL)
    return NULL;
  if (fetched == NULL)
    fetched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_autofree char *key = g_ascii_strdown (name, -1);
  EVP_MD *digest = g_hash_table_lookup (fetched, key);
  if (digest != NULL)
    return digest;
  /* Names such as RSA-SHA256 are aliases that only the older table knows. */
  const EVP_MD *known = EVP_get_digestbyname (name);
  if (known == NULL)
    known = EVP_get_digestbyname (key);
  digest = EVP_MD_fetch (NULL, known == NULL ? name : EVP_MD_get0_name (known), NULL);
  if (digest != NULL)
    g_hash_table_insert (fetched, g_steal_pointer (&key), digest);
  return digest;
}

static HandleType hash_type = { .name = "Hash", .free = (void (*) (gpointer)) EVP_MD_CTX_free };
static HandleType hmac_type = { .name = "Hmac", .free = (void (*) (gpointer)) EVP_MAC_CTX_free };

/* --- digests --- */

/* hashNew (name): a handle, or undefined where there is no such digest */
static JSValueRef
hash_new (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  const EVP_MD *digest = digest_find (name);
  if (digest == NULL)
    return js_undefined (ctx);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  if (EVP_DigestInit_ex (context, digest, NULL) != 1)
    {
      EVP_MD_CTX_free (context);
      return throw_openssl (ctx, exception, "the digest can't be made");
    }
  return handle_new (ctx, &hash_type, context);
}

/* hashUpdate (handle, bytes or string) */
static JSValueRef
hash_update (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) bytes = { 0 };
  EVP_MD_CTX *context = n < 2 ? NULL : handle_get (ctx, arguments[0], &hash_type);
  if (context == NULL || !bytes_read (ctx, arguments[1], &bytes, exception))
    return js_undefined (ctx);
  EVP_DigestUpdate (context, bytes.data, bytes.length);
  return js_undefined (ctx);
}

static gboolean
has_any_length (const EVP_MD_CTX *context)
{
  return (EVP_MD_get_flags (EVP_MD_CTX_get0_md (context)) & EVP_MD_FLAG_XOF) != 0;
}

static JSValueRef
finish_hash (JSContextRef ctx, EVP_MD_CTX *context, double length, JSValueRef *exception)
{
  gsize usual = (gsize) EVP_MD_CTX_get_size (context);
  gsize size = length < 0 ? usual : (gsize) length;
  if (size != usual && !has_any_length (context))
    return js_throw_code (ctx, exception, "Error", "ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH",
                          "error:030000B2:digital envelope routines::not XOF or invalid length");
  guint8 *data = g_malloc (MAX (MAX (size, usual), 1));
  gboolean is_good = size == usual && !has_any_length (context)
                         ? EVP_DigestFinal_ex (context, data, NULL) == 1
                         : size == 0 || EVP_DigestFinalXOF (context, data, size) == 1;
  if (!is_good)
    {
      g_free (data);
      return throw_openssl (ctx, exception, "the digest failed");
    }
  return take_bytes (ctx, data, size, exception);
}

/* hashDigest (handle, output length or undefined): a Uint8Array. Once. */
static JSValueRef
hash_digest (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_MD_CTX *context = n < 1 ? NULL : handle_get (ctx, arguments[0], &hash_type);
  if (context == NULL)
    return js_undefined (ctx);
  return finish_hash (ctx, context, argument_number (ctx, n, arguments, 1, -1), exception);
}

/* hashCopy (handle): another that has read the same */
static JSValueRef
hash_copy (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_MD_CTX *context = n < 1 ? NULL : handle_get (ctx, arguments[0], &hash_type);
  if (context == NULL)
    return js_undefined (ctx);
  EVP_MD_CTX *copy = EVP_MD_CTX_new ();
  EVP_MD_CTX_copy_ex (copy, context);
  return handle_new (ctx, &hash_type, copy);
}

/* digest (name, bytes or string): a Uint8Array, or undefined where there is no such digest */
static JSValueRef
one_digest (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  const EVP_MD *digest = digest_find (name);
  g_auto (Bytes) bytes = { 0 };
  guint length = 0;
  if (digest == NULL || n < 2 || !bytes_read (ctx, arguments[1], &bytes, exception))
    return js_undefined (ctx);
  guint8 *data = g_malloc (EVP_MAX_MD_SIZE);
  if (EVP_Digest (bytes.data, bytes.length, data, &length, digest, NULL) != 1)
    {
      g_free (data);
      return throw_openssl (ctx, exception, "the digest failed");
    }
  return take_bytes (ctx, data, length, exception);
}

static void
add_name (const EVP_MD *digest, const char *from, const char *to, void *names)
{
  if (from != NULL && EVP_get_digestbyname (from) != NULL && digest_find (from) != NULL)
    g_ptr_array_add (names, (gpointer) from);
}

/* digestNames (): an array */
static JSValueRef
digest_names (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  crypto_init ();
  EVP_MD_do_all_sorted (add_name, names);
  JSValueRef *values = g_new (JSValueRef, names->len + 1);
  for (guint i = 0; i < names->len; i++)
    values[i] = js_string (ctx, names->pdata[i]);
  JSObjectRef array = JSObjectMakeArray (ctx, names->len, values, exception);
  g_free (values);
  return array == NULL ? js_undefined (ctx) : array;
}

/* --- HMAC --- */

/* hmacNew (digest, key): a handle, or undefined where there is no such digest */
static JSValueRef
hmac_new (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  static EVP_MAC *hmac;
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  const EVP_MD *digest = digest_find (name);
  g_auto (Bytes) key = { 0 };
  if (digest == NULL || n < 2 || !bytes_read (ctx, arguments[1], &key, exception))
    return js_undefined (ctx);
  if (hmac == NULL)
    hmac = EVP_MAC_fetch (NULL, "HMAC", NULL);

  EVP_MAC_CTX *context = EVP_MAC_CTX_new (hmac);
  const OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, (char *) EVP_MD_get0_name (digest), 0),
    OSSL_PARAM_construct_end (),
  };
  /* A key of no bytes still has to be a pointer. */
  const guint8 *data = key.length == 0 ? (const guint8 *) "" : key.data;
  if (EVP_MAC_init (context, data, key.length, parameters) != 1)
    {
      EVP_MAC_CTX_free (context);
      return throw_openssl (ctx, exception, "the HMAC can't be made");
    }
  return handle_new (ctx, &hmac_type, context);
}

/* hmacUpdate (handle, bytes or string) */
static JSValueRef
hmac_update (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) bytes = { 0 };
  EVP_MAC_CTX *context = n < 2 ? NULL : handle_get (ctx, arguments[0], &hmac_type);
  if (context == NULL || !bytes_read (ctx, arguments[1], &bytes, exception))
    return js_undefined (ctx);
  EVP_MAC_update (context, bytes.data, bytes.length);
  return js_undefined (ctx);
}

/* hmacDigest (handle): a Uint8Array. Once. */
static JSValueRef
hmac_digest (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_MAC_CTX *context = n < 1 ? NULL : handle_get (ctx, arguments[0], &hmac_type);
  gsize length = 0;
  if (context == NULL)
    return js_undefined (ctx);
  guint8 *data = g_malloc (EVP_MAX_MD_SIZE);
  if (EVP_MAC_final (context, data, &length, EVP_MAX_MD_SIZE) != 1)
    {
      g_free (data);
      return throw_openssl (ctx, exception, "the HMAC failed");
    }
  return take_bytes (ctx, data, length, exception);
}

/* timingSafeEqual (a, b): of one length, which the caller has checked */
static JSValueRef
timing_safe_equal (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                   const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *a, *b;
  gsize a_length, b_length;
  if (n < 2 || !js_get_bytes (ctx, arguments[0], &a, &a_length)
      || !js_get_bytes (ctx, arguments[1], &b, &b_length))
    return js_throw_type (ctx, exception, "bytes are expected");
  return js_bool (ctx, a_length == b_length && CRYPTO_memcmp (a, b, a_length) == 0);
}

const NativeFunction hash_natives[] = {
  { "hashNew", hash_new },
  { "hashUpdate", hash_update },
  { "hashDigest", hash_digest },
  { "hashCopy", hash_copy },
  { "digest", one_digest },
  { "digestNames", digest_names },
  { "hmacNew", hmac_new },
  { "hmacUpdate", hmac_update },
  { "hmacDigest", hmac_digest },
  { "timingSafeEqual", timing_safe_equal },
  { NULL, NULL },
};
