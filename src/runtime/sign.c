/* What is done with public and private keys: signatures, encryption, agreement; and numbers for Diffie and Hellman. */
#include "runtime/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#define UNSET (-1000)

/* --- signatures --- */

typedef struct
{
  EVP_PKEY *key;
  const EVP_MD *digest; /* NULL = the key's own way, or none */
  Bytes data; /* the reader's to clear */
  int padding, salt; /* UNSET = as OpenSSL does */
  gboolean is_plain; /* r and s one after the other (IEEE P1363) instead of DER */
} Signing;

/* (handle, digest or undefined, data, padding, salt length, is plain) */
static gboolean
read_signing (JSContextRef ctx, Signing *signing, size_t n, const JSValueRef arguments[],
              JSValueRef *exception)
{
  g_autofree char *name = argument_text (ctx, n, arguments, 1);
  signing->key = n < 6 ? NULL : key_get (ctx, arguments[0]);
  if (signing->key == NULL || !bytes_read (ctx, arguments[2], &signing->data, exception))
    return FALSE;
  if (name != NULL)
    {
      signing->digest = digest_find (name);
      if (signing->digest == NULL)
        {
          js_throw_code (ctx, exception, "TypeError", "ERR_CRYPTO_INVALID_DIGEST",
                         "Invalid digest: %.100s", name);
          return FALSE;
        }
    }
  signing->padding = (int) argument_number (ctx, n, arguments, 3, UNSET);
  signing->salt = (int) argument_number (ctx, n, arguments, 4, UNSET);
  signing->is_plain = argument_is (ctx, n, arguments, 5)
                      && EVP_PKEY_get_base_id (signing->key) == EVP_PKEY_EC;
  return TRUE;
}

static gboolean
set_padding (const Signing *signing, EVP_PKEY_CTX *context)
{
  int id = EVP_PKEY_get_base_id (signing->key);
  if (id != EVP_PKEY_RSA && id != EVP_PKEY_RSA_PSS)
    return TRUE;
  int padding = signing->padding != UNSET ? signing->padding
                : id == EVP_PKEY_RSA_PSS  ? RSA_PKCS1_PSS_PADDING
                                          : RSA_PKCS1_PADDING;
  if (EVP_PKEY_CTX_set_rsa_padding (context, padding) != 1)
    return FALSE;
  return padding != RSA_PKCS1_PSS_PADDING || signing->salt == UNSET
         || EVP_PKEY_CTX_set_rsa_pss_saltlen (context, signing->salt) == 1;
}

static int
half_length (EVP_PKEY *key)
{
  return (EVP_PKEY_get_bits (key) + 7) / 8;
}

static guint8 *
der_to_plain (const guint8 *der, gsize length, int half)
{
  ECDSA_SIG *signature = d2i_ECDSA_SIG (NULL, &der, (long) length);
  guint8 *plain = signature == NULL ? NULL : g_malloc0 ((gsize) half * 2);
  if (plain != NULL
      && (BN_bn2binpad (ECDSA_SIG_get0_r (signature), plain, half) < 0
          || BN_bn2binpad (ECDSA_SIG_get0_s (signature), plain + half, half) < 0))
    g_clear_pointer (&plain, g_free);
  ECDSA_SIG_free (signature);
  return plain;
}

static guint8 *
plain_to_der (const guint8 *plain, int half, int *length)
{
  ECDSA_SIG *signature = ECDSA_SIG_new ();
  guint8 *der = NULL;
  ECDSA_SIG_set0 (signature, BN_bin2bn (plain, half, NULL), BN_bin2bn (plain + half, half, NULL));
  *length = i2d_ECDSA_SIG (signature, &der);
  ECDSA_SIG_free (signature);
  return der;
}

static JSValueRef
give_signature (JSContextRef ctx, const Signing *signing, guint8 *signature, gsize length,
                JSValueRef *exception)
{
  if (!signing->is_plain)
    return take_bytes (ctx, signature, length, exception);
  int half = half_length (signing->key);
  guint8 *plain = der_to_plain (signature, length, half);
  g_free (signature);
  return plain == NULL ? throw_openssl (ctx, exception, "the signature can't be converted")
                       : take_bytes (ctx, plain, (gsize) half * 2, exception);
}

