#include "keeper/jwe.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/json.h"
#include "keeper/base64url.h"
#include "keeper/private.h"

#define COORDINATE_BYTES 32
#define POINT_BYTES (1 + 2 * COORDINATE_BYTES) /* uncompressed: 4, x, y */
#define MOST_HEADER_BYTES 4096
#define KEY_ALGORITHM "ECDH-ES"
#define CONTENT_ALGORITHM "A256GCM"

G_DEFINE_QUARK (jwe - error - quark, jwe_error)

struct JweKey
{
  EVP_PKEY *pair;
  guint8 point[POINT_BYTES];
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_GROUP, EC_GROUP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_POINT, EC_POINT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BN_CTX, BN_CTX_free)

static void G_GNUC_PRINTF (3, 4) fail (GError **error, JweErrorCode code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, JWE_ERROR, (gint) code, message);
}

/* --- keys --- */

/* `private` NULL = a public key only. NULL where the point is not on the curve. */
static EVP_PKEY *
make_key (const guint8 *point, const BIGNUM *private)
{
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new ();
  OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_BYTES);
  if (private != NULL)
    OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PRIV_KEY, private);
  OSSL_PARAM *params = OSSL_PARAM_BLD_to_param (builder);
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, "EC", NULL);
  EVP_PKEY *key = NULL;
  if (EVP_PKEY_fromdata_init (context) != 1
      || EVP_PKEY_fromdata (context, &key, private == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR,
                            params)
             != 1)
    g_clear_pointer (&key, EVP_PKEY_free);
  OSSL_PARAM_free (params);
  OSSL_PARAM_BLD_free (builder);
  g_autoptr (EVP_PKEY_CTX) check
      = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey (NULL, key, NULL);
  if (check != NULL && EVP_PKEY_public_check (check) != 1)
    g_clear_pointer (&key, EVP_PKEY_free);
  return key;
}

static JweKey *
key_from_scalar (const EC_GROUP *group, const BIGNUM *private, GError **error)
{
  g_autoptr (EC_POINT) public = EC_POINT_new (group);
  g_autoptr (BN_CTX) context = BN_CTX_secure_new ();
  JweKey *key = g_new0 (JweKey, 1);
  if (EC_POINT_mul (group, public, private, NULL, NULL, context) == 1
      && EC_POINT_point2oct (group, public, POINT_CONVERSION_UNCOMPRESSED, key->point, POINT_BYTES,
                             context)
             == POINT_BYTES)
    key->pair = make_key (key->point, private);
  if (key->pair != NULL)
    return key;
  g_free (key);
  fail (error, JWE_ERROR_KEY, "no key on P-256 could be made");
  return NULL;
}

JweKey *
jwe_key_from_seed (const SecretBytes *seed, GError **error)
{
  g_autoptr (EC_GROUP) group = EC_GROUP_new_by_curve_name (NID_X9_62_prime256v1);
  g_autoptr (BN_CTX) context = BN_CTX_secure_new ();
  g_autoptr (BIGNUM) most = BN_dup (EC_GROUP_get0_order (group));
  g_autoptr (BIGNUM) private = BN_secure_new ();
  g_assert (secret_bytes_size (seed) >= 48);
  BN_bin2bn (secret_bytes_data (seed), (int) secret_bytes_size (seed), private);
  BN_sub_word (most, 1);
  BN_nnmod (private, private, most, context);
  BN_add_word (private, 1);
  return key_from_scalar (group, private, error);
}

static JweKey *
key_generate (GError **error)
{
  g_autoptr (SecretBytes) seed = secret_bytes_new_random (48);
  return jwe_key_from_seed (seed, error);
}

void
jwe_key_free (JweKey *key)
{
  EVP_PKEY_free (key->pair);
  g_free (key);
}

/* {kty, crv, x, y} */
static json_t *
point_to_jwk (const guint8 *point)
{
  g_autofree char *x = base64url_encode (point + 1, COORDINATE_BYTES);
  g_autofree char *y = base64url_encode (point + 1 + COORDINATE_BYTES, COORDINATE_BYTES);
  return json_pack ("{s:s, s:s, s:s, s:s}", "crv", "P-256", "kty", "EC", "x", x, "y", y);
}

