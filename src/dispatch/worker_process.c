/* One worker process, seen from outside.
 *
 * Its channel exists before the process does, so that an assignment and a first
 * execution can be sent at once and wait in the socket while the zygote forks.
 * A worker is believed nothing: a frame of a type that it must not send, for a
 * slot that it was not given, twice where it may come once, or longer than the
 * limits allow, ends it; the fields inside are checked by who reads them
 * (message.c), who calls worker_process_condemn().
 *
 * The end has two halves, in any order: the channel's end (after the last frames
 * have been read: log lines of a runaway program are still in it) and the
 * zygote's word with the exit status. `died` runs when both are there, or when
 * patience is over.
 */
#include "dispatch/worker_private.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dispatch/limit_error.h"
#include "egress/egress.h"
#include "keeper/keeper.h"

/* How long the kernel may take to end a killed process and free its memory before we go on. */
#define PATIENCE_MS 2000
/* A page of frames that were sent and not read: more than two of the largest means it reads
 * nothing. */
#define QUEUE_FRAMES 3

WorkerProcess *
worker_process_ref (WorkerProcess *worker)
{
  worker->refs++;
  return worker;
}

void
worker_process_unref (WorkerProcess *worker)
{
  if (--worker->refs > 0)
    return;
  g_array_unref (worker->runs);
  g_free (worker->reason);
  g_free (worker);
}

static void
close_worker_fds (WorkerProcess *worker)
{
  int *fds[] = { &worker->fds.server, &worker->fds.egress, &worker->fds.keeper, &worker->fds.page };
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    if (*fds[i] >= 0)
      close (g_steal_fd (fds[i]));
}

static ProcessRun *
find_run (WorkerProcess *worker, guint64 slot)
{
  for (guint i = 0; slot != 0 && i < worker->runs->len; i++)
    {
      ProcessRun *run = &g_array_index (worker->runs, ProcessRun, i);
      if (run->slot == slot)
        return run;
    }
  return NULL;
}

static void
remove_run (WorkerProcess *worker, ProcessRun *run)
{
  if (worker->watched != NULL)
    watched_process_end_run (worker->watched, run->slot);
  g_array_remove_index_fast (worker->runs,
                             (guint) (run - &g_array_index (worker->runs, ProcessRun, 0)));
}

/* --- the end --- */

static char *
describe_status (int status)
{
  if (WIFEXITED (status))
    return g_strdup_printf ("the worker process ended by itself with exit status %d",
                            WEXITSTATUS (status));
  if (!WIFSIGNALED (status))
    return g_strdup ("the worker process ended");
  if (WTERMSIG (status) == SIGKILL)
    return g_strdup (
        "the worker process was killed from outside of Tenon (signal 9), as the kernel "
        "does when the machine runs out of memory");
  if (WTERMSIG (status) == SIGSYS)
    return g_strdup ("the worker process was killed for a system call that the sandbox forbids");
  return g_strdup_printf ("the worker process crashed with signal %d (%s)", WTERMSIG (status),
                          g_strsignal (WTERMSIG (status)));
}

/* The execution that the worker says it is in. */
static guint64
running_slot (WorkerProcess *worker)
{
  guint64 slot = worker->page == NULL ? 0 : atomic_load (&worker->page->running_slot);
  if (find_run (worker, slot) != NULL)
    return slot;
  return worker->runs->len == 1 ? g_array_index (worker->runs, ProcessRun, 0).slot : 0;
}

static void
release (WorkerProcess *worker)
{
  if (worker->egress_is_attached && worker->host->egress != NULL)
    frame_channel_send_writer (worker->host->egress,
                               frame_writer_new (EGRESS_DETACH, worker->number));
  if (worker->keeper_is_attached)
    worker_host_tell_keeper (worker->host, frame_writer_new (KEEPER_DETACH, worker->number));
  g_ptr_array_remove_fast (worker->host->workers, worker);
  g_clear_pointer (&worker->channel, frame_channel_free);
  g_clear_pointer (&worker->watched, watch_remove);
  if (worker->patience != NULL)
    g_source_destroy (worker->patience);
  g_clear_pointer (&worker->patience, g_source_unref);
  close_worker_fds (worker);
  if (worker->egress_end >= 0)
    close (g_steal_fd (&worker->egress_end));
  if (worker->keeper_end >= 0)
    close (g_steal_fd (&worker->keeper_end));
  if (worker->page != NULL)
    munmap (worker->page, sizeof (WorkerPage));
  worker->page = NULL;
}

