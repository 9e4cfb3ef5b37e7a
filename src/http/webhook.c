/* Webhooks: /trigger/TOKEN[/path…]. docs/http.md has every status and why. */
#include "http/private.h"

#include <string.h>

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", NULL };
#define ALLOWED "GET, HEAD, POST, PUT, PATCH, DELETE"

/* --- the head --- */

static gboolean
has_key (Request *request, const Endpoint *endpoint)
{
  const char *given = request_header (request, "Api-Key");
  gboolean is_good = FALSE;
  if (given == NULL)
    return FALSE;
  for (guint i = 0; endpoint->api_keys != NULL && endpoint->api_keys[i] != NULL; i++)
    is_good |= secrets_equal (given, endpoint->api_keys[i]);
  return is_good;
}

/* spec/triggers-and-flows.md, "API keys". */
static gboolean
needs_key (const Endpoint *endpoint)
{
  gboolean has_keys = endpoint->api_keys != NULL && endpoint->api_keys[0] != NULL;
  return endpoint->security == ENDPOINT_CUSTOMER_OPTIONAL
             ? has_keys
             : endpoint->security != ENDPOINT_UNSECURED;
}

/* Splits "/trigger/TOKEN/rest". */
static void
split_path (Request *request)
{
  const char *token = request->path + strlen ("/trigger/");
  gsize length = strcspn (token, "/");
  request->token = g_strndup (token, length);
  request->rest = token[length] == '/' ? token + length + 1 : "";
}

static gint64
announced_length (Request *request)
{
  const char *text = request_header (request, "Content-Length");
  return text == NULL ? 0 : g_ascii_strtoll (text, NULL, 10);
}

void
webhook_begin (Request *request)
{
  split_path (request);
  const Endpoint *endpoint = dispatcher_find_endpoint (request->server->dispatcher, request->token);
  if (endpoint == NULL)
    request_problem (request, 404,
                     "there is no webhook at this URL: it may have been mistyped, or "
                     "its flow removed");
  else if (!g_strv_contains (methods, request->method))
    request_problem_header (request, 405, "Allow", ALLOWED, "a webhook takes " ALLOWED ", not %s",
                            request->method);
  else if (needs_key (endpoint) && !has_key (request, endpoint))
    request_problem_header (request, 401, "WWW-Authenticate", "ApiKey realm=\"webhook\"",
                            "this webhook needs a valid key in the header \"Api-Key\"");
  else if (endpoint->is_paused)
    request_problem_header (request, 503, "Retry-After", "60", "the instance is paused");
  else
    {
      request->most_body_bytes = endpoint->limits.value[LIMIT_PAYLOAD_BYTES];
      if (announced_length (request) > request->most_body_bytes)
        request_problem (request, 413,
                         "the body is over the limit \"payloadBytes\" of %" G_GINT64_FORMAT
                         " bytes",
                         request->most_body_bytes);
    }
}

/* --- the answer --- */

/* Framing is the server's (RFC 9112 §6); the rest is hop by hop (RFC 9110 §7.6.1). */
static gboolean
is_reserved (const char *name)
{
  static const char *const names[] = { "Content-Length",
                                       "Transfer-Encoding",
                                       "Connection",
                                       "Keep-Alive",
                                       "Upgrade",
                                       "Trailer",
                                       "TE",
                                       "Date",
                                       NULL };
  for (guint i = 0; names[i] != NULL; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return TRUE;
  return FALSE;
}

static void
release_bytes (void *bytes)
{
  g_bytes_unref (bytes);
}

static struct MHD_Response *
response_of_answer (const WebhookAnswer *answer)
{
  gsize size = 0;
  gconstpointer data = answer->body == NULL ? NULL : g_bytes_get_data (answer->body, &size);
  gboolean has_body = answer->status != 204 && answer->status != 304 && size > 0;
  struct MHD_Response *response
      = has_body ? MHD_create_response_from_buffer_with_free_callback_cls (
            size, (void *) data, release_bytes, g_bytes_ref (answer->body))
                 : MHD_create_response_from_buffer (0, (void *) "", MHD_RESPMEM_PERSISTENT);
  gboolean has_type = FALSE;
  for (guint i = 0; answer->headers != NULL && i + 1 < answer->headers->len; i += 2)
    {
      const char *name = g_ptr_array_index (answer->headers, i);
      if (is_reserved (name))
        continue;
      has_type |= g_ascii_strcasecmp (name, "Content-Type") == 0;
      MHD_add_response_header (response, name, g_ptr_array_index (answer->headers, i + 1));
    }
  if (answer->content_type != NULL && has_body && !has_type)
    MHD_add_response_header (response, "Content-Type", answer->content_type);
  return response;
}

static void
answer_error (Request *request, const GError *error)
{
  if (g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_FULL))
    request_problem_header (request, 429, "Retry-After", "1", "%s", error->message);
  else if (g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_PAUSED))
    request_problem_header (request, 503, "Retry-After", "60", "%s", error->message);
  else if (g_error_matches (error, DISPATCH_ERROR, DISPATCH_ERROR_NOT_FOUND))
    request_problem (request, 404, "%s", error->message);
  else
    request_problem_header (request, 503, "Retry-After", "5", "%s", error->message);
}

static void
webhook_done (const char *execution_id, const WebhookAnswer *answer, const GError *error,
              gpointer data)
{
  Request *request = data;
  request->ticket = 0;
  if (error != NULL)
    answer_error (request, error);
  else
    {
      struct MHD_Response *response = response_of_answer (answer);
      MHD_add_response_header (response, "tenon-execution-id", execution_id);
      MHD_add_response_header (response, "prismatic-executionid", execution_id);
      request_answer (request, answer->status, response);
    }
  request_release (request);
}

/* --- the request --- */

/* FALSE = answered: the header has another value than true and false. */
static gboolean
read_synchronous (Request *request, const Endpoint *endpoint, gboolean *is_synchronous)
{
  static const char *const names[] = { "tenon-synchronous", "prismatic-synchronous" };
  *is_synchronous = endpoint->flow->is_synchronous;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = request_header (request, names[i]);
      if (value == NULL)
        continue;
      *is_synchronous = g_ascii_strcasecmp (value, "true") == 0;
      if (!*is_synchronous && g_ascii_strcasecmp (value, "false") != 0)
        {
          request_problem (request, 400, "the header \"%s\" is \"true\" or \"false\"", names[i]);
          return FALSE;
        }
    }
  return TRUE;
}

void
webhook_end (Request *request)
{
  HttpServer *server = request->server;
  WebhookRequest webhook = { 0 };
  const Endpoint *endpoint = dispatcher_find_endpoint (server->dispatcher, request->token);
  if (endpoint == NULL)
    {
      request_problem (request, 404, "the webhook has just been removed");
      return;
    }
  if (!read_synchronous (request, endpoint, &webhook.is_synchronous))
    return;
  g_autofree char *url = g_strconcat (server->public_url, request->uri, NULL);
  g_autofree char *valid_url = g_utf8_make_valid (url, -1);
  g_autoptr (Value) payload = webhook_payload (request);
  webhook.invoke_url = valid_url;
  webhook.payload = payload;
  request_hold (request);
  request_wait (request);
  guint64 ticket
      = dispatcher_invoke (server->dispatcher, endpoint, &webhook, webhook_done, request);
  if (request->state == REQUEST_WAITING)
    request->ticket = ticket;
}
