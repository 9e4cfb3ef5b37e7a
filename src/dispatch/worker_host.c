/* The zygote, egress and the keeper: started before anything else, and again when they die.
 *
 * A worker without its zygote is dead too (the zygote takes it along), and one
 * without egress could make no request ever again, since its channel to egress
 * was made with it: so when egress dies all workers are ended, and what they ran
 * is taken up by new ones. The same goes for the keeper and those workers that get
 * connections from it, or may yet. Restarts back off, doubling from 0.1 to 5 seconds,
 * until a worker has come up again.
 */
#include "dispatch/worker_private.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "egress/egress.h"
#include "keeper/keeper.h"

#define LEAST_BACK_OFF_MS 100
#define MOST_BACK_OFF_MS 5000
#define QUICK_STEPS 20
#define END_STEPS 200 /* of 10 ms, for a process whose channel was closed to end */
#define CONTROL_FRAME_BYTES (1 << 16)

static void restart_later (WorkerHost *host);

/* --- our children --- */

static void
reap (GPid *pid, gboolean by_force)
{
  if (*pid <= 0)
    return;
  for (int i = 0; !by_force && i < END_STEPS; i++)
    {
      if (waitpid (*pid, NULL, WNOHANG) != 0)
        {
          *pid = 0;
          return;
        }
      g_usleep (i < QUICK_STEPS ? 500 : 10000); /* most are gone within a millisecond */
    }
  kill (*pid, SIGKILL);
  waitpid (*pid, NULL, 0);
  *pid = 0;
}

/* --- egress --- */

static void
end_workers (WorkerHost *host, const char *reason)
{
  g_autoptr (GPtrArray) workers
      = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_process_unref);
  for (guint i = 0; i < host->workers->len; i++)
    g_ptr_array_add (workers, worker_process_ref (host->workers->pdata[i]));
  for (guint i = 0; i < workers->len; i++)
    {
      WorkerProcess *worker = workers->pdata[i];
      /* Those that wait for a zygote have lost nothing but their egress channel. */
      worker_process_condemn (worker, reason);
    }
}

static void
on_egress_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  g_warning ("egress sent a frame of type %u on its control channel, which carries none back",
             frame->type);
}

static void
on_egress_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  WorkerHost *host = user_data;
  g_message ("the egress process ended; workers are started anew with another");
  g_clear_pointer (&host->egress, frame_channel_free);
  reap (&host->egress_pid, TRUE);
  end_workers (host, "the egress process ended, which makes its requests");
  restart_later (host);
}

/* The keeper's own channel of requests: made when either was started. */
static void
connect_keeper_to_egress (WorkerHost *host)
{
  g_autoptr (GError) error = NULL;
  int fds[2];
  if (host->keeper == NULL || host->egress == NULL)
    return;
  if (!frame_socketpair (fds, &error))
    {
      g_warning ("the keeper gets no channel for its requests: %s", error->message);
      return;
    }
  g_autoptr (GBytes) attach = frame_writer_end (frame_writer_new (EGRESS_ATTACH_KEEPER, 0));
  g_autoptr (GBytes) hand_over = frame_writer_end (frame_writer_new (KEEPER_EGRESS, 0));
  frame_channel_send_fds (host->egress, attach, &fds[0], 1, NULL);
  frame_channel_send_fds (host->keeper, hand_over, &fds[1], 1, NULL);
  close (fds[0]);
  close (fds[1]);
}

static void
attach_egress (WorkerHost *host)
{
  FrameChannelOptions options
      = { .max_frame_bytes = CONTROL_FRAME_BYTES, .max_queue_bytes = 64 * CONTROL_FRAME_BYTES };
  host->egress = frame_channel_new (g_steal_fd (&host->egress_fd), host->context, &options,
                                    on_egress_frame, on_egress_closed, host);
  connect_keeper_to_egress (host);
}

/* --- the keeper --- */

/* Blank workers too: their channel to it was made with them. */
static void
end_granted_workers (WorkerHost *host)
{
  g_autoptr (GPtrArray) workers
      = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_process_unref);
  for (guint i = 0; i < host->workers->len; i++)
    {
      WorkerProcess *worker = host->workers->pdata[i];
      if (worker->has_grants || !worker->is_assigned)
        g_ptr_array_add (workers, worker_process_ref (worker));
    }
  for (guint i = 0; i < workers->len; i++)
    worker_process_condemn (workers->pdata[i],
                            "the keeper process ended, which gives it its connections");
}

