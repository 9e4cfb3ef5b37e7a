/* A worker, as egress sees it: a channel that asks for requests and is told of
 * their answers. Nothing it sends is believed: a frame that our own client would
 * not write ends the channel with all its requests, and nothing else.
 */
#include "egress/private.h"
#include "egress/seal.h"

struct EgressPeer
{
  FrameChannel *channel;
  GMainContext *context;
  const EgressPolicy *policy;
  Pool *pool;            /* made at the first request */
  GHashTable *transfers; /* number -> Transfer */
  GHashTable *sockets;   /* number -> EgressSocket */
  GHashTable *queries;   /* number -> EgressQuery */
  gboolean is_congested;
  GSource *ending; /* once the channel has closed */
  EgressSeals *seals; /* or NULL */
  EgressSeal seal;    /* of the keeper; NULL = a worker's */
  EgressPeerEnded ended;
  gpointer user_data;
};

static gboolean
on_ending (gpointer user_data)
{
  EgressPeer *peer = user_data;
  peer->ended (peer, peer->user_data);
  return G_SOURCE_REMOVE;
}

/* Later, since this may be inside one of libcurl's callbacks. */
static void
end_later (EgressPeer *peer)
{
  if (peer->ending != NULL)
    return;
  peer->ending = g_idle_source_new ();
  g_source_set_priority (peer->ending, G_PRIORITY_DEFAULT);
  g_source_set_callback (peer->ending, on_ending, peer, NULL);
  g_source_attach (peer->ending, peer->context);
}

static void
send_frame (EgressPeer *peer, FrameWriter *writer)
{
  if (peer->ending == NULL)
    frame_channel_send_writer (peer->channel, writer);
  else
    frame_writer_free (writer);
}

static gboolean
is_congested (gpointer user_data)
{
  EgressPeer *peer = user_data;
  gsize queued = frame_channel_queued_bytes (peer->channel);
  peer->is_congested = queued > (peer->is_congested ? EGRESS_RESUME_BYTES : EGRESS_PAUSE_BYTES);
  return peer->is_congested;
}

/* --- answers --- */

static void
on_head (Transfer *transfer, guint status, const char *status_text, const char *url,
         gboolean was_redirected, GPtrArray *headers, gpointer user_data)
{
  FrameWriter *frame = frame_writer_new (EGRESS_HEAD, transfer_number (transfer));
  frame_write_u32 (frame, status);
  frame_write_string (frame, status_text);
  frame_write_string (frame, url);
  frame_write_u8 (frame, was_redirected);
  frame_write_u32 (frame, headers->len / 2);
  for (guint i = 0; i < headers->len; i++)
    frame_write_string (frame, headers->pdata[i]);
  send_frame (user_data, frame);
}

static void
on_data (Transfer *transfer, const char *data, gsize length, gpointer user_data)
{
  FrameWriter *frame = frame_writer_new (EGRESS_DATA, transfer_number (transfer));
  frame_write_bytes (frame, data, length);
  send_frame (user_data, frame);
}

static void
send_failed (EgressPeer *peer, guint64 number, const EgressFailure *failure, const char *host,
             guint port)
{
  FrameWriter *frame = frame_writer_new (EGRESS_FAILED, number);
  g_autofree char *message = g_utf8_make_valid (failure->message, -1);
  g_autofree char *valid_host = g_utf8_make_valid (host, -1);
  frame_write_string (frame, failure->code);
  frame_write_string (frame, message);
  frame_write_string (frame, valid_host);
  frame_write_u32 (frame, port);
  send_frame (peer, frame);
}

static void
on_done (Transfer *transfer, const EgressFailure *failure, const char *host, guint port,
         gpointer user_data)
{
  EgressPeer *peer = user_data;
  guint64 number = transfer_number (transfer);
  if (failure == NULL)
    send_frame (peer, frame_writer_new (EGRESS_END, number));
  else
    send_failed (peer, number, failure, host, port);
  g_hash_table_remove (peer->transfers, &number);
}

