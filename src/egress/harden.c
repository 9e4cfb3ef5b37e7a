/* What egress gives up before it reads a worker's first byte. It keeps what an
 * HTTP client needs: sockets, reading files (resolv.conf, hosts, certificate
 * authorities), threads (libcurl's resolver).
 *
 * The seccomp filter is a deny-list with a reason per group. It is the second
 * wall: the first is that egress holds no secret of the server and has no
 * privilege.
 */
#include "egress/private.h"

#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const int denied[] = {
  /* No other program is ever run, no process made. */
  SCMP_SYS (execve),
  SCMP_SYS (execveat),
  SCMP_SYS (fork),
  SCMP_SYS (vfork),
  /* Other processes are left alone. */
  SCMP_SYS (ptrace),
  SCMP_SYS (process_vm_readv),
  SCMP_SYS (process_vm_writev),
  SCMP_SYS (kill),
  SCMP_SYS (tkill),
  SCMP_SYS (pidfd_open),
  SCMP_SYS (pidfd_getfd),
  SCMP_SYS (pidfd_send_signal),
  SCMP_SYS (kcmp),
  SCMP_SYS (process_madvise),
  SCMP_SYS (migrate_pages),
  SCMP_SYS (move_pages),
  /* Nobody is served: egress only calls out. */
  SCMP_SYS (listen),
  SCMP_SYS (accept),
  SCMP_SYS (accept4),
  /* No file is made, changed or removed (opening for writing: below). */
  SCMP_SYS (creat),
  SCMP_SYS (unlink),
  SCMP_SYS (unlinkat),
  SCMP_SYS (rename),
  SCMP_SYS (renameat),
  SCMP_SYS (renameat2),
  SCMP_SYS (mkdir),
  SCMP_SYS (mkdirat),
  SCMP_SYS (rmdir),
  SCMP_SYS (link),
  SCMP_SYS (linkat),
  SCMP_SYS (symlink),
  SCMP_SYS (symlinkat),
  SCMP_SYS (mknod),
  SCMP_SYS (mknodat),
  SCMP_SYS (chmod),
  SCMP_SYS (fchmod),
  SCMP_SYS (fchmodat),
  SCMP_SYS (chown),
  SCMP_SYS (fchown),
  SCMP_SYS (lchown),
  SCMP_SYS (fchownat),
  SCMP_SYS (truncate),
  SCMP_SYS (ftruncate),
  SCMP_SYS (setxattr),
  SCMP_SYS (lsetxattr),
  SCMP_SYS (fsetxattr),
  SCMP_SYS (removexattr),
  SCMP_SYS (lremovexattr),
  SCMP_SYS (fremovexattr),
  SCMP_SYS (utimensat),
  SCMP_SYS (utime),
  SCMP_SYS (utimes),
  SCMP_SYS (futimesat),
  SCMP_SYS (memfd_create),
  SCMP_SYS (memfd_secret),
  /* The machine's shape and the kernel's rarer doors. */
  SCMP_SYS (mount),
  SCMP_SYS (umount2),
  SCMP_SYS (pivot_root),
  SCMP_SYS (chroot),
  SCMP_SYS (unshare),
  SCMP_SYS (setns),
  SCMP_SYS (open_tree),
  SCMP_SYS (move_mount),
  SCMP_SYS (fsopen),
  SCMP_SYS (fsconfig),
  SCMP_SYS (fsmount),
  SCMP_SYS (fspick),
  SCMP_SYS (mount_setattr),
  SCMP_SYS (bpf),
  SCMP_SYS (perf_event_open),
  SCMP_SYS (userfaultfd),
  SCMP_SYS (keyctl),
  SCMP_SYS (add_key),
  SCMP_SYS (request_key),
  SCMP_SYS (io_uring_setup),
  SCMP_SYS (io_uring_enter),
  SCMP_SYS (io_uring_register),
  SCMP_SYS (init_module),
  SCMP_SYS (finit_module),
  SCMP_SYS (delete_module),
  SCMP_SYS (kexec_load),
  SCMP_SYS (kexec_file_load),
  SCMP_SYS (reboot),
  SCMP_SYS (swapon),
  SCMP_SYS (swapoff),
  SCMP_SYS (acct),
  SCMP_SYS (quotactl),
  SCMP_SYS (syslog),
  SCMP_SYS (sethostname),
  SCMP_SYS (setdomainname),
  SCMP_SYS (settimeofday),
  SCMP_SYS (clock_settime),
  SCMP_SYS (adjtimex),
  SCMP_SYS (clock_adjtime),
  SCMP_SYS (personality),
  SCMP_SYS (iopl),
  SCMP_SYS (ioperm),
  SCMP_SYS (modify_ldt),
  SCMP_SYS (open_by_handle_at),
  SCMP_SYS (name_to_handle_at),
  SCMP_SYS (fanotify_init),
  SCMP_SYS (lookup_dcookie),
  SCMP_SYS (setuid),
  SCMP_SYS (setgid),
  SCMP_SYS (setreuid),
  SCMP_SYS (setregid),
  SCMP_SYS (setresuid),
  SCMP_SYS (setresgid),
  SCMP_SYS (setgroups),
  SCMP_SYS (setfsuid),
  SCMP_SYS (setfsgid),
  SCMP_SYS (capset),
  SCMP_SYS (seccomp),
  SCMP_SYS (vhangup),
};