static void
on_keeper_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  WorkerHost *host = user_data;
  if (host->keeper_events.frame != NULL)
    host->keeper_events.frame (frame, host->keeper_events.user_data);
}

static void
on_keeper_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  WorkerHost *host = user_data;
  g_message ("the keeper process ended; it is started anew");
  g_clear_pointer (&host->keeper, frame_channel_free);
  reap (&host->keeper_pid, TRUE);
  if (host->keeper_events.down != NULL)
    host->keeper_events.down (host->keeper_events.user_data);
  end_granted_workers (host);
  restart_later (host);
}

static void
attach_keeper (WorkerHost *host)
{
  static const FrameChannelOptions options = { .max_frame_bytes = KEEPER_MAX_FRAME_BYTES,
                                               .max_queue_bytes = 64 * KEEPER_MAX_FRAME_BYTES };
  host->keeper = frame_channel_new (g_steal_fd (&host->keeper_fd), host->context, &options,
                                    on_keeper_frame, on_keeper_closed, host);
  connect_keeper_to_egress (host);
}

void
worker_host_set_keeper_events (WorkerHost *host, const KeeperEvents *events)
{
  host->keeper_events = *events;
}

void
worker_host_tell_keeper (WorkerHost *host, FrameWriter *writer)
{
  if (host->keeper != NULL)
    frame_channel_send_writer (host->keeper, writer);
  else
    frame_writer_free (writer);
}

/* --- the zygote --- */

static void
on_worker_reaped (GPid pid, int wait_status, gpointer user_data)
{
  WorkerHost *host = user_data;
  for (guint i = 0; i < host->workers->len; i++)
    {
      WorkerProcess *worker = host->workers->pdata[i];
      if (worker->pid == pid)
        {
          worker_process_reaped (worker, wait_status);
          return;
        }
    }
}

static gboolean
on_zygote_gone (gpointer user_data)
{
  WorkerHost *host = user_data;
  g_clear_pointer (&host->zygote_gone, g_source_unref);
  g_clear_pointer (&host->zygote, zygote_client_free);
  reap (&host->zygote_pid, TRUE);
  /* Nobody will report them any more; they died with it. */
  for (guint i = 0; i < host->workers->len; i++)
    worker_process_orphan (host->workers->pdata[i]);
  end_workers (host, "the zygote, parent of the worker processes, ended");
  restart_later (host);
  return G_SOURCE_REMOVE;
}

static void
on_zygote_closed (gpointer user_data)
{
  WorkerHost *host = user_data;
  g_message ("the zygote ended; it and the workers are started anew");
  /* Its client can't be freed in its own callback. */
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_zygote_gone, host, NULL);
  g_source_attach (source, host->context);
  host->zygote_gone = g_source_ref (source);
}

static void
attach_zygote (WorkerHost *host)
{
  host->zygote = zygote_client_new (g_steal_fd (&host->zygote_fd), host->context, on_worker_reaped,
                                    on_zygote_closed, host);
}

/* --- starting again --- */

static gboolean
on_restart (gpointer user_data)
{
  WorkerHost *host = user_data;
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&host->restart, g_source_unref);

  if (host->egress == NULL
      && egress_start ((const char *const *) host->allowed_cidrs, &host->egress_fd,
                       &host->egress_pid, &error))
    attach_egress (host);
  if (error == NULL && host->has_keeper && host->keeper == NULL
      && keeper_start (&host->keeper_fd, &host->keeper_pid, &error))
    {
      attach_keeper (host);
      if (host->keeper_events.up != NULL)
        host->keeper_events.up (host->keeper_events.user_data);
    }
  if (error == NULL && host->zygote == NULL
      && zygote_start (host->mode, host->guest, &host->zygote_fd, &host->zygote_pid, &error))
    attach_zygote (host);
  if (error != NULL)
    {
      g_warning ("starting the processes that workers need: %s; trying again", error->message);
      restart_later (host);
      return G_SOURCE_REMOVE;
    }
  for (guint i = 0; i < host->workers->len; i++)
    {
      WorkerProcess *worker = host->workers->pdata[i];
      worker_process_attach_egress (worker);
      worker_process_attach_keeper (worker);
      if (worker->pid == 0 && !worker->is_spawning && worker->state == PROCESS_ALIVE)
        worker_process_spawn (worker);
    }
  return G_SOURCE_REMOVE;
}