static void
on_credit (Transfer *transfer, guint32 bytes, gpointer user_data)
{
  FrameWriter *frame = frame_writer_new (EGRESS_CREDIT, transfer_number (transfer));
  frame_write_u32 (frame, bytes);
  send_frame (user_data, frame);
}

/* --- connections --- */

static void
on_socket_connected (EgressSocket *socket, const char *address, guint family, guint own_port,
                     gpointer user_data)
{
  FrameWriter *frame = frame_writer_new (EGRESS_CONNECTED, egress_socket_number (socket));
  frame_write_string (frame, address);
  frame_write_u8 (frame, (guint8) family);
  frame_write_u32 (frame, own_port);
  send_frame (user_data, frame);
}

static void
on_socket_data (EgressSocket *socket, const guint8 *data, gsize length, gpointer user_data)
{
  FrameWriter *frame = frame_writer_new (EGRESS_DATA, egress_socket_number (socket));
  frame_write_bytes (frame, data, length);
  send_frame (user_data, frame);
}

static void
on_socket_eof (EgressSocket *socket, gpointer user_data)
{
  send_frame (user_data, frame_writer_new (EGRESS_EOF, egress_socket_number (socket)));
}

static void
on_socket_credit (EgressSocket *socket, guint32 bytes, gpointer user_data)
{
  FrameWriter *frame = frame_writer_new (EGRESS_CREDIT, egress_socket_number (socket));
  frame_write_u32 (frame, bytes);
  send_frame (user_data, frame);
}

static void
on_socket_done (EgressSocket *socket, const EgressFailure *failure, const char *host, guint port,
                gpointer user_data)
{
  EgressPeer *peer = user_data;
  guint64 number = egress_socket_number (socket);
  if (failure == NULL)
    send_frame (peer, frame_writer_new (EGRESS_END, number));
  else
    send_failed (peer, number, failure, host, port);
  g_hash_table_remove (peer->sockets, &number);
}

static void
on_query_done (EgressQuery *query, json_t *records, const EgressFailure *failure, const char *name,
               gpointer user_data)
{
  EgressPeer *peer = user_data;
  guint64 number = egress_query_number (query);
  if (failure != NULL)
    send_failed (peer, number, failure, name, 0);
  else
    {
      g_autofree char *text = json_print (records);
      FrameWriter *frame = frame_writer_new (EGRESS_RECORDS, number);
      frame_write_string (frame, text);
      send_frame (peer, frame);
    }
  g_hash_table_remove (peer->queries, &number);
}

/* --- orders --- */

static gboolean
malformed (GError **error, const char *what)
{
  g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED, "%s", what);
  return FALSE;
}

/* A number may be used once at a time, for whatever it is. */
static gboolean
is_in_use (const EgressPeer *peer, guint64 number)
{
  return g_hash_table_contains (peer->transfers, &number)
         || g_hash_table_contains (peer->sockets, &number)
         || g_hash_table_contains (peer->queries, &number);
}

guint
egress_peer_n_requests (const EgressPeer *peer)
{
  return g_hash_table_size (peer->transfers) + g_hash_table_size (peer->sockets)
         + g_hash_table_size (peer->queries);
}

/* FALSE and answered where one more is too many. */
static gboolean
has_room (EgressPeer *peer, guint64 number)
{
  if (egress_peer_n_requests (peer) < EGRESS_MAX_REQUESTS)
    return TRUE;
  g_autoptr (EgressFailure) failure = egress_failure_new (
      "EAGAIN", "more than %d requests are in flight", EGRESS_MAX_REQUESTS);
  send_failed (peer, number, failure, "", 0);
  return FALSE;
}