/* Sockets that are not for the internet (AF_UNIX and AF_NETLINK are the resolver's). */
static const int denied_families[]
    = { AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH, AF_CAN, AF_TIPC, AF_XDP };

static const guint refuse = SCMP_ACT_ERRNO (EPERM);

static int
deny_writing (scmp_filter_ctx filter)
{
  static const guint modes[] = { O_WRONLY, O_RDWR };
  int result = 0;
  for (guint i = 0; i < G_N_ELEMENTS (modes) && result == 0; i++)
    {
      result = seccomp_rule_add (filter, refuse, SCMP_SYS (openat), 1,
                                 SCMP_A2 (SCMP_CMP_MASKED_EQ, O_ACCMODE, modes[i]));
      if (result == 0)
        result = seccomp_rule_add (filter, refuse, SCMP_SYS (open), 1,
                                   SCMP_A1 (SCMP_CMP_MASKED_EQ, O_ACCMODE, modes[i]));
    }
  if (result == 0)
    result = seccomp_rule_add (filter, refuse, SCMP_SYS (openat), 1,
                               SCMP_A2 (SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT));
  if (result == 0)
    result = seccomp_rule_add (filter, refuse, SCMP_SYS (open), 1,
                               SCMP_A1 (SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT));
  /* Its flags are in memory, where a filter can't look; nobody needs it. */
  if (result == 0)
    result = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (openat2), 0);
  return result;
}

/* Threads yes, processes no. clone3's flags can't be looked at: the C library falls back to clone.
 */
static int
deny_processes (scmp_filter_ctx filter)
{
  int result = seccomp_rule_add (filter, refuse, SCMP_SYS (clone), 1,
                                 SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  if (result == 0)
    result = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);
  return result;
}

static int
fill_filter (scmp_filter_ctx filter)
{
  int result = 0;
  for (guint i = 0; i < G_N_ELEMENTS (denied) && result == 0; i++)
    {
      result = seccomp_rule_add (filter, refuse, denied[i], 0);
      /* Not a call of this machine's architecture. */
      if (result == -EDOM || result == -EFAULT)
        result = 0;
    }
  for (guint i = 0; i < G_N_ELEMENTS (denied_families) && result == 0; i++)
    result = seccomp_rule_add (filter, refuse, SCMP_SYS (socket), 1,
                               SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) denied_families[i]));
  if (result == 0)
    result = deny_writing (filter);
  if (result == 0)
    result = deny_processes (filter);
  return result;
}

static void
load_filter (void)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  int result;
  if (filter == NULL)
    return;
  seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  result = fill_filter (filter);
  if (result == 0)
    result = seccomp_load (filter);
  if (result != 0)
    g_message ("egress: runs without a system call filter: %s", g_strerror (-result));
  seccomp_release (filter);
}

gboolean
egress_harden (GError **error)
{
  struct rlimit none = { 0, 0 };

  prctl (PR_SET_NAME, "tenon: egress");
  prctl (PR_SET_DUMPABLE, 0);
  setrlimit (RLIMIT_CORE, &none);
  process_drop_capabilities ();
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "the kernel refuses no_new_privs: %s", g_strerror (errno));
      return FALSE;
    }
  load_filter ();
  return TRUE;
}
