/* Metadata of a provider: RFC 8414, and OpenID Connect Discovery for those that only have that. */
#include "connection/private.h"

void
provider_metadata_free (ProviderMetadata *metadata)
{
  g_free (metadata->issuer);
  g_free (metadata->authorization_endpoint);
  g_free (metadata->token_endpoint);
  g_free (metadata->revocation_endpoint);
  g_free (metadata);
}

/* RFC 8414 §3.1: between host and path. */
static char *
inserted (const char *issuer, const char *name)
{
  const char *host = strstr (issuer, "://");
  const char *path = host == NULL ? NULL : strchr (host + 3, '/');
  gsize head = path == NULL ? strlen (issuer) : (gsize) (path - issuer);
  const char *tail = path == NULL || strcmp (path, "/") == 0 ? "" : path;
  g_autofree char *trimmed = g_strdup (tail);
  if (g_str_has_suffix (trimmed, "/"))
    trimmed[strlen (trimmed) - 1] = '\0';
  return g_strdup_printf ("%.*s/.well-known/%s%s", (int) head, issuer, name, trimmed);
}

char *
discovery_url (const char *issuer, guint nth)
{
  gsize length = strlen (issuer);
  while (length > 0 && issuer[length - 1] == '/')
    length--;
  if (nth == 0)
    return inserted (issuer, "oauth-authorization-server");
  if (nth == 1)
    return g_strdup_printf ("%.*s/.well-known/openid-configuration", (int) length, issuer);
  return NULL;
}

static gboolean
read_endpoint (const json_t *document, const char *key, char **url, GError **error)
{
  const char *text = json_get_string (document, key);
  const char *problem = text == NULL ? NULL : connection_url_problem (text);
  if (problem != NULL)
    g_set_error (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID, "its \"%s\" %s", key, problem);
  *url = g_strdup (text);
  return problem == NULL;
}

static void
read_methods (ProviderMetadata *metadata, const json_t *document)
{
  json_t *methods = json_object_get (document, "token_endpoint_auth_methods_supported"), *method;
  size_t i;
  metadata->has_methods = json_is_array (methods);
  json_array_foreach (methods, i, method)
  {
    const char *name = json_string_value (method);
    metadata->takes_basic |= g_strcmp0 (name, "client_secret_basic") == 0;
    metadata->takes_post |= g_strcmp0 (name, "client_secret_post") == 0;
    metadata->takes_private_key_jwt |= g_strcmp0 (name, "private_key_jwt") == 0;
  }
}

static json_t *
read_document (const OAuthAnswer *answer, GError **error)
{
  g_autoptr (GError) reason = NULL;
  if (answer->failure != NULL)
    g_set_error (error, CONNECTION_ERROR, CONNECTION_ERROR_TEMPORARY, "%s", answer->failure);
  else if (answer->status != 200)
    g_set_error (error, CONNECTION_ERROR, CONNECTION_ERROR_TEMPORARY, "it answered %u",
                 answer->status);
  else if (answer->is_too_large)
    g_set_error_literal (error, CONNECTION_ERROR, CONNECTION_ERROR_TEMPORARY,
                         "its answer is too large");
  else
    {
      g_autoptr (json_t) document = json_parse_bytes (answer->body, &reason);
      if (json_is_object (document))
        return g_steal_pointer (&document);
      g_set_error_literal (error, CONNECTION_ERROR, CONNECTION_ERROR_TEMPORARY,
                           "its answer is no JSON object");
    }
  return NULL;
}

ProviderMetadata *
provider_metadata_read (const char *issuer, const OAuthAnswer *answer, GError **error)
{
  g_autoptr (ProviderMetadata) metadata = g_new0 (ProviderMetadata, 1);
  g_autoptr (json_t) document = read_document (answer, error);
  if (document == NULL)
    return NULL;
  /* RFC 8414 §3.3, §4: the very same text, else the document is another server's. */
  if (g_strcmp0 (json_get_string (document, "issuer"), issuer) != 0)
    {
      g_set_error_literal (
          error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID,
          "its metadata is of another issuer than the option issuer says (both must "
          "be the same to the letter, RFC 8414 section 3.3)");
      return NULL;
    }
  metadata->issuer = g_strdup (issuer);
  metadata->sends_iss
      = json_get_bool (document, "authorization_response_iss_parameter_supported", FALSE);
  read_methods (metadata, document);
  if (!read_endpoint (document, "authorization_endpoint", &metadata->authorization_endpoint, error)
      || !read_endpoint (document, "token_endpoint", &metadata->token_endpoint, error)
      || !read_endpoint (document, "revocation_endpoint", &metadata->revocation_endpoint, error))
    return NULL;
  return g_steal_pointer (&metadata);
}
