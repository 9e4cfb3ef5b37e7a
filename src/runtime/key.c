/* Public and private keys: reading, writing, making and describing them. */
#include "runtime/crypto.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

static HandleType key_type = { .name = "Key", .free = (void (*) (gpointer)) EVP_PKEY_free };

EVP_PKEY *
key_get (JSContextRef ctx, JSValueRef value)
{
  return handle_get (ctx, value, &key_type);
}

JSValueRef
key_handle (JSContextRef ctx, EVP_PKEY *key)
{
  return handle_new (ctx, &key_type, key);
}

/* The first argument, or NULL with *exception. */
static EVP_PKEY *
key_argument (JSContextRef ctx, size_t n, const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_PKEY *key = n == 0 ? NULL : key_get (ctx, arguments[0]);
  if (key == NULL)
    js_throw_type (ctx, exception, "a key is expected");
  return key;
}

/* --- reading --- */

static int
no_passphrase (char *buffer, int size, int is_writing, void *data)
{
  return -1;
}

static EVP_PKEY *
decode (const Bytes *data, const char *format, int selection, const Bytes *passphrase)
{
  EVP_PKEY *key = NULL;
  const guint8 *bytes = data->data;
  size_t length = data->length;
  OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey (
      &key, g_strcmp0 (format, "pem") == 0 ? "PEM" : "DER", NULL, NULL, selection, NULL, NULL);
  if (passphrase->data != NULL)
    OSSL_DECODER_CTX_set_passphrase (decoder, passphrase->data, passphrase->length);
  else
    OSSL_DECODER_CTX_set_pem_password_cb (decoder, no_passphrase, NULL);
  if (OSSL_DECODER_from_data (decoder, &bytes, &length) != 1)
    g_clear_pointer (&key, EVP_PKEY_free);
  OSSL_DECODER_CTX_free (decoder);
  return key;
}

static EVP_PKEY *
key_of_certificate (const Bytes *data, const char *format)
{
  BIO *bio = BIO_new_mem_buf (data->data, (int) data->length);
  X509 *certificate = g_strcmp0 (format, "pem") == 0
                          ? PEM_read_bio_X509 (bio, NULL, no_passphrase, NULL)
                          : d2i_X509_bio (bio, NULL);
  EVP_PKEY *key = certificate == NULL ? NULL : X509_get_pubkey (certificate);
  X509_free (certificate);
  BIO_free (bio);
  return key;
}

/* keyRead (data, "pem" or "der", is private, passphrase or undefined): a handle, or undefined where a passphrase is
 * missing. A public key may also come as a certificate or in a private key. */
static JSValueRef
key_read (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) data = { 0 };
  g_auto (Bytes) passphrase = { 0 };
  g_autofree char *format = argument_text (ctx, n, arguments, 1);
  crypto_init ();
  if (n < 3 || !bytes_read (ctx, arguments[0], &data, exception))
    return js_undefined (ctx);
  if (n > 3 && !js_is_nullish (ctx, arguments[3])
      && !bytes_read (ctx, arguments[3], &passphrase, exception))
    return js_undefined (ctx);
  gboolean is_private = argument_is (ctx, n, arguments, 2);
  EVP_PKEY *key = NULL;
  if (!is_private)
    {
      key = decode (&data, format, EVP_PKEY_PUBLIC_KEY, &passphrase);
      if (key == NULL)
        key = key_of_certificate (&data, format);
    }
  if (key == NULL)
    key = decode (&data, format, EVP_PKEY_KEYPAIR, &passphrase);
  if (key != NULL)
    return key_handle (ctx, key);
  if (passphrase.data == NULL && g_strcmp0 (format, "pem") == 0 && data.length > 0
      && g_strstr_len ((const char *) data.data, (gssize) data.length, "ENCRYPTED") != NULL)
    return js_throw_code (ctx, exception, "TypeError", "ERR_MISSING_PASSPHRASE",
                          "Passphrase required for encrypted key");
  return throw_openssl (ctx, exception, "Failed to read the key");
}

/* --- numbers, for JSON Web Keys (RFC 7517, 7518, 8037) --- */

