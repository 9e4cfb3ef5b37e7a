#include "definition/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  pid_t pid;
  int in, out, err; /* our ends; -1 = closed */
  const char *input;
  gsize left; /* of input */
  GString *texts[2];
  gsize max_bytes;
} Child;

void
subprocess_result_clear (SubprocessResult *result)
{
  g_clear_pointer (&result->out, g_free);
  g_clear_pointer (&result->err, g_free);
}

static void
close_end (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static int
spawn (Child *child, const char *const *argv, const char *const *environment, const char *folder,
       int theirs[3])
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, defaults;

  posix_spawn_file_actions_init (&actions);
  for (int i = 0; i < 3; i++)
    posix_spawn_file_actions_adddup2 (&actions, theirs[i], i);
  posix_spawn_file_actions_addclosefrom_np (&actions, 3);
  posix_spawn_file_actions_addchdir_np (&actions, folder);
  posix_spawnattr_init (&attributes);
  sigemptyset (&none);
  sigemptyset (&defaults);
  sigaddset (&defaults, SIGPIPE);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &defaults);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int status = posix_spawn (&child->pid, argv[0], &actions, &attributes, (char *const *) argv,
                            (char *const *) environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return status;
}

/* Their ends must lie above 2, or the first dup2 would overwrite the next source. */
static gboolean
make_pipe (int ends[2], GError **error)
{
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  for (int i = 0; i < 2; i++)
    if (ends[i] < 3)
      {
        int higher = fcntl (ends[i], F_DUPFD_CLOEXEC, 3);
        close (ends[i]);
        ends[i] = higher;
      }
  return TRUE;
}

static gboolean
start (Child *child, const char *const *argv, const char *const *environment, const char *folder,
       GError **error)
{
  int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
  gboolean is_good = make_pipe (in, error) && make_pipe (out, error) && make_pipe (err, error);
  int status = 0;
  if (is_good)
    status = spawn (child, argv, environment, folder, (int[3]){ in[0], out[1], err[1] });
  close_end (&in[0]);
  close_end (&out[1]);
  close_end (&err[1]);
  child->in = in[1];
  child->out = out[0];
  child->err = err[0];
  if (is_good && status != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (status), "%s could not be started: %s",
                 argv[0], g_strerror (status));
  return is_good && status == 0;
}

/* A child that stops reading must not end us by SIGPIPE. */
static gssize
write_quietly (int fd, const char *text, gsize length)
{
  sigset_t pipe_signal, pending, before;
  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  sigpending (&pending);
  gboolean was_pending = sigismember (&pending, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &before);
  gssize n = write (fd, text, length);
  int why = errno;
  if (n < 0 && why == EPIPE && !was_pending)
    sigtimedwait (&pipe_signal, NULL, &(struct timespec){ 0 });
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = why;
  return n;
}

static void
feed (Child *child)
{
  gssize n = child->left == 0 ? 0 : write_quietly (child->in, child->input, child->left);
  if (n > 0)
    {
      child->input += n;
      child->left -= (gsize) n;
    }
  if (child->left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    close_end (&child->in);
}

static gboolean
drain (Child *child, int *fd, GString *text)
{
  char buffer[16384];
  gssize n = read (*fd, buffer, sizeof buffer);
  if (n > 0)
    g_string_append_len (text, buffer, n);
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    close_end (fd);
  return text->len <= child->max_bytes;
}

static gboolean
exchange (Child *child, gint64 deadline, const char *name, GError **error)
{
  while (child->out >= 0 || child->err >= 0)
    {
      struct pollfd fds[3]
          = { { child->in, POLLOUT, 0 }, { child->out, POLLIN, 0 }, { child->err, POLLIN, 0 } };
      gint64 left_ms = (deadline - g_get_monotonic_time ()) / 1000;
      if (left_ms <= 0)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s took too long", name);
          return FALSE;
        }
      if (poll (fds, 3, (int) MIN (left_ms, 60000)) <= 0)
        continue;
      if (child->in >= 0 && fds[0].revents != 0)
        feed (child);
      if ((child->out >= 0 && fds[1].revents != 0 && !drain (child, &child->out, child->texts[0]))
          || (child->err >= 0 && fds[2].revents != 0
              && !drain (child, &child->err, child->texts[1])))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%s wrote too much", name);
          return FALSE;
        }
    }
  return TRUE;
}

static int
finish (Child *child, gboolean is_good)
{
  int status = 0;
  close_end (&child->in);
  close_end (&child->out);
  close_end (&child->err);
  if (!is_good)
    kill (child->pid, SIGKILL);
  while (waitpid (child->pid, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

gboolean
subprocess_run (const char *const *argv, const char *const *environment, const char *folder,
                const char *input, guint timeout_ms, gsize max_bytes, SubprocessResult *result,
                GError **error)
{
  Child child = { .in = -1, .out = -1, .err = -1, .input = input, .max_bytes = max_bytes };
  gint64 deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  *result = (SubprocessResult){ 0 };
  child.left = input == NULL ? 0 : strlen (input);
  if (!start (&child, argv, environment, folder, error))
    {
      close_end (&child.in);
      close_end (&child.out);
      close_end (&child.err);
      return FALSE;
    }
  child.texts[0] = g_string_new (NULL);
  child.texts[1] = g_string_new (NULL);
  fcntl (child.in, F_SETFL, O_NONBLOCK);
  gboolean is_good = exchange (&child, deadline, argv[0], error);
  result->status = finish (&child, is_good);
  result->out_length = child.texts[0]->len;
  result->out = g_string_free (child.texts[0], FALSE);
  result->err = g_string_free (child.texts[1], FALSE);
  return is_good;
}