/* signData (handle, digest or undefined, data, padding, salt length, is plain): the signature */
static JSValueRef
sign_data (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  Signing signing = { 0 };
  g_auto (Bytes) data = { 0 };
  gboolean is_read = read_signing (ctx, &signing, n, arguments, exception);
  data = signing.data; /* owned here */
  if (!is_read)
    return js_undefined (ctx);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  EVP_PKEY_CTX *settings;
  size_t length = 0;
  guint8 *signature = NULL;
  gboolean is_good
      = EVP_DigestSignInit (context, &settings, signing.digest, NULL, signing.key) == 1
        && set_padding (&signing, settings)
        && EVP_DigestSign (context, NULL, &length, data.data, data.length) == 1;
  if (is_good)
    {
      signature = g_malloc (MAX (length, 1));
      is_good = EVP_DigestSign (context, signature, &length, data.data, data.length) == 1;
    }
  EVP_MD_CTX_free (context);
  if (is_good)
    return give_signature (ctx, &signing, signature, length, exception);
  g_free (signature);
  return throw_openssl (ctx, exception, "the data can't be signed");
}

static gboolean
verify (const Signing *signing, const guint8 *signature, gsize length)
{
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  EVP_PKEY_CTX *settings;
  gboolean is_good
      = EVP_DigestVerifyInit (context, &settings, signing->digest, NULL, signing->key) == 1
        && set_padding (signing, settings)
        && EVP_DigestVerify (context, signature, length, signing->data.data, signing->data.length)
               == 1;
  EVP_MD_CTX_free (context);
  ERR_clear_error ();
  return is_good;
}

/* verifyData (handle, digest or undefined, data, padding, salt length, is plain, signature) */
static JSValueRef
verify_data (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Signing signing = { 0 };
  g_auto (Bytes) data = { 0 };
  g_auto (Bytes) given = { 0 };
  gboolean is_read = read_signing (ctx, &signing, n, arguments, exception);
  data = signing.data;
  if (!is_read || n < 7 || !bytes_read (ctx, arguments[6], &given, exception))
    return js_undefined (ctx);
  if (!signing.is_plain)
    return js_bool (ctx, verify (&signing, given.data, given.length));
  int half = half_length (signing.key), length;
  if (given.length != (gsize) half * 2)
    return js_bool (ctx, FALSE);
  guint8 *der = plain_to_der (given.data, half, &length);
  gboolean is_good = der != NULL && verify (&signing, der, (gsize) length);
  OPENSSL_free (der);
  return js_bool (ctx, is_good);
}

/* --- encryption --- */

typedef int (*CryptInit) (EVP_PKEY_CTX *context);
typedef int (*Crypt) (EVP_PKEY_CTX *context, unsigned char *out, size_t *out_length,
                      const unsigned char *in, size_t in_length);

static const struct
{
  const char *name;
  CryptInit init;
  Crypt crypt;
} crypt_ways[] = {
  { "encrypt", EVP_PKEY_encrypt_init, EVP_PKEY_encrypt },
  { "decrypt", EVP_PKEY_decrypt_init, EVP_PKEY_decrypt },
  { "sign", EVP_PKEY_sign_init, EVP_PKEY_sign },
  { "recover", EVP_PKEY_verify_recover_init, EVP_PKEY_verify_recover },
};

static gboolean
set_oaep (EVP_PKEY_CTX *context, const char *digest, const Bytes *label)
{
  const EVP_MD *found = digest_find (digest == NULL ? "sha1" : digest);
  if (found == NULL || EVP_PKEY_CTX_set_rsa_oaep_md (context, found) != 1)
    return FALSE;
  if (label->length == 0)
    return TRUE;
  void *copy = OPENSSL_memdup (label->data, label->length);
  if (EVP_PKEY_CTX_set0_rsa_oaep_label (context, copy, (int) label->length) == 1)
    return TRUE;
  OPENSSL_free (copy);
  return FALSE;
}

static JSValueRef
run_crypt (JSContextRef ctx, EVP_PKEY_CTX *context, Crypt crypt, const Bytes *data,
           JSValueRef *exception)
{
  size_t length = 0;
  if (crypt (context, NULL, &length, data->data, data->length) != 1)
    return throw_openssl (ctx, exception, "the operation failed");
  guint8 *out = g_malloc (MAX (length, 1));
  if (crypt (context, out, &length, data->data, data->length) == 1)
    return take_bytes (ctx, out, length, exception);
  g_free (out);
  return throw_openssl (ctx, exception, "the operation failed");
}

/* pkeyCrypt ("encrypt", "decrypt", "sign" or "recover", handle, data, padding, OAEP digest or undefined, OAEP label
 * or undefined): bytes */
