/* Types, fields and keys: what is taken, what is refused, and in which words. The keys were made
 * for this test. */
#include "connection/test_support.h"

static const char openssh_plain[]
    = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
      "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
      "QyNTUxOQAAACBQe+i2Wjc0EwBp17LcCCwf0TYFxqnZTkoskfzqeHN89QAAAIhT1IeUU9SH\n"
      "lAAAAAtzc2gtZWQyNTUxOQAAACBQe+i2Wjc0EwBp17LcCCwf0TYFxqnZTkoskfzqeHN89Q\n"
      "AAAED/imy+XSp9eGH1R3P7qBfEepQHjIY0XJ1fEYBYgINjw1B76LZaNzQTAGnXstwILB/R\n"
      "NgXGqdlOSiyR/Op4c3z1AAAAAAECAwQF\n"
      "-----END OPENSSH PRIVATE KEY-----\n";
static const char openssh_locked[]
    = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
      "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAVFSJJme\n"
      "/TtcKRuPko/5yrAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAINscVDHiD7D48qzS\n"
      "xPVm6/2zn5mqu3S2DR9jPMLpQwIhAAAAkO5vnjq/Km0qskiDOzdX3RYz+C+5HLQiKWOGUD\n"
      "LtAmD1kd4NjbqylRGYvC3e7G4x+WevLRHWqAj/BtAlj+L4O5Pt8G4+ugepPsbuRY3l/RwP\n"
      "RZImlDImJQbMmdrfa90jLNPmR4MF3vYCU0zAX/0PCGWuWTBaHGuc38Uo9rGHQ0q47nm2XT\n"
      "2hAGVOz26Xl/9tlg==\n"
      "-----END OPENSSH PRIVATE KEY-----\n";
static const char pkcs8[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MC4CAQAwBQYDK2VwBCIEIIran0JsnZWxrJmufRljCtk60MqWOpDwQvPrExnLVjQf\n"
                            "-----END PRIVATE KEY-----\n";
static const char pkcs8_locked[]
    = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiKuO6UnmcRnAICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEJYTI2y6gZtE4OznjRPca1cEQKwP\n"
      "JNtXTzt1g4jGOu7UR5tMmSt81/JclLAhxrq3lPfckyDoqOdGSpMXhDgp7poRD9Pn\n"
      "sTb965/kI/EjDaRiBD4=\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char sec1[] = "-----BEGIN EC PRIVATE KEY-----\n"
                           "MHcCAQEEIOmIWqwPotBMwRVQqPcGMXPRvXIIPUXHXI/uoqFGmwOWoAoGCCqGSM49\n"
                           "AwEHoUQDQgAEFiVavtPbvoUMVQ2lQXiWpbcDNRQm3zwWGetIv80v3C93htiSkhRb\n"
                           "O3WACvo5oykBVjcj2s7PuKYvIMFi0t+y3g==\n"
                           "-----END EC PRIVATE KEY-----\n";

/* seed/code-component.txt: every input, in its order, with its label and comment. */
static const char *const seed[][4] = {
  { "apiKey", "apiKey", "API Key", "API Key" },
  { "apiKeySecret", "apiKey", "API Key", "API Key" },
  { "apiKeySecret", "apiSecret", "API Secret", "API Secret" },
  { "basic", "username", "Username", "Username" },
  { "basic", "password", "Password", "Password" },
  { "authorizationCode", "authorizeUrl", "Authorize URL",
    "The OAuth 2.0 Authorization URL for the API" },
  { "authorizationCode", "tokenUrl", "Token URL", "The OAuth 2.0 Token URL for the API" },
  { "authorizationCode", "scopes", "Scopes",
    "Space separated OAuth 2.0 permission scopes for the API" },
  { "authorizationCode", "clientId", "Client ID", "Client Identifier of your app for the API" },
  { "authorizationCode", "clientSecret", "Client Secret", "Client Secret of your app for the API" },
  { "authorizationCode", "headers", "Headers",
    "Additional header to supply to authorization requests" },
  { "clientCredentials", "tokenUrl", "Token URL", "The OAuth 2.0 Token URL for the API" },
  { "clientCredentials", "scopes", "Scopes",
    "Space separated OAuth 2.0 permission scopes for the API" },
  { "clientCredentials", "clientId", "Client ID", "Client Identifier of your app for the API" },
  { "clientCredentials", "clientSecret", "Client Secret", "Client Secret of your app for the API" },
  { "clientCredentials", "headers", "Headers", "Additional header to supply to token requests" },
  { "privateKey", "username", "Username", "Username" },
  { "privateKey", "privateKey", "Private Key", "Private Key" },
};

static void
the_table_has_every_input_of_the_components_page (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (seed); i++)
    {
      guint at = 0;
      while (i > at && strcmp (seed[i][0], seed[i - at - 1][0]) == 0)
        at++;
      const ConnectionField *field = &connection_type_find (seed[i][0])->fields[at];
      g_assert_cmpstr (field->key, ==, seed[i][1]);
      g_assert_cmpstr (field->label, ==, seed[i][2]);
      g_assert_cmpstr (field->comment, ==, seed[i][3]);
    }
}

