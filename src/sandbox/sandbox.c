/* The sandbox, a straight list of steps. docs/security.md has the same table with
 * the test that attacks each.
 *
 *   step                  why                                           fails
 *   own namespaces        nothing of the machine has a name inside      fatal, named
 *   one id mapped         root inside is nobody outside                 fatal
 *   empty root            no file, no device, no /proc                  fatal
 *   no capabilities       even inside its own namespaces                fatal
 *   no_new_privs          no set-uid program could give any back        fatal
 *   rlimits               no core, no file growth, few descriptors      fatal
 *   no descriptors        but the two channels and /dev/null            fatal
 *   (the guest prepares)  the engine starts before the filter
 *   seccomp               what is left of the kernel: seccomp.c         fatal
 */
#include "sandbox/private.h"

#include "worker/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

G_DEFINE_QUARK (sandbox - error - quark, sandbox_error)

#define NAMESPACES                                                                                 \
  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS         \
   | CLONE_NEWCGROUP)

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "sandbox: %s: %s", what,
               g_strerror (errno));
  return FALSE;
}

void
sandbox_set_title (const char *title)
{
  prctl (PR_SET_NAME, title, 0, 0, 0);
}

/* Root outside becomes nobody; anybody else stays who they are. */
static guint
outer_id (guint id)
{
  return id == 0 ? 65534 : id;
}

static gboolean
write_text (const char *path, const char *text, GError **error)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean is_good = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);
  if (!is_good)
    fail (error, path);
  if (fd >= 0)
    close (fd);
  return is_good;
}

/* Written by the parent, which in the case of root has the capability to map another id than its
 * own. */
static gboolean
map_ids (pid_t pid, GError **error)
{
  g_autofree char *setgroups = g_strdup_printf ("/proc/%d/setgroups", pid);
  g_autofree char *uid_map = g_strdup_printf ("/proc/%d/uid_map", pid);
  g_autofree char *gid_map = g_strdup_printf ("/proc/%d/gid_map", pid);
  g_autofree char *uids = g_strdup_printf ("0 %u 1", outer_id (geteuid ()));
  g_autofree char *gids = g_strdup_printf ("0 %u 1", outer_id (getegid ()));
  return write_text (setgroups, "deny", error) && write_text (uid_map, uids, error)
         && write_text (gid_map, gids, error);
}

/* The child waits on a pipe until its ids are mapped: before that it is nobody in its own
 * namespace. */
static pid_t
fork_in_namespaces (GError **error)
{
  int gate[2];
  char byte;
  if (pipe2 (gate, O_CLOEXEC) < 0)
    {
      fail (error, "pipe");
      return -1;
    }
  pid_t pid = (pid_t) syscall (SYS_clone, NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);
  if (pid == 0)
    {
      close (gate[1]);
      if (read (gate[0], &byte, 1) != 1)
        _exit (126);
      close (gate[0]);
      return 0;
    }
  close (gate[0]);
  if (pid < 0)
    {
      g_set_error (
          error, SANDBOX_ERROR, SANDBOX_ERROR_UNAVAILABLE,
          "this machine refuses namespaces (%s): `tenon doctor` says which and what allows "
          "them",
          g_strerror (errno));
      close (gate[1]);
      return -1;
    }
  gboolean is_mapped = map_ids (pid, error) && write (gate[1], "", 1) == 1;
  close (gate[1]);
  if (is_mapped)
    return pid;
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
  return -1;
}

pid_t
sandbox_fork (SandboxMode mode, GError **error)
{
  if (mode == SANDBOX_FULL)
    return fork_in_namespaces (error);
  pid_t pid = fork ();
  if (pid < 0)
    fail (error, "fork");
  return pid;
}

static gboolean
become_inner_root (GError **error)
{
  if (setresgid (0, 0, 0) < 0 || setresuid (0, 0, 0) < 0)
    return fail (error, "taking the mapped id");
  return TRUE;
}

/* The engine opens it when it starts, before seccomp. */
static gboolean
add_urandom (GError **error)
{
  int fd = -1;
  if (mkdir ("/tmp/dev", 0555) < 0
      || (fd = open ("/tmp/dev/urandom", O_CREAT | O_RDONLY | O_CLOEXEC, 0444)) < 0
      || mount ("/dev/urandom", "/tmp/dev/urandom", NULL, MS_BIND, NULL) < 0)
    return fail (error, "mounting /dev/urandom");
  close (fd);
  return TRUE;
}

