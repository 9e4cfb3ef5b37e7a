/* /api/v1: connections. Secrets come in sealed to the keeper (a JWE), and never out. */
#include "http/private.h"

#include "connection/connection.h"

#include <string.h>

void
api_connection_types (Request *request, const char *unused)
{
  g_autoptr (json_t) types = json_pack ("{s:o}", "types", connection_types_to_json ());
  request_answer_json (request, 200, types);
}

void
api_connections (Request *request, const char *instance)
{
  g_autoptr (json_t) list = dispatcher_list_connections (request->server->dispatcher, instance);
  if (list == NULL)
    request_problem (request, 404, "there is no instance \"%.120s\"", instance);
  else
    request_answer_json (request, 200, list);
}

/* The public JSON of the connection that the path names; NULL = answered 404. */
static json_t *
find (Request *request)
{
  const char *instance = request->arguments[0], *name = request->arguments[1];
  json_t *connection = dispatcher_find_connection (request->server->dispatcher, instance, name);
  if (connection == NULL)
    request_problem (request, 404, "the instance \"%.120s\" has no connection \"%.120s\"", instance,
                     name);
  return connection;
}

void
api_connection (Request *request, const char *instance)
{
  g_autoptr (json_t) connection = find (request);
  if (connection != NULL)
    request_answer_json (request, 200, connection);
}

/* A secret in the clear would have been in the memory of a process that parses what strangers send:
 * whoever sends one is told, before anything is done with it. */
static gboolean
check_document (Request *request, json_t *document)
{
  const char *key;
  json_t *value, *jwe = json_object_get (document, "jwe"),
                 *options = json_object_get (document, "options");
  json_object_foreach (document, key, value)
  {
    if (strcmp (key, "jwe") == 0 || strcmp (key, "options") == 0)
      continue;
    request_problem (
        request, 422,
        "the body is {\"jwe\": …, \"options\": {…}}, without \"%.60s\": fields are sent "
        "sealed to a key of /api/v1/keys/connections, as a compact JWE (docs/http.md)",
        key);
    return FALSE;
  }
  if ((jwe != NULL && !json_is_string (jwe)) || (options != NULL && !json_is_object (options))
      || (jwe == NULL && options == NULL))
    {
      request_problem (request, 422,
                       "the body is {\"jwe\": text, \"options\": object}, one of them at least");
      return FALSE;
    }
  return TRUE;
}

void
api_connection_set (Request *request, const char *instance)
{
  g_autoptr (json_t) document = request_json (request);
  if (document != NULL && check_document (request, document))
    dispatcher_connection_set (request->server->dispatcher, instance, request->arguments[1],
                               document, request_json_done, request_wait_for_json (request));
}

void
api_connection_delete (Request *request, const char *instance)
{
  dispatcher_connection_delete (request->server->dispatcher, instance, request->arguments[1],
                                request_json_done, request_wait_for_json (request));
}

void
api_connection_refresh (Request *request, const char *instance)
{
  dispatcher_connection_refresh (request->server->dispatcher, instance, request->arguments[1],
                                 request_json_done, request_wait_for_json (request));
}

/* Gives a link of our own, which begins the authorization in the browser that opens it: that
 * browser gets the cookie that the callback must bring back. */
void
api_connection_authorize (Request *request, const char *instance)
{
  g_autoptr (json_t) connection = find (request);
  gint64 expires_us;
  if (connection == NULL)
    return;
  const char *type = json_get_string (connection, "type");
  const ConnectionType *known = connection_type_find (type);
  const char *status = json_get_string (connection, "status");
  if (known == NULL || known->grant != CONNECTION_GRANT_AUTHORIZATION_CODE)
    {
      request_problem (request, 422,
                       "connection \"%.120s\" is of type %s, which nobody has to authorize",
                       request->arguments[1], type == NULL ? "unknown" : type);
      return;
    }
  if (g_strcmp0 (status, "unset") == 0)
    {
      const char *message = json_get_string (connection, "statusMessage");
      request_problem (request, 422, "connection \"%.120s\" can't be authorized yet: %s",
                       request->arguments[1], message == NULL ? "fields are missing" : message);
      return;
    }
  g_autofree char *ticket = start_tickets_add (request->server->start_tickets, instance,
                                               request->arguments[1], &expires_us);
  g_autofree char *url
      = g_strdup_printf ("%s/oauth2/start/%s", request->server->public_url, ticket);
  g_autoptr (GDateTime) expires = g_date_time_new_from_unix_utc (expires_us / G_USEC_PER_SEC);
  g_autofree char *expires_at = g_date_time_format (expires, "%Y-%m-%dT%H:%M:%SZ");
  g_autoptr (json_t) answer = json_pack ("{s:s, s:s}", "url", url, "expiresAt", expires_at);
  request_answer_json (request, 200, answer);
}
