/* The last layer: which system calls a worker may make. Everything else ends the
 * process, except for a few that libraries try and can do without, which get an
 * error. A line's comment says who needs it. */
#include "sandbox/private.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define THREAD_FLAGS                                                                               \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS \
   | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static const int allowed[] = {
  /* the channels */
  SCMP_SYS (read),
  SCMP_SYS (write),
  SCMP_SYS (readv),
  SCMP_SYS (writev),
  SCMP_SYS (recvfrom),
  SCMP_SYS (recvmsg),
  SCMP_SYS (sendmsg),
  SCMP_SYS (sendto),
  SCMP_SYS (close),
  /* GLib's main loop */
  SCMP_SYS (poll),
  SCMP_SYS (ppoll),
  SCMP_SYS (eventfd2),
  SCMP_SYS (epoll_wait),
  SCMP_SYS (pipe2),
  /* memory: the collector, the JIT */
  SCMP_SYS (mmap),
  SCMP_SYS (munmap),
  SCMP_SYS (mremap),
  SCMP_SYS (mprotect),
  SCMP_SYS (madvise),
  SCMP_SYS (brk),
  SCMP_SYS (mincore),
  /* threads: the collector's and the JIT's helpers */
  SCMP_SYS (futex),
  SCMP_SYS (set_robust_list),
  SCMP_SYS (rseq),
  SCMP_SYS (sched_yield),
  SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_getparam),
  SCMP_SYS (sched_getscheduler),
  SCMP_SYS (sched_get_priority_max),
  SCMP_SYS (sched_get_priority_min),
  SCMP_SYS (gettid),
  SCMP_SYS (getpid),
  SCMP_SYS (exit),
  SCMP_SYS (membarrier),
  SCMP_SYS (set_tid_address),
  /* signals: the collector stops threads with them */
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (rt_sigsuspend),
  SCMP_SYS (sigaltstack),
  SCMP_SYS (restart_syscall),
  /* time */
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (nanosleep),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (time),
  SCMP_SYS (times),
  /* randomness; what the process itself has used */
  SCMP_SYS (getrandom),
  SCMP_SYS (getrusage),
  SCMP_SYS (sysinfo),
  SCMP_SYS (uname),
  /* the end */
  SCMP_SYS (exit_group),
};

/* Tried by libraries, which live with the error. */
static const struct
{
  int syscall;
  int error;
} refused[] = {
  { SCMP_SYS (open), ENOENT },
  { SCMP_SYS (openat), ENOENT },
  { SCMP_SYS (access), ENOENT },
  { SCMP_SYS (faccessat), ENOENT },
  { SCMP_SYS (faccessat2), ENOENT },
  { SCMP_SYS (stat), ENOENT },
  { SCMP_SYS (lstat), ENOENT },
  { SCMP_SYS (newfstatat), ENOENT },
  { SCMP_SYS (statx), ENOENT },
  { SCMP_SYS (readlink), ENOENT },
  { SCMP_SYS (readlinkat), ENOENT },
  { SCMP_SYS (getcwd), ENOENT },
  { SCMP_SYS (fstat), EBADF },
  { SCMP_SYS (lseek), ESPIPE },
  { SCMP_SYS (ioctl), ENOTTY },
  { SCMP_SYS (clone3), ENOSYS },
  { SCMP_SYS (prlimit64), EPERM },
  { SCMP_SYS (getrlimit), EPERM },
  { SCMP_SYS (sched_setscheduler), EPERM },
  { SCMP_SYS (sched_setaffinity), EPERM },
  { SCMP_SYS (setpriority), EPERM },
  { SCMP_SYS (getpriority), EPERM },
  { SCMP_SYS (getuid), EPERM },
  { SCMP_SYS (socket), EPERM },
  { SCMP_SYS (mlock), EPERM },
  { SCMP_SYS (getdents64), EBADF },
  /* the engine's look at /proc/self/statm, which it found where there is no namespace */
  { SCMP_SYS (pread64), EBADF },
};

static gboolean
add (scmp_filter_ctx filter, guint32 action, int syscall)
{
  return seccomp_rule_add (filter, action, syscall, 0) == 0;
}

/* Calls that are allowed for some arguments only. */
static gboolean
add_conditional (scmp_filter_ctx filter)
{
  return
      /* a thread, exactly as the C library makes one; never a process or a namespace */
      seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (clone), 1,
                        SCMP_A0 (SCMP_CMP_EQ, THREAD_FLAGS))
          == 0
      /* signals to threads of this process only */
      && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), 1,
                           SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) getpid ()))
             == 0
      && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (prctl), 1,
                           SCMP_A0 (SCMP_CMP_EQ, PR_SET_NAME))
             == 0
      && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (fcntl), 1,
                           SCMP_A1 (SCMP_CMP_EQ, 3 /* F_GETFL */))
             == 0
      && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (fcntl), 1,
                           SCMP_A1 (SCMP_CMP_EQ, 4 /* F_SETFL */))
             == 0;
}

gboolean
sandbox_seccomp (GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  gboolean is_good = filter != NULL && seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0
                     && seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0;
  for (guint i = 0; is_good && i < G_N_ELEMENTS (allowed); i++)
    is_good = add (filter, SCMP_ACT_ALLOW, allowed[i]);
  for (guint i = 0; is_good && i < G_N_ELEMENTS (refused); i++)
    is_good = add (filter, SCMP_ACT_ERRNO ((guint16) refused[i].error), refused[i].syscall);
  is_good = is_good && add_conditional (filter) && seccomp_load (filter) == 0;
  if (filter != NULL)
    seccomp_release (filter);
  if (!is_good)
    g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "seccomp: %s", g_strerror (errno));
  return is_good;
}
