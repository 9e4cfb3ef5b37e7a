/* What is sent to a provider: the authorize URL, token requests with the client's authentication,
 * revocations. */
#include "connection/private.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#define TOKEN_TIMEOUT_MS 30000
#define METADATA_TIMEOUT_MS 15000
#define REVOCATION_TIMEOUT_MS 10000
#define ASSERTION_LIFE_S 120

void
oauth_request_free (OAuthRequest *request)
{
  g_free (request->url);
  g_ptr_array_unref (request->headers);
  g_clear_pointer (&request->body, g_bytes_unref);
  g_free (request);
}

/* --- texts --- */

static char *
base64url (const guint8 *data, gsize length)
{
  char *text = g_base64_encode (data, length);
  for (char *p = text; *p != '\0'; p++)
    {
      if (*p == '+')
        *p = '-';
      else if (*p == '/')
        *p = '_';
    }
  text[strcspn (text, "=")] = '\0';
  return text;
}

char *
pkce_challenge (const char *verifier)
{
  guint8 digest[32];
  EVP_Digest (verifier, strlen (verifier), digest, NULL, EVP_sha256 (), NULL);
  return base64url (digest, sizeof digest);
}

char *
random_text (gsize bytes)
{
  guint8 data[64];
  g_assert (bytes <= sizeof data);
  if (RAND_bytes (data, (int) bytes) != 1)
    g_error ("no random numbers are to be had");
  char *text = base64url (data, bytes);
  explicit_bzero (data, sizeof data);
  return text;
}

static void
append_pairs (GString *form, const json_t *pairs)
{
  json_t *pair;
  size_t i;
  json_array_foreach ((json_t *) pairs, i, pair)
      form_append (form, json_get_string (pair, "key"), json_get_string (pair, "value"));
}

/* RFC 8707 §2: each on its own. */
static void
append_targets (GString *form, const OAuthSettings *settings)
{
  if (settings->audience != NULL)
    form_append (form, "audience", settings->audience);
  for (char **resource = settings->resources; *resource != NULL; resource++)
    form_append (form, "resource", *resource);
}

char *
authorize_url (const OAuthSettings *settings, const char *endpoint, const char *redirect_uri,
               const char *state, const char *challenge)
{
  g_autoptr (GString) query = g_string_new (NULL);
  form_append (query, "response_type", "code");
  form_append (query, "client_id", settings->client_id);
  form_append (query, "redirect_uri", redirect_uri);
  if (*settings->scopes != '\0')
    form_append (query, "scope", settings->scopes);
  form_append (query, "state", state);
  form_append (query, "code_challenge", challenge);
  form_append (query, "code_challenge_method", "S256");
  append_targets (query, settings);
  append_pairs (query, settings->authorize_params);
  return form_add_to_url (endpoint, query->str);
}

/* --- RFC 7523 §2.2: a JWT signed with the client's key --- */

typedef struct
{
  const char *name;
  const EVP_MD *(*digest) (void);
  gsize coordinate_bytes; /* of an elliptic curve; 0 = RSA */
} SigningAlgorithm;

static gboolean
choose_algorithm (EVP_PKEY *key, SigningAlgorithm *algorithm)
{
  int bits = EVP_PKEY_get_bits (key);
  if (EVP_PKEY_get_base_id (key) == EVP_PKEY_RSA && bits >= 2048)
    *algorithm = (SigningAlgorithm){ "RS256", EVP_sha256, 0 };
  else if (EVP_PKEY_get_base_id (key) == EVP_PKEY_EC && bits == 256)
    *algorithm = (SigningAlgorithm){ "ES256", EVP_sha256, 32 };
  else if (EVP_PKEY_get_base_id (key) == EVP_PKEY_EC && bits == 384)
    *algorithm = (SigningAlgorithm){ "ES384", EVP_sha384, 48 };
  else
    return FALSE;
  return TRUE;
}