static char *
thumbprint (const guint8 *point)
{
  g_autoptr (json_t) jwk = point_to_jwk (point);
  /* RFC 7638 §3: the required members in the order of their names, no blanks. */
  char *text = json_dumps (jwk, JSON_COMPACT | JSON_SORT_KEYS);
  guint8 digest[32];
  EVP_Digest (text, strlen (text), digest, NULL, EVP_sha256 (), NULL);
  free (text);
  return base64url_encode (digest, sizeof digest);
}

json_t *
jwe_key_public (const JweKey *key)
{
  json_t *jwk = point_to_jwk (key->point);
  g_autofree char *kid = thumbprint (key->point);
  json_object_set_new (jwk, "use", json_string ("enc"));
  json_object_set_new (jwk, "alg", json_string (KEY_ALGORITHM));
  json_object_set_new (jwk, "kid", json_string (kid));
  return jwk;
}

static gboolean
read_coordinate (json_t *jwk, const char *name, guint8 *out)
{
  const char *text = json_get_string (jwk, name);
  gsize length = 0;
  g_autofree guint8 *bytes = text == NULL ? NULL : base64url_decode (text, strlen (text), &length);
  if (bytes == NULL || length != COORDINATE_BYTES)
    return FALSE;
  memcpy (out, bytes, COORDINATE_BYTES);
  return TRUE;
}

/* NULL where it is none on our curve. */
static EVP_PKEY *
key_from_jwk (json_t *jwk, guint8 *point)
{
  point[0] = 4;
  if (g_strcmp0 (json_get_string (jwk, "kty"), "EC") != 0
      || g_strcmp0 (json_get_string (jwk, "crv"), "P-256") != 0
      || !read_coordinate (jwk, "x", point + 1)
      || !read_coordinate (jwk, "y", point + 1 + COORDINATE_BYTES))
    return NULL;
  return make_key (point, NULL);
}

/* --- agreement --- */

static void
add_length (GByteArray *bytes, gsize length)
{
  guint32 big = GUINT32_TO_BE ((guint32) length);
  g_byte_array_append (bytes, (const guint8 *) &big, sizeof big);
}

SecretBytes *
jwe_concat_kdf (const SecretBytes *agreed, const char *algorithm, gconstpointer apu,
                gsize apu_length, gconstpointer apv, gsize apv_length, guint bits)
{
  g_autoptr (GByteArray) info = g_byte_array_new ();
  static const guint8 round[] = { 0, 0, 0, 1 };
  guint8 digest[32];
  EVP_MD_CTX *hash = EVP_MD_CTX_new ();
  g_assert (bits <= 256);
  add_length (info, strlen (algorithm));
  g_byte_array_append (info, (const guint8 *) algorithm, (guint) strlen (algorithm));
  add_length (info, apu_length);
  g_byte_array_append (info, apu, (guint) apu_length);
  add_length (info, apv_length);
  g_byte_array_append (info, apv, (guint) apv_length);
  add_length (info, bits);
  EVP_DigestInit_ex (hash, EVP_sha256 (), NULL);
  EVP_DigestUpdate (hash, round, sizeof round);
  EVP_DigestUpdate (hash, secret_bytes_data (agreed), secret_bytes_size (agreed));
  EVP_DigestUpdate (hash, info->data, info->len);
  EVP_DigestFinal_ex (hash, digest, NULL);
  EVP_MD_CTX_free (hash);
  SecretBytes *key = secret_bytes_new (digest, bits / 8);
  secret_wipe (digest, sizeof digest);
  return key;
}

static SecretBytes *
agree (EVP_PKEY *own, EVP_PKEY *other)
{
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey (NULL, own, NULL);
  g_autoptr (SecretBytes) agreed = secret_bytes_new_empty (COORDINATE_BYTES);
  size_t length = COORDINATE_BYTES;
  if (EVP_PKEY_derive_init (context) != 1 || EVP_PKEY_derive_set_peer (context, other) != 1
      || EVP_PKEY_derive (context, secret_bytes_writable (agreed), &length) != 1
      || length != COORDINATE_BYTES)
    return NULL;
  return g_steal_pointer (&agreed);
}

/* --- sealing --- */

