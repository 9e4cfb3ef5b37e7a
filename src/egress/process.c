/* The egress process.
 *
 * Its whole life: it is forked from the server (or, when that has threads,
 * executed anew from the same binary), gives up every right that it does not
 * need (harden.c), and serves one control channel until that closes. The
 * server sends messages that attach and detach; everything else comes over
 * the channels attached (peer.c): the workers', and the keeper's.
 */
#include "egress/private.h"

#include "base/process.h"
#include "egress/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  GMainContext *context;
  GMainLoop *loop;
  const EgressPolicy *policy;
  FrameChannel *control;
  GHashTable *peers; /* the worker's number -> EgressPeer */
  GHashTable *seals; /* the same -> EgressSeals, which may come before their worker */
  EgressPeer *keeper; /* or NULL */
} Egress;

/* --- the control channel --- */

static gboolean
is_peer (gpointer key, gpointer value, gpointer peer)
{
  return value == peer;
}

static void
on_peer_ended (EgressPeer *peer, gpointer user_data)
{
  Egress *egress = user_data;
  g_hash_table_foreach_remove (egress->peers, is_peer, peer);
}

static void
attach (Egress *egress, Frame *frame)
{
  guint64 number = frame->stream;
  if (frame->n_fds != 1)
    {
      g_message ("egress: a worker was to be attached without its channel");
      return;
    }
  EgressPeer *peer = egress_peer_new (g_steal_fd (&frame->fds[0]), egress->context, egress->policy,
                                      on_peer_ended, egress);
  egress_peer_set_seals (peer, g_hash_table_lookup (egress->seals, &number));
  g_hash_table_replace (egress->peers, g_memdup2 (&number, sizeof number), peer);
}

static gboolean
on_seal (Frame *frame, gpointer user_data, GError **error)
{
  Egress *egress = user_data;
  guint64 number = frame->stream;
  EgressSeals *seals = egress_seals_read (frame, error);
  EgressPeer *peer = g_hash_table_lookup (egress->peers, &number);
  if (seals == NULL)
    return FALSE;
  g_hash_table_replace (egress->seals, g_memdup2 (&number, sizeof number), seals);
  if (peer != NULL)
    egress_peer_set_seals (peer, seals);
  return TRUE;
}

static void
on_keeper_ended (EgressPeer *peer, gpointer user_data)
{
  Egress *egress = user_data;
  g_clear_pointer (&egress->keeper, egress_peer_free);
}

static void
attach_keeper (Egress *egress, Frame *frame)
{
  if (frame->n_fds != 1)
    {
      g_message ("egress: the keeper was to be attached without its channel");
      return;
    }
  g_clear_pointer (&egress->keeper, egress_peer_free);
  egress->keeper = egress_peer_new (g_steal_fd (&frame->fds[0]), egress->context, egress->policy,
                                    on_keeper_ended, egress);
  egress_peer_trust (egress->keeper, on_seal);
}

static void
on_control_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  Egress *egress = user_data;
  switch (frame->type)
    {
    case EGRESS_ATTACH:
      attach (egress, frame);
      break;
    case EGRESS_DETACH:
      g_hash_table_remove (egress->peers, &frame->stream);
      g_hash_table_remove (egress->seals, &frame->stream);
      break;
    case EGRESS_ATTACH_KEEPER:
      attach_keeper (egress, frame);
      break;
    default:
      g_message ("egress: a control frame of type %u is not known", frame->type);
      break;
    }
}

static void
on_control_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  Egress *egress = user_data;
  g_main_loop_quit (egress->loop);
}