static void
report_death (WorkerProcess *worker)
{
  WatchVerdict verdict = { .slot = running_slot (worker) };
  int limit = -1;
  g_autofree char *reason = NULL;

  if (worker->state == PROCESS_GONE)
    return;
  worker->state = PROCESS_GONE;
  if (worker->watched != NULL && watched_process_verdict (worker->watched, &verdict))
    {
      limit = (int) verdict.limit;
      reason = limit_message (verdict.limit, verdict.used, verdict.allowed);
      if (find_run (worker, verdict.slot) == NULL)
        verdict.slot = 0;
    }
  else if (worker->reason != NULL)
    reason = g_strdup (worker->reason);
  else
    reason = worker->is_reaped ? describe_status (worker->wait_status)
                               : g_strdup ("the worker process closed its channel");
  release (worker);
  if (!worker->is_freed)
    worker->events.died (worker, verdict.slot, limit, reason, worker->user_data);
  worker_process_unref (worker); /* the process's own */
}

static gboolean
on_patience_over (gpointer user_data)
{
  report_death (user_data);
  return G_SOURCE_REMOVE;
}

static void
report_if_over (WorkerProcess *worker)
{
  /* Where the zygote still works on it, its pid comes with its answer. */
  if (worker->channel == NULL && !worker->is_spawning && (worker->is_reaped || worker->pid == 0))
    report_death (worker);
}

/* From here on it is only waited for. */
static void
begin_ending (WorkerProcess *worker)
{
  if (worker->state >= PROCESS_ENDING)
    return;
  if (worker->pid != 0 && !worker->is_reaped && worker->host->zygote != NULL)
    zygote_kill (worker->host->zygote, worker->pid);
  worker->state = PROCESS_ENDING;
  worker->patience = g_timeout_source_new (PATIENCE_MS);
  g_source_set_callback (worker->patience, on_patience_over, worker, NULL);
  g_source_attach (worker->patience, worker->host->context);
}

void
worker_process_condemn (WorkerProcess *worker, const char *reason)
{
  if (worker->state == PROCESS_GONE)
    return;
  if (worker->reason == NULL)
    worker->reason = g_strdup (reason);
  begin_ending (worker);
  g_clear_pointer (&worker->channel, frame_channel_free);
  report_if_over (worker);
}

void
worker_process_reaped (WorkerProcess *worker, int wait_status)
{
  worker->is_reaped = TRUE;
  worker->wait_status = wait_status;
  begin_ending (worker);
  report_if_over (worker);
}

void
worker_process_orphan (WorkerProcess *worker)
{
  worker->pid = 0;
  if (worker->is_spawning)
    {
      /* The answer will not come. */
      worker->is_spawning = FALSE;
      worker_process_unref (worker);
    }
}

static void
on_limit_killed (WatchedProcess *watched, gboolean has_signal, gpointer user_data)
{
  /* begin_ending() kills again: harmless where the watch did it, needed where it could not. */
  begin_ending (user_data);
}

/* --- frames --- */

static gboolean
has_no_body (const Frame *frame)
{
  return g_bytes_get_size (frame->body) == 0;
}

static void
take_ready (WorkerProcess *worker, const Frame *frame)
{
  if (frame->stream != 0 || !has_no_body (frame) || worker->readies_due == 0)
    {
      worker_process_condemn (worker, "the worker process said that it is ready out of turn");
      return;
    }
  worker->readies_due--;
  /* The first comes before any execution could begin; at the second one may have. */
  gboolean is_idle = !worker->was_ready || worker->runs->len == 0;
  worker->was_ready = TRUE;
  if (is_idle && worker->watched != NULL)
    watched_process_mark_idle (worker->watched);
  worker->host->restarts = 0;
  if (worker->events.ready != NULL)
    worker->events.ready (worker, worker->user_data);
}