typedef struct
{
  const char *name, *parameter;
} Part;

static const Part rsa_parts[] = {
  { "n", OSSL_PKEY_PARAM_RSA_N },         { "e", OSSL_PKEY_PARAM_RSA_E },
  { "d", OSSL_PKEY_PARAM_RSA_D },         { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
  { "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },   { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
  { "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

static const char *
okp_name (int id)
{
  switch (id)
    {
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_ED448:
      return "Ed448";
    case EVP_PKEY_X25519:
      return "X25519";
    case EVP_PKEY_X448:
      return "X448";
    default:
      return NULL;
    }
}

static void
set_number (JSContextRef ctx, JSObjectRef object, const char *name, const BIGNUM *number,
            int least_length)
{
  int length = MAX (BN_num_bytes (number), least_length);
  guint8 *bytes = g_malloc (MAX (length, 1));
  BN_bn2binpad (number, bytes, length);
  js_set (ctx, object, name, take_bytes (ctx, bytes, (gsize) length, NULL));
}

static void
get_parts (JSContextRef ctx, EVP_PKEY *key, JSObjectRef object, const Part *parts, guint n,
           int least_length)
{
  for (guint i = 0; i < n; i++)
    {
      BIGNUM *number = NULL;
      if (EVP_PKEY_get_bn_param (key, parts[i].parameter, &number) == 1)
        set_number (ctx, object, parts[i].name, number, least_length);
      BN_clear_free (number);
    }
  ERR_clear_error ();
}

static void
get_ec (JSContextRef ctx, EVP_PKEY *key, JSObjectRef object, gboolean is_private)
{
  static const Part point[]
      = { { "x", OSSL_PKEY_PARAM_EC_PUB_X }, { "y", OSSL_PKEY_PARAM_EC_PUB_Y } };
  static const Part secret[] = { { "d", OSSL_PKEY_PARAM_PRIV_KEY } };
  char group[64] = "";
  int length = (EVP_PKEY_get_bits (key) + 7) / 8;
  EVP_PKEY_get_utf8_string_param (key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
  js_set (ctx, object, "crv", js_string (ctx, group));
  get_parts (ctx, key, object, point, G_N_ELEMENTS (point), length);
  if (is_private)
    get_parts (ctx, key, object, secret, G_N_ELEMENTS (secret), length);
}

static void
get_okp (JSContextRef ctx, EVP_PKEY *key, JSObjectRef object, gboolean is_private)
{
  guint8 bytes[64];
  size_t length = sizeof bytes;
  js_set (ctx, object, "crv", js_string (ctx, okp_name (EVP_PKEY_get_id (key))));
  if (EVP_PKEY_get_raw_public_key (key, bytes, &length) == 1)
    js_set (ctx, object, "x", js_uint8array (ctx, bytes, length, NULL));
  length = sizeof bytes;
  if (is_private && EVP_PKEY_get_raw_private_key (key, bytes, &length) == 1)
    js_set (ctx, object, "d", js_uint8array (ctx, bytes, length, NULL));
  OPENSSL_cleanse (bytes, sizeof bytes);
}

/* keyParts (handle, is private): {n, e, …}, {crv, x, y, d} */
static JSValueRef
key_parts (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_PKEY *key = key_argument (ctx, n, arguments, exception);
  if (key == NULL)
    return js_undefined (ctx);
  gboolean is_private = argument_is (ctx, n, arguments, 1);
  JSObjectRef object = js_object (ctx);
  int id = EVP_PKEY_get_base_id (key);
  if (id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS)
    get_parts (ctx, key, object, rsa_parts, is_private ? G_N_ELEMENTS (rsa_parts) : 2, 0);
  else if (id == EVP_PKEY_EC)
    get_ec (ctx, key, object, is_private);
  else if (okp_name (EVP_PKEY_get_id (key)) != NULL)
    get_okp (ctx, key, object, is_private);
  return object;
}

static BIGNUM *
number_of (JSContextRef ctx, JSObjectRef object, const char *name)
{
  guint8 *bytes;
  gsize length;
  JSValueRef value = js_get (ctx, object, name, NULL);
  if (value == NULL || !js_get_bytes (ctx, value, &bytes, &length) || length > 4096)
    return NULL;
  return BN_bin2bn (bytes, (int) length, BN_secure_new ());
}

static EVP_PKEY *
key_from_data (const char *kind, OSSL_PARAM_BLD *builder, gboolean is_private)
{
  EVP_PKEY *key = NULL;
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param (builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, kind, NULL);
  if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init (context) != 1
      || EVP_PKEY_fromdata (context, &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                            parameters)
             != 1)
    g_clear_pointer (&key, EVP_PKEY_free);
  EVP_PKEY_CTX_free (context);
  OSSL_PARAM_free (parameters);
  return key;
}

static EVP_PKEY *
make_rsa (JSContextRef ctx, JSObjectRef parts, gboolean is_private)
{
  BIGNUM *numbers[G_N_ELEMENTS (rsa_parts)] = { NULL };
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new ();
  gboolean is_good = TRUE;
  for (guint i = 0; i < (is_private ? G_N_ELEMENTS (rsa_parts) : 2); i++)
    {
      numbers[i] = number_of (ctx, parts, rsa_parts[i].name);
      is_good &= numbers[i] != NULL
                 && OSSL_PARAM_BLD_push_BN (builder, rsa_parts[i].parameter, numbers[i]) == 1;
    }
  EVP_PKEY *key = is_good ? key_from_data ("RSA", builder, is_private) : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    BN_clear_free (numbers[i]);
  OSSL_PARAM_BLD_free (builder);
  return key;
}

/* A point as OpenSSL takes it: 4, x, y, each as long as the field. */
static GByteArray *
ec_point (JSContextRef ctx, JSObjectRef parts, int field_length)
{
  static const char *const names[] = { "x", "y" };
  GByteArray *point = g_byte_array_new ();
  g_byte_array_append (point, (const guint8 *) "\x04", 1);
  for (guint i = 0; i < 2; i++)
    {
      BIGNUM *number = number_of (ctx, parts, names[i]);
      guint8 bytes[128];
      gboolean is_good = number != NULL && field_length <= (int) sizeof bytes
                         && BN_bn2binpad (number, bytes, field_length) == field_length;
      BN_free (number);
      if (!is_good)
        {
          g_byte_array_unref (point);
          return NULL;
        }
      g_byte_array_append (point, bytes, (guint) field_length);
    }
  return point;
}

static EVP_PKEY *
make_ec (JSContextRef ctx, JSObjectRef parts, const char *curve, int field_length,
         gboolean is_private)
{
  g_autoptr (GByteArray) point = ec_point (ctx, parts, field_length);
  BIGNUM *secret = is_private ? number_of (ctx, parts, "d") : NULL;
  if (point == NULL || (is_private && secret == NULL))
    {
      BN_clear_free (secret);
      return NULL;
    }
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new ();
  OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
  OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point->data, point->len);
  if (secret != NULL)
    OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
  EVP_PKEY *key = key_from_data ("EC", builder, is_private);
  OSSL_PARAM_BLD_free (builder);
  BN_clear_free (secret);
  return key;
}

static EVP_PKEY *
make_okp (JSContextRef ctx, JSObjectRef parts, const char *curve, gboolean is_private)
{
  guint8 *bytes;
  gsize length;
  JSValueRef value = js_get (ctx, parts, is_private ? "d" : "x", NULL);
  if (value == NULL || !js_get_bytes (ctx, value, &bytes, &length))
    return NULL;
  return is_private ? EVP_PKEY_new_raw_private_key_ex (NULL, curve, NULL, bytes, length)
                    : EVP_PKEY_new_raw_public_key_ex (NULL, curve, NULL, bytes, length);
}

/* keyFromParts (kind, parts, is private, curve, field length): kind "RSA", "EC" or "OKP"; undefined where they make
 * no key */
static JSValueRef
key_from_parts (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *kind = argument_text (ctx, n, arguments, 0);
  g_autofree char *curve = argument_text (ctx, n, arguments, 3);
  JSObjectRef parts = n < 2 ? NULL : js_as_object (ctx, arguments[1]);
  gboolean is_private = argument_is (ctx, n, arguments, 2);
  EVP_PKEY *key = NULL;
  crypto_init ();
  if (parts == NULL || kind == NULL)
    return js_undefined (ctx);
  if (strcmp (kind, "RSA") == 0)
    key = make_rsa (ctx, parts, is_private);
  else if (strcmp (kind, "EC") == 0 && curve != NULL)
    key = make_ec (ctx, parts, curve, (int) argument_number (ctx, n, arguments, 4, 0), is_private);
  else if (strcmp (kind, "OKP") == 0 && curve != NULL)
    key = make_okp (ctx, parts, curve, is_private);
  ERR_clear_error ();
  return key == NULL ? js_undefined (ctx) : key_handle (ctx, key);
}

/* keyPoint (handle): an elliptic curve's public point, uncompressed */
static JSValueRef
key_point (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_PKEY *key = key_argument (ctx, n, arguments, exception);
  unsigned char *point = NULL;
  if (key == NULL)
    return js_undefined (ctx);
  size_t length = EVP_PKEY_get1_encoded_public_key (key, &point);
  if (length == 0)
    return throw_openssl (ctx, exception, "the key has no point");
  JSObjectRef array = js_uint8array (ctx, point, length, exception);
  OPENSSL_free (point);
  return array == NULL ? js_undefined (ctx) : array;
}

/* --- writing --- */

static const char *
structure_of (const char *type)
{
  if (g_strcmp0 (type, "spki") == 0)
    return "SubjectPublicKeyInfo";
  if (g_strcmp0 (type, "pkcs8") == 0)
    return "PrivateKeyInfo";
  return "type-specific";
}

/* keyWrite (handle, "pem" or "der", "spki", "pkcs8", "pkcs1" or "sec1", is private, cipher or undefined, passphrase
 * or undefined): bytes */
static JSValueRef
key_write (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_PKEY *key = key_argument (ctx, n, arguments, exception);
  g_autofree char *format = argument_text (ctx, n, arguments, 1);
  g_autofree char *type = argument_text (ctx, n, arguments, 2);
  g_autofree char *cipher = argument_text (ctx, n, arguments, 4);
  g_auto (Bytes) passphrase = { 0 };
  if (key == NULL || n < 4)
    return js_undefined (ctx);
  if (cipher != NULL && (n < 6 || !bytes_read (ctx, arguments[5], &passphrase, exception)))
    return js_undefined (ctx);
  int selection = argument_is (ctx, n, arguments, 3) ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  const char *structure = structure_of (type);
  if (cipher != NULL && strcmp (structure, "PrivateKeyInfo") == 0)
    structure = "EncryptedPrivateKeyInfo";
  OSSL_ENCODER_CTX *encoder = OSSL_ENCODER_CTX_new_for_pkey (
      key, selection, g_strcmp0 (format, "pem") == 0 ? "PEM" : "DER", structure, NULL);
  guint8 *data = NULL;
  size_t length = 0;
  gboolean is_good = encoder != NULL;
  if (cipher != NULL && is_good)
    is_good = OSSL_ENCODER_CTX_set_cipher (encoder, cipher, NULL) == 1
              && OSSL_ENCODER_CTX_set_passphrase (encoder, passphrase.data, passphrase.length) == 1;
  is_good = is_good && OSSL_ENCODER_to_data (encoder, &data, &length) == 1;
  JSObjectRef array = is_good ? js_uint8array (ctx, data, length, exception) : NULL;
  if (data != NULL)
    OPENSSL_clear_free (data, length);
  OSSL_ENCODER_CTX_free (encoder);
  return array != NULL ? array : throw_openssl (ctx, exception, "the key can't be written so");
}

/* --- describing --- */

static const char *
kind_name (EVP_PKEY *key)
{
  static const struct
  {
    int id;
    const char *name;
  } names[] = { { EVP_PKEY_RSA, "rsa" },         { EVP_PKEY_RSA_PSS, "rsa-pss" },
                { EVP_PKEY_EC, "ec" },           { EVP_PKEY_DSA, "dsa" },
                { EVP_PKEY_DH, "dh" },           { EVP_PKEY_ED25519, "ed25519" },
                { EVP_PKEY_ED448, "ed448" },     { EVP_PKEY_X25519, "x25519" },
                { EVP_PKEY_X448, "x448" } };
  int id = EVP_PKEY_get_id (key);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].id == id)
      return names[i].name;
  return NULL;
}

/* Node's names of curves are OpenSSL's own short ones. */
static void
describe_curve (JSContextRef ctx, EVP_PKEY *key, JSObjectRef info)
{
  char group[64] = "";
  EVP_PKEY_get_utf8_string_param (key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
  int nid = OBJ_sn2nid (group);
  js_set (ctx, info, "namedCurve", js_string (ctx, nid == NID_undef ? group : OBJ_nid2sn (nid)));
}

static void
describe_pss (JSContextRef ctx, EVP_PKEY *key, JSObjectRef info)
{
  static const Part texts[] = { { "hashAlgorithm", OSSL_PKEY_PARAM_RSA_DIGEST },
                                { "mgf1HashAlgorithm", OSSL_PKEY_PARAM_RSA_MGF1_DIGEST } };
  char text[64];
  int salt;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (EVP_PKEY_get_utf8_string_param (key, texts[i].parameter, text, sizeof text, NULL) == 1)
      {
        /* "SHA2-256" is sha256 to Node. */
        g_autofree char *lower = g_ascii_strdown (text, -1);
        const char *size = g_str_has_prefix (lower, "sha2-") ? lower + strlen ("sha2-") : NULL;
        g_autofree char *plain = size == NULL ? g_strdup (lower) : g_strconcat ("sha", size, NULL);
        js_set (ctx, info, texts[i].name, js_string (ctx, plain));
      }
  if (EVP_PKEY_get_int_param (key, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &salt) == 1)
    js_set (ctx, info, "saltLength", js_number (ctx, salt));
}

/* keyInfo (handle): {type, bits, modulusLength, publicExponent, namedCurve, …}; type undefined = not known */
static JSValueRef
key_info (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  static const Part exponent[] = { { "publicExponent", OSSL_PKEY_PARAM_RSA_E } };
  EVP_PKEY *key = key_argument (ctx, n, arguments, exception);
  if (key == NULL)
    return js_undefined (ctx);
  JSObjectRef info = js_object (ctx);
  const char *kind = kind_name (key);
  js_set (ctx, info, "type", kind == NULL ? js_undefined (ctx) : js_string (ctx, kind));
  js_set (ctx, info, "bits", js_number (ctx, EVP_PKEY_get_bits (key)));
  int id = EVP_PKEY_get_base_id (key);
  if (id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS)
    get_parts (ctx, key, info, exponent, 1, 0);
  if (id == EVP_PKEY_RSA_PSS)
    describe_pss (ctx, key, info);
  if (id == EVP_PKEY_EC)
    describe_curve (ctx, key, info);
  ERR_clear_error ();
  return info;
}

/* keyEquals (handle, handle) */
static JSValueRef
key_equals (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_PKEY *a = n < 2 ? NULL : key_get (ctx, arguments[0]);
  EVP_PKEY *b = n < 2 ? NULL : key_get (ctx, arguments[1]);
  gboolean is_equal = a != NULL && b != NULL && EVP_PKEY_eq (a, b) == 1;
  ERR_clear_error ();
  return js_bool (ctx, is_equal);
}

/* --- making --- */

typedef struct
{
  double bits, exponent, salt;
  char *curve, *digest, *mgf1, *group;
} Wishes;

static double
wish_number (JSContextRef ctx, JSObjectRef options, const char *name, double otherwise)
{
  JSValueRef value = js_get (ctx, options, name, NULL);
  return value != NULL && JSValueIsNumber (ctx, value) ? JSValueToNumber (ctx, value, NULL)
                                                       : otherwise;
}

static char *
wish_text (JSContextRef ctx, JSObjectRef options, const char *name)
{
  JSValueRef value = js_get (ctx, options, name, NULL);
  return value != NULL && JSValueIsString (ctx, value) ? js_to_utf8 (ctx, value, NULL, NULL)
                                                       : NULL;
}

static gboolean
set_rsa (EVP_PKEY_CTX *context, const Wishes *wishes, gboolean is_pss)
{
  BIGNUM *exponent = BN_new ();
  BN_set_word (exponent, (BN_ULONG) wishes->exponent);
  gboolean is_good = EVP_PKEY_CTX_set_rsa_keygen_bits (context, (int) wishes->bits) == 1
                     && EVP_PKEY_CTX_set1_rsa_keygen_pubexp (context, exponent) == 1;
  BN_free (exponent);
  if (is_good && is_pss && wishes->digest != NULL)
    is_good = EVP_PKEY_CTX_set_rsa_pss_keygen_md (context, digest_find (wishes->digest)) == 1;
  if (is_good && is_pss && wishes->mgf1 != NULL)
    is_good = EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md (context, digest_find (wishes->mgf1)) == 1;
  if (is_good && is_pss && wishes->salt >= 0)
    is_good = EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen (context, (int) wishes->salt) == 1;
  return is_good;
}

static EVP_PKEY *
generate (const char *kind, const Wishes *wishes)
{
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, kind, NULL);
  gboolean is_good = context != NULL && EVP_PKEY_keygen_init (context) == 1;
  if (is_good && g_str_has_prefix (kind, "RSA"))
    is_good = set_rsa (context, wishes, strcmp (kind, "RSA-PSS") == 0);
  else if (is_good && strcmp (kind, "EC") == 0)
    is_good = EVP_PKEY_CTX_set_group_name (context, wishes->curve == NULL ? "" : wishes->curve) == 1;
  else if (is_good && wishes->group != NULL)
    is_good = EVP_PKEY_CTX_set_group_name (context, wishes->group) == 1;
  if (!is_good || EVP_PKEY_generate (context, &key) != 1)
    g_clear_pointer (&key, EVP_PKEY_free);
  EVP_PKEY_CTX_free (context);
  return key;
}

/* keyGenerate (kind, {bits, exponent, curve, digest, mgf1, salt, group}): a handle. kind is OpenSSL's name. */
static JSValueRef
key_generate (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *kind = argument_text (ctx, n, arguments, 0);
  JSObjectRef options = n < 2 ? NULL : js_as_object (ctx, arguments[1]);
  crypto_init ();
  if (kind == NULL || options == NULL)
    return js_undefined (ctx);
  Wishes wishes = { .bits = wish_number (ctx, options, "bits", 2048),
                    .exponent = wish_number (ctx, options, "exponent", 65537),
                    .salt = wish_number (ctx, options, "salt", -1) };
  g_autofree char *curve = wishes.curve = wish_text (ctx, options, "curve");
  g_autofree char *digest = wishes.digest = wish_text (ctx, options, "digest");
  g_autofree char *mgf1 = wishes.mgf1 = wish_text (ctx, options, "mgf1");
  g_autofree char *group = wishes.group = wish_text (ctx, options, "group");
  EVP_PKEY *key = generate (kind, &wishes);
  return key == NULL ? throw_openssl (ctx, exception, "the key can't be generated")
                     : key_handle (ctx, key);
}

/* curveNames (): an array */
static JSValueRef
curve_names (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  size_t count = EC_get_builtin_curves (NULL, 0);
  g_autofree EC_builtin_curve *curves = g_new (EC_builtin_curve, count);
  g_autofree JSValueRef *values = g_new (JSValueRef, count + 1);
  crypto_init ();
  EC_get_builtin_curves (curves, count);
  for (size_t i = 0; i < count; i++)
    values[i] = js_string (ctx, OBJ_nid2sn (curves[i].nid));
  JSObjectRef array = JSObjectMakeArray (ctx, count, values, exception);
  return array == NULL ? js_undefined (ctx) : array;
}

const NativeFunction key_natives[] = {
  { "keyRead", key_read },
  { "keyParts", key_parts },
  { "keyFromParts", key_from_parts },
  { "keyPoint", key_point },
  { "keyWrite", key_write },
  { "keyInfo", key_info },
  { "keyEquals", key_equals },
  { "keyGenerate", key_generate },
  { "curveNames", curve_names },
  { NULL, NULL },
};