static void
start (EgressPeer *peer, EgressOrder *order)
{
  static const TransferEvents events = { on_head, on_data, on_credit, on_done };
  if (peer->pool == NULL)
    peer->pool = transfer_pool_new (peer->context, is_congested, peer);

  Transfer *transfer = transfer_new (peer->pool, peer->policy, peer->seals, order, &events, peer);
  guint64 number = order->number;
  g_hash_table_insert (peer->transfers, g_memdup2 (&number, sizeof number), transfer);
  transfer_start (transfer);
}

static gboolean
take_request (EgressPeer *peer, Frame *frame, GError **error)
{
  g_autoptr (EgressFailure) failure = NULL;
  g_autoptr (EgressOrder) order = egress_order_read (frame, error);
  if (order == NULL)
    return FALSE;
  if (is_in_use (peer, order->number))
    return malformed (error, "a number that is under way already");
  if (!has_room (peer, order->number))
    return TRUE;
  failure = egress_order_check (order);
  if (failure != NULL)
    send_failed (peer, order->number, failure, "", 0);
  else
    start (peer, g_steal_pointer (&order));
  return TRUE;
}

/* A request that has just ended may still be cancelled or held: the frames cross. */
static gboolean
take_cancel (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  g_hash_table_remove (peer->transfers, &frame->stream);
  g_hash_table_remove (peer->sockets, &frame->stream);
  g_hash_table_remove (peer->queries, &frame->stream);
  return TRUE;
}

static gboolean
take_hold (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  gboolean is_held = frame_read_bool (&reader);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  Transfer *transfer = g_hash_table_lookup (peer->transfers, &frame->stream);
  EgressSocket *socket = g_hash_table_lookup (peer->sockets, &frame->stream);
  if (transfer != NULL)
    transfer_hold (transfer, is_held);
  if (socket != NULL)
    egress_socket_hold (socket, is_held);
  return TRUE;
}

static gboolean
take_body (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  g_autoptr (GBytes) chunk = frame_read_gbytes (&reader);
  gboolean is_last = frame_read_bool (&reader);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  Transfer *transfer = g_hash_table_lookup (peer->transfers, &frame->stream);
  return transfer == NULL || transfer_body (transfer, chunk, is_last)
         || malformed (error, "more of a body than was allowed");
}

static gboolean
take_connect (EgressPeer *peer, Frame *frame, GError **error)
{
  static const EgressSocketEvents events
      = { on_socket_connected, on_socket_data, on_socket_eof,
          on_socket_credit,    on_socket_done, is_congested };
  FrameReader reader;
  guint64 number = frame->stream;
  frame_reader_init (&reader, frame);
  g_autofree char *host = frame_read_text (&reader);
  guint32 port = frame_read_u32 (&reader), timeout_ms = frame_read_u32 (&reader);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  if (port > G_MAXUINT16 || is_in_use (peer, number))
    return malformed (error, "a connection to no port, or with a number under way already");
  if (has_room (peer, number))
    g_hash_table_insert (peer->sockets, g_memdup2 (&number, sizeof number),
                         egress_socket_new (peer->context, peer->policy, number, host, port,
                                            timeout_ms == 0 ? EGRESS_CONNECT_MS : timeout_ms,
                                            &events, peer));
  return TRUE;
}

static gboolean
take_write (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  g_autoptr (GBytes) chunk = frame_read_gbytes (&reader);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  EgressSocket *socket = g_hash_table_lookup (peer->sockets, &frame->stream);
  return socket == NULL || egress_socket_write (socket, chunk)
         || malformed (error, "more for a connection than was allowed");
}

static gboolean
take_shut (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  EgressSocket *socket = g_hash_table_lookup (peer->sockets, &frame->stream);
  if (socket != NULL)
    egress_socket_shut (socket);
  return TRUE;
}