/* A frame of an execution. FALSE if it is not one that may come now. */
static gboolean
take_execution_frame (WorkerProcess *worker, Frame *frame)
{
  ProcessRun *run = find_run (worker, frame->stream);
  if (run == NULL)
    return FALSE;
  gboolean is_abandoned = run->is_abandoned;
  switch (frame->type)
    {
    case EXECUTION_RESPONSE:
      if (run->has_response)
        return FALSE;
      run->has_response = TRUE;
      break;
    case EXECUTION_FINISHED:
      remove_run (worker, run);
      break;
    case EXECUTION_REJECTED:
      if (run->is_rejected)
        return FALSE;
      run->is_rejected = TRUE;
      break;
    case EXECUTION_STEP:
    case EXECUTION_LOG:
      break;
    default:
      return FALSE;
    }
  if (!is_abandoned)
    worker->events.frame (worker, frame, worker->user_data);
  return TRUE;
}

static gboolean
take_worker_frame (WorkerProcess *worker, Frame *frame)
{
  if (frame->stream != 0)
    return FALSE;
  if (frame->type == WORKER_UNFIT && worker->is_assigned)
    {
      worker->events.frame (worker, frame, worker->user_data);
      return TRUE;
    }
  return FALSE;
}

void
worker_process_take_frame (WorkerProcess *worker, const Frame *frame)
{
  g_autoptr (WorkerProcess) hold = worker_process_ref (worker);
  Frame copy = *frame;
  if (frame->type == WORKER_READY)
    take_ready (worker, frame);
  else if (!take_execution_frame (worker, &copy) && !take_worker_frame (worker, &copy)
           && worker->state < PROCESS_GONE)
    {
      g_autofree char *reason = g_strdup_printf ("the worker process sent a frame that it must not "
                                                 "send now (type %u, slot %" G_GUINT64_FORMAT ")",
                                                 frame->type, frame->stream);
      worker_process_condemn (worker, reason);
    }
}

static void
on_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  worker_process_take_frame (user_data, frame);
}

static void
on_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  WorkerProcess *worker = user_data;
  /* An end inside a frame is what a killed worker leaves; only what came whole and wrong is its
   * fault. */
  if (error != NULL && g_error_matches (error, FRAME_ERROR, FRAME_ERROR_TOO_LARGE)
      && worker->reason == NULL)
    worker->reason = g_strdup_printf ("the worker process broke the protocol: %s", error->message);
  begin_ending (worker);
  g_clear_pointer (&worker->channel, frame_channel_free);
  report_if_over (worker);
}

/* --- the beginning --- */

static void
start_watching (WorkerProcess *worker)
{
  worker->watched
      = watch_add (worker->host->watch, worker->pid, worker->page, on_limit_killed, worker);
  for (guint i = 0; i < worker->runs->len; i++)
    {
      ProcessRun *run = &g_array_index (worker->runs, ProcessRun, i);
      if (!run->is_abandoned)
        watched_process_run (worker->watched, run->slot, &run->limits, run->started_at_us);
    }
}

static void
on_spawned (GPid pid, const GError *error, gpointer user_data)
{
  WorkerProcess *worker = user_data;
  worker->is_spawning = FALSE;
  close_worker_fds (worker);
  if (error != NULL)
    {
      g_autofree char *reason
          = g_strdup_printf ("no worker process could be started: %s", error->message);
      worker_process_condemn (worker, reason);
    }
  else
    {
      worker->pid = pid;
      if (worker->state < PROCESS_ENDING)
        start_watching (worker);
      else if (worker->host->zygote != NULL)
        zygote_kill (worker->host->zygote, pid); /* nobody wants it any more */
      else
        report_if_over (worker);
    }
  worker_process_unref (worker); /* the request's */
}

void
worker_process_spawn (WorkerProcess *worker)
{
  worker->is_spawning = TRUE;
  zygote_spawn (worker->host->zygote, &worker->fds, on_spawned, worker_process_ref (worker));
}

void
worker_process_attach_egress (WorkerProcess *worker)
{
  WorkerHost *host = worker->host;
  if (host->egress == NULL || worker->egress_end < 0)
    return;
  g_autoptr (GBytes) attach = frame_writer_end (frame_writer_new (EGRESS_ATTACH, worker->number));
  worker->egress_is_attached
      = frame_channel_send_fds (host->egress, attach, &worker->egress_end, 1, NULL);
  close (g_steal_fd (&worker->egress_end));
}

/* Without a keeper the other side is closed. */
void
worker_process_attach_keeper (WorkerProcess *worker)
{
  WorkerHost *host = worker->host;
  if (worker->keeper_end < 0 || (host->has_keeper && host->keeper == NULL))
    return;
  if (host->has_keeper)
    {
      g_autoptr (GBytes) attach
          = frame_writer_end (frame_writer_new (KEEPER_ATTACH, worker->number));
      worker->keeper_is_attached
          = frame_channel_send_fds (host->keeper, attach, &worker->keeper_end, 1, NULL);
    }
  close (g_steal_fd (&worker->keeper_end));
}

