/* What the keeper gives up before it reads its first frame: it makes no socket, runs no program,
 * makes no process or thread, looks at no other process, and gets no privilege. What it keeps: the
 * sockets that it was handed, the file of its key and the folder around it.
 *
 * The filter is a list of what is allowed; anything else is an error for the caller (EPERM), not
 * the end: OpenSSL and the C library try things that they can do without.
 */
#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keeper/vault.h"

#include "base/process.h"

static const int allowed[] = {
  /* The channels: those that are there, and those that arrive. */
  SCMP_SYS (read),
  SCMP_SYS (readv),
  SCMP_SYS (write),
  SCMP_SYS (writev),
  SCMP_SYS (sendmsg),
  SCMP_SYS (recvmsg),
  SCMP_SYS (recvfrom),
  SCMP_SYS (shutdown),
  SCMP_SYS (close),
  SCMP_SYS (fcntl),
  SCMP_SYS (dup),
  /* GLib's loop. */
  SCMP_SYS (poll),
  SCMP_SYS (ppoll),
  SCMP_SYS (eventfd2),
  SCMP_SYS (futex),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (nanosleep),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (time),
  SCMP_SYS (sched_yield),
  /* The key's file: read, made, replaced. */
  SCMP_SYS (open),
  SCMP_SYS (openat),
  SCMP_SYS (stat),
  SCMP_SYS (fstat),
  SCMP_SYS (lstat),
  SCMP_SYS (newfstatat),
  SCMP_SYS (statx),
  SCMP_SYS (lseek),
  SCMP_SYS (fsync),
  SCMP_SYS (link),
  SCMP_SYS (linkat),
  SCMP_SYS (unlink),
  SCMP_SYS (unlinkat),
  SCMP_SYS (rename),
  SCMP_SYS (renameat),
  SCMP_SYS (renameat2),
  /* Memory. */
  SCMP_SYS (brk),
  SCMP_SYS (mmap),
  SCMP_SYS (munmap),
  SCMP_SYS (mremap),
  SCMP_SYS (mprotect),
  SCMP_SYS (madvise),
  SCMP_SYS (mlock),
  SCMP_SYS (munlock),
  SCMP_SYS (getrandom),
  /* Itself. */
  SCMP_SYS (getpid),
  SCMP_SYS (gettid),
  SCMP_SYS (getuid),
  SCMP_SYS (geteuid),
  SCMP_SYS (getgid),
  SCMP_SYS (getegid),
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sigaltstack),
  SCMP_SYS (exit),
  SCMP_SYS (exit_group),
};

static int
load_filter (void)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ERRNO (EPERM));
  int result = filter == NULL ? -ENOMEM : 0;
  for (guint i = 0; i < G_N_ELEMENTS (allowed) && result == 0; i++)
    {
      result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, allowed[i], 0);
      if (result == -EDOM || result == -EFAULT)
        result = 0; /* no call of this architecture */
    }
  /* A failed assertion ends it as it should: abort() signals its own thread. */
  if (result == 0)
    result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), 1,
                               SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) getpid ()));
  if (result == 0)
    seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (result == 0)
    result = seccomp_load (filter);
  if (filter != NULL)
    seccomp_release (filter);
  return result;
}

gboolean
keeper_harden (GError **error)
{
  struct rlimit none = { 0, 0 };
  int result = 0;
  prctl (PR_SET_NAME, "tenon: keeper");
  setrlimit (RLIMIT_CORE, &none);
  process_drop_capabilities ();
  if (prctl (PR_SET_DUMPABLE, 0) != 0 || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    result = -errno;
  if (result == 0)
    result = load_filter ();
  if (result == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-result),
               "the process that holds the keys can't be closed off: %s", g_strerror (-result));
  return FALSE;
}