void
egress_serve (int control_fd, const EgressPolicy *policy)
{
  static const FrameChannelOptions options
      = { .max_frame_bytes = 4096, .max_queue_bytes = 4096, .accepts_fds = TRUE };
  Egress egress = { .policy = policy };

  egress.context = g_main_context_new ();
  egress.loop = g_main_loop_new (egress.context, FALSE);
  g_main_context_push_thread_default (egress.context); /* GResolver answers there */
  egress.peers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                        (GDestroyNotify) egress_peer_free);
  egress.seals = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                        (GDestroyNotify) egress_seals_unref);
  egress.control = frame_channel_new (control_fd, egress.context, &options, on_control_frame,
                                      on_control_closed, &egress);
  g_main_loop_run (egress.loop);

  g_hash_table_unref (egress.peers);
  g_clear_pointer (&egress.keeper, egress_peer_free);
  g_hash_table_unref (egress.seals);
  frame_channel_free (egress.control);
  g_main_context_pop_thread_default (egress.context);
  g_main_loop_unref (egress.loop);
  g_main_context_unref (egress.context);
}

/* --- the process --- */

/* What the resolver and OpenSSL read; proxies and the like are not for egress. */
static void
clear_environment (void)
{
  static const char *const kept[] = { "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ", "LANG" };
  char *values[G_N_ELEMENTS (kept)];
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    values[i] = g_strdup (g_getenv (kept[i]));
  clearenv ();
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      if (values[i] != NULL)
        g_setenv (kept[i], values[i], TRUE);
      g_free (values[i]);
    }
}

/* Two descriptors a request are plenty; the default of 1024 in all is not. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = MIN (limit.rlim_max, 65536);
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

void
egress_main (int fd, const char *const *allowed_cidrs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EgressPolicy) policy = egress_policy_new (allowed_cidrs, &error);

  if (policy == NULL)
    {
      g_printerr ("egress: %s\n", error->message);
      _exit (2);
    }
  process_reset_signals ();
  /* A session of its own: the interrupt key of the server's terminal is not for egress, which ends
   * with its control channel. */
  setsid ();
  clear_environment ();
  raise_descriptor_limit ();
  if (!egress_harden (&error))
    {
      g_printerr ("egress: %s\n", error->message);
      _exit (1);
    }
  egress_serve (fd, policy);
  /* Without the exit handlers: after a fork they are the server's. */
  _exit (0);
}

static gboolean
has_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;
  if (tasks == NULL)
    return TRUE;
  while (g_dir_read_name (tasks) != NULL)
    n++;
  return n > 1;
}

static char **
exec_arguments (const char *const *allowed_cidrs)
{
  GPtrArray *arguments = g_ptr_array_new ();
  g_ptr_array_add (arguments, (gpointer) "tenon: egress");
  g_ptr_array_add (arguments, (gpointer) EGRESS_EXEC_ARGUMENT);
  for (; allowed_cidrs != NULL && *allowed_cidrs != NULL; allowed_cidrs++)
    g_ptr_array_add (arguments, (gpointer) *allowed_cidrs);
  g_ptr_array_add (arguments, NULL);
  return (char **) g_ptr_array_free (arguments, FALSE);
}

gboolean
egress_start (const char *const *allowed_cidrs, int *control_fd, GPid *pid, GError **error)
{
  g_autoptr (EgressPolicy) checked = egress_policy_new (allowed_cidrs, error);
  gboolean must_exec = has_threads ();
  g_autofree char **arguments = exec_arguments (allowed_cidrs);
  pid_t parent = getpid ();
  int fds[2];

  if (checked == NULL || !frame_socketpair (fds, error))
    return FALSE;
  *pid = fork ();
  if (*pid < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "the egress process can't be started: %s", g_strerror (errno));
      close (fds[0]);
      close (fds[1]);
      return FALSE;
    }
  if (*pid == 0)
    {
      if (!process_prepare_child (fds[1], parent))
        _exit (1);
      if (must_exec)
        {
          execv ("/proc/self/exe", arguments);
          _exit (127);
        }
      egress_main (PROCESS_CONTROL_FD, allowed_cidrs);
    }
  close (fds[1]);
  *control_fd = fds[0];
  return TRUE;
}