void
worker_process_bind (WorkerProcess *worker, const char *instance_id, const char *const *names)
{
  FrameWriter *writer = frame_writer_new (KEEPER_BIND, worker->number);
  frame_write_string (writer, instance_id);
  frame_write_u32 (writer, g_strv_length ((char **) names));
  for (; *names != NULL; names++)
    frame_write_string (writer, *names);
  worker->has_grants = TRUE;
  worker_host_tell_keeper (worker->host, writer);
}

void
worker_process_grant (WorkerProcess *worker, guint64 slot, const char *execution_id)
{
  FrameWriter *writer = frame_writer_new (KEEPER_GRANT, worker->number);
  frame_write_u64 (writer, slot);
  frame_write_string (writer, execution_id);
  worker_host_tell_keeper (worker->host, writer);
}

void
worker_process_revoke (WorkerProcess *worker, guint64 slot)
{
  FrameWriter *writer = frame_writer_new (KEEPER_REVOKE, worker->number);
  frame_write_u64 (writer, slot);
  worker_host_tell_keeper (worker->host, writer);
}

static gboolean
make_channels (WorkerProcess *worker, GError **error)
{
  WorkerHost *host = worker->host;
  int server[2], egress[2], keeper[2];
  gpointer page;

  if (!frame_socketpair (server, error))
    return FALSE;
  worker->fds.server = server[1];
  FrameChannelOptions options = {
    .max_frame_bytes = host->max_frame_bytes,
    .max_queue_bytes = QUEUE_FRAMES * (gsize) WORKER_MAX_FRAME_BYTES,
  };
  worker->channel
      = frame_channel_new (server[0], host->context, &options, on_frame, on_closed, worker);
  if (!frame_socketpair (egress, error))
    return FALSE;
  worker->fds.egress = egress[1];
  worker->egress_end = egress[0];
  worker_process_attach_egress (worker);
  if (!frame_socketpair (keeper, error))
    return FALSE;
  worker->fds.keeper = keeper[1];
  worker->keeper_end = keeper[0];
  worker_process_attach_keeper (worker);
  worker->fds.page = sandbox_page_new (sizeof (WorkerPage), &page, error);
  if (worker->fds.page < 0)
    return FALSE;
  worker->page = page;
  return TRUE;
}

typedef struct
{
  WorkerProcess *worker;
  GError *error;
} Stillborn;

static void
stillborn_free (gpointer data)
{
  Stillborn *stillborn = data;
  worker_process_unref (stillborn->worker);
  g_error_free (stillborn->error);
  g_free (stillborn);
}

static gboolean
on_stillborn (gpointer user_data)
{
  Stillborn *stillborn = user_data;
  worker_process_condemn (stillborn->worker, stillborn->error->message);
  return G_SOURCE_REMOVE;
}

/* `died` must not run before worker_process_new() has returned. */
static void
die_soon (WorkerProcess *worker, GError *error)
{
  Stillborn *stillborn = g_new0 (Stillborn, 1);
  g_autoptr (GSource) source = g_idle_source_new ();
  stillborn->worker = worker_process_ref (worker);
  stillborn->error = error;
  g_prefix_error (&stillborn->error, "no worker process could be started: ");
  g_source_set_callback (source, on_stillborn, stillborn, stillborn_free);
  g_source_attach (source, worker->host->context);
}

WorkerProcess *
worker_process_new (WorkerHost *host, const WorkerProcessEvents *events, gpointer user_data)
{
  WorkerProcess *worker = g_new0 (WorkerProcess, 1);
  GError *error = NULL;

  worker->refs = 1;
  worker->host = host;
  worker->events = *events;
  worker->user_data = user_data;
  worker->number = ++host->last_number;
  worker->runs = g_array_new (FALSE, FALSE, sizeof (ProcessRun));
  worker->readies_due = 1;
  worker->egress_end = worker->keeper_end = -1;
  worker->fds = (WorkerFds){ -1, -1, -1, -1 };
  g_ptr_array_add (host->workers, worker);
  if (!make_channels (worker, &error))
    die_soon (worker, error);
  else if (host->zygote != NULL)
    worker_process_spawn (worker);
  return worker;
}

