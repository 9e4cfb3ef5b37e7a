/* The sandbox: zygote, namespaces, seccomp, and what this machine gives of them.
 *
 * sandbox_enter() is a straight list of steps (the table in sandbox.c and in
 * docs/security.md): own user, mount, pid, ipc, uts and network namespace, an
 * empty read-only root, no capabilities, no_new_privs, no descriptors but the
 * channels, rlimits, seccomp. Each failure is fatal and named.
 */
#pragma once

#include <gio/gio.h>

#define SANDBOX_ERROR (sandbox_error_quark ())
GQuark sandbox_error_quark (void);
typedef enum
{
  SANDBOX_ERROR_UNAVAILABLE, /* this machine refuses a layer: the message names it and the remedy */
  SANDBOX_ERROR_FAILED,
} SandboxErrorCode;

typedef enum
{
  SANDBOX_FULL,
  SANDBOX_WEAK, /* --sandbox=weak: seccomp, rlimits and no_new_privs, without namespaces */
  SANDBOX_OFF,  /* debug builds only: for gdb */
} SandboxMode;

/* What runs inside: `prepare` before seccomp (the engine starts), `serve` after it; its result is
 * the exit status. The worker's descriptors are as in worker/protocol.h. */
typedef struct
{
  void (*prepare) (gpointer page);
  int (*serve) (void);
  gsize page_bytes; /* size of the shared page */
} SandboxGuest;

/* The zygote: forked from the caller while it still has one thread and no secret. Returns the
 * caller's end of its channel in *fd and its pid, or FALSE. The child never returns. It ends when
 * the channel closes, and its workers with it. Its process title is "tenon: zygote". */
gboolean
zygote_start (SandboxMode mode, const SandboxGuest *guest, int *fd, GPid *pid, GError **error);

/* The zygote's life on its channel: what zygote_start() runs in the child, after a fork the first
 * time and after an exec of this program with ZYGOTE_COMMAND (main.c) when it is started again,
 * since by then the caller has threads. Returns the exit status. */
#define ZYGOTE_COMMAND "__zygote"
int zygote_main (SandboxMode mode, const SandboxGuest *guest, int fd);

/* What a worker is born with. */
typedef struct
{
  int server, egress, keeper; /* its channels */
  int page;                   /* a memfd */
} WorkerFds;

/* Asks for a worker: async, the zygote answers in order. `done` gets the pid in the caller's pid
 * namespace, and a pidfd the caller owns (-1 if the kernel has none), or an error. The descriptors
 * are duplicated into the worker; the page is mapped before the sandbox and closed. The zygote
 * reports deaths through `died` (status as from waitpid). */
typedef struct Zygote Zygote;
typedef void (*ZygoteSpawned) (GPid pid, const GError *error, gpointer user_data);
typedef void (*ZygoteWorkerDied) (GPid pid, int wait_status, gpointer user_data);
typedef void (*ZygoteClosed) (gpointer user_data); /* the zygote itself is gone */

Zygote *zygote_client_new (int fd, GMainContext *context, ZygoteWorkerDied died,
                           ZygoteClosed closed, gpointer user_data);
void zygote_client_free (Zygote *zygote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Zygote, zygote_client_free)
void zygote_spawn (Zygote *zygote, const WorkerFds *fds, ZygoteSpawned done, gpointer user_data);
/* SIGKILL. Only pids that this zygote spawned and that have not been reported dead. */
void zygote_kill (Zygote *zygote, GPid pid);

/* A memfd of page_bytes, sealed against resizing, mapped into the caller at *page. -1 on error. */
int sandbox_page_new (gsize page_bytes, gpointer *page, GError **error);

/* What the machine gives: one row a layer. */
typedef struct
{
  const char *layer; /* "user namespace" */
  gboolean is_present;
  char *detail;     /* why not, and the setting that would allow it */
  const char *cost; /* what is lost without it */
} SandboxLayer;

GPtrArray *sandbox_probe (void); /* of SandboxLayer, free with g_ptr_array_unref */
/* Whether SANDBOX_FULL can work here; the error names the first missing layer and the remedy. */
gboolean sandbox_check (GError **error);

/* The escape attempts, by name (NULL-terminated), and one run of one of them in the calling
 * process: only the worker's WORKER_ATTACK handler (debug builds) and the doctor's own sandboxed
 * child call it. TRUE = it was refused; *detail says how. An attempt that the kernel answers with
 * death never returns. */
const char *const *attack_names (void);
gboolean attack_run (const char *name, char **detail);

/* `tenon doctor`'s run: each attempt in a fresh sandboxed child of its own. Blocks; call it from a
 * process with one thread. of AttackResult. */
typedef struct
{
  const char *name;
  gboolean was_refused;
  char *detail;
} AttackResult;
GPtrArray *attack_run_all (SandboxMode mode, GError **error);
