/* The zygote from the server's side. */
#include "sandbox/private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>

/* Between a fork and an exec in a process with threads only system calls are allowed. */
static void
exec_again (SandboxMode mode)
{
  char mode_text[2] = { (char) ('0' + mode), '\0' };
  char *arguments[] = { (char *) "tenon: zygote", (char *) ZYGOTE_COMMAND, mode_text, NULL };
  execv ("/proc/self/exe", arguments);
}

static void
zygote_child (SandboxMode mode, const SandboxGuest *guest, int channel, gboolean is_first)
{
  if (dup2 (channel, 3) < 0)
    _exit (127);
  close_range (4, ~0U, 0);
  if (is_first)
    _exit (zygote_main (mode, guest, 3));
  exec_again (mode);
  _exit (127);
}

gboolean
zygote_start (SandboxMode mode, const SandboxGuest *guest, int *fd, GPid *pid, GError **error)
{
  static gboolean has_started;
  int fds[2];
  if (!frame_socketpair (fds, error))
    return FALSE;
  *pid = fork ();
  if (*pid == 0)
    zygote_child (mode, guest, fds[1], !has_started);
  has_started = TRUE;
  close (fds[1]);
  if (*pid < 0)
    {
      g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "fork: %s", g_strerror (errno));
      close (fds[0]);
      return FALSE;
    }
  *fd = fds[0];
  return TRUE;
}

typedef struct
{
  ZygoteSpawned done;
  gpointer user_data;
} Waiting;

struct Zygote
{
  FrameChannel *channel;
  GQueue waiting; /* of Waiting, in the order of the SPAWNs */
  GHashTable *pids;
  ZygoteWorkerDied died;
  ZygoteClosed closed;
  gpointer user_data;
};

static void
spawned (Zygote *zygote, Frame *frame)
{
  FrameReader reader;
  g_autoptr (GError) error = NULL;
  frame_reader_init (&reader, frame);
  gint64 pid = frame_read_i64 (&reader);
  g_autofree char *message = frame_read_string (&reader);
  g_autofree Waiting *waiting = g_queue_pop_head (&zygote->waiting);
  if (!frame_reader_end (&reader, &error) || waiting == NULL)
    return;
  if (message != NULL)
    g_set_error (&error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "%s", message);
  else
    g_hash_table_add (zygote->pids, GINT_TO_POINTER ((int) pid));
  waiting->done ((GPid) pid, error, waiting->user_data);
}

static void
worker_died (Zygote *zygote, Frame *frame)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  gint64 pid = frame_read_i64 (&reader);
  gint64 status = frame_read_i64 (&reader);
  if (frame_reader_end (&reader, NULL)
      && g_hash_table_remove (zygote->pids, GINT_TO_POINTER ((int) pid)))
    zygote->died ((GPid) pid, (int) status, zygote->user_data);
}

static void
handle_frame (FrameChannel *channel, Frame *frame, gpointer data)
{
  Zygote *zygote = data;
  if (frame->type == ZYGOTE_SPAWNED)
    spawned (zygote, frame);
  else if (frame->type == ZYGOTE_DIED)
    worker_died (zygote, frame);
}

static void
channel_closed (FrameChannel *channel, const GError *why, gpointer data)
{
  Zygote *zygote = data;
  g_autoptr (GError) error
      = g_error_new (SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "the zygote is gone");
  Waiting *waiting;
  while ((waiting = g_queue_pop_head (&zygote->waiting)) != NULL)
    {
      waiting->done (-1, error, waiting->user_data);
      g_free (waiting);
    }
  zygote->closed (zygote->user_data);
}

Zygote *
zygote_client_new (int fd, GMainContext *context, ZygoteWorkerDied died, ZygoteClosed closed,
                   gpointer user_data)
{
  const FrameChannelOptions options
      = { .max_frame_bytes = ZYGOTE_MAX_FRAME_BYTES, .max_queue_bytes = 1 << 20 };
  Zygote *zygote = g_new0 (Zygote, 1);
  g_queue_init (&zygote->waiting);
  zygote->pids = g_hash_table_new (NULL, NULL);
  zygote->died = died;
  zygote->closed = closed;
  zygote->user_data = user_data;
  zygote->channel = frame_channel_new (fd, context, &options, handle_frame, channel_closed, zygote);
  return zygote;
}

void
zygote_client_free (Zygote *zygote)
{
  frame_channel_free (zygote->channel);
  g_queue_clear_full (&zygote->waiting, g_free);
  g_hash_table_unref (zygote->pids);
  g_free (zygote);
}

void
zygote_spawn (Zygote *zygote, const WorkerFds *fds, ZygoteSpawned done, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) frame = frame_writer_end (frame_writer_new (ZYGOTE_SPAWN, 0));
  int passed[] = { fds->server, fds->egress, fds->keeper, fds->page };
  if (!frame_channel_send_fds (zygote->channel, frame, passed, G_N_ELEMENTS (passed), &error))
    {
      done (-1, error, user_data);
      return;
    }
  Waiting *waiting = g_new (Waiting, 1);
  waiting->done = done;
  waiting->user_data = user_data;
  g_queue_push_tail (&zygote->waiting, waiting);
}

void
zygote_kill (Zygote *zygote, GPid pid)
{
  if (!g_hash_table_contains (zygote->pids, GINT_TO_POINTER (pid)))
    return;
  FrameWriter *frame = frame_writer_new (ZYGOTE_KILL, 0);
  frame_write_i64 (frame, pid);
  frame_channel_send_writer (zygote->channel, frame);
  frame_channel_flush (zygote->channel);
}

int
sandbox_page_new (gsize page_bytes, gpointer *page, GError **error)
{
  int fd = memfd_create ("tenon-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && ftruncate (fd, (off_t) page_bytes) == 0
      && fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    {
      *page = mmap (NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (*page != MAP_FAILED)
        return fd;
    }
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "a shared page: %s", g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}
