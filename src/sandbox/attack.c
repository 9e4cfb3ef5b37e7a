/* Escape attempts, made from inside: by `tenon doctor` in sandboxed children of
 * its own, and by tests/attack/ from a code block in a debug build.
 *
 * Most are one system call that must not work; a row names it. What the kernel
 * answers with death does not return, and its caller sees that.
 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  long number;
  long arguments[5];
} SyscallAttempt;

#define TEXT(text) ((long) (text))
#define HERE ((long) AT_FDCWD)

static char buffer[4096];
#define BUFFER ((long) buffer)

static const SyscallAttempt attempts[] = {
  { "open /etc/passwd", SYS_open, { TEXT ("/etc/passwd"), O_RDONLY } },
  { "open /", SYS_open, { TEXT ("/"), O_RDONLY | O_DIRECTORY } },
  { "openat ..", SYS_openat, { HERE, TEXT (".."), O_RDONLY } },
  { "openat2", SYS_openat2, { HERE, TEXT ("/"), BUFFER, 24 } },
  { "create a file", SYS_open, { TEXT ("/file"), O_CREAT | O_WRONLY, 0600 } },
  { "O_TMPFILE", SYS_open, { TEXT ("/"), O_TMPFILE | O_RDWR, 0600 } },
  { "read /proc", SYS_open, { TEXT ("/proc/self/maps"), O_RDONLY } },
  { "open /dev/urandom", SYS_open, { TEXT ("/dev/urandom"), O_RDONLY } },
  { "mkdir", SYS_mkdir, { TEXT ("/folder"), 0700 } },
  { "unlink", SYS_unlink, { TEXT ("/dev/urandom") } },
  { "chmod", SYS_chmod, { TEXT ("/"), 0777 } },
  { "socket inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
  { "socket inet6", SYS_socket, { AF_INET6, SOCK_DGRAM, 0 } },
  { "socket unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
  { "socket netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
  { "socket packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
  { "socket vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 } },
  { "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, BUFFER } },
  { "bind a channel", SYS_bind, { 3, BUFFER, 16 } },
  { "connect a channel", SYS_connect, { 3, BUFFER, 16 } },
  { "execve", SYS_execve, { TEXT ("/bin/sh"), 0, 0 } },
  { "execveat", SYS_execveat, { 3, TEXT (""), 0, 0, AT_EMPTY_PATH } },
  { "fork", SYS_fork, { 0 } },
  { "vfork", SYS_vfork, { 0 } },
  { "clone a process", SYS_clone, { SIGCHLD } },
  { "clone into a namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
  { "clone3", SYS_clone3, { BUFFER, 88 } },
  { "ptrace", SYS_ptrace, { 16 /* ATTACH */, 1, 0, 0 } },
  { "process_vm_readv", SYS_process_vm_readv, { 1, BUFFER, 1, BUFFER, 1 } },
  { "kill everybody", SYS_kill, { -1, SIGTERM } },
  { "kill the parent", SYS_kill, { 0, SIGTERM } },
  { "tgkill another", SYS_tgkill, { 2, 2, SIGTERM } },
  { "tkill", SYS_tkill, { 2, SIGTERM } },
  { "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { 2, SIGTERM, BUFFER } },
  { "mount", SYS_mount, { TEXT ("none"), TEXT ("/"), TEXT ("proc"), 0, 0 } },
  { "umount", SYS_umount2, { TEXT ("/dev/urandom"), MNT_DETACH } },
  { "pivot_root", SYS_pivot_root, { TEXT ("/"), TEXT ("/") } },
  { "chroot", SYS_chroot, { TEXT ("/") } },
  { "open_tree", SYS_open_tree, { HERE, TEXT ("/"), 1 } },
  { "fsopen", SYS_fsopen, { TEXT ("proc"), 0 } },
  { "unshare user", SYS_unshare, { CLONE_NEWUSER } },
  { "unshare mount", SYS_unshare, { CLONE_NEWNS } },
  { "unshare net", SYS_unshare, { CLONE_NEWNET } },
  { "setns", SYS_setns, { 3, 0 } },
  { "io_uring_setup", SYS_io_uring_setup, { 8, BUFFER } },
  { "bpf", SYS_bpf, { 0, BUFFER, 72 } },
  { "keyctl", SYS_keyctl, { 0, -3, 0 } },
  { "add_key", SYS_add_key, { TEXT ("user"), TEXT ("k"), BUFFER, 1, -2 } },
  { "userfaultfd", SYS_userfaultfd, { O_CLOEXEC } },
  { "perf_event_open", SYS_perf_event_open, { BUFFER, 0, -1, -1, 0 } },
  { "memfd_create", SYS_memfd_create, { TEXT ("m"), 0 } },
  { "memfd_secret", 447, { 0 } },
  { "name_to_handle_at", SYS_name_to_handle_at, { HERE, TEXT ("/"), BUFFER, BUFFER, 0 } },
  { "open_by_handle_at", SYS_open_by_handle_at, { 3, BUFFER, 0 } },
  { "init_module", SYS_init_module, { BUFFER, 1, TEXT ("") } },
  { "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 } },
  { "reboot", SYS_reboot, { 0xfee1dead, 672274793, 0, 0 } },
  { "swapon", SYS_swapon, { TEXT ("/"), 0 } },
  { "personality", SYS_personality, { 0x0400000 } },
  { "ioperm", SYS_ioperm, { 0, 1, 1 } },
  { "iopl", SYS_iopl, { 3 } },
  { "modify_ldt", SYS_modify_ldt, { 1, BUFFER, 16 } },
  { "quotactl", SYS_quotactl, { 0, 0, 0, 0 } },
  { "syslog", SYS_syslog, { 3, BUFFER, 100 } },
  { "acct", SYS_acct, { 0 } },
  { "setuid", SYS_setuid, { 1000 } },
  { "setgid", SYS_setgid, { 1000 } },
  { "setgroups", SYS_setgroups, { 0, 0 } },
  { "capset", SYS_capset, { BUFFER, BUFFER } },
  { "sethostname", SYS_sethostname, { TEXT ("x"), 1 } },
  { "prctl dumpable", SYS_prctl, { PR_SET_DUMPABLE, 1, 0, 0, 0 } },
  { "prctl ptracer", SYS_prctl, { PR_SET_PTRACER, -1, 0, 0, 0 } },
  { "seccomp", SYS_seccomp, { 1, 0, BUFFER } },
  { "pidfd_open", SYS_pidfd_open, { 1, 0 } },
  { "pidfd_getfd", SYS_pidfd_getfd, { 3, 3, 0 } },
  { "fanotify_init", SYS_fanotify_init, { 0, 0 } },
  { "inotify_init", SYS_inotify_init1, { 0 } },
  { "msgget", SYS_msgget, { 0, 01600 } },
  { "semget", SYS_semget, { 0, 1, 01600 } },
  { "shmget", SYS_shmget, { 0, 4096, 01600 } },
  { "mq_open", SYS_mq_open, { TEXT ("/q"), O_CREAT | O_RDWR, 0600, 0 } },
  { "ioctl TIOCSTI", SYS_ioctl, { 0, 0x5412, BUFFER } },
  { "setrlimit", SYS_setrlimit, { 7, BUFFER } },
  { "timer_create", SYS_timer_create, { 0, 0, BUFFER } },
  { "dup", SYS_dup, { 3 } },
  { "splice", SYS_splice, { 3, 0, 4, 0, 1 } },
  { "x32 getpid", 0x40000000 + SYS_getpid, { 0 } },
};

static gboolean
was_refused (long result, char **detail)
{
  if (result < 0)
    {
      *detail = g_strdup_printf ("refused: %s", g_strerror (errno));
      return TRUE;
    }
  *detail = g_strdup_printf ("it worked and gave %ld", result);
  return FALSE;
}

/* Every descriptor but the channels and the three on nothing: a write must find none. */
static gboolean
stray_descriptors (char **detail)
{
  for (int fd = 6; fd < 1024; fd++)
    if (write (fd, "", 0) >= 0)
      {
        /* The engine's own wake-up counters are there: they lead nowhere. */
        guint64 one = 0;
        if (write (fd, &one, sizeof one) == sizeof one)
          continue;
        *detail = g_strdup_printf ("descriptor %d can be written", fd);
        return FALSE;
      }
  *detail = g_strdup ("refused: there are none");
  return TRUE;
}

static gboolean
pass_a_descriptor (char **detail)
{
  char control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct iovec iov = { .iov_base = buffer, .iov_len = 0 };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (sizeof (int));
  *(int *) CMSG_DATA (header) = 0;
  /* No byte, no message: the server drops descriptors that come along with bytes. */
  long result = sendmsg (3, &message, 0);
  *detail = g_strdup_printf ("refused: nothing was passed (%ld)", result);
  return result <= 0;
}

static gboolean
call_32_bit (char **detail)
{
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
  *detail = g_strdup_printf ("the 32-bit interface gave %ld", result);
  return result < 0;
#else
  *detail = g_strdup ("refused: this machine has no such interface");
  return TRUE;
#endif
}

static const struct
{
  const char *name;
  gboolean (*run) (char **detail);
} others[] = {
  { "stray descriptors", stray_descriptors },
  { "pass a descriptor", pass_a_descriptor },
  { "32-bit system call", call_32_bit },
};

const char *const *
attack_names (void)
{
  static const char *names[G_N_ELEMENTS (attempts) + G_N_ELEMENTS (others) + 1];
  guint n = 0;
  for (guint i = 0; i < G_N_ELEMENTS (attempts); i++)
    names[n++] = attempts[i].name;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    names[n++] = others[i].name;
  return names;
}

gboolean
attack_run (const char *name, char **detail)
{
  for (guint i = 0; i < G_N_ELEMENTS (attempts); i++)
    if (strcmp (attempts[i].name, name) == 0)
      {
        const long *a = attempts[i].arguments;
        pid_t self = getpid ();
        long result = syscall (attempts[i].number, a[0], a[1], a[2], a[3], a[4]);
        if (getpid () != self)
          _exit (0); /* a child that should not be */
        return was_refused (result, detail);
      }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (strcmp (others[i].name, name) == 0)
      return others[i].run (detail);
  *detail = g_strdup ("there is no attempt of that name");
  return FALSE;
}
