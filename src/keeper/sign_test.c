/* Known answers, and signatures that OpenSSL's other half accepts. */
#include "keeper/sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

static GBytes *
bytes_of (const char *text)
{
  return g_bytes_new_static (text, strlen (text));
}

static char *
pem_of (EVP_PKEY *key, const char *passphrase)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  char *text;
  PEM_write_bio_PKCS8PrivateKey (bio, key, passphrase == NULL ? NULL : EVP_aes_256_cbc (),
                                 passphrase, passphrase == NULL ? 0 : (int) strlen (passphrase),
                                 NULL, NULL);
  long length = BIO_get_mem_data (bio, &text);
  char *pem = g_strndup (text, (gsize) length);
  BIO_free (bio);
  return pem;
}

/* RFC 7515 appendix A.1: the key's octets are no text there, so RFC 4231's case 2. */
static void
hmac_is_rfc_4231s (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = bytes_of ("what do ya want for nothing?");
  g_autoptr (GBytes) mac = keeper_sign ("HS256", "Jefe", NULL, data, &error);
  static const guint8 expected[]
      = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
          0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
          0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43 };
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (mac, NULL), g_bytes_get_size (mac), expected, sizeof expected);
}

static gboolean
verifies (EVP_PKEY *key, const char *digest, gboolean is_pss, GBytes *data, GBytes *signature)
{
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  EVP_PKEY_CTX *key_context;
  EVP_DigestVerifyInit (context, &key_context,
                        digest == NULL ? NULL : EVP_get_digestbyname (digest), NULL, key);
  if (is_pss)
    {
      EVP_PKEY_CTX_set_rsa_padding (key_context, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen (key_context, RSA_PSS_SALTLEN_DIGEST);
    }
  int result
      = EVP_DigestVerify (context, g_bytes_get_data (signature, NULL), g_bytes_get_size (signature),
                          g_bytes_get_data (data, NULL), g_bytes_get_size (data));
  EVP_MD_CTX_free (context);
  return result == 1;
}

static void
rsa_and_ed25519_signatures_verify (void)
{
  static const struct
  {
    const char *algorithm, *digest;
    gboolean is_pss;
  } rows[] = { { "RS256", "SHA256", FALSE },
               { "RS512", "SHA512", FALSE },
               { "PS256", "SHA256", TRUE },
               { "PS384", "SHA384", TRUE } };
  g_autoptr (GBytes) data = bytes_of ("to be signed");
  EVP_PKEY *rsa = EVP_RSA_gen (2048);
  g_autofree char *pem = pem_of (rsa, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) signature = keeper_sign (rows[i].algorithm, pem, NULL, data, &error);
      g_assert_no_error (error);
      g_assert_true (verifies (rsa, rows[i].digest, rows[i].is_pss, data, signature));
    }
  EVP_PKEY_free (rsa);
  EVP_PKEY *ed = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
  g_autofree char *ed_pem = pem_of (ed, NULL);
  g_autoptr (GBytes) signature = keeper_sign ("EdDSA", ed_pem, NULL, data, NULL);
  g_assert_true (verifies (ed, NULL, FALSE, data, signature));
  EVP_PKEY_free (ed);
}

static void
an_ec_signature_has_two_halves_of_its_curves_length (void)
{
  static const struct
  {
    const char *algorithm, *curve;
    gsize length;
  } rows[] = { { "ES256", "P-256", 64 }, { "ES384", "P-384", 96 }, { "ES512", "P-521", 132 } };
  g_autoptr (GBytes) data = bytes_of ("to be signed");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      EVP_PKEY *key = EVP_EC_gen (rows[i].curve);
      g_autofree char *pem = pem_of (key, "open sesame");
      g_autoptr (GBytes) signature
          = keeper_sign (rows[i].algorithm, pem, "open sesame", data, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (signature), ==, rows[i].length);
      g_assert_null (keeper_sign (rows[i].algorithm, pem, "wrong", data, &error));
      g_assert_error (error, SIGN_ERROR, SIGN_ERROR_KEY);
      g_clear_error (&error);
      g_assert_null (keeper_sign (rows[i].algorithm, pem, NULL, data, &error));
      g_assert_error (error, SIGN_ERROR, SIGN_ERROR_KEY);
      g_clear_error (&error);
      g_assert_null (keeper_sign ("RS256", pem, "open sesame", data, &error));
      g_assert_error (error, SIGN_ERROR, SIGN_ERROR_KEY);
      EVP_PKEY_free (key);
    }
}

static void
an_error_quotes_neither_key_nor_algorithm_of_a_stranger (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = bytes_of ("data");
  g_assert_null (keeper_sign ("none", "a very secret text", NULL, data, &error));
  g_assert_error (error, SIGN_ERROR, SIGN_ERROR_ALGORITHM);
  g_clear_error (&error);
  g_assert_null (keeper_sign ("ES256", "a very secret text", NULL, data, &error));
  g_assert_error (error, SIGN_ERROR, SIGN_ERROR_KEY);
  g_assert_null (strstr (error->message, "very"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sign/hmac_is_rfc_4231s", hmac_is_rfc_4231s);
  g_test_add_func ("/sign/rsa_and_ed25519_signatures_verify", rsa_and_ed25519_signatures_verify);
  g_test_add_func ("/sign/an_ec_signature_has_two_halves_of_its_curves_length",
                   an_ec_signature_has_two_halves_of_its_curves_length);
  g_test_add_func ("/sign/an_error_quotes_neither_key_nor_algorithm_of_a_stranger",
                   an_error_quotes_neither_key_nor_algorithm_of_a_stranger);
  return g_test_run ();
}