static void
every_type_is_described_for_forms (void)
{
  g_autoptr (json_t) types = connection_types_to_json ();
  json_t *type, *field;
  size_t i, n;
  g_assert_cmpuint (json_array_size (types), ==, 6);
  json_array_foreach (types, i, type)
  {
    g_assert_cmpstr (json_get_string (type, "key"), ==, connection_type_keys ()[i]);
    json_array_foreach (json_object_get (type, "options"), n, field)
        g_assert_false (json_get_bool (field, "secret", TRUE)); /* options are shown */
  }
}

typedef struct
{
  const char *type, *given, *options;
  const char *fault; /* a part of the first one; NULL = none */
} CheckRow;

#define TOKEN_URL(url) "{\"tokenUrl\": \"" url "\"}"

static const CheckRow check_rows[] = {
  { "basic", "{\"username\": \"u\"}", "{}", NULL },
  { "basic", "{\"usernam\": \"u\"}", "{}", "has no field \"usernam\"" },
  { "basic", "{\"username\": 7}", "{}", "must be a text" },
  { "basic", "{\"username\": \"a\\nb\"}", "{}", "line break" },
  { "basic", "{}", "{\"issuer\": \"https://a\"}", "has no option \"issuer\"" },
  { "clientCredentials", TOKEN_URL ("https://a.example/t?x=1"), "{}", NULL },
  { "clientCredentials", TOKEN_URL ("http://a.example/t"), "{}", "must begin with https://" },
  { "clientCredentials", TOKEN_URL ("http://127.0.0.1:9/t"), "{}", NULL },
  { "clientCredentials", TOKEN_URL ("http://[::1]:9/t"), "{}", NULL },
  { "clientCredentials", TOKEN_URL ("http://localhost/t"), "{}", NULL },
  { "clientCredentials", TOKEN_URL ("http://keycloak:8080/t"), "{}", NULL },
  { "clientCredentials", TOKEN_URL ("http://192.168.1.4/t"), "{}", NULL },
  { "clientCredentials", TOKEN_URL ("http://8.8.8.8/t"), "{}", "must begin with https://" },
  { "clientCredentials", TOKEN_URL ("ftp://localhost/t"), "{}", "must begin with https://" },
  { "clientCredentials", TOKEN_URL ("https://u:p@a.example/t"), "{}", "without user" },
  { "clientCredentials", TOKEN_URL ("https://a.example/t#f"), "{}", "fragment" },
  { "clientCredentials", TOKEN_URL ("a.example/t"), "{}", "must be a URL" },
  { "clientCredentials", TOKEN_URL ("https://a.example/t u"), "{}", "without spaces" },
  { "clientCredentials", "{\"headers\": {\"X-A\": \"b\"}}", "{}", NULL },
  { "clientCredentials", "{\"headers\": [{\"key\": \"X-A\", \"value\": \"b\"}]}", "{}", NULL },
  { "clientCredentials", "{\"headers\": {\"X-A\": \"b\\r\\nX-B: c\"}}", "{}", "line break" },
  { "clientCredentials", "{\"headers\": {\"X A\": \"b\"}}", "{}", "no name of a header" },
  { "clientCredentials", "{\"headers\": {\"authorization\": \"b\"}}", "{}", "is set by Tenon" },
  { "clientCredentials", "{\"headers\": \"X-A: b\"}", "{}", "must be a list" },
  { "clientCredentials", "{}", "{\"clientAuth\": \"post\"}", NULL },
  { "clientCredentials", "{}", "{\"clientAuth\": \"poster\"}", "must be one of auto, basic" },
  { "clientCredentials", "{}", "{\"tokenParams\": {\"client_secret\": \"s\"}}", "is set by Tenon" },
  { "clientCredentials", "{}", "{\"authorizeParams\": {\"a\": \"b\"}}", "has no option" },
  { "authorizationCode", "{}", "{\"authorizeParams\": {\"access_type\": \"offline\"}}", NULL },
  { "authorizationCode", "{}", "{\"authorizeParams\": {\"state\": \"x\"}}", "is set by Tenon" },
  { "privateKey", "{\"privateKey\": \"no key\"}", "{}", "PEM or OpenSSH" },
};