static JSValueRef
pkey_crypt (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *name = argument_text (ctx, n, arguments, 0);
  g_autofree char *digest = argument_text (ctx, n, arguments, 4);
  EVP_PKEY *key = n < 4 ? NULL : key_get (ctx, arguments[1]);
  g_auto (Bytes) data = { 0 };
  g_auto (Bytes) label = { 0 };
  if (key == NULL || !bytes_read (ctx, arguments[2], &data, exception)
      || (n > 5 && !js_is_nullish (ctx, arguments[5])
          && !bytes_read (ctx, arguments[5], &label, exception)))
    return js_undefined (ctx);
  int padding = (int) argument_number (ctx, n, arguments, 3, RSA_PKCS1_PADDING);
  guint way = 0;
  while (way < G_N_ELEMENTS (crypt_ways) - 1 && g_strcmp0 (crypt_ways[way].name, name) != 0)
    way++;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (key, NULL);
  gboolean is_good = context != NULL && crypt_ways[way].init (context) == 1
                     && EVP_PKEY_CTX_set_rsa_padding (context, padding) == 1;
  if (is_good && padding == RSA_PKCS1_OAEP_PADDING)
    is_good = set_oaep (context, digest, &label);
  JSValueRef result = is_good ? run_crypt (ctx, context, crypt_ways[way].crypt, &data, exception)
                              : throw_openssl (ctx, exception, "the key can't be used so");
  EVP_PKEY_CTX_free (context);
  return result;
}

/* --- agreement --- */

/* deriveSecret (private handle, public handle): bytes */
static JSValueRef
derive_secret (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  EVP_PKEY *own = n < 2 ? NULL : key_get (ctx, arguments[0]);
  EVP_PKEY *other = n < 2 ? NULL : key_get (ctx, arguments[1]);
  if (own == NULL || other == NULL)
    return js_throw_type (ctx, exception, "two keys are expected");
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (own, NULL);
  size_t length = 0;
  guint8 *secret = NULL;
  gboolean is_good = context != NULL && EVP_PKEY_derive_init (context) == 1
                     && EVP_PKEY_derive_set_peer (context, other) == 1
                     && EVP_PKEY_derive (context, NULL, &length) == 1;
  if (is_good)
    {
      secret = g_malloc (MAX (length, 1));
      is_good = EVP_PKEY_derive (context, secret, &length) == 1;
    }
  EVP_PKEY_CTX_free (context);
  if (is_good)
    return take_bytes (ctx, secret, length, exception);
  g_free (secret);
  return throw_openssl (ctx, exception, "the keys do not agree on a secret");
}

/* pointConvert (curve, point, form): "compressed", "hybrid" or "uncompressed"; undefined where it is no point */
static JSValueRef
point_convert (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *curve = argument_text (ctx, n, arguments, 0);
  g_autofree char *form = argument_text (ctx, n, arguments, 2);
  g_auto (Bytes) data = { 0 };
  if (curve == NULL || n < 3 || !bytes_read (ctx, arguments[1], &data, exception))
    return js_undefined (ctx);
  point_conversion_form_t conversion = g_strcmp0 (form, "compressed") == 0
                                           ? POINT_CONVERSION_COMPRESSED
                                       : g_strcmp0 (form, "hybrid") == 0
                                           ? POINT_CONVERSION_HYBRID
                                           : POINT_CONVERSION_UNCOMPRESSED;
  EC_GROUP *group = EC_GROUP_new_by_curve_name (OBJ_sn2nid (curve));
  EC_POINT *point = group == NULL ? NULL : EC_POINT_new (group);
  JSValueRef result = js_undefined (ctx);
  if (point != NULL && EC_POINT_oct2point (group, point, data.data, data.length, NULL) == 1)
    {
      gsize length = EC_POINT_point2oct (group, point, conversion, NULL, 0, NULL);
      guint8 *bytes = g_malloc (MAX (length, 1));
      EC_POINT_point2oct (group, point, conversion, bytes, length, NULL);
      result = take_bytes (ctx, bytes, length, exception);
    }
  EC_POINT_free (point);
  EC_GROUP_free (group);
  ERR_clear_error ();
  return result;
}

/* pointOf (curve, secret): the public point of a secret number, uncompressed; undefined where it is out of range */
static JSValueRef
point_of (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *curve = argument_text (ctx, n, arguments, 0);
  g_auto (Bytes) data = { 0 };
  if (curve == NULL || n < 2 || !bytes_read (ctx, arguments[1], &data, exception))
    return js_undefined (ctx);
  EC_GROUP *group = EC_GROUP_new_by_curve_name (OBJ_sn2nid (curve));
  if (group == NULL)
    return js_undefined (ctx);
  BIGNUM *secret = BN_bin2bn (data.data, (int) MIN (data.length, 1024), BN_secure_new ());
  EC_POINT *point = EC_POINT_new (group);
  JSValueRef result = js_undefined (ctx);
  if (!BN_is_zero (secret) && BN_cmp (secret, EC_GROUP_get0_order (group)) < 0
      && EC_POINT_mul (group, point, secret, NULL, NULL, NULL) == 1)
    {
      gsize length = EC_POINT_point2oct (group, point, POINT_CONVERSION_UNCOMPRESSED, NULL, 0, NULL);
      guint8 *bytes = g_malloc (MAX (length, 1));
      EC_POINT_point2oct (group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, length, NULL);
      result = take_bytes (ctx, bytes, length, exception);
    }
  BN_clear_free (secret);
  EC_POINT_free (point);
  EC_GROUP_free (group);
  ERR_clear_error ();
  return result;
}

