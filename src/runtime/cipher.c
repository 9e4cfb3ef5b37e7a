/* Symmetric ciphers, with and without authentication. */
#include "runtime/crypto.h"

#include <string.h>

typedef struct
{
  EVP_CIPHER_CTX *context;
  gboolean is_encrypting, is_aead, is_ccm;
  guint tag_length; /* 0 = not known yet */
  guint8 tag[16];
  gboolean has_tag;     /* the tag to be checked has been given to us */
  gboolean has_set_tag; /* … and to OpenSSL */
  gboolean is_forged;
} Cipher;

static void
cipher_free (gpointer data)
{
  Cipher *cipher = data;
  EVP_CIPHER_CTX_free (cipher->context);
  g_free (cipher);
}

static HandleType cipher_type = { .name = "Cipher", .free = cipher_free };

static EVP_CIPHER *
find_cipher (const char *name)
{
  static GHashTable *fetched; /* lower-case name -> EVP_CIPHER, for the life of the process */
  crypto_init ();
  if (name == NULL)
    return NULL;
  if (fetched == NULL)
    fetched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *key = g_ascii_strdown (name, -1);
  EVP_CIPHER *cipher = g_hash_table_lookup (fetched, key);
  if (cipher != NULL)
    return cipher;
  const EVP_CIPHER *known = EVP_get_cipherbyname (key);
  cipher = EVP_CIPHER_fetch (NULL, known == NULL ? name : EVP_CIPHER_get0_name (known), NULL);
  if (cipher != NULL)
    g_hash_table_insert (fetched, g_steal_pointer (&key), cipher);
  return cipher;
}

static const char *
mode_name (const EVP_CIPHER *cipher)
{
  if (g_ascii_strcasecmp (EVP_CIPHER_get0_name (cipher), "ChaCha20-Poly1305") == 0)
    return "poly1305";
  switch (EVP_CIPHER_get_mode (cipher))
    {
    case EVP_CIPH_ECB_MODE:
      return "ecb";
    case EVP_CIPH_CBC_MODE:
      return "cbc";
    case EVP_CIPH_CFB_MODE:
      return "cfb";
    case EVP_CIPH_OFB_MODE:
      return "ofb";
    case EVP_CIPH_CTR_MODE:
      return "ctr";
    case EVP_CIPH_GCM_MODE:
      return "gcm";
    case EVP_CIPH_CCM_MODE:
      return "ccm";
    case EVP_CIPH_XTS_MODE:
      return "xts";
    case EVP_CIPH_OCB_MODE:
      return "ocb";
    case EVP_CIPH_WRAP_MODE:
      return "wrap";
    default:
      return "stream";
    }
}

