/* The worker: from its first frame to its last.
 *
 *   forked, namespaces on     worker_prepare(): the VM starts; WORKER_READY
 *   seccomp on                worker_serve(): the loop
 *   WORKER_ASSIGN             the instance's version and context; WORKER_READY or WORKER_UNFIT
 *   WORKER_START, any number  an execution each, several at a time
 *   the server's side closes  the end
 *
 * The server is trusted; still, a frame that does not read ends the worker, which
 * costs its executions a second try and nobody else anything.
 */
#include "worker/worker.h"

#include "base/frame.h"
#include "base/json.h"
#include "base/secret.h"
#include "flow/flow.h"
#include "runtime/runtime.h"
#include "worker/private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The wall clock of executions that wait; those that compute are seen by the engine's own clock. */
#define CLOCK_TICK_MS 20
/* Log lines leave at once at the beginning of an entry, so that a program that then runs away and
 * is killed has said what it said; a chatty one is batched. */
#define PROMPT_LOG_LINES 16

static Worker worker;

static void
entry_changed (guint64 realm_id, gint64 now_us, gpointer data)
{
  WorkerPage *page = data;
  atomic_store_explicit (&page->running_slot, realm_id, memory_order_relaxed);
  atomic_store_explicit (&page->entered_at_us, now_us, memory_order_release);
  if (realm_id != 0)
    atomic_fetch_add_explicit (&page->entries, 1, memory_order_relaxed);
  worker.lines_of_entry = 0;
}

void
worker_prepare (WorkerPage *page)
{
  worker.page = page;
  secret_wipe_json_memory (); /* connections are read with it */
  worker.vm = vm_new ();
  vm_set_entry_func (worker.vm, entry_changed, page);
  worker.runs = g_hash_table_new (g_int64_hash, g_int64_equal);
}

static void
fail_worker (const char *message)
{
  FrameWriter *frame = frame_writer_new (WORKER_UNFIT, 0);
  g_autofree char *valid = g_utf8_make_valid (message, -1);
  frame_write_string (frame, valid);
  frame_channel_send_writer (worker.channel, frame);
}

/* --- the sink of every run --- */

static void
run_rejected (FlowRun *run, const char *message, gpointer data)
{
  FrameWriter *frame = frame_writer_new (EXECUTION_REJECTED, flow_run_slot (run));
  frame_write_string (frame, message);
  frame_channel_send_writer (worker.channel, frame);
}

static void
run_response (FlowRun *run, const HttpAnswer *answer, gpointer data)
{
  FrameWriter *frame = frame_writer_new (EXECUTION_RESPONSE, flow_run_slot (run));
  frame_write_u8 (frame, answer != NULL);
  if (answer != NULL)
    frame_write_answer (frame, answer);
  frame_channel_send_writer (worker.channel, frame);
}

static void
run_step (FlowRun *run, const FlowStepEnd *step, gpointer data)
{
  FrameWriter *frame = frame_writer_new (EXECUTION_STEP, flow_run_slot (run));
  frame_write_string (frame, step->path);
  frame_write_string (frame, step->identifier);
  frame_write_string (frame, step->name);
  frame_write_i64 (frame, step->started_at_us);
  frame_write_i64 (frame, step->ended_at_us);
  frame_write_value (frame, step->results);
  frame_write_gbytes (frame, step->error);
  frame_write_gbytes (frame, step->states);
  frame_write_gbytes (frame, step->sealed);
  frame_channel_send_writer (worker.channel, frame);
}

static void
run_log (FlowRun *run, gint64 at_us, LogLevel level, const char *step, const char *text,
         gpointer data)
{
  FrameWriter *frame = frame_writer_new (EXECUTION_LOG, flow_run_slot (run));
  frame_write_u32 (frame, 1);
  frame_write_i64 (frame, at_us);
  frame_write_u8 (frame, (guint8) level);
  frame_write_string (frame, step);
  frame_write_string (frame, text);
  frame_channel_send_writer (worker.channel, frame);
  if (worker.lines_of_entry++ < PROMPT_LOG_LINES
      || frame_channel_queued_bytes (worker.channel) > WORKER_LOG_FLUSH_BYTES)
    frame_channel_flush (worker.channel);
}

