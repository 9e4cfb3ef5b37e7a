/* What a worker asks for, read from its frame and checked.
 *
 * Two kinds of wrong: bytes that no client of ours would write (the channel
 * ends), and a request that can't be made (it fails, with Node's error). The
 * framing of the message (length, chunks, connection) is egress's own matter, so
 * that no worker can make a server see two requests in one.
 */
#include "egress/private.h"

#include <string.h>

void
egress_order_free (EgressOrder *order)
{
  g_free (order->method);
  g_free (order->url);
  if (order->headers != NULL)
    g_ptr_array_unref (order->headers);
  if (order->body != NULL)
    g_bytes_unref (order->body);
  g_free (order);
}

static void
read_headers (FrameReader *reader, EgressOrder *order)
{
  guint32 n = frame_read_count (reader, 8);
  order->headers = g_ptr_array_new_with_free_func (g_free);
  for (guint32 i = 0; i < n && !reader->has_failed; i++)
    {
      g_ptr_array_add (order->headers, frame_read_text (reader));
      g_ptr_array_add (order->headers, frame_read_text (reader));
    }
}

EgressOrder *
egress_order_read (Frame *frame, GError **error)
{
  g_autoptr (EgressOrder) order = g_new0 (EgressOrder, 1);
  FrameReader reader;
  guint8 redirect;

  frame_reader_init (&reader, frame);
  order->number = frame->stream;
  order->method = frame_read_text (&reader);
  order->url = frame_read_text (&reader);
  read_headers (&reader, order);
  redirect = frame_read_u8 (&reader);
  order->timeout_ms = frame_read_u32 (&reader);
  order->most_body_bytes = frame_read_u64 (&reader);
  order->is_decompressed = frame_read_bool (&reader);
  order->body = frame_read_gbytes (&reader);
  order->has_more_body = frame_read_bool (&reader);
  order->body_length = -1;
  if (!frame_reader_end (&reader, error))
    return NULL;
  if (redirect > EGRESS_REDIRECT_MANUAL
      || (order->has_more_body && g_bytes_get_size (order->body) > 0))
    {
      g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED,
                   "a request with redirect mode %u, or a body in two ways", redirect);
      return NULL;
    }
  order->redirect = redirect;
  return g_steal_pointer (&order);
}

const char *
egress_order_header (const EgressOrder *order, const char *name)
{
  for (guint i = 0; i + 1 < order->headers->len; i += 2)
    if (g_ascii_strcasecmp (order->headers->pdata[i], name) == 0)
      return order->headers->pdata[i + 1];
  return NULL;
}

void
egress_order_drop_header (EgressOrder *order, const char *name)
{
  for (guint i = 0; i + 1 < order->headers->len;)
    if (g_ascii_strcasecmp (order->headers->pdata[i], name) == 0)
      g_ptr_array_remove_range (order->headers, i, 2);
    else
      i += 2;
}

/* RFC 9110 §5.6.2 */
static gboolean
is_token (const char *text)
{
  if (*text == '\0')
    return FALSE;
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && strchr ("!#$%&'*+-.^_`|~", *text) == NULL)
      return FALSE;
  return TRUE;
}

/* A value as it came (UTF-8, each character one byte of the header) to the bytes themselves; NULL
 * if it holds what no header may. Fetch standard, "header value". */
static char *
value_to_bytes (const char *text)
{
  GString *bytes = g_string_sized_new (strlen (text));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      if (c > 0xff || c == '\n' || c == '\r' || (c < 0x20 && c != '\t') || c == 0x7f)
        {
          g_string_free (bytes, TRUE);
          return NULL;
        }
      g_string_append_c (bytes, (char) c);
    }
  return g_string_free (bytes, FALSE);
}

static EgressFailure *
check_headers (EgressOrder *order)
{
  gsize total = 0;
  for (guint i = 0; i + 1 < order->headers->len; i += 2)
    {
      const char *name = order->headers->pdata[i];
      if (!is_token (name))
        return egress_failure_new ("UND_ERR_INVALID_ARG", "invalid header name");
      char *bytes = value_to_bytes (order->headers->pdata[i + 1]);
      if (bytes == NULL)
        return egress_failure_new ("UND_ERR_INVALID_ARG", "invalid value of the header \"%s\"",
                                   name);
      g_free (order->headers->pdata[i + 1]);
      order->headers->pdata[i + 1] = bytes;
      total += strlen (name) + strlen (bytes) + 4;
    }
  if (total > EGRESS_MAX_HEADER_BYTES)
    return egress_failure_new ("UND_ERR_INVALID_ARG", "the headers are longer than %d bytes",
                               EGRESS_MAX_HEADER_BYTES);
  return NULL;
}

/* The framing headers that repeat what is so anyway are dropped; the others are refused. */
static EgressFailure *
check_framing (EgressOrder *order)
{
  static const char *const refused[]
      = { "Transfer-Encoding", "Keep-Alive",       "Upgrade",       "Expect", "TE",
          "Trailer",           "Proxy-Connection", "HTTP2-Settings" };
  const char *connection = egress_order_header (order, "Connection");
  const char *length = egress_order_header (order, "Content-Length");
  guint64 said;

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (egress_order_header (order, refused[i]) != NULL)
      {
        g_autofree char *name = g_ascii_strdown (refused[i], -1);
        return egress_failure_new ("UND_ERR_INVALID_ARG", "invalid %s header", name);
      }
  if (connection != NULL)
    {
      order->closes_connection = g_ascii_strcasecmp (connection, "close") == 0;
      if (!order->closes_connection && g_ascii_strcasecmp (connection, "keep-alive") != 0)
        return egress_failure_new ("UND_ERR_INVALID_ARG", "invalid connection header");
      egress_order_drop_header (order, "Connection");
    }
  if (length != NULL)
    {
      if (!g_ascii_string_to_unsigned (length, 10, 0, G_MAXUINT64, &said, NULL))
        return egress_failure_new ("UND_ERR_INVALID_ARG", "invalid content-length header");
      if (order->has_more_body)
        order->body_length = (gint64) MIN (said, G_MAXINT64);
      else if (said != g_bytes_get_size (order->body))
        return egress_failure_new ("UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
                                   "Request body length does not match content-length header");
      egress_order_drop_header (order, "Content-Length");
    }
  return NULL;
}

static EgressFailure *
check_method (const EgressOrder *order)
{
  static const char *const refused[] = { "CONNECT", "TRACE", "TRACK" };
  if (!is_token (order->method) || strlen (order->method) > 64)
    return egress_failure_new ("UND_ERR_INVALID_ARG", "invalid request method");
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (g_ascii_strcasecmp (order->method, refused[i]) == 0)
      return egress_failure_new ("UND_ERR_INVALID_ARG", "'%s' HTTP method is unsupported.",
                                 refused[i]);
  if (strcmp (order->method, "HEAD") == 0 && g_bytes_get_size (order->body) > 0)
    return egress_failure_new ("UND_ERR_INVALID_ARG",
                               "Request with GET/HEAD method cannot have body.");
  return NULL;
}

EgressFailure *
egress_order_check (EgressOrder *order)
{
  EgressFailure *failure = check_method (order);
  if (failure == NULL)
    failure = check_headers (order);
  if (failure == NULL)
    failure = check_framing (order);
  return failure;
}
