/* Requests: the vectors of the RFCs, and what must never be in one. */
#include "connection/test_support.h"

static char *
body_text (const OAuthRequest *request)
{
  gsize size;
  const char *data = g_bytes_get_data (request->body, &size);
  return g_strndup (data, size);
}

static const char *
header_of (const OAuthRequest *request, const char *name)
{
  for (guint i = 0; i < request->headers->len; i += 2)
    if (g_ascii_strcasecmp (request->headers->pdata[i], name) == 0)
      return request->headers->pdata[i + 1];
  return NULL;
}

static RequestMaterial
material_for (const OAuthSettings *settings, ClientAuth auth)
{
  return (RequestMaterial){ .settings = settings,
                            .url = "https://p.example/token?tenant=1",
                            .auth = auth,
                            .audience = "https://p.example",
                            .now_us = 1000 * (gint64) G_USEC_PER_SEC };
}

/* RFC 7636 appendix B. */
static void
the_challenge_is_that_of_rfc_7636 (void)
{
  g_autofree char *challenge = pkce_challenge ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  g_assert_cmpstr (challenge, ==, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

/* RFC 7636 §4.1: 43 to 128 characters of a-z A-Z 0-9 - . _ ~ */
static void
a_verifier_is_43_characters_and_never_the_same (void)
{
  g_autofree char *one = random_text (32), *other = random_text (32);
  g_assert_cmpuint (strlen (one), ==, 43);
  g_assert_cmpuint (
      strspn (one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), ==, 43);
  g_assert_cmpstr (one, !=, other);
}

/* RFC 6749 appendix B. */
static void
forms_are_encoded_as_in_rfc_6749 (void)
{
  g_autoptr (GString) form = g_string_new (NULL);
  form_escape (form, " %&+£€");
  g_assert_cmpstr (form->str, ==, "+%25%26%2B%C2%A3%E2%82%AC");
}

/* RFC 6749 §2.3.1. */
static void
basic_is_that_of_rfc_6749 (void)
{
  g_autoptr (OAuthSettings) settings = settings_of (
      "clientCredentials",
      "{\"tokenUrl\": \"https://p.example/token\", \"clientId\": \"s6BhdRkqt3\", \"clientSecret\": "
      "\"7Fjfp0ZBr1KtDRbnfVdmIw\"}",
      "{}");
  RequestMaterial material = material_for (settings, CLIENT_AUTH_BASIC);
  g_autoptr (OAuthRequest) request
      = request_for_refresh (&material, "tGzv3JOkF0XG5Qx2TlKWIA", NULL);
  g_autofree char *body = body_text (request);
  g_assert_cmpstr (header_of (request, "Authorization"), ==,
                   "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
  g_assert_cmpstr (body, ==, "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
  g_assert_cmpstr (request->url, ==, "https://p.example/token?tenant=1");
}

static void
id_and_secret_are_form_encoded_before_they_become_basic (void)
{
  g_autoptr (OAuthSettings) settings
      = settings_of ("clientCredentials",
                     "{\"tokenUrl\": \"https://p.example/token\", \"clientId\": \"a:b\", "
                     "\"clientSecret\": \"c d+\"}",
                     "{}");
  RequestMaterial material = material_for (settings, CLIENT_AUTH_BASIC);
  g_autoptr (OAuthRequest) request = request_for_client (&material, NULL);
  gsize length;
  g_autofree guchar *pair = g_base64_decode (header_of (request, "Authorization") + 6, &length);
  g_autofree char *text = g_strndup ((char *) pair, length);
  g_assert_cmpstr (text, ==, "a%3Ab:c+d%2B");
}

static void
a_request_has_one_way_of_authentication_and_no_secret_in_its_url (void)
{
  static const struct
  {
    ClientAuth auth;
    gboolean has_header, has_body_secret;
  } rows[] = { { CLIENT_AUTH_BASIC, TRUE, FALSE },
               { CLIENT_AUTH_POST, FALSE, TRUE },
               { CLIENT_AUTH_NONE, FALSE, FALSE } };
  g_autoptr (OAuthSettings) settings = settings_of ("authorizationCode", CODE_FIELDS, "{}");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RequestMaterial material = material_for (settings, rows[i].auth);
      g_autoptr (OAuthRequest) request
          = request_for_code (&material, "the-code", "the-verifier", "https://t/callback", NULL);
      g_autofree char *body = body_text (request);
      g_assert_cmpint (header_of (request, "Authorization") != NULL, ==, rows[i].has_header);
      g_assert_cmpint (strstr (body, "client_secret=hush-hush") != NULL, ==,
                       rows[i].has_body_secret);
      g_assert_nonnull (strstr (body, "code_verifier=the-verifier"));
      g_assert_nonnull (strstr (body, "redirect_uri=https%3A%2F%2Ft%2Fcallback"));
      g_assert_null (strstr (request->url, "hush"));
    }
}

static void
headers_and_parameters_go_where_they_belong (void)
{
  g_autoptr (OAuthSettings) settings = settings_of (
      "authorizationCode",
      "{\"authorizeUrl\": \"https://p.example/a?prompt=consent\", \"tokenUrl\": "
      "\"https://p.example/token\", \"scopes\": \"a  b\", \"clientId\": \"id\", \"clientSecret\": "
      "\"s\", \"headers\": [{\"key\": \"X-Tenant\", \"value\": \"7\"}]}",
      "{\"audience\": \"api\", \"resource\": \"https://one https://two\", \"scopeSeparator\": "
      "\",\", "
      "\"authorizeParams\": {\"access_type\": \"offline\"}, \"tokenParams\": {\"extra\": \"1\"}}");
  RequestMaterial material = material_for (settings, CLIENT_AUTH_POST);
  g_autoptr (OAuthRequest) request = request_for_refresh (&material, "r", NULL);
  g_autofree char *body = body_text (request);
  g_autofree char *url
      = authorize_url (settings, settings->authorize_url, "http://t/cb", "S", "CH");
  g_assert_cmpstr (header_of (request, "X-Tenant"), ==, "7");
  g_assert_cmpstr (
      body, ==,
      "grant_type=refresh_token&refresh_token=r&audience=api&resource=https%3A%2F%2Fone&"
      "resource=https%3A%2F%2Ftwo&extra=1&client_id=id&client_secret=s");
  g_assert_cmpstr (
      url, ==,
      "https://p.example/a?prompt=consent&response_type=code&client_id=id&redirect_uri="
      "http%3A%2F%2Ft%2Fcb&scope=a%2Cb&state=S&code_challenge=CH&code_challenge_method="
      "S256&audience=api&resource=https%3A%2F%2Fone&resource=https%3A%2F%2Ftwo&access_type="
      "offline");
}

static void
a_url_keeps_its_query (void)
{
  static const char *const rows[][2] = {
    { "https://a/b", "https://a/b?x=1" },
    { "https://a/b?", "https://a/b?x=1" },
    { "https://a/b?c=d", "https://a/b?c=d&x=1" },
    { "https://a/b?c=d&", "https://a/b?c=d&x=1" },
    { "https://a", "https://a?x=1" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *url = form_add_to_url (rows[i][0], "x=1");
      g_assert_cmpstr (url, ==, rows[i][1]);
    }
}

/* RFC 8414 §3.1; OpenID Connect Discovery §4. */
static void
metadata_is_looked_for_where_the_rfcs_say (void)
{
  static const char *const rows[][3] = {
    { "https://example.com", "https://example.com/.well-known/oauth-authorization-server",
      "https://example.com/.well-known/openid-configuration" },
    { "https://example.com/", "https://example.com/.well-known/oauth-authorization-server",
      "https://example.com/.well-known/openid-configuration" },
    { "https://example.com/issuer1",
      "https://example.com/.well-known/oauth-authorization-server/issuer1",
      "https://example.com/issuer1/.well-known/openid-configuration" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint nth = 0; nth < 2; nth++)
      {
        g_autofree char *url = discovery_url (rows[i][0], nth);
        g_assert_cmpstr (url, ==, rows[i][nth + 1]);
      }
  g_assert_null (discovery_url ("https://example.com", 2));
}

static void
metadata_of_another_issuer_is_not_used (void)
{
  static const char text[] = "{\"issuer\": \"https://evil.example\", \"token_endpoint\": "
                             "\"https://evil.example/token\"}";
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  OAuthAnswer answer = answer_of (200, "application/json", body);
  g_assert_null (provider_metadata_read ("https://p.example", &answer, &error));
  g_assert_error (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID);
}

static const char ec_key[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n"
                             "OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n"
                             "1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n"
                             "-----END PRIVATE KEY-----\n";

/* RFC 7523 §3: iss, sub, aud, exp, jti; signed. The key is RFC-style sample material, nobody's. */
static void
a_private_key_signs_the_assertion (void)
{
  g_autoptr (json_t) given = json_of (CLIENT_FIELDS);
  json_object_set_new (given, "clientSecret", json_string (ec_key));
  g_autofree char *text = json_print (given);
  g_autoptr (OAuthSettings) settings = settings_of ("clientCredentials", text, "{}");
  RequestMaterial material = material_for (settings, CLIENT_AUTH_PRIVATE_KEY_JWT);
  g_autoptr (GError) error = NULL;
  g_autoptr (OAuthRequest) request = request_for_client (&material, &error);
  g_assert_no_error (error);
  g_autofree char *body = body_text (request);
  g_autoptr (GPtrArray) form = form_parse (body, -1, NULL);
  const char *assertion;
  g_assert_true (form_find (form, "client_assertion", &assertion));
  g_auto (GStrv) parts = g_strsplit (assertion, ".", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  g_assert_cmpuint (strlen (parts[2]), ==, 86); /* two coordinates of 32 bytes */
  g_autofree char *padded = g_strconcat (parts[1], "==", NULL);
  gsize length;
  g_autofree guchar *claims_text
      = g_base64_decode (g_strdelimit (g_strdelimit (padded, "-", '+'), "_", '/'), &length);
  g_autoptr (json_t) claims = json_parse ((char *) claims_text, (gssize) length, NULL);
  g_assert_cmpstr (json_get_string (claims, "iss"), ==, "id");
  g_assert_cmpstr (json_get_string (claims, "aud"), ==, "https://p.example");
  g_assert_cmpint (json_get_int (claims, "exp", 0), ==, 1120);
  g_assert_null (strstr (body, "client_secret"));
}

static void
a_secret_that_is_no_key_can_not_sign (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OAuthSettings) settings = settings_of ("clientCredentials", CLIENT_FIELDS, "{}");
  RequestMaterial material = material_for (settings, CLIENT_AUTH_PRIVATE_KEY_JWT);
  g_assert_null (request_for_client (&material, &error));
  g_assert_error (error, CONNECTION_ERROR, CONNECTION_ERROR_REFUSED);
}

static void
a_form_with_a_parameter_twice_is_seen (void)
{
  g_autoptr (GPtrArray) form = form_parse ("state=a&code=b&state=c&iss=%C3%A4+x", -1, NULL);
  const char *value;
  g_assert_false (form_find (form, "state", &value));
  g_assert_true (form_find (form, "iss", &value));
  g_assert_cmpstr (value, ==, "ä x");
  g_assert_null (form_parse ("a=%00", -1, NULL));
  g_assert_null (form_parse ("a=%FF", -1, NULL));
}

#define TEST(name) g_test_add_func ("/request/" #name, name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST (the_challenge_is_that_of_rfc_7636);
  TEST (a_verifier_is_43_characters_and_never_the_same);
  TEST (forms_are_encoded_as_in_rfc_6749);
  TEST (basic_is_that_of_rfc_6749);
  TEST (id_and_secret_are_form_encoded_before_they_become_basic);
  TEST (a_request_has_one_way_of_authentication_and_no_secret_in_its_url);
  TEST (headers_and_parameters_go_where_they_belong);
  TEST (a_url_keeps_its_query);
  TEST (metadata_is_looked_for_where_the_rfcs_say);
  TEST (metadata_of_another_issuer_is_not_used);
  TEST (a_private_key_signs_the_assertion);
  TEST (a_secret_that_is_no_key_can_not_sign);
  TEST (a_form_with_a_parameter_twice_is_seen);
  return g_test_run ();
}