static void
restart_later (WorkerHost *host)
{
  if (host->restart != NULL)
    return;
  guint back_off_ms = LEAST_BACK_OFF_MS << MIN (host->restarts, 10);
  host->restarts++;
  host->restart = g_timeout_source_new (MIN (back_off_ms, MOST_BACK_OFF_MS));
  g_source_set_callback (host->restart, on_restart, host, NULL);
  g_source_attach (host->restart, host->context);
}

/* --- life --- */

WorkerHost *
worker_host_start_guest (SandboxMode mode, const SandboxGuest *guest,
                         const char *const *allowed_cidrs, GError **error)
{
  g_autofree WorkerHost *host = g_new0 (WorkerHost, 1);
  host->mode = mode;
  host->guest = guest;
  host->egress_fd = host->zygote_fd = host->keeper_fd = -1;
  host->max_frame_bytes = WORKER_MAX_FRAME_BYTES;
  if (!egress_start (allowed_cidrs, &host->egress_fd, &host->egress_pid, error))
    return NULL;
  if (!zygote_start (mode, guest, &host->zygote_fd, &host->zygote_pid, error))
    {
      close (host->egress_fd);
      reap (&host->egress_pid, FALSE);
      return NULL;
    }
  host->allowed_cidrs = g_strdupv ((char **) allowed_cidrs);
  host->workers = g_ptr_array_new ();
  return g_steal_pointer (&host);
}

gboolean
worker_host_start_keeper (WorkerHost *host, GError **error)
{
  g_assert (host->context == NULL);
  host->has_keeper = keeper_start (&host->keeper_fd, &host->keeper_pid, error);
  return host->has_keeper;
}

void
worker_host_attach (WorkerHost *host, GMainContext *context)
{
  g_assert (host->context == NULL);
  host->context = g_main_context_ref (context == NULL ? g_main_context_default () : context);
  host->watch = watch_new (host->context);
  attach_egress (host);
  attach_zygote (host);
  if (host->has_keeper)
    attach_keeper (host);
}

void
worker_host_free (WorkerHost *host)
{
  GSource *sources[] = { host->restart, host->zygote_gone };
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != NULL)
      {
        g_source_destroy (sources[i]);
        g_source_unref (sources[i]);
      }
  g_clear_pointer (&host->zygote, zygote_client_free);
  while (host->workers->len > 0)
    {
      /* What was asked of the zygote will not be answered any more. */
      g_autoptr (WorkerProcess) worker = worker_process_ref (host->workers->pdata[0]);
      worker_process_orphan (worker);
      worker_process_drop (worker);
    }
  g_clear_pointer (&host->egress, frame_channel_free);
  g_clear_pointer (&host->keeper, frame_channel_free);
  if (host->keeper_fd >= 0)
    close (host->keeper_fd);
  if (host->zygote_fd >= 0)
    close (host->zygote_fd);
  if (host->egress_fd >= 0)
    close (host->egress_fd);
  reap (&host->zygote_pid, FALSE);
  reap (&host->egress_pid, FALSE);
  reap (&host->keeper_pid, FALSE);
  g_clear_pointer (&host->watch, watch_free);
  g_clear_pointer (&host->context, g_main_context_unref);
  g_ptr_array_unref (host->workers);
  g_strfreev (host->allowed_cidrs);
  g_free (host);
}

GPid
worker_host_zygote_pid (WorkerHost *host)
{
  return host->zygote_pid;
}

GPid
worker_host_egress_pid (WorkerHost *host)
{
  return host->egress_pid;
}

GPid
worker_host_keeper_pid (WorkerHost *host)
{
  return host->keeper_pid;
}

gboolean
worker_host_is_up (WorkerHost *host)
{
  return host->zygote != NULL && host->egress != NULL;
}

void
worker_host_set_max_frame_bytes (WorkerHost *host, gsize bytes)
{
  host->max_frame_bytes = MIN (bytes, WORKER_MAX_FRAME_BYTES);
}
