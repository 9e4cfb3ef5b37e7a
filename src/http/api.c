/* /api/v1: JSON over HTTP. openapi.json describes it, and a test holds the two together. */
#include "http/private.h"

#include <string.h>

extern const char openapi_json[];
extern const size_t openapi_json_length;

/* --- answers that come later --- */

static guint
status_of (const GError *error)
{
  if (g_error_matches (error, STORE_ERROR, STORE_ERROR_NOT_FOUND)
      || g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_NOT_FOUND))
    return 404;
  if (g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_INVALID))
    return 422;
  if (g_error_matches (error, STORE_ERROR, STORE_ERROR_BUSY)
      || g_error_matches (error, STORE_ERROR, STORE_ERROR_FULL)
      || g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_STOPPING)
      || g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_UNAVAILABLE))
    return 503;
  return 500;
}

static void
answer_error (Request *request, json_t *json, const GError *error)
{
  guint status = status_of (error);
  if (!json_is_object (json))
    {
      request_problem (request, status, "%s", error->message);
      return;
    }
  g_autoptr (json_t) problem = json_pack ("{s:s, s:i, s:s}", "title", "Unprocessable Content",
                                          "status", (int) status, "detail", error->message);
  json_object_update (problem, json);
  g_autoptr (GBytes) bytes = json_print_bytes (problem);
  request_answer_bytes (request, status, "application/problem+json", bytes);
}

void
request_json_done (json_t *json, const GError *error, gpointer data)
{
  Request *request = data;
  if (error != NULL)
    answer_error (request, json, error);
  else
    request_answer_json (request, 200, json);
  request_release (request);
}

Request *
request_wait_for_json (Request *request)
{
  request_wait (request);
  return request_hold (request);
}

/* --- deployments, instances --- */

json_t *
request_json (Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) document
      = request->body == NULL
            ? NULL
            : json_parse ((const char *) request->body->data, (gssize) request->body->len, &error);
  if (json_is_object (document))
    return g_steal_pointer (&document);
  request_problem (request, 400, "the body must be a JSON object: %s",
                   error == NULL ? "it is not" : error->message);
  return NULL;
}

void
api_deploy (Request *request, const char *unused)
{
  g_autoptr (json_t) document = request_json (request);
  if (document != NULL)
    dispatcher_deploy (request->server->dispatcher, document, request_json_done,
                       request_wait_for_json (request));
}

void
api_instances (Request *request, const char *unused)
{
  g_autoptr (json_t) list = dispatcher_list_instances (request->server->dispatcher);
  request_answer_json (request, 200, list);
}

void
api_pause (Request *request, const char *name)
{
  dispatcher_set_paused (request->server->dispatcher, name, TRUE, request_json_done,
                         request_wait_for_json (request));
}

void
api_resume (Request *request, const char *name)
{
  dispatcher_set_paused (request->server->dispatcher, name, FALSE, request_json_done,
                         request_wait_for_json (request));
}

/* --- executions, logs --- */

/* FALSE = answered: not a number in the range. */
static gboolean
read_number (Request *request, const char *name, gint64 least, gint64 most, gint64 *number)
{
  const char *text = request_query (request, name);
  g_autoptr (GError) error = NULL;
  if (text == NULL || g_ascii_string_to_signed (text, 10, least, most, number, &error))
    return TRUE;
  request_problem (request, 400,
                   "the parameter \"%s\" must be a whole number from %" G_GINT64_FORMAT
                   " to %" G_GINT64_FORMAT,
                   name, least, most);
  return FALSE;
}

static gboolean
read_status (Request *request, int *status)
{
  const char *text = request_query (request, "status");
  *status = -1;
  if (text == NULL)
    return TRUE;
  for (int i = EXECUTION_QUEUED; i <= EXECUTION_FAILED; i++)
    if (g_strcmp0 (text, execution_status_name ((ExecutionStatus) i)) == 0)
      *status = i;
  if (*status >= 0)
    return TRUE;
  request_problem (request, 400,
                   "the parameter \"status\" is one of queued, running, succeeded, failed");
  return FALSE;
}

void
api_executions (Request *request, const char *unused)
{
  gint64 most = 50;
  StoreExecutionFilter filter = {
    .instance = request_query (request, "instance"),
    .flow = request_query (request, "flow"),
    .before = request_query (request, "before"),
  };
  if (!read_number (request, "limit", 1, 1000, &most) || !read_status (request, &filter.status))
    return;
  if (filter.before != NULL && !execution_id_is_valid (filter.before))
    {
      request_problem (request, 400, "the parameter \"before\" must be an execution's id");
      return;
    }
  filter.most = (guint) most;
  store_list_executions (request->server->store, &filter, request_json_done,
                         request_wait_for_json (request));
}

void
api_execution (Request *request, const char *id)
{
  if (!execution_id_is_valid (id))
    request_problem (request, 404, "\"%.80s\" is not an execution's id", id);
  else
    store_get_execution (request->server->store, id, request_json_done,
                         request_wait_for_json (request));
}

static void list_logs (Request *request, gint64 after, gint64 most);

