/* Fields and options as the OAuth client uses them. */
#include "connection/private.h"

static const char *const auth_names[] = { "auto", "basic", "post", "none", "private_key_jwt" };

const char *
client_auth_name (ClientAuth auth)
{
  return auth_names[auth];
}

int
client_auth_find (const char *name)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (auth_names); i++)
    if (strcmp (auth_names[i], name) == 0)
      return (int) i;
  return -1;
}

/* NULL for what is not there or empty. */
static char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_get_string (object, key);
  return text == NULL || *text == '\0' ? NULL : g_strdup (text);
}

static char **
words_of (const char *text)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit_set (text == NULL ? "" : text, " \t\r\n", -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part != '\0')
      g_strv_builder_add (words, *part);
  return g_strv_builder_end (words);
}

static gboolean
read_url (const json_t *object, const char *key, char **url, GError **error)
{
  *url = text_of (object, key);
  const char *problem = *url == NULL ? NULL : connection_url_problem (*url);
  if (problem != NULL)
    g_set_error (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID, "\"%s\" %s", key, problem);
  return problem == NULL;
}

/* A declaration and a template can give what connection_check() has not seen. */
static gboolean
read_urls (OAuthSettings *settings, const json_t *fields, const json_t *options, GError **error)
{
  return read_url (fields, "authorizeUrl", &settings->authorize_url, error)
         && read_url (fields, "tokenUrl", &settings->token_url, error)
         && read_url (options, "refreshUrl", &settings->refresh_url, error)
         && read_url (options, "revokeUrl", &settings->revoke_url, error)
         && read_url (options, "issuer", &settings->issuer, error);
}

static gboolean
check_complete (const OAuthSettings *settings, GError **error)
{
  const char *lacks = NULL;
  if (settings->client_id == NULL)
    lacks = "clientId";
  else if (settings->client_secret == NULL && settings->client_auth != CLIENT_AUTH_NONE)
    lacks = "clientSecret";
  else if (settings->token_url == NULL && settings->issuer == NULL)
    lacks = "tokenUrl";
  else if (settings->grant == CONNECTION_GRANT_AUTHORIZATION_CODE && settings->authorize_url == NULL
           && settings->issuer == NULL)
    lacks = "authorizeUrl";
  if (lacks != NULL)
    g_set_error (error, CONNECTION_ERROR, CONNECTION_ERROR_INCOMPLETE, "it lacks %s", lacks);
  return lacks == NULL;
}

static json_t *
pairs_of (const json_t *object, const char *key)
{
  json_t *value = json_object_get (object, key);
  return value == NULL || json_is_null (value) ? NULL : connection_pairs (value);
}

OAuthSettings *
oauth_settings_new (const ConnectionShape *shape, const json_t *fields, const json_t *options,
                    GError **error)
{
  g_autoptr (OAuthSettings) settings = g_new0 (OAuthSettings, 1);
  int auth = client_auth_find (json_get_string (options, "clientAuth"));
  const char *separator = json_get_string (options, "scopeSeparator");
  g_auto (GStrv) scopes = words_of (json_get_string (fields, "scopes"));

  settings->grant = shape->type->grant;
  settings->client_id = text_of (fields, "clientId");
  settings->client_secret = text_of (fields, "clientSecret");
  settings->scopes = g_strjoinv (separator == NULL || *separator == '\0' ? " " : separator, scopes);
  settings->audience = text_of (options, "audience");
  settings->resources = words_of (json_get_string (options, "resource"));
  settings->client_auth = auth < 0 ? CLIENT_AUTH_AUTO : (ClientAuth) auth;
  settings->headers = pairs_of (fields, "headers");
  settings->authorize_params = pairs_of (options, "authorizeParams");
  settings->token_params = pairs_of (options, "tokenParams");
  if (!read_urls (settings, fields, options, error) || !check_complete (settings, error))
    return NULL;
  return g_steal_pointer (&settings);
}

void
oauth_settings_free (OAuthSettings *settings)
{
  char *texts[] = { settings->authorize_url, settings->token_url, settings->refresh_url,
                    settings->revoke_url,    settings->issuer,    settings->client_id,
                    settings->client_secret, settings->scopes,    settings->audience };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    wipe_text (texts[i]);
  g_strfreev (settings->resources);
  json_decref (settings->headers);
  json_decref (settings->authorize_params);
  json_decref (settings->token_params);
  g_free (settings);
}

gboolean
oauth_settings_same_client (const OAuthSettings *a, const OAuthSettings *b)
{
  return a->grant == b->grant && g_strcmp0 (a->client_id, b->client_id) == 0
         && g_strcmp0 (a->token_url, b->token_url) == 0 && g_strcmp0 (a->issuer, b->issuer) == 0
         && g_strcmp0 (a->authorize_url, b->authorize_url) == 0;
}

gboolean
oauth_settings_needs_discovery (const OAuthSettings *settings)
{
  return settings->token_url == NULL
         || (settings->grant == CONNECTION_GRANT_AUTHORIZATION_CODE
             && settings->authorize_url == NULL);
}