/* --- numbers --- */

static JSValueRef
give_number (JSContextRef ctx, const BIGNUM *number, int length, JSValueRef *exception)
{
  int needed = MAX (BN_num_bytes (number), length);
  guint8 *bytes = g_malloc (MAX (needed, 1));
  BN_bn2binpad (number, bytes, needed);
  return take_bytes (ctx, bytes, (gsize) needed, exception);
}

static BIGNUM *
number_argument (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index)
{
  guint8 *bytes;
  gsize length;
  if (index >= n || !js_get_bytes (ctx, arguments[index], &bytes, &length) || length > 1 << 16)
    return NULL;
  return BN_bin2bn (bytes, (int) length, NULL);
}

/* modExp (base, exponent, modulus): as long as the modulus */
static JSValueRef
mod_exp (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
         const JSValueRef arguments[], JSValueRef *exception)
{
  BIGNUM *numbers[3], *result = BN_new ();
  BN_CTX *context = BN_CTX_new ();
  gboolean is_good = TRUE;
  for (guint i = 0; i < 3; i++)
    is_good &= (numbers[i] = number_argument (ctx, n, arguments, i)) != NULL;
  if (is_good)
    {
      BN_set_flags (numbers[1], BN_FLG_CONSTTIME);
      is_good = BN_mod_exp (result, numbers[0], numbers[1], numbers[2], context) == 1;
    }
  JSValueRef answer = is_good
                          ? give_number (ctx, result, BN_num_bytes (numbers[2]), exception)
                          : throw_openssl (ctx, exception, "the numbers can't be used so");
  for (guint i = 0; i < 3; i++)
    BN_clear_free (numbers[i]);
  BN_clear_free (result);
  BN_CTX_free (context);
  return answer;
}

/* primeGenerate (bits, is safe, add or undefined, rem or undefined): bytes */
static JSValueRef
prime_generate (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  int bits = (int) argument_number (ctx, n, arguments, 0, 0);
  BIGNUM *add = number_argument (ctx, n, arguments, 2);
  BIGNUM *rem = number_argument (ctx, n, arguments, 3);
  BIGNUM *prime = BN_new ();
  gboolean is_good
      = BN_generate_prime_ex (prime, bits, argument_is (ctx, n, arguments, 1), add, rem, NULL) == 1;
  JSValueRef answer = is_good ? give_number (ctx, prime, (bits + 7) / 8, exception)
                              : throw_openssl (ctx, exception, "no such prime can be made");
  BN_free (prime);
  BN_free (add);
  BN_free (rem);
  return answer;
}

/* primeCheck (number) */
static JSValueRef
prime_check (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  BIGNUM *number = number_argument (ctx, n, arguments, 0);
  gboolean is_prime = number != NULL && BN_check_prime (number, NULL, NULL) == 1;
  BN_free (number);
  return js_bool (ctx, is_prime);
}

/* dhPrime (bits): the prime of RFC 2409 or RFC 3526 with so many bits, or undefined */
static JSValueRef
dh_prime (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  static const struct
  {
    int bits;
    BIGNUM *(*get) (BIGNUM *number);
  } primes[] = { { 768, BN_get_rfc2409_prime_768 },   { 1024, BN_get_rfc2409_prime_1024 },
                 { 1536, BN_get_rfc3526_prime_1536 }, { 2048, BN_get_rfc3526_prime_2048 },
                 { 3072, BN_get_rfc3526_prime_3072 }, { 4096, BN_get_rfc3526_prime_4096 },
                 { 6144, BN_get_rfc3526_prime_6144 }, { 8192, BN_get_rfc3526_prime_8192 } };
  int bits = (int) argument_number (ctx, n, arguments, 0, 0);
  for (guint i = 0; i < G_N_ELEMENTS (primes); i++)
    if (primes[i].bits == bits)
      {
        BIGNUM *prime = primes[i].get (NULL);
        JSValueRef answer = give_number (ctx, prime, bits / 8, exception);
        BN_free (prime);
        return answer;
      }
  return js_undefined (ctx);
}

const NativeFunction sign_natives[] = {
  { "signData", sign_data },
  { "verifyData", verify_data },
  { "pkeyCrypt", pkey_crypt },
  { "deriveSecret", derive_secret },
  { "pointConvert", point_convert },
  { "pointOf", point_of },
  { "modExp", mod_exp },
  { "primeGenerate", prime_generate },
  { "primeCheck", prime_check },
  { "dhPrime", dh_prime },
  { NULL, NULL },
};
