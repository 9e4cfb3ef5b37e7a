/* A worker, as egress sees it: a channel that asks for requests and is told of
 * their answers. Nothing it sends is believed: a frame that our own client would
 * not write ends the channel with all its requests, and nothing else.
 */
#include "egress/private.h"

struct EgressPeer
{
  FrameChannel *channel;
  GMainContext *context;
  const EgressPolicy *policy;
  Pool *pool;            /* made at the first request */
  GHashTable *transfers; /* number -> Transfer */
  gboolean is_congested;
  GSource *ending; /* once the channel has closed */
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

/* --- orders --- */

static void
start (EgressPeer *peer, EgressOrder *order)
{
  static const TransferEvents events = { on_head, on_data, on_done };
  if (peer->pool == NULL)
    peer->pool = transfer_pool_new (peer->context, is_congested, peer);

  Transfer *transfer = transfer_new (peer->pool, peer->policy, order, &events, peer);
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
  if (g_hash_table_contains (peer->transfers, &order->number))
    {
      g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED,
                   "request %" G_GUINT64_FORMAT " is under way already", order->number);
      return FALSE;
    }
  if (g_hash_table_size (peer->transfers) >= EGRESS_MAX_REQUESTS)
    failure
        = egress_failure_new ("EAGAIN", "more than %d requests are in flight", EGRESS_MAX_REQUESTS);
  else
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
  if (transfer != NULL)
    transfer_hold (transfer, is_held);
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
  peer->channel = frame_channel_new (fd, context, &options, on_frame, on_closed, peer);
  return peer;
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
  g_clear_pointer (&peer->pool, transfer_pool_free);
  frame_channel_free (peer->channel);
  g_free (peer);
}

guint
egress_peer_n_requests (const EgressPeer *peer)
{
  return g_hash_table_size (peer->transfers);
}