static json_t *
find_recipient (json_t *jwk_set)
{
  size_t index;
  json_t *jwk;
  json_array_foreach (json_object_get (jwk_set, "keys"), index, jwk)
  {
    const char *algorithm = json_get_string (jwk, "alg");
    if (g_strcmp0 (json_get_string (jwk, "crv"), "P-256") == 0
        && (algorithm == NULL || strcmp (algorithm, KEY_ALGORITHM) == 0))
      return jwk;
  }
  return NULL;
}

static char *
make_header (const JweKey *ephemeral, const char *kid, const char *ctx)
{
  g_autoptr (json_t) header = json_pack ("{s:s, s:s, s:o}", "alg", KEY_ALGORITHM, "enc",
                                         CONTENT_ALGORITHM, "epk", point_to_jwk (ephemeral->point));
  if (kid != NULL)
    json_object_set_new (header, "kid", json_string (kid));
  if (ctx != NULL)
    json_object_set_new (header, "ctx", json_string (ctx));
  g_autofree char *text = json_print (header);
  return base64url_encode (text, strlen (text));
}

char *
jwe_seal (json_t *jwk_set, const char *ctx, gconstpointer plaintext, gsize length, GError **error)
{
  guint8 point[POINT_BYTES], nonce[GCM_NONCE_BYTES], tag[GCM_TAG_BYTES];
  json_t *jwk = find_recipient (jwk_set);
  g_autoptr (EVP_PKEY) recipient = jwk == NULL ? NULL : key_from_jwk (jwk, point);
  if (recipient == NULL)
    {
      fail (error, JWE_ERROR_FORM, "there is no key of the form ECDH-ES on P-256 to seal to");
      return NULL;
    }
  g_autoptr (JweKey) ephemeral = key_generate (error);
  g_autoptr (SecretBytes) agreed = ephemeral == NULL ? NULL : agree (ephemeral->pair, recipient);
  if (agreed == NULL)
    {
      if (error != NULL && *error == NULL)
        fail (error, JWE_ERROR_KEY, "no agreement with the key to seal to");
      return NULL;
    }
  g_autoptr (SecretBytes) key
      = jwe_concat_kdf (agreed, CONTENT_ALGORITHM, "", 0, "", 0, GCM_KEY_BYTES * 8);
  g_autofree char *header = make_header (ephemeral, json_get_string (jwk, "kid"), ctx);
  g_autoptr (SecretBytes) random = secret_bytes_new_random (sizeof nonce);
  memcpy (nonce, secret_bytes_data (random), sizeof nonce);
  g_autofree guint8 *sealed = g_malloc (length + 1);
  gcm_seal (key, nonce, header, strlen (header), plaintext, length, sealed, tag);
  g_autofree char *nonce_text = base64url_encode (nonce, sizeof nonce);
  g_autofree char *sealed_text = base64url_encode (sealed, length);
  g_autofree char *tag_text = base64url_encode (tag, sizeof tag);
  return g_strdup_printf ("%s..%s.%s.%s", header, nonce_text, sealed_text, tag_text);
}

/* --- opening --- */

typedef struct
{
  const char *text[5]; /* header, key, nonce, sealed, tag */
  gsize length[5];
} Parts;

static gboolean
split (const char *compact, gsize length, Parts *parts)
{
  const char *at = compact, *end = compact + length;
  for (guint i = 0; i < G_N_ELEMENTS (parts->text); i++)
    {
      const char *dot
          = i + 1 == G_N_ELEMENTS (parts->text) ? end : memchr (at, '.', (gsize) (end - at));
      if (dot == NULL)
        return FALSE;
      parts->text[i] = at;
      parts->length[i] = (gsize) (dot - at);
      at = dot + 1;
    }
  return parts->length[0] > 0 && parts->length[0] <= MOST_HEADER_BYTES;
}

static json_t *
read_header (const Parts *parts, GError **error)
{
  gsize length = 0;
  g_autofree guint8 *text = base64url_decode (parts->text[0], parts->length[0], &length);
  g_autoptr (json_t) header
      = text == NULL ? NULL : json_parse ((char *) text, (gssize) length, NULL);
  if (!json_is_object (header))
    {
      fail (error, JWE_ERROR_MALFORMED, "its protected header is not a JSON object in base64url");
      return NULL;
    }
  if (g_strcmp0 (json_get_string (header, "alg"), KEY_ALGORITHM) != 0
      || g_strcmp0 (json_get_string (header, "enc"), CONTENT_ALGORITHM) != 0)
    {
      fail (error, JWE_ERROR_FORM, "it is not sealed with alg ECDH-ES and enc A256GCM");
      return NULL;
    }
  if (json_object_get (header, "zip") != NULL || json_object_get (header, "crit") != NULL)
    {
      fail (error, JWE_ERROR_FORM, "its header has \"zip\" or \"crit\", which is not taken here");
      return NULL;
    }
  return g_steal_pointer (&header);
}