static void
fields_and_options_are_checked (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (check_rows); i++)
    {
      const CheckRow *row = &check_rows[i];
      g_test_message ("row %u: %s %s", i, row->given, row->options);
      g_autoptr (ConnectionShape) shape = shape_of (row->type);
      g_autoptr (json_t) given = json_of (row->given), options = json_of (row->options);
      g_autoptr (json_t) faults = json_array (), warnings = json_array ();
      gboolean is_good = connection_check (shape, given, options, faults, warnings);
      const char *message = json_get_string (json_array_get (faults, 0), "message");
      g_assert_cmpint (is_good, ==, row->fault == NULL);
      g_assert_true (row->fault == NULL || strstr (message, row->fault) != NULL);
    }
}

typedef struct
{
  const char *key, *passphrase, *fault;
} KeyRow;

static const KeyRow key_rows[] = {
  { openssh_plain, NULL, NULL },
  { openssh_locked, NULL, "is encrypted: give its passphrase" },
  { openssh_locked, "secret", NULL },
  { pkcs8, NULL, NULL },
  { pkcs8, "needless", NULL },
  { pkcs8_locked, NULL, "is encrypted: give its passphrase" },
  { pkcs8_locked, "wrong", "does not open with this passphrase" },
  { pkcs8_locked, "secret", NULL },
  { sec1, NULL, NULL },
  { "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", NULL, "is cut short" },
  { "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", NULL,
    "is not" },
  { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", NULL, "damaged" },
  { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", NULL, "no private key" },
  { "ssh-ed25519 AAAA", NULL, "PEM or OpenSSH" },
};

static void
private_keys_are_opened_when_they_are_saved (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_rows); i++)
    {
      const KeyRow *row = &key_rows[i];
      g_autoptr (GError) error = NULL;
      g_test_message ("row %u", i);
      gboolean is_good = connection_private_key_check (row->key, row->passphrase, &error);
      g_assert_cmpint (is_good, ==, row->fault == NULL);
      g_assert_true (row->fault == NULL || strstr (error->message, row->fault) != NULL);
    }
}

