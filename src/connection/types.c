/* The one table of connection types: spec/code-component.md, "Connections (six)"; labels and
 * comments are those of the component's reference page. Validation, the API, the command line and
 * the forms come from it. */
#include "connection/private.h"

#define API_KEY                                                                                    \
  {                                                                                                \
    .key = "apiKey", .label = "API Key", .comment = "API Key", .is_required = TRUE,                \
    .is_secret = TRUE                                                                              \
  }
#define USERNAME                                                                                   \
  {                                                                                                \
    .key = "username", .label = "Username", .comment = "Username", .is_required = TRUE             \
  }
#define TOKEN_URL                                                                                  \
  {                                                                                                \
    .key = "tokenUrl", .label = "Token URL", .comment = "The OAuth 2.0 Token URL for the API",     \
    .kind = CONNECTION_FIELD_URL, .is_required = TRUE                                              \
  }
#define SCOPES                                                                                     \
  {                                                                                                \
    .key = "scopes", .label = "Scopes",                                                            \
    .comment = "Space separated OAuth 2.0 permission scopes for the API",                          \
    .kind = CONNECTION_FIELD_SCOPES, .initial = ""                                                 \
  }
#define CLIENT_ID                                                                                  \
  {                                                                                                \
    .key = "clientId", .label = "Client ID",                                                       \
    .comment = "Client Identifier of your app for the API", .is_required = TRUE                    \
  }
#define CLIENT_SECRET                                                                              \
  {                                                                                                \
    .key = "clientSecret", .label = "Client Secret",                                               \
    .comment = "Client Secret of your app for the API", .is_required = TRUE, .is_secret = TRUE     \
  }
/* A header can hold a key of the API's gateway: write-only, like every secret. */
#define HEADERS(what)                                                                              \
  {                                                                                                \
    .key = "headers", .label = "Headers",                                                          \
    .comment = "Additional header to supply to " what " requests", .kind = CONNECTION_FIELD_PAIRS, \
    .is_secret = TRUE                                                                              \
  }

static const char *const client_auths[]
    = { "auto", "basic", "post", "none", "private_key_jwt", NULL };

#define OPTION(option_key, option_label, option_comment)                                           \
  .key = option_key, .label = option_label, .comment = option_comment

#define COMMON_OPTIONS                                                                             \
  { OPTION ("issuer", "Issuer",                                                                    \
            "The provider's issuer URL: endpoints that are not given come from its metadata "      \
            "(RFC 8414, OpenID Connect Discovery)"),                                               \
    .kind = CONNECTION_FIELD_URL },                                                                \
      { OPTION (                                                                                   \
            "clientAuth", "Client authentication",                                                 \
            "Where the client's secret goes: basic (Authorization header), post (body), none "     \
            "(a public client), private_key_jwt (the secret is a private key in PEM form), or "    \
            "auto: what works is found out and remembered"),                                       \
        .kind = CONNECTION_FIELD_CHOICE, .initial = "auto", .choices = client_auths },             \
      { OPTION ("revokeUrl", "Revocation URL",                                                     \
                "Where tokens are revoked when the connection is deleted (RFC 7009)"),             \
        .kind = CONNECTION_FIELD_URL },                                                            \
      { OPTION ("audience", "Audience", "Sent as audience, for providers that want it") },         \
      { OPTION ("resource", "Resource",                                                            \
                "URIs, separated by spaces, sent as resource (RFC 8707)") },                       \
      { OPTION ("scopeSeparator", "Scope separator",                                               \
                "What stands between scopes, for a provider that wants no space"),                 \
        .initial = " " },                                                                          \
  {                                                                                                \
    OPTION ("tokenParams", "Token parameters", "Further parameters of token requests"),            \
        .kind = CONNECTION_FIELD_PAIRS                                                             \
  }

static const ConnectionField no_options[] = { { 0 } };
static const ConnectionField client_credentials_options[] = { COMMON_OPTIONS, { 0 } };
static const ConnectionField authorization_code_options[] = {
  COMMON_OPTIONS,
  { OPTION ("authorizeParams", "Authorize parameters",
            "Further parameters of the authorize URL, such as access_type=offline"),
    .kind = CONNECTION_FIELD_PAIRS },
  { OPTION ("refreshUrl", "Refresh URL", "Where tokens are refreshed, if not at the token URL"),
    .kind = CONNECTION_FIELD_URL },
  { 0 },
};