/* An empty tmpfs becomes the root, read-only, and the old one is let go. */
static gboolean
enter_empty_root (GError **error)
{
  if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return fail (error, "making mounts private");
  if (mount ("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
             "size=4k,nr_inodes=5,mode=0555")
      < 0)
    return fail (error, "mounting an empty root");
  if (!add_urandom (error))
    return FALSE;
  if (chdir ("/tmp") < 0 || syscall (SYS_pivot_root, ".", ".") < 0)
    return fail (error, "entering the empty root");
  if (umount2 (".", MNT_DETACH) < 0)
    return fail (error, "letting go of the old root");
  if (mount (NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
             NULL)
      < 0)
    return fail (error, "making the empty root read-only");
  return chdir ("/") == 0 || fail (error, "chdir");
}

static gboolean
drop_capabilities (GError **error)
{
  for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
    if (prctl (PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
      return fail (error, "dropping a capability from the bounding set");
  prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  prctl (PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP
                                | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED
                                | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
  cap_t none = cap_init ();
  gboolean is_good = none != NULL && cap_set_proc (none) == 0;
  if (none != NULL)
    cap_free (none);
  return is_good || fail (error, "dropping capabilities");
}

static gboolean
set_limits (GError **error)
{
  static const struct
  {
    int resource;
    rlim_t most;
  } rows[] = {
    { RLIMIT_CORE, 0 },     { RLIMIT_FSIZE, 0 }, { RLIMIT_NOFILE, 64 },
    { RLIMIT_MSGQUEUE, 0 }, { RLIMIT_LOCKS, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      struct rlimit limit = { rows[i].most, rows[i].most };
      if (setrlimit (rows[i].resource, &limit) < 0)
        return fail (error, "setting a resource limit");
    }
  return TRUE;
}

gboolean
sandbox_enter (SandboxMode mode, GError **error)
{
  if (mode == SANDBOX_OFF)
    return TRUE;
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
    return fail (error, "tying the worker to its parent");
  if (mode == SANDBOX_FULL && (!become_inner_root (error) || !enter_empty_root (error)))
    return FALSE;
  if (mode == SANDBOX_FULL && sethostname ("worker", 6) < 0)
    return fail (error, "sethostname");
  if (mode == SANDBOX_FULL && !drop_capabilities (error))
    return FALSE;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail (error, "no_new_privs");
  if (!set_limits (error))
    return FALSE;
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fail (error, "not dumpable");
  umask (0777);
  setsid ();
  clearenv ();
  return TRUE;
}

/* Descriptors 0 to 2 stay open on nothing: the engine and libraries may write there when they die,
 * and a channel must never get one of those numbers. */
static gboolean
arrange_descriptors (const WorkerFds *fds, GError **error)
{
  /* In the order of WORKER_FD_SERVER and following. */
  int channels[] = { fds->server, fds->egress, fds->keeper };
  int null_fd = open ("/dev/null", O_RDWR);
  if (null_fd < 0)
    return fail (error, "opening /dev/null");
  /* Out of the way of the numbers that are given out. */
  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    if ((channels[i] = fcntl (channels[i], F_DUPFD, 16)) < 0)
      return fail (error, "keeping the channels");
  for (int fd = 0; fd <= 2; fd++)
    if (dup2 (null_fd, fd) < 0)
      return fail (error, "descriptors 0 to 2");
  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    if (dup2 (channels[i], WORKER_FD_SERVER + (int) i) < 0)
      return fail (error, "the channels' numbers");
  if (syscall (SYS_close_range, WORKER_FD_KEEPER + 1, ~0U, 0) < 0)
    return fail (error, "closing all other descriptors");
  return TRUE;
}

typedef struct
{
  SandboxMode mode;
  const SandboxGuest *guest;
  gpointer page;
} GuestThread;

#define GUEST_STACK_BYTES ((gsize) 8 << 20)

/* The guest gets a thread of its own: the engine asks for the bounds of its stack, and for the
 * first thread the C library would have to read them from /proc. The filter holds for all threads
 * (TSYNC). */
static gpointer
guest_main (gpointer data)
{
  GuestThread *thread = data;
  g_autoptr (GError) error = NULL;
  thread->guest->prepare (thread->page);
  if (thread->mode != SANDBOX_OFF && !sandbox_seccomp (&error))
    _exit (124);
  _exit (thread->guest->serve ());
}

static void
run_in_thread (GuestThread *thread)
{
  pthread_attr_t attributes;
  pthread_t id;
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, GUEST_STACK_BYTES);
  if (pthread_create (&id, &attributes, guest_main, thread) == 0)
    pthread_join (id, NULL);
}

void
sandbox_run_guest (SandboxMode mode, const SandboxGuest *guest, const WorkerFds *fds)
{
  g_autoptr (GError) error = NULL;
  GuestThread thread = { mode, guest, NULL };
  thread.page = mmap (NULL, guest->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fds->page, 0);
  sandbox_set_title ("tenon: worker");
  if (thread.page == MAP_FAILED || !arrange_descriptors (fds, &error)
      || !sandbox_enter (mode, &error))
    _exit (125);
  run_in_thread (&thread);
  _exit (123);
}
