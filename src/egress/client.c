/* The worker's side of its egress channel. */
#include "egress/private.h"

typedef struct
{
  EgressCallbacks callbacks;
  gpointer user_data;
  gboolean has_head;
  gboolean is_refused; /* too much was waiting to be sent */
} Request;

struct EgressClient
{
  FrameChannel *channel;
  GHashTable *requests; /* number -> Request */
  guint64 last_number;
  gboolean is_lost; /* the channel has ended, or made no sense */
  guint failing;    /* source */
};

static Request *
find (EgressClient *client, guint64 number)
{
  return g_hash_table_lookup (client->requests, &number);
}

static Request
take (EgressClient *client, guint64 number)
{
  Request request = *find (client, number);
  g_hash_table_remove (client->requests, &number);
  return request;
}

/* --- requests that can't be made --- */

static gboolean
fail_one (EgressClient *client)
{
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, client->requests);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (client->is_lost || ((Request *) value)->is_refused)
      {
        Request request = take (client, *(guint64 *) key);
        request.callbacks.failed (request.is_refused ? "ENOBUFS" : "ECONNRESET",
                                  request.is_refused
                                      ? "too many bytes of requests are waiting to be sent"
                                      : "the process that makes requests is not there",
                                  "", 0, request.user_data);
        return TRUE;
      }
  return FALSE;
}

static gboolean
on_failing (gpointer user_data)
{
  EgressClient *client = user_data;
  client->failing = 0;
  while (fail_one (client))
    ;
  return G_SOURCE_REMOVE;
}

/* Never inside a call of the user's. */
static void
fail_later (EgressClient *client)
{
  if (client->failing == 0)
    client->failing = g_idle_add_full (G_PRIORITY_DEFAULT, on_failing, client, NULL);
}

static void
lose (EgressClient *client)
{
  client->is_lost = TRUE;
  fail_later (client);
}

static void
on_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  lose (user_data);
}

/* --- answers --- */

static gboolean
take_head (Request *request, FrameReader *reader, GError **error)
{
  EgressHead head = { 0 };
  head.status = frame_read_u32 (reader);
  g_autofree char *status_text = frame_read_text (reader);
  g_autofree char *url = frame_read_text (reader);
  head.was_redirected = frame_read_bool (reader);
  guint32 n = frame_read_count (reader, 8);
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  for (guint32 i = 0; i < 2 * n && !reader->has_failed; i++)
    g_ptr_array_add (headers, frame_read_text (reader));
  if (!frame_reader_end (reader, error))
    return FALSE;
  head.status_text = status_text;
  head.url = url;
  head.headers = headers;
  request->has_head = TRUE;
  request->callbacks.head (&head, request->user_data);
  return TRUE;
}

static gboolean
take_data (Request *request, FrameReader *reader, GError **error)
{
  g_autoptr (GBytes) chunk = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, error))
    return FALSE;
  request->callbacks.data (chunk, request->user_data);
  return TRUE;
}

static gboolean
take_end (EgressClient *client, guint64 number, FrameReader *reader, GError **error)
{
  if (!frame_reader_end (reader, error))
    return FALSE;
  Request request = take (client, number);
  request.callbacks.end (request.user_data);
  return TRUE;
}

static gboolean
take_failed (EgressClient *client, guint64 number, FrameReader *reader, GError **error)
{
  g_autofree char *code = frame_read_text (reader);
  g_autofree char *message = frame_read_text (reader);
  g_autofree char *host = frame_read_text (reader);
  guint port = frame_read_u32 (reader);
  if (!frame_reader_end (reader, error))
    return FALSE;
  Request request = take (client, number);
  request.callbacks.failed (code, message, host, port, request.user_data);
  return TRUE;
}

static void
on_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  EgressClient *client = user_data;
  Request *request = find (client, frame->stream);
  g_autoptr (GError) error = NULL;
  gboolean is_good = FALSE;
  FrameReader reader;

  if (request == NULL || client->is_lost)
    return; /* cancelled while this was on its way */
  frame_reader_init (&reader, frame);
  if (frame->type == EGRESS_HEAD && !request->has_head)
    is_good = take_head (request, &reader, &error);
  else if (frame->type == EGRESS_DATA && request->has_head)
    is_good = take_data (request, &reader, &error);
  else if (frame->type == EGRESS_END && request->has_head)
    is_good = take_end (client, frame->stream, &reader, &error);
  else if (frame->type == EGRESS_FAILED)
    is_good = take_failed (client, frame->stream, &reader, &error);
  if (is_good)
    return;
  g_message ("egress sent a frame of type %u that can't be: %s", frame->type,
             error == NULL ? "out of order" : error->message);
  lose (client);
}

/* --- requests --- */

EgressClient *
egress_client_new (int fd)
{
  static const FrameChannelOptions options
      = { .max_frame_bytes = EGRESS_MAX_QUEUE_BYTES, .max_queue_bytes = EGRESS_MAX_FRAME_BYTES };
  EgressClient *client = g_new0 (EgressClient, 1);
  client->requests = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  client->channel = frame_channel_new (fd, NULL, &options, on_frame, on_closed, client);
  return client;
}

void
egress_client_free (EgressClient *client)
{
  if (client->failing != 0)
    g_source_remove (client->failing);
  frame_channel_free (client->channel);
  g_hash_table_unref (client->requests);
  g_free (client);
}

static GBytes *
request_frame (guint64 number, const EgressRequest *request)
{
  FrameWriter *frame = frame_writer_new (EGRESS_REQUEST, number);
  frame_write_string (frame, request->method);
  frame_write_string (frame, request->url);
  frame_write_u32 (frame, request->headers->len / 2);
  for (guint i = 0; i + 1 < request->headers->len; i += 2)
    {
      frame_write_string (frame, request->headers->pdata[i]);
      frame_write_string (frame, request->headers->pdata[i + 1]);
    }
  frame_write_u8 (frame, (guint8) request->redirect);
  frame_write_u32 (frame, request->timeout_ms);
  frame_write_u64 (frame, request->most_body_bytes);
  frame_write_u8 (frame, !request->keeps_encoding);
  frame_write_gbytes (frame, request->body);
  frame_write_u8 (frame, FALSE);
  return frame_writer_end (frame);
}

guint64
egress_client_request (EgressClient *client, const EgressRequest *request,
                       const EgressCallbacks *callbacks, gpointer user_data)
{
  guint64 number = ++client->last_number;
  Request *entry = g_new0 (Request, 1);
  g_autoptr (GBytes) frame = request_frame (number, request);
  g_autoptr (GError) error = NULL;

  entry->callbacks = *callbacks;
  entry->user_data = user_data;
  g_hash_table_insert (client->requests, g_memdup2 (&number, sizeof number), entry);
  if (client->is_lost)
    fail_later (client);
  else if (!frame_channel_send (client->channel, frame, &error))
    {
      entry->is_refused = g_error_matches (error, FRAME_ERROR, FRAME_ERROR_FULL);
      client->is_lost = !entry->is_refused;
      fail_later (client);
    }
  return number;
}

void
egress_client_cancel (EgressClient *client, guint64 number)
{
  if (g_hash_table_remove (client->requests, &number))
    frame_channel_send_writer (client->channel, frame_writer_new (EGRESS_CANCEL, number));
}

void
egress_client_hold (EgressClient *client, guint64 number, gboolean is_held)
{
  if (find (client, number) == NULL)
    return;
  FrameWriter *frame = frame_writer_new (EGRESS_HOLD, number);
  frame_write_u8 (frame, is_held != FALSE);
  frame_channel_send_writer (client->channel, frame);
}
