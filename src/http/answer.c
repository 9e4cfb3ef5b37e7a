/* Answers, and what is read of a request. */
#include "http/private.h"

#include <openssl/crypto.h>
#include <string.h>

static void
request_free (Request *request)
{
  g_clear_pointer (&request->response, MHD_destroy_response);
  g_clear_pointer (&request->body, g_byte_array_unref);
  g_free (request->uri);
  g_free (request->path);
  g_free (request->token);
  g_strfreev (request->segments);
  g_free (request);
}

Request *
request_hold (Request *request)
{
  request->references++;
  return request;
}

void
request_release (Request *request)
{
  if (--request->references == 0)
    request_free (request);
}

void
request_answer (Request *request, guint status, struct MHD_Response *response)
{
  if (request->is_gone || request->state >= REQUEST_ANSWERED)
    {
      MHD_destroy_response (response);
      return;
    }
  gboolean was_waiting = request->state == REQUEST_WAITING;
  request->status = status;
  request->response = response;
  request->state = REQUEST_ANSWERED;
  request->server->answers[MIN (status / 100, 5)]++;
  if (was_waiting)
    {
      g_hash_table_remove (request->server->waiting, request);
      MHD_resume_connection (request->connection);
      request->server->has_resumed = TRUE;
    }
}

static void
release_bytes (void *bytes)
{
  g_bytes_unref (bytes);
}

static struct MHD_Response *
response_of_bytes (GBytes *bytes, const char *content_type)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls (
      size, (void *) data, release_bytes, g_bytes_ref (bytes));
  if (content_type != NULL)
    MHD_add_response_header (response, "Content-Type", content_type);
  return response;
}

void
request_answer_bytes (Request *request, guint status, const char *content_type, GBytes *bytes)
{
  struct MHD_Response *response = response_of_bytes (bytes, content_type);
  MHD_add_response_header (response, "Cache-Control", "no-store");
  MHD_add_response_header (response, "X-Content-Type-Options", "nosniff");
  request_answer (request, status, response);
}

void
request_answer_json (Request *request, guint status, json_t *json)
{
  g_autoptr (GBytes) bytes = json_print_bytes (json);
  request_answer_bytes (request, status, "application/json", bytes);
}

static const char *
status_title (guint status)
{
  switch (status)
    {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
    }
}

static void
problem (Request *request, guint status, const char *header, const char *value, const char *format,
         va_list arguments)
{
  g_autofree char *detail = g_strdup_vprintf (format, arguments);
  g_autofree char *valid = g_utf8_make_valid (detail, -1);
  g_autoptr (json_t) json = json_pack ("{s:s, s:i, s:s, s:s}", "title", status_title (status),
                                       "status", (int) status, "detail", valid, "error", valid);
  g_autoptr (GBytes) bytes = json_print_bytes (json);
  struct MHD_Response *response = response_of_bytes (bytes, "application/problem+json");
  if (header != NULL)
    MHD_add_response_header (response, header, value);
  request_answer (request, status, response);
}

void
request_problem (Request *request, guint status, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  problem (request, status, NULL, NULL, format, arguments);
  va_end (arguments);
}

void
request_problem_header (Request *request, guint status, const char *header, const char *value,
                        const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  problem (request, status, header, value, format, arguments);
  va_end (arguments);
}

void
request_wait (Request *request)
{
  if (request->state == REQUEST_READING)
    {
      request->state = REQUEST_WAITING;
      g_hash_table_add (request->server->waiting, request);
      MHD_suspend_connection (request->connection);
    }
}

const char *
request_header (Request *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_HEADER_KIND, name);
}

const char *
request_query (Request *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *
request_cookie (Request *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_COOKIE_KIND, name);
}

const char *
request_raw_query (Request *request)
{
  const char *query = strchr (request->uri, '?');
  return query == NULL ? "" : query + 1;
}

gboolean
secrets_equal (const char *a, const char *b)
{
  gsize length = strlen (a);
  return length == strlen (b) && CRYPTO_memcmp (a, b, length) == 0;
}
