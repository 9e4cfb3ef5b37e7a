/* The worker's side of its channel to the keeper (keeper/keeper.h).
 *
 * A grant and its WORKER_START come on different channels, in any order: the execution begins when
 * both are there. */
#include "worker/private.h"

#include "keeper/keeper.h"

#define MOST_FRAME_BYTES ((gsize) 16 << 20)

typedef struct
{
  FlowStart *start; /* NULL = not yet */
  FlowGrant *grant; /* NULL = not yet */
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;
  g_clear_pointer (&waiting->start, flow_start_free);
  g_clear_pointer (&waiting->grant, flow_grant_free);
  g_free (waiting);
}

static Waiting *
waiting_of (Worker *worker, guint64 slot)
{
  Waiting *waiting = g_hash_table_lookup (worker->waiting, &slot);
  if (waiting == NULL)
    {
      waiting = g_new0 (Waiting, 1);
      g_hash_table_insert (worker->waiting, g_memdup2 (&slot, sizeof slot), waiting);
    }
  return waiting;
}

static void
start_if_complete (Worker *worker, guint64 slot)
{
  Waiting *waiting = waiting_of (worker, slot);
  if (waiting->start == NULL || (waiting->grant == NULL && waiting->start->problem == NULL))
    return;
  FlowStart *start = g_steal_pointer (&waiting->start);
  start->grant = g_steal_pointer (&waiting->grant);
  g_hash_table_remove (worker->waiting, &slot);
  worker_begin (start);
}

void
worker_wait_for_grant (Worker *worker, FlowStart *start)
{
  guint64 slot = start->slot;
  Waiting *waiting = waiting_of (worker, slot);
  if (worker->keeper == NULL)
    start->problem = g_strdup ("The connections could not be had: the keeper is gone");
  g_clear_pointer (&waiting->start, flow_start_free);
  waiting->start = start;
  start_if_complete (worker, slot);
}

gboolean
worker_cancel_waiting (Worker *worker, guint64 slot, const char *message)
{
  Waiting *waiting = g_hash_table_lookup (worker->waiting, &slot);
  if (waiting == NULL || waiting->start == NULL)
    return FALSE;
  waiting->start->problem = g_strdup (message);
  start_if_complete (worker, slot);
  return TRUE;
}

static void
take_granted (Worker *worker, Frame *frame, FrameReader *reader)
{
  g_autoptr (GBytes) json = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL) || g_hash_table_contains (worker->runs, &frame->stream))
    return;
  FlowGrant *grant = flow_grant_new (g_bytes_get_data (json, NULL), g_bytes_get_size (json));
  if (grant == NULL)
    return;
  Waiting *waiting = waiting_of (worker, frame->stream);
  g_clear_pointer (&waiting->grant, flow_grant_free);
  waiting->grant = grant;
  start_if_complete (worker, frame->stream);
}

static void
take_fresh (Worker *worker, Frame *frame, FrameReader *reader)
{
  g_autofree char *name = frame_read_text (reader);
  g_autoptr (GBytes) json = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL))
    return;
  const char *text = g_bytes_get_data (json, NULL);
  gsize length = g_bytes_get_size (json);
  FlowRun *run = g_hash_table_lookup (worker->runs, &frame->stream);
  Waiting *waiting = g_hash_table_lookup (worker->waiting, &frame->stream);
  if (run != NULL)
    flow_run_renew (run, name, text, length);
  else if (waiting != NULL && waiting->grant != NULL)
    flow_grant_renew (waiting->grant, name, text, length);
}

static void
take_denied (Worker *worker, Frame *frame, FrameReader *reader)
{
  g_autofree char *name = frame_read_text (reader);
  g_autofree char *message = frame_read_text (reader);
  FlowRun *run = g_hash_table_lookup (worker->runs, &frame->stream);
  if (frame_reader_end (reader, NULL) && run != NULL)
    flow_run_deny (run, name, message);
}

static void
handle_frame (FrameChannel *channel, Frame *frame, gpointer data)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  if (frame->type == KEEPER_GRANTED)
    take_granted (data, frame, &reader);
  else if (frame->type == KEEPER_FRESH)
    take_fresh (data, frame, &reader);
  else if (frame->type == KEEPER_DENIED)
    take_denied (data, frame, &reader);
}

/* Without it a worker whose executions need connections is of no use: the server makes another. */
static void
keeper_closed (FrameChannel *channel, const GError *error, gpointer data)
{
  Worker *worker = data;
  g_clear_pointer (&worker->keeper, frame_channel_free);
  if (worker->has_grants)
    g_main_loop_quit (worker->loop);
}

static void
tell_keeper (Worker *worker, FrameWriter *writer)
{
  if (worker->keeper != NULL)
    frame_channel_send_writer (worker->keeper, writer);
  else
    frame_writer_free (writer);
}

void
worker_want_fresh (Worker *worker, guint64 slot, const char *connection)
{
  FrameWriter *writer = frame_writer_new (KEEPER_WANT_FRESH, slot);
  frame_write_string (writer, connection);
  tell_keeper (worker, writer);
}

void
worker_token_rejected (Worker *worker, guint64 slot, const char *connection,
                       const guint8 sha256[32])
{
  FrameWriter *writer = frame_writer_new (KEEPER_REJECTED, slot);
  frame_write_string (writer, connection);
  frame_write_bytes (writer, sha256, 32);
  tell_keeper (worker, writer);
}

void
worker_open_keeper (Worker *worker)
{
  static const FrameChannelOptions options
      = { .max_frame_bytes = MOST_FRAME_BYTES, .max_queue_bytes = MOST_FRAME_BYTES, .wipes = TRUE };
  worker->waiting = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, waiting_free);
  worker->keeper
      = frame_channel_new (WORKER_FD_KEEPER, NULL, &options, handle_frame, keeper_closed, worker);
}