static gboolean
list_logs_again (gpointer data)
{
  Request *request = data;
  gint64 after = -1, most = 100;
  request->timer = 0;
  if (request->is_gone)
    {
      request_release (request);
      return G_SOURCE_REMOVE;
    }
  read_number (request, "after", -1, G_MAXINT64, &after);
  read_number (request, "limit", 1, 1000, &most);
  list_logs (request, after, most);
  request_release (request);
  return G_SOURCE_REMOVE;
}

/* Without lines, and with time left to wait, looks again a little later. */
static void
logs_done (json_t *json, const GError *error, gpointer data)
{
  Request *request = data;
  if (error == NULL && json_array_size (json_object_get (json, "logs")) == 0 && !request->is_gone
      && g_get_monotonic_time () < request->wait_until_us)
    request->timer = g_timeout_add (200, list_logs_again, request_hold (request));
  else if (error != NULL)
    answer_error (request, NULL, error);
  else
    request_answer_json (request, 200, json);
  request_release (request);
}

static void
list_logs (Request *request, gint64 after, gint64 most)
{
  store_list_logs (request->server->store, request_query (request, "instance"),
                   request_query (request, "execution"), after, (guint) most, logs_done,
                   request_hold (request));
}

void
api_logs (Request *request, const char *unused)
{
  gint64 after = -1, most = 100, wait = 0;
  if (!read_number (request, "after", -1, G_MAXINT64, &after)
      || !read_number (request, "limit", 1, 1000, &most)
      || !read_number (request, "wait", 0, 30, &wait))
    return;
  request->wait_until_us = g_get_monotonic_time () + wait * G_USEC_PER_SEC;
  request_wait (request);
  list_logs (request, after, most);
}

static void
sweep_done (const GError *error, gpointer data)
{
  g_autoptr (json_t) nothing = json_object ();
  request_json_done (nothing, error, data);
}

void
api_sweep (Request *request, const char *unused)
{
  store_sweep (request->server->store, sweep_done, request_wait_for_json (request));
}

/* --- keys --- */

void
api_connection_keys (Request *request, const char *unused)
{
  g_autoptr (json_t) keys = dispatcher_connection_keys (request->server->dispatcher);
  if (keys == NULL)
    request_problem_header (request, 503, "Retry-After", "1",
                            "the keeper, which has the key, is not there just now");
  else
    request_answer_json (request, 200, keys);
}

void
api_rotate_keys (Request *request, const char *unused)
{
  g_autoptr (json_t) document
      = request->body == NULL || request->body->len == 0
            ? json_object ()
            : json_parse ((const char *) request->body->data, (gssize) request->body->len, NULL);
  json_t *file = json_object_get (document, "file");
  if (!json_is_object (document) || (file != NULL && !json_is_string (file))
      || (file != NULL && !g_path_is_absolute (json_string_value (file))))
    {
      request_problem (request, 400,
                       "the body must be an object; \"file\", where it is given, the absolute path "
                       "of the new key's "
                       "file on the server's machine");
      return;
    }
  dispatcher_rotate_keys (request->server->dispatcher, json_string_value (file), request_json_done,
                          request_wait_for_json (request));
}

/* --- about the server --- */

static void
answer_text (Request *request, guint status, const char *content_type, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  request_answer_bytes (request, status, content_type, bytes);
}

void
api_openapi (Request *request, const char *unused)
{
  answer_text (request, 200, "application/json", openapi_json);
}

void
api_health (Request *request, const char *unused)
{
  answer_text (request, 200, "text/plain", "ok\n");
}

void
api_ready (Request *request, const char *unused)
{
  if (dispatcher_is_ready (request->server->dispatcher))
    answer_text (request, 200, "text/plain", "ready\n");
  else
    request_problem_header (request, 503, "Retry-After", "1", "workers can't be started just now");
}

void
api_root (Request *request, const char *unused)
{
  answer_text (request, 200, "text/plain",
               "Tenon " TENON_VERSION ". Webhooks are at /trigger/…, the API at "
               "/api/v1/openapi.json.\n");
}

void
api_metrics (Request *request, const char *unused)
{
  HttpServer *server = request->server;
  g_autoptr (GString) text = g_string_new (NULL);
  StoreStats stats = { 0 };
  for (guint i = 1; i < G_N_ELEMENTS (server->answers); i++)
    g_string_append_printf (text,
                            "tenon_http_answers_total{class=\"%uxx\"} %" G_GUINT64_FORMAT "\n", i,
                            server->answers[i]);
  g_string_append_printf (text, "tenon_http_connections %u\n",
                          g_hash_table_size (server->connections));
  store_stats (server->store, &stats);
  g_string_append_printf (text,
                          "tenon_store_queued_writes %" G_GUINT64_FORMAT "\n"
                          "tenon_store_commits_total %" G_GUINT64_FORMAT "\n"
                          "tenon_store_rows_total %" G_GUINT64_FORMAT "\n"
                          "tenon_store_database_bytes %" G_GUINT64_FORMAT "\n"
                          "tenon_store_wal_bytes %" G_GUINT64_FORMAT "\n",
                          stats.queued_writes, stats.commits, stats.rows, stats.database_bytes,
                          stats.wal_bytes);
  dispatcher_metrics (server->dispatcher, text);
  answer_text (request, 200, "text/plain; version=0.0.4", text->str);
}
