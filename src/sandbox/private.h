/* What the files of the sandbox share. */
#pragma once

#include "base/frame.h"
#include "sandbox/sandbox.h"

/* Server -> zygote: SPAWN with the descriptors server, egress, keeper, page; KILL i64 pid.
 * Zygote -> server: SPAWNED i64 pid, text error (NULL = none), in order of the SPAWNs; DIED i64
 * pid, i64 wait status. */
enum
{
  ZYGOTE_SPAWN = 1,
  ZYGOTE_KILL,
  ZYGOTE_SPAWNED = 64,
  ZYGOTE_DIED,
};

#define ZYGOTE_MAX_FRAME_BYTES 4096

/* Forks a child in namespaces of its own (SANDBOX_FULL) or not; as fork() otherwise. */
pid_t sandbox_fork (SandboxMode mode, GError **error);

/* In the child: everything up to seccomp. `outer_uid` is what root inside maps to. The steps are
 * the table in sandbox.c. */
gboolean sandbox_enter (SandboxMode mode, GError **error);
/* The last step: the allow-list. */
gboolean sandbox_seccomp (GError **error);

/* The worker's whole life after the fork; never returns. */
void sandbox_run_guest (SandboxMode mode, const SandboxGuest *guest,
                        const WorkerFds *fds) G_GNUC_NORETURN;

void sandbox_set_title (const char *title);

/* Where an escape attempt of the doctor tells how it went: the place of a worker's channel. */
#define WORKER_REPORT_FD 3