static gboolean
is_authenticated (const EVP_CIPHER *cipher)
{
  return (EVP_CIPHER_get_flags (cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0;
}

/* cipherInfo (name): {name, nid, blockSize, ivLength, keyLength, mode, isAuthenticated}, or
 * undefined */
static JSValueRef
cipher_info (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  const EVP_CIPHER *cipher = find_cipher (name);
  if (cipher == NULL)
    return js_undefined (ctx);
  JSObjectRef info = js_object (ctx);
  g_autofree char *lower = g_ascii_strdown (EVP_CIPHER_get0_name (cipher), -1);
  js_set (ctx, info, "name", js_string (ctx, lower));
  js_set (ctx, info, "nid", js_number (ctx, EVP_CIPHER_get_nid (cipher)));
  js_set (ctx, info, "blockSize", js_number (ctx, EVP_CIPHER_get_block_size (cipher)));
  js_set (ctx, info, "ivLength", js_number (ctx, EVP_CIPHER_get_iv_length (cipher)));
  js_set (ctx, info, "keyLength", js_number (ctx, EVP_CIPHER_get_key_length (cipher)));
  js_set (ctx, info, "mode", js_string (ctx, mode_name (cipher)));
  js_set (ctx, info, "isAuthenticated", js_bool (ctx, is_authenticated (cipher)));
  return info;
}

static void
add_name (const EVP_CIPHER *cipher, const char *from, const char *to, void *names)
{
  if (from != NULL && find_cipher (from) != NULL)
    g_ptr_array_add (names, g_ascii_strdown (from, -1));
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* cipherNames (): an array, sorted */
static JSValueRef
cipher_names (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  crypto_init ();
  EVP_CIPHER_do_all_sorted (add_name, names);
  g_ptr_array_sort (names, compare_texts);
  for (guint i = 0; i < names->len; i++)
    if (i == 0 || strcmp (names->pdata[i - 1], names->pdata[i]) != 0)
      g_ptr_array_add (values, (gpointer) js_string (ctx, names->pdata[i]));
  JSObjectRef array
      = JSObjectMakeArray (ctx, values->len, (const JSValueRef *) values->pdata, exception);
  return array == NULL ? js_undefined (ctx) : array;
}

static gboolean
start_cipher (Cipher *cipher, const EVP_CIPHER *type, const Bytes *key, const Bytes *iv)
{
  EVP_CIPHER_CTX *context = cipher->context;
  int is_encrypting = cipher->is_encrypting;
  if (EVP_CIPHER_get_mode (type) == EVP_CIPH_WRAP_MODE)
    EVP_CIPHER_CTX_set_flags (context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (EVP_CipherInit_ex (context, type, NULL, NULL, NULL, is_encrypting) != 1)
    return FALSE;
  if (cipher->is_aead
      && EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_SET_IVLEN, (int) iv->length, NULL) != 1)
    return FALSE;
  /* CCM and OCB take the tag's length before the key. */
  int mode = EVP_CIPHER_get_mode (type);
  if ((mode == EVP_CIPH_CCM_MODE || mode == EVP_CIPH_OCB_MODE) && cipher->tag_length > 0
      && EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_SET_TAG, (int) cipher->tag_length, NULL) != 1)
    return FALSE;
  return EVP_CipherInit_ex (context, NULL, NULL, key->data, iv->length == 0 ? NULL : iv->data,
                            is_encrypting)
         == 1;
}

/* cipherNew (name, key, iv, isEncrypting, tag length): a handle. The lengths have been checked. */
static JSValueRef
cipher_new (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) key = { 0 };
  g_auto (Bytes) iv = { 0 };
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  EVP_CIPHER *type = find_cipher (name);
  if (type == NULL || n < 5 || !bytes_read (ctx, arguments[1], &key, exception)
      || !bytes_read (ctx, arguments[2], &iv, exception))
    return js_undefined (ctx);

  Cipher *cipher = g_new0 (Cipher, 1);
  cipher->context = EVP_CIPHER_CTX_new ();
  cipher->is_encrypting = JSValueToBoolean (ctx, arguments[3]);
  cipher->is_aead = is_authenticated (type);
  cipher->is_ccm = EVP_CIPHER_get_mode (type) == EVP_CIPH_CCM_MODE;
  cipher->tag_length = (guint) argument_number (ctx, n, arguments, 4, 0);
  if (!start_cipher (cipher, type, &key, &iv))
    {
      cipher_free (cipher);
      return throw_openssl (ctx, exception, "the cipher can't be made");
    }
  return handle_new (ctx, &cipher_type, cipher);
}

/* The tag to be checked, before the first bytes. */
static gboolean
give_tag (Cipher *cipher)
{
  if (!cipher->has_tag || cipher->has_set_tag)
    return TRUE;
  cipher->has_set_tag = TRUE;
  return EVP_CIPHER_CTX_ctrl (cipher->context, EVP_CTRL_AEAD_SET_TAG, (int) cipher->tag_length,
                              cipher->tag)
         == 1;
}

/* cipherSetTag (handle, tag) */
static JSValueRef
cipher_set_tag (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) tag = { 0 };
  Cipher *cipher = n < 2 ? NULL : handle_get (ctx, arguments[0], &cipher_type);
  if (cipher == NULL || !bytes_read (ctx, arguments[1], &tag, exception))
    return js_undefined (ctx);
  if (tag.length == 0 || tag.length > sizeof cipher->tag)
    return js_throw (ctx, exception, "Invalid authentication tag length: %" G_GSIZE_FORMAT,
                     tag.length);
  memcpy (cipher->tag, tag.data, tag.length);
  cipher->tag_length = (guint) tag.length;
  cipher->has_tag = TRUE;
  return js_undefined (ctx);
}

