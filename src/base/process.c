#include "base/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

gboolean
process_prepare_child (int fd, pid_t parent)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != parent)
    return FALSE;
  if (fd == PROCESS_CONTROL_FD)
    fcntl (fd, F_SETFD, 0);
  else if (dup2 (fd, PROCESS_CONTROL_FD) < 0)
    return FALSE;
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0)
    dup2 (null, STDIN_FILENO);
  close_range (PROCESS_CONTROL_FD + 1, ~0U, 0);
  return TRUE;
}

void
process_reset_signals (void)
{
  sigset_t none;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  for (int number = 1; number < NSIG; number++)
    if (number != SIGKILL && number != SIGSTOP)
      signal (number, SIG_DFL);
  signal (SIGPIPE, SIG_IGN);
}

void
process_drop_capabilities (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[2] = { 0 };
  for (int capability = 0; prctl (PR_CAPBSET_READ, capability) >= 0; capability++)
    prctl (PR_CAPBSET_DROP, capability);
  prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  syscall (SYS_capset, &header, none);
}
