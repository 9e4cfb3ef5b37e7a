#include "keeper/sign.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

G_DEFINE_QUARK (sign - error - quark, sign_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)

typedef enum
{
  KIND_HMAC,
  KIND_RSA,
  KIND_RSA_PSS,
  KIND_EC,
  KIND_EDDSA,
} Kind;

typedef struct
{
  const char *name, *digest;
  Kind kind;
  int key_type;
  guint coordinate_bytes; /* of an EC signature's halves, and of the only curve */
  guint bits;             /* of that curve */
} Algorithm;

static const Algorithm algorithms[] = {
  { "HS256", "SHA256", KIND_HMAC, 0, 0, 0 },
  { "HS384", "SHA384", KIND_HMAC, 0, 0, 0 },
  { "HS512", "SHA512", KIND_HMAC, 0, 0, 0 },
  { "RS256", "SHA256", KIND_RSA, EVP_PKEY_RSA, 0, 0 },
  { "RS384", "SHA384", KIND_RSA, EVP_PKEY_RSA, 0, 0 },
  { "RS512", "SHA512", KIND_RSA, EVP_PKEY_RSA, 0, 0 },
  { "PS256", "SHA256", KIND_RSA_PSS, EVP_PKEY_RSA, 0, 0 },
  { "PS384", "SHA384", KIND_RSA_PSS, EVP_PKEY_RSA, 0, 0 },
  { "PS512", "SHA512", KIND_RSA_PSS, EVP_PKEY_RSA, 0, 0 },
  { "ES256", "SHA256", KIND_EC, EVP_PKEY_EC, 32, 256 },
  { "ES384", "SHA384", KIND_EC, EVP_PKEY_EC, 48, 384 },
  { "ES512", "SHA512", KIND_EC, EVP_PKEY_EC, 66, 521 },
  { "EdDSA", NULL, KIND_EDDSA, EVP_PKEY_ED25519, 0, 0 },
};

static const Algorithm *
find_algorithm (const char *name, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (strcmp (algorithms[i].name, name) == 0)
      return &algorithms[i];
  g_set_error (error, SIGN_ERROR, SIGN_ERROR_ALGORITHM,
               "there is no such algorithm: use HS256, HS384, HS512, RS256, RS384, RS512, PS256, "
               "PS384, PS512, ES256, ES384, ES512 or EdDSA");
  return NULL;
}

static GBytes *
fail (GError **error, const char *algorithm)
{
  ERR_clear_error ();
  g_set_error (error, SIGN_ERROR, SIGN_ERROR_FAILED, "signing with %s failed", algorithm);
  return NULL;
}

static GBytes *
sign_hmac (const Algorithm *algorithm, const char *key, GBytes *data, GError **error)
{
  guint8 mac[EVP_MAX_MD_SIZE];
  guint length = 0;
  gsize bytes;
  const guint8 *text = g_bytes_get_data (data, &bytes);
  if (HMAC (EVP_get_digestbyname (algorithm->digest), key, (int) strlen (key), text, bytes, mac,
            &length)
      == NULL)
    return fail (error, algorithm->name);
  return g_bytes_new (mac, length);
}

/* OpenSSL would ask at the terminal. */
static int
give_passphrase (char *buffer, int size, int is_writing, void *passphrase)
{
  gsize length = passphrase == NULL ? 0 : strlen (passphrase);
  if (length > (gsize) size)
    return -1;
  if (length > 0)
    memcpy (buffer, passphrase, length);
  return (int) length;
}

static EVP_PKEY *
load_key (const Algorithm *algorithm, const char *pem, const char *passphrase, GError **error)
{
  g_autoptr (BIO) bio = BIO_new_mem_buf (pem, -1);
  g_autoptr (EVP_PKEY) key
      = PEM_read_bio_PrivateKey (bio, NULL, give_passphrase, (void *) passphrase);
  gboolean is_good = key != NULL && EVP_PKEY_get_base_id (key) == algorithm->key_type
                     && (algorithm->bits == 0 || EVP_PKEY_get_bits (key) == (int) algorithm->bits);
  ERR_clear_error ();
  if (is_good)
    return g_steal_pointer (&key);
  g_set_error (error, SIGN_ERROR, SIGN_ERROR_KEY,
               key == NULL
                   ? "the field holds no private key in PEM form that opens with the "
                     "connection's passphrase; an OpenSSH key is converted by ssh-keygen -p "
                     "-m PKCS8"
                   : "the private key is not of the kind that %s needs",
               algorithm->name);
  return NULL;
}

/* From the ASN.1 of OpenSSL to RFC 7518 §3.4. */
static GBytes *
join_halves (const Algorithm *algorithm, const guint8 *der, gsize length)
{
  g_autoptr (ECDSA_SIG) signature = d2i_ECDSA_SIG (NULL, &der, (long) length);
  guint half = algorithm->coordinate_bytes;
  g_autofree guint8 *bytes = g_malloc0 (2 * half);
  if (signature == NULL || BN_bn2binpad (ECDSA_SIG_get0_r (signature), bytes, (int) half) < 0
      || BN_bn2binpad (ECDSA_SIG_get0_s (signature), bytes + half, (int) half) < 0)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&bytes), 2 * half);
}

static gboolean
set_padding (const Algorithm *algorithm, EVP_PKEY_CTX *context)
{
  if (algorithm->kind != KIND_RSA_PSS)
    return TRUE;
  return EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING) > 0
         && EVP_PKEY_CTX_set_rsa_pss_saltlen (context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static GBytes *
sign_with_key (const Algorithm *algorithm, EVP_PKEY *key, GBytes *data, GError **error)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  EVP_PKEY_CTX *key_context; /* of `context` */
  const EVP_MD *digest
      = algorithm->digest == NULL ? NULL : EVP_get_digestbyname (algorithm->digest);
  gsize bytes, length = 0;
  const guint8 *text = g_bytes_get_data (data, &bytes);
  if (EVP_DigestSignInit (context, &key_context, digest, NULL, key) <= 0
      || !set_padding (algorithm, key_context)
      || EVP_DigestSign (context, NULL, &length, text, bytes) <= 0)
    return fail (error, algorithm->name);
  g_autofree guint8 *signature = g_malloc (length);
  if (EVP_DigestSign (context, signature, &length, text, bytes) <= 0)
    return fail (error, algorithm->name);
  if (algorithm->kind != KIND_EC)
    return g_bytes_new (signature, length);
  GBytes *joined = join_halves (algorithm, signature, length);
  return joined == NULL ? fail (error, algorithm->name) : joined;
}

GBytes *
keeper_sign (const char *name, const char *key, const char *passphrase, GBytes *data,
             GError **error)
{
  const Algorithm *algorithm = find_algorithm (name, error);
  if (algorithm == NULL)
    return NULL;
  if (algorithm->kind == KIND_HMAC)
    return sign_hmac (algorithm, key, data, error);
  g_autoptr (EVP_PKEY) loaded = load_key (algorithm, key, passphrase, error);
  return loaded == NULL ? NULL : sign_with_key (algorithm, loaded, data, error);
}