static void
run_finished (FlowRun *run, const FlowEnd *end, gpointer data)
{
  FrameWriter *frame = frame_writer_new (EXECUTION_FINISHED, flow_run_slot (run));
  frame_write_u8 (frame, (guint8) end->is_success);
  frame_write_u8 (frame, end->answer != NULL);
  if (end->answer != NULL)
    frame_write_answer (frame, end->answer);
  frame_write_u32 (frame, end->states == NULL ? 0 : end->states->len);
  for (guint i = 0; end->states != NULL && i < end->states->len; i++)
    {
      const FlowState *state = &g_array_index (end->states, FlowState, i);
      frame_write_string (frame, state->name);
      frame_write_gbytes (frame, state->json);
    }
  frame_write_gbytes (frame, end->error);
  frame_write_value (frame, end->result);
  frame_write_u64 (frame, end->cpu_us);
  frame_write_u64 (frame, end->memory_bytes);
  frame_channel_send_writer (worker.channel, frame);
}

static void
run_over (FlowRun *run, gpointer data)
{
  guint64 slot = flow_run_slot (run);
  g_hash_table_remove (worker.runs, &slot);
  flow_run_free (run);
}

static void
run_wants_fresh (FlowRun *run, const char *connection, gpointer data)
{
  worker_want_fresh (&worker, flow_run_slot (run), connection);
}

static void
run_token_rejected (FlowRun *run, const char *connection, const guint8 sha256[32], gpointer data)
{
  worker_token_rejected (&worker, flow_run_slot (run), connection, sha256);
}

static const FlowSink sink = { run_rejected, run_response, run_step,        run_log,
                               run_finished, run_over,     run_wants_fresh, run_token_rejected };

/* --- the clock --- */

static gboolean
tick (gpointer data)
{
  gint64 now_us = g_get_real_time ();
  g_autoptr (GList) runs = g_hash_table_get_values (worker.runs);
  for (GList *l = runs; l != NULL; l = l->next)
    flow_run_check_clock (l->data, now_us);
  if (g_hash_table_size (worker.runs) > 0)
    return G_SOURCE_CONTINUE;
  worker.clock = 0;
  return G_SOURCE_REMOVE;
}

/* --- frames --- */

static void
assign (Frame *frame)
{
  FrameReader reader;
  g_autoptr (GError) error = NULL;
  frame_reader_init (&reader, frame);
  g_autoptr (GBytes) document = frame_read_gbytes (&reader);
  g_autoptr (GBytes) context = frame_read_gbytes (&reader);
  worker.has_grants = frame_read_bool (&reader);
  if (!frame_reader_end (&reader, &error))
    {
      fail_worker (error->message);
      return;
    }
  g_autoptr (json_t) json = json_parse_bytes (document, &error);
  g_autoptr (Version) version = json == NULL ? NULL : version_from_json (json, &error);
  FlowProgram *program
      = version == NULL ? NULL : flow_program_new (worker.vm, version, context, &error);
  if (program == NULL)
    {
      fail_worker (error->message);
      return;
    }
  if (worker.has_grants && worker.keeper == NULL)
    g_main_loop_quit (worker.loop);
  worker.n_flows = version->flows->len;
  g_clear_pointer (&worker.program, flow_program_free);
  worker.program = program;
  frame_channel_send_writer (worker.channel, frame_writer_new (WORKER_READY, 0));
}

static gboolean
known_flow (FlowStart *start, GError **error)
{
  if (worker.program != NULL && start->flow_index < worker.n_flows
      && !g_hash_table_contains (worker.runs, &start->slot))
    return TRUE;
  g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED,
               "an execution was started of a flow, or in a slot, that this worker does not have");
  return FALSE;
}