/* cipherGetTag (handle, length): a Uint8Array; after the end */
static JSValueRef
cipher_get_tag (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  Cipher *cipher = n < 1 ? NULL : handle_get (ctx, arguments[0], &cipher_type);
  guint length = (guint) argument_number (ctx, n, arguments, 1, 16);
  guint8 tag[16];
  if (cipher == NULL || length == 0 || length > sizeof tag)
    return js_undefined (ctx);
  if (EVP_CIPHER_CTX_ctrl (cipher->context, EVP_CTRL_AEAD_GET_TAG, (int) length, tag) != 1)
    return throw_openssl (ctx, exception, "there is no authentication tag");
  return js_uint8array (ctx, tag, length, exception);
}

/* cipherSetAad (handle, bytes, length of the text or -1) */
static JSValueRef
cipher_set_aad (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) bytes = { 0 };
  Cipher *cipher = n < 2 ? NULL : handle_get (ctx, arguments[0], &cipher_type);
  int length, text_length = (int) argument_number (ctx, n, arguments, 2, -1);
  if (cipher == NULL || !bytes_read (ctx, arguments[1], &bytes, exception))
    return js_undefined (ctx);
  if (bytes.length > G_MAXINT32 || !give_tag (cipher)
      || (cipher->is_ccm
          && EVP_CipherUpdate (cipher->context, NULL, &length, NULL, MAX (text_length, 0)) != 1)
      || (bytes.length > 0
          && EVP_CipherUpdate (cipher->context, NULL, &length, bytes.data, (int) bytes.length)
                 != 1))
    return throw_openssl (ctx, exception, "the additional data is refused");
  return js_undefined (ctx);
}

/* cipherUpdate (handle, bytes): a Uint8Array */
static JSValueRef
cipher_update (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) bytes = { 0 };
  Cipher *cipher = n < 2 ? NULL : handle_get (ctx, arguments[0], &cipher_type);
  if (cipher == NULL || !bytes_read (ctx, arguments[1], &bytes, exception))
    return js_undefined (ctx);
  if (bytes.length > G_MAXINT32 - 64)
    return js_throw_range (ctx, exception, "the data is too long");
  int length = 0;
  guint8 *data = g_malloc (bytes.length + 64);
  if (!give_tag (cipher)
      || EVP_CipherUpdate (cipher->context, data, &length, bytes.data, (int) bytes.length) != 1)
    {
      g_free (data);
      /* CCM checks the tag here; like Node, that is told at the end. */
      cipher->is_forged = cipher->is_ccm && !cipher->is_encrypting;
      if (cipher->is_forged)
        return js_uint8array (ctx, "", 0, exception);
      return throw_openssl (ctx, exception, "Unsupported state or unable to authenticate data");
    }
  return take_bytes (ctx, data, (gsize) length, exception);
}

/* cipherFinal (handle): a Uint8Array */
static JSValueRef
cipher_final (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Cipher *cipher = n < 1 ? NULL : handle_get (ctx, arguments[0], &cipher_type);
  guint8 data[64];
  int length = 0;
  if (cipher == NULL)
    return js_undefined (ctx);
  /* CCM has checked everything in its one update. */
  if (cipher->is_ccm && !cipher->is_encrypting && !cipher->is_forged)
    return js_uint8array (ctx, data, 0, exception);
  if (cipher->is_forged || !give_tag (cipher)
      || EVP_CipherFinal_ex (cipher->context, data, &length) != 1)
    {
      if (cipher->is_aead)
        return js_throw (ctx, exception, "Unsupported state or unable to authenticate data");
      return throw_openssl (ctx, exception, "the cipher failed");
    }
  return js_uint8array (ctx, data, (gsize) length, exception);
}

/* cipherSetPadding (handle, isOn) */
static JSValueRef
cipher_set_padding (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                    const JSValueRef arguments[], JSValueRef *exception)
{
  Cipher *cipher = n < 2 ? NULL : handle_get (ctx, arguments[0], &cipher_type);
  if (cipher != NULL)
    EVP_CIPHER_CTX_set_padding (cipher->context, JSValueToBoolean (ctx, arguments[1]));
  return js_undefined (ctx);
}

const NativeFunction cipher_natives[] = {
  { "cipherInfo", cipher_info },
  { "cipherNames", cipher_names },
  { "cipherNew", cipher_new },
  { "cipherSetTag", cipher_set_tag },
  { "cipherGetTag", cipher_get_tag },
  { "cipherSetAad", cipher_set_aad },
  { "cipherUpdate", cipher_update },
  { "cipherFinal", cipher_final },
  { "cipherSetPadding", cipher_set_padding },
  { NULL, NULL },
};
