/* The zygote: one thread, no secret, the libraries loaded. It forks workers when
 * told to, kills them when told to, and tells when they die. Its whole life is the
 * loop at the end.
 *
 * It believes the server, but checks: a frame that does not read ends it, and with
 * it every worker, which the server survives.
 */
#include "sandbox/private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  SandboxMode mode;
  const SandboxGuest *guest;
  int fd;
  int signal_fd;
  GHashTable *workers; /* pid -> pid */
} ZygoteState;

static void
send_writer (ZygoteState *zygote, FrameWriter *writer)
{
  g_autoptr (GBytes) frame = frame_writer_end (writer);
  frame_send (zygote->fd, frame, NULL, 0, NULL);
}

static void
spawn (ZygoteState *zygote, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  pid_t pid = -1;
  if (frame->n_fds != 4)
    g_set_error (&error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "a worker needs four descriptors");
  else
    pid = sandbox_fork (zygote->mode, &error);
  if (pid == 0)
    {
      sigset_t none;
      sigemptyset (&none);
      sigprocmask (SIG_SETMASK, &none, NULL);
      WorkerFds fds = { frame->fds[0], frame->fds[1], frame->fds[2], frame->fds[3] };
      sandbox_run_guest (zygote->mode, zygote->guest, &fds);
    }
  if (pid > 0)
    g_hash_table_add (zygote->workers, GINT_TO_POINTER (pid));
  FrameWriter *answer = frame_writer_new (ZYGOTE_SPAWNED, 0);
  frame_write_i64 (answer, pid);
  frame_write_string (answer, error == NULL ? NULL : error->message);
  send_writer (zygote, answer);
}

static void
kill_worker (ZygoteState *zygote, Frame *frame)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  gint64 pid = frame_read_i64 (&reader);
  if (frame_reader_end (&reader, NULL) && pid > 1 && pid <= G_MAXINT
      && g_hash_table_contains (zygote->workers, GINT_TO_POINTER ((int) pid)))
    kill ((pid_t) pid, SIGKILL);
}

static void
reap (ZygoteState *zygote)
{
  struct signalfd_siginfo info;
  int status;
  pid_t pid;
  while (read (zygote->signal_fd, &info, sizeof info) > 0)
    ;
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    {
      if (!g_hash_table_remove (zygote->workers, GINT_TO_POINTER (pid)))
        continue;
      FrameWriter *news = frame_writer_new (ZYGOTE_DIED, 0);
      frame_write_i64 (news, pid);
      frame_write_i64 (news, status);
      send_writer (zygote, news);
    }
}

static gboolean
handle_frame (ZygoteState *zygote)
{
  Frame frame;
  g_autoptr (GError) error = NULL;
  if (!frame_receive (zygote->fd, ZYGOTE_MAX_FRAME_BYTES, TRUE, &frame, &error))
    return FALSE;
  if (frame.type == ZYGOTE_SPAWN)
    spawn (zygote, &frame);
  else if (frame.type == ZYGOTE_KILL)
    kill_worker (zygote, &frame);
  frame_clear (&frame);
  return TRUE;
}

int
zygote_main (SandboxMode mode, const SandboxGuest *guest, int fd)
{
  ZygoteState zygote = { .mode = mode, .guest = guest, .fd = fd };
  sigset_t children;

  sandbox_set_title ("tenon: zygote");
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  zygote.workers = g_hash_table_new (NULL, NULL);
  sigemptyset (&children);
  sigaddset (&children, SIGCHLD);
  sigprocmask (SIG_SETMASK, &children, NULL);
  zygote.signal_fd = signalfd (-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  struct pollfd fds[]
      = { { .fd = fd, .events = POLLIN }, { .fd = zygote.signal_fd, .events = POLLIN } };
  gboolean goes_on = TRUE;
  while (goes_on)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
        break;
      if (fds[1].revents != 0)
        reap (&zygote);
      if (fds[0].revents != 0)
        goes_on = handle_frame (&zygote);
    }
  /* Workers end with their parent (PDEATHSIG). */
  return EXIT_SUCCESS;
}