static void
start_run (Frame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FlowStart) start = read_start (frame, &error);
  if (start == NULL || !known_flow (start, &error))
    {
      fail_worker (error->message);
      return;
    }
  if (worker.has_grants)
    worker_wait_for_grant (&worker, g_steal_pointer (&start));
  else
    worker_begin (g_steal_pointer (&start));
}

void
worker_begin (FlowStart *start)
{
  guint64 slot = start->slot;
  FlowRun *run = flow_run_start (worker.program, start, &sink, NULL);
  if (run == NULL)
    return;
  guint64 *key = flow_run_slot_key (run);
  g_assert (*key == slot);
  g_hash_table_insert (worker.runs, key, run);
  if (worker.clock == 0)
    worker.clock = g_timeout_add (CLOCK_TICK_MS, tick, NULL);
}

static void
cancel_run (Frame *frame)
{
  FrameReader reader;
  g_autoptr (GError) error = NULL;
  frame_reader_init (&reader, frame);
  g_autofree char *limit = frame_read_text (&reader);
  g_autofree char *message = frame_read_text (&reader);
  FlowRun *run = g_hash_table_lookup (worker.runs, &frame->stream);
  if (!frame_reader_end (&reader, &error))
    fail_worker (error->message);
  else if (run == NULL)
    worker_cancel_waiting (&worker, frame->stream, message);
  else
    flow_run_cancel (run, limit_find (limit), message);
}

static void
handle_frame (FrameChannel *channel, Frame *frame, gpointer data)
{
  switch (frame->type)
    {
    case WORKER_ASSIGN:
      assign (frame);
      break;
    case WORKER_START:
      start_run (frame);
      break;
    case WORKER_CANCEL:
      cancel_run (frame);
      break;
    default:
      fail_worker ("a frame of a type that a worker does not know");
    }
}

static void
server_closed (FrameChannel *channel, const GError *error, gpointer data)
{
  g_main_loop_quit (worker.loop);
}

#ifdef TENON_TEST_HOOKS
void
worker_send_raw (guint16 type, guint64 stream, gconstpointer data, gsize length)
{
  /* A writer's fields are length-prefixed; the raw bytes stand after a header made by hand. */
  g_autoptr (GBytes) empty = frame_writer_end (frame_writer_new (type, stream));
  GByteArray *bytes = g_byte_array_sized_new ((guint) (FRAME_HEADER_BYTES + length));
  guint32 le_length = GUINT32_TO_LE ((guint32) length);
  g_byte_array_append (bytes, g_bytes_get_data (empty, NULL), FRAME_HEADER_BYTES);
  memcpy (bytes->data, &le_length, sizeof le_length);
  g_byte_array_append (bytes, data, (guint) length);
  g_autoptr (GBytes) frame = g_byte_array_free_to_bytes (bytes);
  frame_channel_send (worker.channel, frame, NULL);
}
#endif

static gboolean
warm (gpointer data)
{
  runtime_warm (worker.vm);
  return G_SOURCE_REMOVE;
}

int
worker_serve (void)
{
  const FrameChannelOptions options = {
    .max_frame_bytes = WORKER_MAX_FRAME_BYTES,
    .max_queue_bytes = 2 * WORKER_MAX_FRAME_BYTES,
  };
  worker.loop = g_main_loop_new (NULL, FALSE);
  worker.channel
      = frame_channel_new (WORKER_FD_SERVER, NULL, &options, handle_frame, server_closed, NULL);
  worker_open_keeper (&worker);
#ifdef TENON_TEST_HOOKS
  worker_add_test_hooks ();
#endif
  runtime_init (worker.vm, egress_client_new (WORKER_FD_EGRESS));
  frame_channel_send_writer (worker.channel, frame_writer_new (WORKER_READY, 0));
  g_idle_add_full (G_PRIORITY_LOW, warm, NULL, NULL);
  g_main_loop_run (worker.loop);
  /* Executions under way are of no use to anybody any more. */
  return EXIT_SUCCESS;
}
