/* Paths to handlers: a row each. Webhooks have a way of their own (webhook.c). */
#include "http/private.h"

#include <string.h>

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

/* Whether `path` has the pattern's shape; the segment in braces goes to *argument (free with
 * g_free). */
static gboolean
matches (const char *pattern, const char *path, char **argument)
{
  const char *brace = strchr (pattern, '{');
  if (brace == NULL)
    return strcmp (pattern, path) == 0;
  gsize head = (gsize) (brace - pattern);
  const char *tail = strchr (brace, '}') + 1;
  if (strncmp (pattern, path, head) != 0)
    return FALSE;
  gsize length = strcspn (path + head, "/");
  if (length == 0 || strcmp (path + head + length, tail) != 0)
    return FALSE;
  *argument = g_strndup (path + head, length);
  return TRUE;
}

static const Route *
find (const char *method, const char *path, char **argument, GString *allowed)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      if (!matches (table[i].path, path, argument))
        continue;
      gboolean is_head = strcmp (method, "HEAD") == 0 && strcmp (table[i].method, "GET") == 0;
      if (is_head || strcmp (table[i].method, method) == 0)
        return &table[i];
      g_clear_pointer (argument, g_free);
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
  g_autofree char *argument = NULL;
  g_autoptr (GString) allowed = g_string_new (NULL);
  request->most_body_bytes = request->server->options.most_body_bytes;
  request->route = find (request->method, request->path, &argument, allowed);
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
  g_autofree char *argument = NULL;
  matches (request->route->path, request->path, &argument);
  request->route->handle (request, argument);
}