/* --- what the owner does with it --- */

/* TRUE if there is still somebody to send it to. */
static gboolean
send_frame (WorkerProcess *worker, GBytes *frame)
{
  g_autoptr (GError) error = NULL;
  if (worker->channel == NULL || worker->state >= PROCESS_ENDING)
    return FALSE;
  if (frame_channel_send (worker->channel, frame, &error))
    return TRUE;
  /* CLOSED: on_closed() tells. FULL is a worker that has stopped reading. */
  if (g_error_matches (error, FRAME_ERROR, FRAME_ERROR_FULL))
    die_soon (worker, g_error_new_literal (FRAME_ERROR, FRAME_ERROR_FULL,
                                           "the worker process no longer reads its channel"));
  return FALSE;
}

void
worker_process_assign (WorkerProcess *worker, GBytes *version, GBytes *instance_context)
{
  FrameWriter *writer = frame_writer_new (WORKER_ASSIGN, 0);
  frame_write_gbytes (writer, version);
  frame_write_gbytes (writer, instance_context);
  frame_write_u8 (writer, worker->has_grants);
  g_autoptr (GBytes) frame = frame_writer_end (writer);
  g_assert (!worker->is_assigned);
  worker->is_assigned = TRUE;
  worker->readies_due++;
  send_frame (worker, frame);
}

void
worker_process_run (WorkerProcess *worker, guint64 slot, GBytes *start, const Limits *limits)
{
  ProcessRun run = { .slot = slot, .started_at_us = g_get_monotonic_time (), .limits = *limits };
  g_assert (slot != 0 && worker->is_assigned && find_run (worker, slot) == NULL);
  g_array_append_val (worker->runs, run);
  if (worker->watched != NULL)
    watched_process_run (worker->watched, slot, limits, run.started_at_us);
  send_frame (worker, start);
}

void
worker_process_end_run (WorkerProcess *worker, guint64 slot)
{
  ProcessRun *run = find_run (worker, slot);
  if (run == NULL)
    return;
  run->is_abandoned = TRUE;
  if (worker->watched != NULL)
    watched_process_end_run (worker->watched, slot);
}

void
worker_process_cancel (WorkerProcess *worker, guint64 slot, const char *limit, const char *message)
{
  FrameWriter *writer = frame_writer_new (WORKER_CANCEL, slot);
  frame_write_string (writer, limit == NULL ? "" : limit);
  frame_write_string (writer, message);
  g_autoptr (GBytes) frame = frame_writer_end (writer);
  if (find_run (worker, slot) != NULL)
    send_frame (worker, frame);
}

GPid
worker_process_pid (WorkerProcess *worker)
{
  return worker->pid;
}

gboolean
worker_process_is_alive (WorkerProcess *worker)
{
  return worker->state < PROCESS_ENDING;
}

guint64
worker_process_resident_bytes (WorkerProcess *worker)
{
  return worker->watched == NULL ? 0 : watched_process_resident_bytes (worker->watched);
}

guint64
worker_process_occupied_bytes (WorkerProcess *worker)
{
  return worker->watched == NULL ? 0 : watched_process_occupied_bytes (worker->watched, FALSE);
}

guint64
worker_process_measure_bytes (WorkerProcess *worker)
{
  return worker->watched == NULL ? 0 : watched_process_occupied_bytes (worker->watched, TRUE);
}

gint64
worker_process_cpu_us (WorkerProcess *worker)
{
  return worker->watched == NULL ? 0 : watched_process_cpu_us (worker->watched);
}

gint64
worker_process_entry_us (WorkerProcess *worker)
{
  gint64 entered_at_us = worker->page == NULL ? 0 : atomic_load (&worker->page->entered_at_us);
  return entered_at_us <= 0 ? 0 : MAX (g_get_monotonic_time () - entered_at_us, 0);
}

void
worker_process_set_reading (WorkerProcess *worker, gboolean is_reading)
{
  if (worker->channel != NULL)
    frame_channel_set_reading (worker->channel, is_reading);
}

void
worker_process_free (WorkerProcess *worker)
{
  worker->is_freed = TRUE;
  worker_process_condemn (worker, "not needed any more");
}

void
worker_process_drop (WorkerProcess *worker)
{
  worker->is_freed = TRUE;
  report_death (worker);
}
