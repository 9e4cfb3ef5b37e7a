/* Paths to handlers: a row each. Webhooks have a way of their own (webhook.c). */
#include "http/private.h"

#include <string.h>

#define MAX_SEGMENTS 16

#define CONNECTION "/api/v1/instances/{name}/connections/{connection}"

static const Route table[] = {
  { "/", "GET", FALSE, api_root },
  { "/healthz", "GET", FALSE, api_health },
  { "/readyz", "GET", FALSE, api_ready },
  { "/metrics", "GET", FALSE, api_metrics },
  { "/api/v1/openapi.json", "GET", FALSE, api_openapi },
  { "/api/v1/deployments", "POST", TRUE, api_deploy },
  { "/api/v1/instances", "GET", TRUE, api_instances },
  { "/api/v1/instances/{name}/pause", "POST", TRUE, api_pause },
  { "/api/v1/instances/{name}/resume", "POST", TRUE, api_resume },
  { "/api/v1/connection-types", "GET", TRUE, api_connection_types },
  { "/api/v1/instances/{name}/connections", "GET", TRUE, api_connections },
  { CONNECTION, "GET", TRUE, api_connection },
  { CONNECTION, "PUT", TRUE, api_connection_set },
  { CONNECTION, "DELETE", TRUE, api_connection_delete },
  { CONNECTION "/authorize", "POST", TRUE, api_connection_authorize },
  { CONNECTION "/refresh", "POST", TRUE, api_connection_refresh },
  { "/oauth2/start/{ticket}", "GET", FALSE, oauth_start },
  { "/oauth2/callback", "GET", FALSE, oauth_callback },
  { "/api/v1/executions", "GET", TRUE, api_executions },
  { "/api/v1/executions/{id}", "GET", TRUE, api_execution },
  { "/api/v1/logs", "GET", TRUE, api_logs },
  { "/api/v1/store/sweep", "POST", TRUE, api_sweep },
  /* Public keys: whoever has something to seal needs them first. */
  { "/api/v1/keys/connections", "GET", FALSE, api_connection_keys },
  { "/api/v1/keys/rotate", "POST", TRUE, api_rotate_keys },
};

const Route *
routes_all (guint *n)
{
  *n = G_N_ELEMENTS (table);
  return table;
}

/* The path as it was sent, in segments that are decoded one by one: a name may hold a "/" of its
 * own. NULL where one is no text. */
static char **
split_path (Request *request)
{
  g_autofree char *path = g_strndup (request->uri, strcspn (request->uri, "?#"));
  g_auto (GStrv) raw = g_strsplit (path, "/", MAX_SEGMENTS);
  g_autoptr (GStrvBuilder) segments = g_strv_builder_new ();
  for (guint i = 0; raw[i] != NULL; i++)
    {
      g_autofree char *segment = g_uri_unescape_string (raw[i], NULL);
      if (segment == NULL || !g_utf8_validate (segment, -1, NULL))
        return NULL;
      g_strv_builder_add (segments, segment);
    }
  return g_strv_builder_end (segments);
}

/* Whether the path has the pattern's shape; the segments in braces go to `arguments` (borrowed). */
static gboolean
matches (const char *pattern, char *const *segments, const char **arguments)
{
  guint n = 0, i = 0;
  for (;; i++)
    {
      gsize length = strcspn (pattern, "/");
      if (segments[i] == NULL)
        return FALSE;
      if (*pattern == '{')
        {
          if (*segments[i] == '\0')
            return FALSE;
          arguments[n++] = segments[i];
        }
      else if (strlen (segments[i]) != length || strncmp (pattern, segments[i], length) != 0)
        return FALSE;
      if (pattern[length] == '\0')
        return segments[i + 1] == NULL;
      pattern += length + 1;
    }
}

static const Route *
find (Request *request, GString *allowed)
{
  const char *arguments[ROUTE_MAX_ARGUMENTS] = { NULL };
  for (guint i = 0; request->segments != NULL && i < G_N_ELEMENTS (table); i++)
    {
      if (!matches (table[i].path, request->segments, arguments))
        continue;
      gboolean is_head
          = strcmp (request->method, "HEAD") == 0 && strcmp (table[i].method, "GET") == 0;
      if (is_head || strcmp (table[i].method, request->method) == 0)
        {
          memcpy (request->arguments, arguments, sizeof arguments);
          return &table[i];
        }
      g_string_append_printf (allowed, "%s%s", allowed->len > 0 ? ", " : "", table[i].method);
    }
  return NULL;
}

static gboolean
is_authorized (Request *request)
{
  static const char scheme[] = "Bearer ";
  const char *header = request_header (request, "Authorization");
  return header != NULL && g_ascii_strncasecmp (header, scheme, strlen (scheme)) == 0
         && secrets_equal (header + strlen (scheme), request->server->api_token);
}

void
route_begin (Request *request)
{
  if (g_str_has_prefix (request->path, "/trigger/"))
    {
      webhook_begin (request);
      return;
    }
  g_autoptr (GString) allowed = g_string_new (NULL);
  request->most_body_bytes = request->server->options.most_body_bytes;
  request->segments = split_path (request);
  request->route = find (request, allowed);
  if (request->route == NULL && allowed->len > 0)
    request_problem_header (request, 405, "Allow", allowed->str, "%s is not a method of this path",
                            request->method);
  else if (request->route == NULL)
    request_problem (request, 404,
                     "there is nothing at this path; /api/v1/openapi.json lists what "
                     "there is");
  else if (request->route->needs_token && !is_authorized (request))
    request_problem_header (request, 401, "WWW-Authenticate", "Bearer realm=\"tenon\"",
                            "the API needs the token of the data folder, as \"Authorization: "
                            "Bearer …\"");
}

void
route_end (Request *request)
{
  if (request->token != NULL)
    {
      webhook_end (request);
      return;
    }
  request->route->handle (request, request->arguments[0]);
}
