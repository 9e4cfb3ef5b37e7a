/* What this machine gives: each layer is tried in a child, and the escape
 * attempts are run in sandboxed children. For `tenon doctor` and for the start
 * of a server. */
#include "sandbox/private.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <string.h>
#include <unistd.h>

static const struct
{
  const char *layer;
  int flags; /* for unshare; 0 = not a namespace */
  const char *remedy, *cost;
} rows[] = {
  { "user namespace", CLONE_NEWUSER,
    "allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, "
    "user.max_user_namespaces above 0, kernel.apparmor_restrict_unprivileged_userns=0; in a "
    "container, a seccomp profile that lets unshare(2) through",
    "every other namespace needs it: workers would share the machine's view" },
  { "mount namespace", CLONE_NEWUSER | CLONE_NEWNS, "sysctl user.max_mnt_namespaces above 0",
    "a worker could see the machine's files" },
  { "pid namespace", CLONE_NEWUSER | CLONE_NEWPID, "sysctl user.max_pid_namespaces above 0",
    "a worker could see and signal other processes of its user" },
  { "network namespace", CLONE_NEWUSER | CLONE_NEWNET, "sysctl user.max_net_namespaces above 0",
    "only seccomp would keep a worker from the network" },
  { "ipc namespace", CLONE_NEWUSER | CLONE_NEWIPC, "sysctl user.max_ipc_namespaces above 0",
    "only seccomp would keep a worker from shared memory" },
  { "uts namespace", CLONE_NEWUSER | CLONE_NEWUTS, "sysctl user.max_uts_namespaces above 0",
    "a worker could read the machine's name" },
  { "cgroup namespace", CLONE_NEWUSER | CLONE_NEWCGROUP,
    "sysctl user.max_cgroup_namespaces above 0", "a worker could learn which cgroup it is in" },
};

/* TRUE if `try` returns TRUE in a child; *reason has its errno in words otherwise. */
static gboolean
try_in_child (gboolean (*try) (gpointer data), gpointer data, int *error_number)
{
  int status;
  pid_t pid = fork ();
  if (pid == 0)
    {
      errno = 0;
      _exit (try (data) ? 0 : errno == 0 ? 255 : errno);
    }
  *error_number = errno;
  if (pid < 0 || waitpid (pid, &status, 0) < 0)
    return FALSE;
  *error_number = WIFEXITED (status) ? WEXITSTATUS (status) : 0;
  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static gboolean
try_unshare (gpointer flags)
{
  return unshare (GPOINTER_TO_INT (flags)) == 0;
}

static gboolean
try_seccomp (gpointer unused)
{
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && sandbox_seccomp (NULL);
}

static void
layer_free (gpointer data)
{
  SandboxLayer *layer = data;
  g_free (layer->detail);
  g_free (layer);
}

static void
add_layer (GPtrArray *layers, const char *name, gboolean is_present, int error_number,
           const char *remedy, const char *cost)
{
  SandboxLayer *layer = g_new0 (SandboxLayer, 1);
  layer->layer = name;
  layer->is_present = is_present;
  layer->cost = cost;
  layer->detail = is_present
                      ? g_strdup ("present")
                      : g_strdup_printf ("%s; to allow it: %s", g_strerror (error_number), remedy);
  g_ptr_array_add (layers, layer);
}

GPtrArray *
sandbox_probe (void)
{
  GPtrArray *layers = g_ptr_array_new_with_free_func (layer_free);
  int error_number = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gboolean is_present
          = try_in_child (try_unshare, GINT_TO_POINTER (rows[i].flags), &error_number);
      add_layer (layers, rows[i].layer, is_present, error_number, rows[i].remedy, rows[i].cost);
    }
  gboolean has_seccomp = try_in_child (try_seccomp, NULL, &error_number);
  add_layer (layers, "seccomp", has_seccomp, error_number,
             "a kernel with CONFIG_SECCOMP_FILTER, and no older filter that forbids adding one",
             "a worker could make every system call that its namespaces allow");
  return layers;
}

gboolean
sandbox_check (GError **error)
{
  g_autoptr (GError) reason = NULL;
  int status;
  pid_t pid = sandbox_fork (SANDBOX_FULL, &reason);
  if (pid == 0)
    _exit (sandbox_enter (SANDBOX_FULL, NULL) ? 0 : 1);
  if (pid > 0 && waitpid (pid, &status, 0) == pid && WIFEXITED (status)
      && WEXITSTATUS (status) == 0)
    return TRUE;
  g_set_error (
      error, SANDBOX_ERROR, SANDBOX_ERROR_UNAVAILABLE,
      "this machine does not give workers a sandbox: %s. `tenon doctor` shows which layer is "
      "missing and how to allow it; --sandbox=weak runs without namespaces",
      reason == NULL ? "a step after the namespaces failed" : reason->message);
  return FALSE;
}

/* --- the attempts --- */

/* In the child: everything of a worker but the engine. */
static void
attack_child (SandboxMode mode, const char *name, int report)
{
  g_autofree char *detail = NULL;
  g_autoptr (GError) error = NULL;
  dup2 (report, WORKER_REPORT_FD);
  syscall (SYS_close_range, WORKER_REPORT_FD + 1, ~0U, 0);
  if (!sandbox_enter (mode, &error) || (mode != SANDBOX_OFF && !sandbox_seccomp (&error)))
    _exit (2);
  gboolean is_refused = attack_run (name, &detail);
  if (detail != NULL && write (WORKER_REPORT_FD, detail, strlen (detail)) < 0)
    _exit (2);
  _exit (is_refused ? 0 : 1);
}

static AttackResult *
attack_one (SandboxMode mode, const char *name, GError **error)
{
  int fds[2], status;
  char text[256] = "";
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return NULL;
  pid_t pid = sandbox_fork (mode, error);
  if (pid == 0)
    attack_child (mode, name, fds[1]);
  close (fds[1]);
  if (pid < 0 || waitpid (pid, &status, 0) < 0)
    {
      close (fds[0]);
      return NULL;
    }
  gssize n = read (fds[0], text, sizeof text - 1);
  close (fds[0]);
  AttackResult *result = g_new0 (AttackResult, 1);
  result->name = name;
  result->was_refused = WIFSIGNALED (status) || (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  result->detail = WIFSIGNALED (status)
                       ? g_strdup_printf ("refused: ended by signal %d", WTERMSIG (status))
                       : g_strdup (n > 0 ? text : "the sandbox could not be entered");
  return result;
}

static void
result_free (gpointer data)
{
  AttackResult *result = data;
  g_free (result->detail);
  g_free (result);
}

GPtrArray *
attack_run_all (SandboxMode mode, GError **error)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (result_free);
  for (const char *const *name = attack_names (); *name != NULL; name++)
    {
      AttackResult *result = attack_one (mode, *name, error);
      if (result == NULL)
        return NULL;
      g_ptr_array_add (results, result);
    }
  return g_steal_pointer (&results);
}