static gboolean
take_resolve (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  guint64 number = frame->stream;
  frame_reader_init (&reader, frame);
  g_autofree char *name = frame_read_text (&reader);
  guint8 kind = frame_read_u8 (&reader);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  if (kind >= EGRESS_QUERY_COUNT || is_in_use (peer, number))
    return malformed (error, "a question of no kind, or with a number under way already");
  if (!has_room (peer, number))
    return TRUE;
  EgressQuery *query
      = egress_query_new (peer->policy, number, name, (EgressQueryKind) kind, on_query_done, peer);
  g_hash_table_insert (peer->queries, g_memdup2 (&number, sizeof number), query);
  egress_query_start (query);
  return TRUE;
}

static gboolean
take_trust (EgressPeer *peer, Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  if (!frame_reader_end (&reader, error))
    return FALSE;
  FrameWriter *writer = frame_writer_new (EGRESS_AUTHORITIES, frame->stream);
  frame_write_gbytes (writer, egress_trust_certificates ());
  send_frame (peer, writer);
  return TRUE;
}

static gboolean
take (EgressPeer *peer, Frame *frame, GError **error)
{
  switch (frame->type)
    {
    case EGRESS_REQUEST:
      return take_request (peer, frame, error);
    case EGRESS_CANCEL:
      return take_cancel (peer, frame, error);
    case EGRESS_HOLD:
      return take_hold (peer, frame, error);
    case EGRESS_BODY:
      return take_body (peer, frame, error);
    case EGRESS_CONNECT:
      return take_connect (peer, frame, error);
    case EGRESS_WRITE:
      return take_write (peer, frame, error);
    case EGRESS_SHUT:
      return take_shut (peer, frame, error);
    case EGRESS_RESOLVE:
      return take_resolve (peer, frame, error);
    case EGRESS_TRUST:
      return take_trust (peer, frame, error);
    case EGRESS_SEAL:
      return peer->seal != NULL ? peer->seal (frame, peer->user_data, error)
                                : malformed (error, "a frame that only the keeper may send");
    default:
      g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED, "a frame of type %u", frame->type);
      return FALSE;
    }
}

static void
on_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  EgressPeer *peer = user_data;
  g_autoptr (GError) error = NULL;
  if (peer->ending != NULL || take (peer, frame, &error))
    return;
  g_message ("egress: a worker's channel is ended: %s", error->message);
  end_later (peer);
}

static void
on_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  if (error != NULL)
    g_message ("egress: a worker's channel has ended: %s", error->message);
  end_later (user_data);
}

EgressPeer *
egress_peer_new (int fd, GMainContext *context, const EgressPolicy *policy, EgressPeerEnded ended,
                 gpointer user_data)
{
  static const FrameChannelOptions options
      = { .max_frame_bytes = EGRESS_MAX_FRAME_BYTES, .max_queue_bytes = EGRESS_MAX_QUEUE_BYTES };
  EgressPeer *peer = g_new0 (EgressPeer, 1);
  peer->context = context;
  peer->policy = policy;
  peer->ended = ended;
  peer->user_data = user_data;
  peer->transfers
      = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) transfer_free);
  peer->sockets = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                         (GDestroyNotify) egress_socket_free);
  peer->queries = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                         (GDestroyNotify) egress_query_free);
  peer->channel = frame_channel_new (fd, context, &options, on_frame, on_closed, peer);
  return peer;
}

void
egress_peer_trust (EgressPeer *peer, EgressSeal seal)
{
  peer->seal = seal;
}

void
egress_peer_set_seals (EgressPeer *peer, EgressSeals *seals)
{
  g_clear_pointer (&peer->seals, egress_seals_unref);
  peer->seals = seals == NULL ? NULL : egress_seals_ref (seals);
}

void
egress_peer_free (EgressPeer *peer)
{
  if (peer->ending != NULL)
    {
      g_source_destroy (peer->ending);
      g_source_unref (peer->ending);
    }
  g_hash_table_unref (peer->transfers);
  g_hash_table_unref (peer->sockets);
  g_hash_table_unref (peer->queries);
  g_clear_pointer (&peer->pool, transfer_pool_free);
  g_clear_pointer (&peer->seals, egress_seals_unref);
  frame_channel_free (peer->channel);
  g_free (peer);
}