/* RFC 7518 §3.4: r and s beside each other, where OpenSSL gives DER. */
static gboolean
ecdsa_to_raw (const guint8 *der, gsize length, gsize coordinate, guint8 *raw)
{
  ECDSA_SIG *signature = d2i_ECDSA_SIG (NULL, &der, (long) length);
  gboolean fits
      = signature != NULL && BN_bn2binpad (ECDSA_SIG_get0_r (signature), raw, (int) coordinate) >= 0
        && BN_bn2binpad (ECDSA_SIG_get0_s (signature), raw + coordinate, (int) coordinate) >= 0;
  ECDSA_SIG_free (signature);
  return fits;
}

static char *
sign_text (EVP_PKEY *key, const SigningAlgorithm *algorithm, const char *text)
{
  guint8 signature[1024], raw[96];
  size_t length = sizeof signature;
  char *encoded = NULL;
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  if (EVP_DigestSignInit (context, NULL, algorithm->digest (), NULL, key) == 1
      && EVP_DigestSign (context, signature, &length, (const guint8 *) text, strlen (text)) == 1)
    {
      if (algorithm->coordinate_bytes == 0)
        encoded = base64url (signature, length);
      else if (ecdsa_to_raw (signature, length, algorithm->coordinate_bytes, raw))
        encoded = base64url (raw, 2 * algorithm->coordinate_bytes);
    }
  EVP_MD_CTX_free (context);
  return encoded;
}

static char *
json_base64url (json_t *json)
{
  g_autofree char *text = json_print (json);
  json_decref (json);
  return base64url ((const guint8 *) text, strlen (text));
}

static char *
client_assertion (const RequestMaterial *material, GError **error)
{
  const OAuthSettings *settings = material->settings;
  SigningAlgorithm algorithm;
  gint64 now_s = material->now_us / G_USEC_PER_SEC;
  BIO *bio = BIO_new_mem_buf (settings->client_secret, -1);
  EVP_PKEY *key = PEM_read_bio_PrivateKey (bio, NULL, NULL, (void *) "");
  g_autofree char *id = random_text (16);
  char *assertion = NULL;
  BIO_free (bio);
  if (key != NULL && choose_algorithm (key, &algorithm))
    {
      g_autofree char *header
          = json_base64url (json_pack ("{s:s, s:s}", "alg", algorithm.name, "typ", "JWT"));
      g_autofree char *claims = json_base64url (
          json_pack ("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", settings->client_id, "sub",
                     settings->client_id, "aud", material->audience, "jti", id, "iat",
                     (json_int_t) now_s, "exp", (json_int_t) (now_s + ASSERTION_LIFE_S)));
      g_autofree char *signed_text = g_strconcat (header, ".", claims, NULL);
      g_autofree char *signature = sign_text (key, &algorithm, signed_text);
      assertion = signature == NULL ? NULL : g_strconcat (signed_text, ".", signature, NULL);
    }
  EVP_PKEY_free (key);
  if (assertion == NULL)
    g_set_error_literal (
        error, CONNECTION_ERROR, CONNECTION_ERROR_REFUSED,
        "the client secret is no key that signs: private_key_jwt needs an RSA key of "
        "2048 bits or more, or one on P-256 or P-384, in PEM form without passphrase");
  return assertion;
}

/* --- requests --- */

static void
add_header (OAuthRequest *request, const char *name, const char *value)
{
  g_ptr_array_add (request->headers, g_strdup (name));
  g_ptr_array_add (request->headers, g_strdup (value));
}

static OAuthRequest *
request_new (const char *method, const char *url, guint timeout_ms)
{
  OAuthRequest *request = g_new0 (OAuthRequest, 1);
  request->method = method;
  request->url = g_strdup (url);
  request->headers = g_ptr_array_new_with_free_func ((GDestroyNotify) wipe_text);
  request->timeout_ms = timeout_ms;
  add_header (request, "Accept", "application/json");
  return request;
}

