/* The connections of the code component: spec/code-component.md, "Connections (six)". */
#include "definition/config_types.h"

#include "base/json.h"

#include <string.h>

#define TEXT_FIELD(k)                                                                              \
  {                                                                                                \
    .key = k, .is_required = TRUE                                                                  \
  }
#define SECRET_FIELD(k)                                                                            \
  {                                                                                                \
    .key = k, .is_required = TRUE, .is_secret = TRUE                                               \
  }
#define SCOPES_FIELD                                                                               \
  {                                                                                                \
    .key = "scopes", .initial = ""                                                                 \
  }
#define HEADERS_FIELD                                                                              \
  {                                                                                                \
    .key = "headers", .is_key_value_list = TRUE                                                    \
  }

static const ConnectionField api_key_fields[] = { SECRET_FIELD ("apiKey"), { 0 } };
static const ConnectionField api_key_secret_fields[]
    = { SECRET_FIELD ("apiKey"), SECRET_FIELD ("apiSecret"), { 0 } };
static const ConnectionField basic_fields[]
    = { TEXT_FIELD ("username"), SECRET_FIELD ("password"), { 0 } };
static const ConnectionField authorization_code_fields[] = {
  TEXT_FIELD ("authorizeUrl"),   TEXT_FIELD ("tokenUrl"), SCOPES_FIELD, TEXT_FIELD ("clientId"),
  SECRET_FIELD ("clientSecret"), HEADERS_FIELD,           { 0 }
};
static const ConnectionField client_credentials_fields[]
    = { TEXT_FIELD ("tokenUrl"),       SCOPES_FIELD,  TEXT_FIELD ("clientId"),
        SECRET_FIELD ("clientSecret"), HEADERS_FIELD, { 0 } };
static const ConnectionField private_key_fields[]
    = { TEXT_FIELD ("username"), SECRET_FIELD ("privateKey"), { 0 } };

static const ConnectionType types[] = {
  { "apiKey", "API Key", FALSE, api_key_fields },
  { "apiKeySecret", "API Key Secret", FALSE, api_key_secret_fields },
  { "basic", "Basic Username/Password", FALSE, basic_fields },
  { "authorizationCode", "OAuth 2.0 Authorization Code", TRUE, authorization_code_fields },
  { "clientCredentials", "OAuth 2.0 Client Credentials", TRUE, client_credentials_fields },
  { "privateKey", "Private Key", FALSE, private_key_fields },
};

static const char *const keys[]
    = { "apiKey", "apiKeySecret", "basic", "authorizationCode", "clientCredentials", "privateKey",
        NULL };

const ConnectionType *
connection_type_find (const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].key, key) == 0)
      return &types[i];
  return NULL;
}

const char *const *
connection_type_keys (void)
{
  return keys;
}

gboolean
config_var_is_code_connection (const ConfigVar *config_var)
{
  json_t *connection = json_object_get (config_var->raw, "connection");
  json_t *component = json_object_get (connection, "component");
  const char *key = json_string_value (component);
  if (key == NULL)
    key = json_get_string (component, "key");
  return config_var->connection_key != NULL && (key == NULL || strcmp (key, "code") == 0);
}