static const ConnectionField api_key_fields[] = { API_KEY, { 0 } };
static const ConnectionField api_key_secret_fields[] = {
  API_KEY,
  { .key = "apiSecret",
    .label = "API Secret",
    .comment = "API Secret",
    .is_required = TRUE,
    .is_secret = TRUE },
  { 0 },
};
static const ConnectionField basic_fields[] = {
  USERNAME,
  { .key = "password",
    .label = "Password",
    .comment = "Password",
    .is_required = TRUE,
    .is_secret = TRUE },
  { 0 },
};
static const ConnectionField authorization_code_fields[] = {
  { .key = "authorizeUrl",
    .label = "Authorize URL",
    .comment = "The OAuth 2.0 Authorization URL for the API",
    .kind = CONNECTION_FIELD_URL,
    .is_required = TRUE },
  TOKEN_URL,
  SCOPES,
  CLIENT_ID,
  CLIENT_SECRET,
  HEADERS ("authorization"),
  { 0 },
};
static const ConnectionField client_credentials_fields[]
    = { TOKEN_URL, SCOPES, CLIENT_ID, CLIENT_SECRET, HEADERS ("token"), { 0 } };
static const ConnectionField private_key_fields[] = {
  USERNAME,
  { .key = "privateKey",
    .label = "Private Key",
    .comment = "Private Key",
    .kind = CONNECTION_FIELD_LINES,
    .is_required = TRUE,
    .is_secret = TRUE },
  { .key = "passphrase",
    .label = "Passphrase",
    .comment = "What the private key is encrypted with, if it is",
    .is_secret = TRUE },
  { 0 },
};

static const ConnectionType types[] = {
  { "apiKey", "API Key", "API Key connection", CONNECTION_GRANT_NONE, api_key_fields, no_options },
  { "apiKeySecret", "API Key Secret", "API Key Secret connection", CONNECTION_GRANT_NONE,
    api_key_secret_fields, no_options },
  { "basic", "Basic Username/Password", "Basic Username and Password connection",
    CONNECTION_GRANT_NONE, basic_fields, no_options },
  { "authorizationCode", "OAuth 2.0 Authorization Code", "OAuth 2.0 Authorization Code flow",
    CONNECTION_GRANT_AUTHORIZATION_CODE, authorization_code_fields, authorization_code_options },
  { "clientCredentials", "OAuth 2.0 Client Credentials", "OAuth 2.0 Client Credentials flow",
    CONNECTION_GRANT_CLIENT_CREDENTIALS, client_credentials_fields, client_credentials_options },
  { "privateKey", "Private Key", "Private key connection", CONNECTION_GRANT_NONE,
    private_key_fields, no_options },
};

static const char *const keys[]
    = { "apiKey", "apiKeySecret", "basic", "authorizationCode", "clientCredentials", "privateKey",
        NULL };

const ConnectionType *
connection_type_find (const char *key)
{
  for (guint i = 0; key != NULL && i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].key, key) == 0)
      return &types[i];
  return NULL;
}

const char *const *
connection_type_keys (void)
{
  return keys;
}

const char *
connection_field_kind_name (ConnectionFieldKind kind)
{
  static const char *const names[]
      = { "text", "lines", "url", "scopes", "keyValueList", "boolean", "choice" };
  return names[kind];
}

static json_t *
field_to_json (const ConnectionField *field)
{
  json_t *json
      = json_pack ("{s:s, s:s, s:s, s:s, s:b, s:b}", "key", field->key, "label", field->label,
                   "comment", field->comment, "kind", connection_field_kind_name (field->kind),
                   "secret", (int) field->is_secret, "required", (int) field->is_required);
  if (field->initial != NULL)
    json_object_set_new (json, "default", json_string (field->initial));
  if (field->choices != NULL)
    {
      json_t *choices = json_array ();
      for (guint i = 0; field->choices[i] != NULL; i++)
        json_array_append_new (choices, json_string (field->choices[i]));
      json_object_set_new (json, "choices", choices);
    }
  return json;
}

json_t *
connection_fields_to_json (const ConnectionField *fields)
{
  json_t *list = json_array ();
  for (; fields != NULL && fields->key != NULL; fields++)
    json_array_append_new (list, field_to_json (fields));
  return list;
}

const char *
connection_grant_name (ConnectionGrant grant)
{
  static const char *const names[] = { NULL, "authorization_code", "client_credentials" };
  return names[grant];
}

json_t *
connection_types_to_json (void)
{
  json_t *list = json_array ();
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    json_array_append_new (list,
                           json_pack ("{s:s, s:s, s:s, s:s*, s:o, s:o}", "key", types[i].key,
                                      "label", types[i].label, "comment", types[i].comment, "grant",
                                      connection_grant_name (types[i].grant), "fields",
                                      connection_fields_to_json (types[i].fields), "options",
                                      connection_fields_to_json (types[i].options)));
  return list;
}
