/* The watch: a thread that looks at busy workers from outside. See watch.c. */
#pragma once

#include <glib.h>
#include "base/limits.h"
#include "worker/protocol.h"

typedef struct Watch Watch;
typedef struct WatchedProcess WatchedProcess;

/* Why a process was killed. */
typedef struct
{
  guint64 slot; /* the execution that is to blame; 0 = not known which */
  LimitId limit;
  gint64 used, allowed; /* in the limit's unit */
} WatchVerdict;

/* Runs on `context` after a process was killed for a limit. `has_signal` is FALSE where this kernel
 * gives no pidfd: then the kill is the caller's to do. */
typedef void (*WatchKilled) (WatchedProcess *process, gboolean has_signal, gpointer user_data);

/* The thread starts with the first busy process. */
Watch *watch_new (GMainContext *context);
/* After all of its processes were removed. */
void watch_free (Watch *watch);

/* `page` must stay mapped until watch_remove(). */
WatchedProcess *
watch_add (Watch *watch, GPid pid, WorkerPage *page, WatchKilled killed, gpointer user_data);
/* No `killed` runs after it. */
void watch_remove (WatchedProcess *process);

/* The process is idle now: what it occupies is what an idle worker does. */
void watched_process_mark_idle (WatchedProcess *process);
void watched_process_run (WatchedProcess *process, guint64 slot, const Limits *limits,
                          gint64 started_at_us);
void watched_process_end_run (WatchedProcess *process, guint64 slot);
/* FALSE if it was not killed for a limit. */
gboolean watched_process_verdict (WatchedProcess *process, WatchVerdict *verdict);
/* 0 = not known. Asks the kernel. */
guint64 watched_process_resident_bytes (WatchedProcess *process);
/* Above the idle size; as of the last look, or asked anew. */
guint64 watched_process_occupied_bytes (WatchedProcess *process, gboolean anew);
gint64 watched_process_cpu_us (WatchedProcess *process);
