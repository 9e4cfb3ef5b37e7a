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
take_credit (Request *request, FrameReader *reader, GError **error)
{
  guint32 bytes = frame_read_u32 (reader);
  if (!frame_reader_end (reader, error))
    return FALSE;
  if (request->callbacks.credit != NULL)
    request->callbacks.credit (bytes, request->user_data);
  return TRUE;
}

static gboolean
take_connected (Request *request, FrameReader *reader, GError **error)
{
  g_autofree char *address = frame_read_text (reader);
  guint family = frame_read_u8 (reader), own_port = frame_read_u32 (reader);
  if (!frame_reader_end (reader, error))
    return FALSE;
  request->has_head = TRUE;
  request->callbacks.connected (address, family, own_port, request->user_data);
  return TRUE;
}

static gboolean
take_eof (Request *request, FrameReader *reader, GError **error)
{
  if (!frame_reader_end (reader, error))
    return FALSE;
  request->callbacks.eof (request->user_data);
  return TRUE;
}

static gboolean
take_records (EgressClient *client, guint64 number, FrameReader *reader, GError **error)
{
  g_autofree char *json = frame_read_text (reader);
  if (!frame_reader_end (reader, error))
    return FALSE;
  Request request = take (client, number);
  request.callbacks.records (json, request.user_data);
  return TRUE;
}

static gboolean
take_authorities (EgressClient *client, guint64 number, FrameReader *reader, GError **error)
{
  g_autoptr (GBytes) certificates = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, error))
    return FALSE;
  Request request = take (client, number);
  request.callbacks.authorities (certificates, request.user_data);
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

/* Each only where its request is one that can have it, and at its time. */
static gboolean
take_answer (EgressClient *client, Request *request, Frame *frame, FrameReader *reader,
             GError **error)
{
  const EgressCallbacks *callbacks = &request->callbacks;
  switch (frame->type)
    {
    case EGRESS_HEAD:
      return !request->has_head && callbacks->head != NULL && take_head (request, reader, error);
    case EGRESS_CONNECTED:
      return !request->has_head && callbacks->connected != NULL
             && take_connected (request, reader, error);
    case EGRESS_DATA:
      return request->has_head && take_data (request, reader, error);
    case EGRESS_EOF:
      return request->has_head && callbacks->eof != NULL && take_eof (request, reader, error);
    case EGRESS_CREDIT:
      return take_credit (request, reader, error);
    case EGRESS_END:
      return request->has_head && take_end (client, frame->stream, reader, error);
    case EGRESS_RECORDS:
      return callbacks->records != NULL && take_records (client, frame->stream, reader, error);
    case EGRESS_AUTHORITIES:
      return callbacks->authorities != NULL
             && take_authorities (client, frame->stream, reader, error);
    case EGRESS_FAILED:
      return take_failed (client, frame->stream, reader, error);
    default:
      return FALSE;
    }
}

static void
on_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  EgressClient *client = user_data;
  Request *request = find (client, frame->stream);
  g_autoptr (GError) error = NULL;
  gboolean is_good;
  FrameReader reader;

  if (request == NULL || client->is_lost)
    return; /* cancelled while this was on its way */
  frame_reader_init (&reader, frame);
  is_good = take_answer (client, request, frame, &reader, &error);
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
  frame_write_u8 (frame, request->has_more_body != FALSE);
  return frame_writer_end (frame);
}

/* Takes the frame. */
static void
begin (EgressClient *client, guint64 number, GBytes *frame, const EgressCallbacks *callbacks,
       gpointer user_data)
{
  Request *entry = g_new0 (Request, 1);
  g_autoptr (GBytes) owned = frame;
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
}

guint64
egress_client_request (EgressClient *client, const EgressRequest *request,
                       const EgressCallbacks *callbacks, gpointer user_data)
{
  guint64 number = ++client->last_number;
  begin (client, number, request_frame (number, request), callbacks, user_data);
  return number;
}

guint64
egress_client_connect (EgressClient *client, const char *host, guint port, guint timeout_ms,
                       const EgressCallbacks *callbacks, gpointer user_data)
{
  guint64 number = ++client->last_number;
  FrameWriter *frame = frame_writer_new (EGRESS_CONNECT, number);
  frame_write_string (frame, host);
  frame_write_u32 (frame, port);
  frame_write_u32 (frame, timeout_ms);
  begin (client, number, frame_writer_end (frame), callbacks, user_data);
  return number;
}

guint64
egress_client_resolve (EgressClient *client, const char *name, EgressQueryKind kind,
                       const EgressCallbacks *callbacks, gpointer user_data)
{
  guint64 number = ++client->last_number;
  FrameWriter *frame = frame_writer_new (EGRESS_RESOLVE, number);
  frame_write_string (frame, name);
  frame_write_u8 (frame, (guint8) kind);
  begin (client, number, frame_writer_end (frame), callbacks, user_data);
  return number;
}

guint64
egress_client_trust (EgressClient *client, const EgressCallbacks *callbacks, gpointer user_data)
{
  guint64 number = ++client->last_number;
  begin (client, number, frame_writer_end (frame_writer_new (EGRESS_TRUST, number)), callbacks,
         user_data);
  return number;
}

void
egress_client_write (EgressClient *client, guint64 number, GBytes *chunk)
{
  Request *request = find (client, number);
  if (request == NULL || client->is_lost)
    return;
  gboolean is_body = request->callbacks.connected == NULL;
  FrameWriter *frame = frame_writer_new (is_body ? EGRESS_BODY : EGRESS_WRITE, number);
  frame_write_gbytes (frame, chunk);
  if (is_body)
    frame_write_u8 (frame, FALSE);
  frame_channel_send_writer (client->channel, frame);
}

void
egress_client_shut (EgressClient *client, guint64 number)
{
  Request *request = find (client, number);
  if (request == NULL || client->is_lost)
    return;
  gboolean is_body = request->callbacks.connected == NULL;
  FrameWriter *frame = frame_writer_new (is_body ? EGRESS_BODY : EGRESS_SHUT, number);
  if (is_body)
    {
      frame_write_gbytes (frame, NULL);
      frame_write_u8 (frame, TRUE);
    }
  frame_channel_send_writer (client->channel, frame);
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