/* Every cut and every flipped byte of a key is refused or taken, and nothing worse. */
static void
a_damaged_openssh_key_is_no_danger (void)
{
  gsize length = strlen (openssh_plain);
  for (gsize i = 36; i < length - 36; i++)
    {
      g_autofree char *damaged = g_strdup (openssh_plain);
      damaged[i] = damaged[i] == '/' ? 'A' : '/';
      connection_private_key_check (damaged, NULL, NULL);
      memmove (damaged + i, damaged + i + 1, length - i);
      connection_private_key_check (damaged, NULL, NULL);
    }
}

static void
what_is_missing_is_named (void)
{
  static const struct
  {
    const char *type, *given, *options, *lacks;
  } rows[] = {
    { "basic", "{\"username\": \"u\"}", "{}", "it lacks password" },
    { "basic", "{\"username\": \"u\", \"password\": \"p\"}", "{}", NULL },
    { "authorizationCode", "{}", "{}", "it lacks authorizeUrl, tokenUrl, clientId, clientSecret" },
    { "authorizationCode", "{\"clientId\": \"i\"}", "{\"issuer\": \"https://a\"}",
      "it lacks clientSecret" },
    { "authorizationCode", "{\"clientId\": \"i\"}",
      "{\"issuer\": \"https://a\", \"clientAuth\": \"none\"}", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (ConnectionShape) shape = shape_of (rows[i].type);
      g_autoptr (json_t) given = json_of (rows[i].given), options = json_of (rows[i].options);
      g_autofree char *lacks = connection_lacks (shape, given, options);
      g_assert_cmpstr (lacks, ==, rows[i].lacks);
    }
}

static void
a_declarations_own_inputs_stand_beside_those_of_the_type (void)
{
  g_autoptr (json_t) declaration = json_of (
      "{\"key\": \"C\", \"connection\": \"basic\", \"inputs\": {\"username\": {\"value\": "
      "\"admin\"}, "
      "\"tenant\": {\"label\": \"Tenant\", \"required\": true}, \"pin\": {\"kind\": \"secret\"}, "
      "\"url\": {\"label\": \"URL\", \"type\": \"template\", \"value\": "
      "\"https://{{#tenant}}.example/{{#none}}\"}, \"typo\": {\"value\": \"x\"}}}");
  g_autoptr (ConnectionShape) shape = connection_shape_new (declaration);
  g_autoptr (json_t) given = json_of ("{\"password\": \"p\", \"tenant\": \"t\"}");
  g_autoptr (json_t) fields = connection_fields (shape, given);
  g_autofree char *text = json_print (fields);
  g_assert_cmpstr (text, ==,
                   "{\"username\":\"admin\",\"password\":\"p\",\"tenant\":\"t\",\"url\":"
                   "\"https://t.example/\"}");
  g_assert_true (connection_shape_find (shape, "pin")->is_secret);
  g_assert_null (connection_shape_find (shape, "typo"));
}

static void
a_form_never_shows_the_value_of_a_secret_input (void)
{
  g_autoptr (json_t) declaration = json_of (
      "{\"key\": \"C\", \"connection\": \"basic\", \"inputs\": {\"username\": {\"value\": "
      "\"admin\"}, \"password\": {\"value\": \"hush-hush\"}}}");
  g_autoptr (ConnectionShape) shape = connection_shape_new (declaration);
  g_autoptr (json_t) form = connection_shape_to_json (shape);
  g_autofree char *text = json_print (form);
  g_assert_nonnull (strstr (text, "admin"));
  g_assert_null (strstr (text, "hush"));
}

#define TEST(name) g_test_add_func ("/check/" #name, name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST (the_table_has_every_input_of_the_components_page);
  TEST (every_type_is_described_for_forms);
  TEST (fields_and_options_are_checked);
  TEST (private_keys_are_opened_when_they_are_saved);
  TEST (a_damaged_openssh_key_is_no_danger);
  TEST (what_is_missing_is_named);
  TEST (a_declarations_own_inputs_stand_beside_those_of_the_type);
  TEST (a_form_never_shows_the_value_of_a_secret_input);
  return g_test_run ();
}