/* FALSE where it is there and no base64url text. */
static gboolean
party_info (json_t *header, const char *name, guint8 **bytes, gsize *length)
{
  json_t *given = json_object_get (header, name);
  *length = 0;
  *bytes = NULL;
  if (given == NULL)
    return TRUE;
  if (json_is_string (given))
    *bytes = base64url_decode (json_string_value (given), json_string_length (given), length);
  return *bytes != NULL;
}

static SecretBytes *
content_key (const JweKey *own, json_t *header, GError **error)
{
  guint8 point[POINT_BYTES];
  gsize apu_length, apv_length;
  g_autofree guint8 *apu = NULL, *apv = NULL;
  const char *kid = json_get_string (header, "kid");
  g_autofree char *own_kid = thumbprint (own->point);
  if (kid != NULL && strcmp (kid, own_kid) != 0)
    {
      fail (error, JWE_ERROR_KEY,
            "it is sealed to another key than the present one: fetch that and seal again");
      return NULL;
    }
  g_autoptr (EVP_PKEY) ephemeral = key_from_jwk (json_object_get (header, "epk"), point);
  if (ephemeral == NULL || !party_info (header, "apu", &apu, &apu_length)
      || !party_info (header, "apv", &apv, &apv_length))
    {
      fail (error, JWE_ERROR_FORM, "its header has no \"epk\" on P-256, or wrong party infos");
      return NULL;
    }
  g_autoptr (SecretBytes) agreed = agree (own->pair, ephemeral);
  if (agreed == NULL)
    {
      fail (error, JWE_ERROR_FORGED, "it does not open");
      return NULL;
    }
  return jwe_concat_kdf (agreed, CONTENT_ALGORITHM, apu == NULL ? (gpointer) "" : apu, apu_length,
                         apv == NULL ? (gpointer) "" : apv, apv_length, GCM_KEY_BYTES * 8);
}

SecretBytes *
jwe_open (const JweKey *key, const char *compact, gsize length, json_t **out_header, GError **error)
{
  Parts parts;
  gsize nonce_length = 0, sealed_length = 0, tag_length = 0;
  if (!split (compact, length, &parts))
    {
      fail (error, JWE_ERROR_MALFORMED, "it is not five parts with dots between");
      return NULL;
    }
  g_autoptr (json_t) header = read_header (&parts, error);
  if (header == NULL)
    return NULL;
  g_autofree guint8 *nonce = base64url_decode (parts.text[2], parts.length[2], &nonce_length);
  g_autofree guint8 *sealed = base64url_decode (parts.text[3], parts.length[3], &sealed_length);
  g_autofree guint8 *tag = base64url_decode (parts.text[4], parts.length[4], &tag_length);
  if (parts.length[1] != 0 || nonce == NULL || sealed == NULL || tag == NULL
      || nonce_length != GCM_NONCE_BYTES || tag_length != GCM_TAG_BYTES)
    {
      fail (error, JWE_ERROR_MALFORMED,
            "its key must be empty, its nonce of 12 and its tag of 16 bytes, all in base64url");
      return NULL;
    }
  g_autoptr (SecretBytes) secret = content_key (key, header, error);
  if (secret == NULL)
    return NULL;
  g_autoptr (SecretBytes) plain = secret_bytes_new_empty (sealed_length);
  if (!gcm_open (secret, nonce, parts.text[0], parts.length[0], sealed, sealed_length, tag,
                 secret_bytes_writable (plain)))
    {
      fail (error, JWE_ERROR_FORGED, "it does not open: it was changed, or sealed to another key");
      return NULL;
    }
  if (out_header != NULL)
    *out_header = g_steal_pointer (&header);
  return g_steal_pointer (&plain);
}