/* RFC 6749 §2.3.1: each form-urlencoded first. */
static void
add_basic (OAuthRequest *request, const OAuthSettings *settings)
{
  GString *pair = g_string_new (NULL);
  form_escape (pair, settings->client_id);
  g_string_append_c (pair, ':');
  form_escape (pair, settings->client_secret == NULL ? "" : settings->client_secret);
  char *encoded = g_base64_encode ((const guchar *) pair->str, pair->len);
  char *value = g_strconcat ("Basic ", encoded, NULL);
  add_header (request, "Authorization", value);
  wipe_text (value);
  wipe_text (encoded);
  wipe_string (pair);
}

/* One way of authentication in a request, never two (RFC 6749 §2.3). */
static gboolean
add_client (OAuthRequest *request, GString *form, const RequestMaterial *material, GError **error)
{
  const OAuthSettings *settings = material->settings;
  if (material->auth == CLIENT_AUTH_BASIC)
    {
      add_basic (request, settings);
      return TRUE;
    }
  form_append (form, "client_id", settings->client_id);
  if (material->auth == CLIENT_AUTH_POST)
    form_append (form, "client_secret",
                 settings->client_secret == NULL ? "" : settings->client_secret);
  if (material->auth == CLIENT_AUTH_PRIVATE_KEY_JWT)
    {
      char *assertion = client_assertion (material, error);
      if (assertion == NULL)
        return FALSE;
      form_append (form, "client_assertion_type",
                   "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      form_append (form, "client_assertion", assertion);
      wipe_text (assertion);
    }
  return TRUE;
}

/* Takes the form. */
static OAuthRequest *
form_request (const RequestMaterial *material, GString *form, guint timeout_ms, GError **error)
{
  OAuthRequest *request = request_new ("POST", material->url, timeout_ms);
  json_t *pair;
  size_t i;
  gboolean is_good = add_client (request, form, material, error);
  add_header (request, "Content-Type", "application/x-www-form-urlencoded");
  json_array_foreach (material->settings->headers, i, pair)
      add_header (request, json_get_string (pair, "key"), json_get_string (pair, "value"));
  request->body = g_bytes_new (form->str, form->len);
  wipe_string (form);
  if (!is_good)
    g_clear_pointer (&request, oauth_request_free);
  return request;
}

static GString *
grant_form (const char *grant_type)
{
  GString *form = g_string_new (NULL);
  form_append (form, "grant_type", grant_type);
  return form;
}

static OAuthRequest *
token_request (const RequestMaterial *material, GString *form, GError **error)
{
  append_targets (form, material->settings);
  append_pairs (form, material->settings->token_params);
  return form_request (material, form, TOKEN_TIMEOUT_MS, error);
}

OAuthRequest *
request_for_code (const RequestMaterial *material, const char *code, const char *verifier,
                  const char *redirect_uri, GError **error)
{
  GString *form = grant_form ("authorization_code");
  form_append (form, "code", code);
  form_append (form, "redirect_uri", redirect_uri);
  form_append (form, "code_verifier", verifier);
  return token_request (material, form, error);
}

OAuthRequest *
request_for_refresh (const RequestMaterial *material, const char *refresh_token, GError **error)
{
  GString *form = grant_form ("refresh_token");
  form_append (form, "refresh_token", refresh_token);
  return token_request (material, form, error);
}

OAuthRequest *
request_for_client (const RequestMaterial *material, GError **error)
{
  GString *form = grant_form ("client_credentials");
  if (*material->settings->scopes != '\0')
    form_append (form, "scope", material->settings->scopes);
  return token_request (material, form, error);
}

OAuthRequest *
request_for_revocation (const RequestMaterial *material, const char *token, const char *hint,
                        GError **error)
{
  GString *form = g_string_new (NULL);
  form_append (form, "token", token);
  form_append (form, "token_type_hint", hint);
  return form_request (material, form, REVOCATION_TIMEOUT_MS, error);
}

OAuthRequest *
request_for_metadata (const char *url)
{
  return request_new ("GET", url, METADATA_TIMEOUT_MS);
}
