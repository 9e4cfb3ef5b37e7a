/* Workers as seen from outside: what worker_host.c, worker_process.c and the tests share. */
#pragma once

#include "base/frame.h"
#include "dispatch/dispatch.h"
#include "dispatch/watch.h"

/* What the keeper says goes to whoever looks after connections. */
typedef struct
{
  void (*frame) (Frame *frame, gpointer user_data);
  void (*up) (gpointer user_data);   /* started anew: it knows nothing */
  void (*down) (gpointer user_data); /* gone; what was asked is not answered */
  gpointer user_data;
} KeeperEvents;

struct WorkerHost
{
  SandboxMode mode;
  const SandboxGuest *guest;
  char **allowed_cidrs;
  GMainContext *context; /* NULL until attached */
  Watch *watch;
  gsize max_frame_bytes;

  int zygote_fd; /* until attached */
  GPid zygote_pid;
  Zygote *zygote; /* NULL = down */
  int egress_fd;  /* until attached */
  GPid egress_pid;
  FrameChannel *egress; /* NULL = down */
  gboolean has_keeper;
  int keeper_fd; /* until attached */
  GPid keeper_pid;
  FrameChannel *keeper; /* NULL = down */
  KeeperEvents keeper_events;
  guint restarts;   /* of any, since the last worker that came up */
  GSource *restart; /* when a try is due */
  GSource *zygote_gone;

  guint64 last_number;
  GPtrArray *workers; /* of WorkerProcess, all that are not freed; borrowed */
};

typedef enum
{
  PROCESS_ALIVE,  /* or about to be */
  PROCESS_ENDING, /* it was killed, or its channel ended: waiting for the rest of its frames and its
                     status */
  PROCESS_GONE,
} ProcessState;

/* An execution inside, as far as the worker is to be watched. */
typedef struct
{
  guint64 slot;
  gint64 started_at_us; /* monotonic */
  Limits limits;
  gboolean has_response; /* EXECUTION_RESPONSE came */
  gboolean is_rejected;  /* EXECUTION_REJECTED came */
  gboolean is_abandoned; /* the owner is no longer interested: frames are dropped until it ends */
} ProcessRun;

struct WorkerProcess
{
  WorkerHost *host;
  guint refs;
  WorkerProcessEvents events;
  gpointer user_data;
  gboolean is_freed;

  guint64 number; /* egress's and the keeper's name for it */
  gboolean egress_is_attached, keeper_is_attached;
  gboolean has_grants; /* its executions wait for connections */
  ProcessState state;
  gboolean is_spawning;  /* the zygote was asked and has not answered */
  GPid pid;              /* 0 until then */
  FrameChannel *channel; /* NULL = gone */
  WorkerFds fds;         /* the worker's, until the zygote has them */
  int egress_end;        /* of its requests' channel, until egress has it */
  int keeper_end;        /* of its connections' channel, until the keeper has it */
  WorkerPage *page;
  WatchedProcess *watched;
  GArray *runs; /* of ProcessRun */
  gboolean is_assigned, was_ready;
  guint readies_due; /* WORKER_READY frames that are still to come */

  gboolean is_reaped;
  int wait_status;
  char *reason;      /* why we ended it, NULL = we did not */
  GSource *patience; /* how long ENDING may last */
};

/* The worker that serves `guest`: worker_host_start() with the real one. */
WorkerHost *worker_host_start_guest (SandboxMode mode, const SandboxGuest *guest,
                                     const char *const *allowed_cidrs, GError **error);
/* The longest frame that a worker may send, for workers made later. */
void worker_host_set_max_frame_bytes (WorkerHost *host, gsize bytes);
gboolean worker_host_is_up (WorkerHost *host);
/* `user_data` NULL ends it. */
void worker_host_set_keeper_events (WorkerHost *host, const KeeperEvents *events);
/* Ends `writer`; dropped where the keeper is down. */
void worker_host_tell_keeper (WorkerHost *host, FrameWriter *writer);
/* With a zygote at hand: asks it for the process. */
void worker_process_spawn (WorkerProcess *worker);
/* Hands its channel of requests to egress, where there is one and it does not have it yet. */
void worker_process_attach_egress (WorkerProcess *worker);
void worker_process_attach_keeper (WorkerProcess *worker);
/* Binds it to the instance whose connections (names, NULL-terminated) its executions get; before
 * its assignment. */
void worker_process_bind (WorkerProcess *worker, const char *instance_id, const char *const *names);
/* Before worker_process_run(): the keeper gives it the connections of that execution. */
void worker_process_grant (WorkerProcess *worker, guint64 slot, const char *execution_id);
void worker_process_revoke (WorkerProcess *worker, guint64 slot);
/* Forgets it at once, without waiting for its end; no event. For the host's own end. */
void worker_process_drop (WorkerProcess *worker);
/* The zygote is gone, and the process with it. */
void worker_process_orphan (WorkerProcess *worker);
void worker_process_reaped (WorkerProcess *worker, int wait_status);
/* A frame as if it had come from the worker (fuzzing too). */
void worker_process_take_frame (WorkerProcess *worker, const Frame *frame);
/* Ends it for a reason that `died` tells: it sent what it must not. Not for limits. */
void worker_process_condemn (WorkerProcess *worker, const char *reason);
/* How long the entry that it is in has lasted by its own account; 0 = it is in none. */
gint64 worker_process_entry_us (WorkerProcess *worker);
gboolean worker_process_is_alive (WorkerProcess *worker);
/* Resident memory above the idle size, as of the watch's last look: costs nothing. */
guint64 worker_process_occupied_bytes (WorkerProcess *worker);
/* The same, asked anew. */
guint64 worker_process_measure_bytes (WorkerProcess *worker);
gint64 worker_process_cpu_us (WorkerProcess *worker);
void worker_process_set_reading (WorkerProcess *worker, gboolean is_reading);
WorkerProcess *worker_process_ref (WorkerProcess *worker);
void worker_process_unref (WorkerProcess *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WorkerProcess, worker_process_unref)
