/* The watch.
 *
 * The engine's own limit can't stop everything (a spin in microtasks, a regular
 * expression, one huge native call), so every busy worker is also looked at from
 * outside: wall clock and processor time of each execution, resident memory of
 * the process, and the page on which the worker says what it is running. Wall
 * clock and CPU have a grace, since inside the worker the same limit ends the
 * execution alone and in peace; memory has none. Past that, SIGKILL.
 *
 * It is a thread of its own because the main loop may be late (a frame of many
 * megabytes, a burst of requests) exactly when a worker eats two gigabytes a
 * second. It kills by pidfd, which can't hit a stranger that got the pid; only
 * where the kernel has none, the main loop is asked to do it.
 *
 * How often it looks follows from what could happen until the next look: memory
 * grows at no more than FASTEST_GROWTH, time passes as fast as it does. So it is
 * rarely woken for ordinary executions, and every millisecond near a limit. It
 * sleeps without a timeout when nothing runs.
 *
 * The page is a hint, and the worker could write anything there. A lie only moves
 * the blame among the executions of that worker; each has its wall clock whatever
 * the page says.
 *
 * One mutex guards everything here; the thread holds it while it looks, which
 * takes microseconds a worker.
 */
#include "dispatch/watch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MS ((gint64) 1000)
#define LEAST_LOOK_US (1 * MS)
#define MOST_LOOK_US (50 * MS)
/* What the engine's own limit gets to do its work in peace. */
#define GRACE_US (50 * MS)
/* Bytes in a microsecond: more than one thread can touch anew. */
#define FASTEST_GROWTH 4096
/* Looks without anything to look at before the thread sleeps: a busy server does not pay for waking
 * it with each request. */
#define LINGER_LOOKS 4

typedef struct
{
  guint64 slot;
  gint64 started_at_us, wall_us;
  gint64 cpu_us, cpu_limit_us;
  gint64 memory_bytes;
} WatchedRun;

struct Watch
{
  GMutex mutex;
  GCond cond;
  GMainContext *context;
  GThread *thread;
  gboolean is_stopping, is_asleep;
  gint64 next_look_us;
  guint idle_looks;
  GPtrArray *processes; /* of WatchedProcess, one reference each */
};

struct WatchedProcess
{
  Watch *watch;
  GPid pid;
  int pid_fd, statm_fd;
  WorkerPage *page;
  WatchKilled killed;
  gpointer user_data;
  GArray *runs; /* of WatchedRun */
  gint64 idle_bytes, resident_bytes, cpu_us;
  guint64 seen_entries, last_slot;
  gboolean is_condemned, is_removed, has_signal;
  WatchVerdict verdict;
};

/* --- what the kernel knows of a process --- */

static int
open_proc (GPid pid, const char *name)
{
  char path[64];
  g_snprintf (path, sizeof path, "/proc/%d/%s", pid, name);
  return open (path, O_RDONLY | O_CLOEXEC);
}

static gboolean
read_numbers (int fd, guint64 *first, guint64 *second)
{
  char text[256];
  gssize n = fd < 0 ? -1 : pread (fd, text, sizeof text - 1, 0);
  if (n <= 0)
    return FALSE;
  text[n] = '\0';
  char *end;
  *first = g_ascii_strtoull (text, &end, 10);
  *second = g_ascii_strtoull (end, NULL, 10);
  return TRUE;
}

static gint64
read_resident (WatchedProcess *process)
{
  guint64 size, resident;
  if (!read_numbers (process->statm_fd, &size, &resident))
    return 0;
  return (gint64) (resident * (guint64) sysconf (_SC_PAGESIZE));
}

/* Processor time of the whole process, the engine's compiler and collector threads included: they
 * work for what runs. The worker's own count, which ends an execution first, is of its one thread.
 */
static gint64
read_cpu (WatchedProcess *process)
{
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid (process->pid, &clock) != 0 || clock_gettime (clock, &time) != 0)
    return process->cpu_us;
  return (gint64) time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* --- one look --- */

static WatchedRun *
find_run (WatchedProcess *process, guint64 slot)
{
  for (guint i = 0; slot != 0 && i < process->runs->len; i++)
    {
      WatchedRun *run = &g_array_index (process->runs, WatchedRun, i);
      if (run->slot == slot)
        return run;
    }
  return NULL;
}

static gboolean
on_killed (gpointer user_data)
{
  WatchedProcess *process = user_data;
  if (!process->is_removed) /* written and read on the main context only */
    process->killed (process, process->has_signal, process->user_data);
  return G_SOURCE_REMOVE;
}

static void
process_clear (gpointer data)
{
  WatchedProcess *process = data;
  if (process->pid_fd >= 0)
    close (process->pid_fd);
  if (process->statm_fd >= 0)
    close (process->statm_fd);
  g_array_unref (process->runs);
}

static void
process_unref (gpointer process)
{
  g_atomic_rc_box_release_full (process, process_clear);
}

static void
kill_for (WatchedProcess *process, const WatchVerdict *verdict)
{
  process->is_condemned = TRUE;
  process->verdict = *verdict;
  process->has_signal = process->pid_fd >= 0
                        && syscall (SYS_pidfd_send_signal, process->pid_fd, SIGKILL, NULL, 0) == 0;
  /* Not g_main_context_invoke(): that would run it in this thread while nobody else has the
   * context. */
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_killed, g_atomic_rc_box_acquire (process), process_unref);
  g_source_attach (source, process->watch->context);
}

/* What is on the page, taken twice so that it is of one entry. */
static WatchedRun *
read_page (WatchedProcess *process, gint64 now_us, gint64 *entry_us)
{
  WorkerPage *page = process->page;
  guint64 entries = atomic_load (&page->entries);
  guint64 slot = atomic_load (&page->running_slot);
  gint64 entered_at_us = atomic_load (&page->entered_at_us);
  WatchedRun *run = entries == atomic_load (&page->entries) ? find_run (process, slot) : NULL;

  *entry_us = 0;
  if (run == NULL)
    return NULL;
  process->last_slot = slot;
  *entry_us = CLAMP (now_us - entered_at_us, 0, now_us - run->started_at_us);
  return run;
}

/* Time that passed since the last look is the running execution's, but never more than it has been
 * in this entry: what others used before it came in is not charged to it. */
static void
charge_cpu (WatchedProcess *process, WatchedRun *running, gint64 entry_us)
{
  gint64 cpu_us = read_cpu (process);
  if (running != NULL)
    running->cpu_us += CLAMP (cpu_us - process->cpu_us, 0, entry_us);
  process->cpu_us = cpu_us;
}

static gint64
memory_limit (WatchedProcess *process)
{
  gint64 limit = 0;
  for (guint i = 0; i < process->runs->len; i++)
    limit = MAX (limit, g_array_index (process->runs, WatchedRun, i).memory_bytes);
  return limit;
}

/* Whom to blame for memory: who runs, else who ran last, else the only one. */
static guint64
memory_slot (WatchedProcess *process, WatchedRun *running)
{
  if (running != NULL)
    return running->slot;
  if (find_run (process, process->last_slot) != NULL)
    return process->last_slot;
  return process->runs->len == 1 ? g_array_index (process->runs, WatchedRun, 0).slot : 0;
}

static gboolean
check_memory (WatchedProcess *process, WatchedRun *running, gint64 *next_us)
{
  gint64 used = MAX (process->resident_bytes - process->idle_bytes, 0);
  gint64 limit = memory_limit (process);
  if (used > limit)
    {
      WatchVerdict verdict
          = { memory_slot (process, running), LIMIT_MEMORY_MB, used >> 20, limit >> 20 };
      kill_for (process, &verdict);
      return FALSE;
    }
  *next_us = MIN (*next_us, (limit - used) / FASTEST_GROWTH);
  return TRUE;
}

static gboolean
check_cpu (WatchedProcess *process, WatchedRun *running, gint64 *next_us)
{
  gint64 left = running->cpu_limit_us + GRACE_US - running->cpu_us;
  if (left < 0)
    {
      WatchVerdict verdict
          = { running->slot, LIMIT_CPU_MS, running->cpu_us / MS, running->cpu_limit_us / MS };
      kill_for (process, &verdict);
      return FALSE;
    }
  *next_us = MIN (*next_us, left);
  return TRUE;
}

static gboolean
check_wall (WatchedProcess *process, gint64 now_us, gint64 *next_us)
{
  for (guint i = 0; i < process->runs->len; i++)
    {
      WatchedRun *run = &g_array_index (process->runs, WatchedRun, i);
      gint64 left = run->started_at_us + run->wall_us + GRACE_US - now_us;
      if (left < 0)
        {
          WatchVerdict verdict
              = { run->slot, LIMIT_WALL_MS, (now_us - run->started_at_us) / MS, run->wall_us / MS };
          kill_for (process, &verdict);
          return FALSE;
        }
      *next_us = MIN (*next_us, left);
    }
  return TRUE;
}

/* Returns after how long to look again, or -1 if there is nothing to look at. */
static gint64
look (WatchedProcess *process, gint64 now_us)
{
  gint64 entry_us, next_us = MOST_LOOK_US;
  if (process->runs->len == 0 || process->is_condemned)
    return -1;

  WatchedRun *running = read_page (process, now_us, &entry_us);
  guint64 entries = atomic_load (&process->page->entries);
  if (running != NULL || entries != process->seen_entries)
    {
      process->seen_entries = entries;
      process->resident_bytes = read_resident (process);
      charge_cpu (process, running, entry_us);
    }
  if (!check_memory (process, running, &next_us))
    return -1;
  if (running != NULL && !check_cpu (process, running, &next_us))
    return -1;
  if (!check_wall (process, now_us, &next_us))
    return -1;
  return MAX (next_us, LEAST_LOOK_US);
}

/* --- the thread --- */

static gint64
look_at_all (Watch *watch, gint64 now_us)
{
  gint64 next_us = -1;
  for (guint i = 0; i < watch->processes->len; i++)
    {
      gint64 us = look (watch->processes->pdata[i], now_us);
      if (us >= 0 && (next_us < 0 || us < next_us))
        next_us = us;
    }
  return next_us;
}

static gpointer
run_watch (gpointer data)
{
  Watch *watch = data;
  g_mutex_lock (&watch->mutex);
  while (!watch->is_stopping)
    {
      gint64 now_us = g_get_monotonic_time ();
      gint64 next_us = look_at_all (watch, now_us);
      watch->idle_looks = next_us < 0 ? watch->idle_looks + 1 : 0;
      if (watch->idle_looks > LINGER_LOOKS)
        {
          watch->is_asleep = TRUE;
          g_cond_wait (&watch->cond, &watch->mutex);
          watch->is_asleep = FALSE;
          watch->idle_looks = 0;
          continue;
        }
      watch->next_look_us = now_us + (next_us < 0 ? MOST_LOOK_US : next_us);
      g_cond_wait_until (&watch->cond, &watch->mutex, watch->next_look_us);
    }
  g_mutex_unlock (&watch->mutex);
  return NULL;
}

Watch *
watch_new (GMainContext *context)
{
  Watch *watch = g_new0 (Watch, 1);
  g_mutex_init (&watch->mutex);
  g_cond_init (&watch->cond);
  watch->context = g_main_context_ref (context == NULL ? g_main_context_default () : context);
  watch->processes = g_ptr_array_new_with_free_func (process_unref);
  return watch;
}

void
watch_free (Watch *watch)
{
  if (watch->thread != NULL)
    {
      g_mutex_lock (&watch->mutex);
      watch->is_stopping = TRUE;
      g_cond_signal (&watch->cond);
      g_mutex_unlock (&watch->mutex);
      g_thread_join (watch->thread);
    }
  g_assert (watch->processes->len == 0);
  g_ptr_array_unref (watch->processes);
  g_main_context_unref (watch->context);
  g_mutex_clear (&watch->mutex);
  g_cond_clear (&watch->cond);
  g_free (watch);
}

WatchedProcess *
watch_add (Watch *watch, GPid pid, WorkerPage *page, WatchKilled killed, gpointer user_data)
{
  WatchedProcess *process = g_atomic_rc_box_new0 (WatchedProcess);
  process->watch = watch;
  process->pid = pid;
  process->pid_fd = (int) syscall (SYS_pidfd_open, pid, 0);
  process->statm_fd = open_proc (pid, "statm");
  process->page = page;
  process->killed = killed;
  process->user_data = user_data;
  process->runs = g_array_new (FALSE, FALSE, sizeof (WatchedRun));
  process->idle_bytes = process->resident_bytes = read_resident (process);

  g_mutex_lock (&watch->mutex);
  g_ptr_array_add (watch->processes, g_atomic_rc_box_acquire (process));
  g_mutex_unlock (&watch->mutex);
  return process;
}

void
watch_remove (WatchedProcess *process)
{
  Watch *watch = process->watch;
  g_mutex_lock (&watch->mutex);
  g_ptr_array_remove_fast (watch->processes, process);
  g_mutex_unlock (&watch->mutex);
  process->is_removed = TRUE;
  process_unref (process);
}

void
watched_process_mark_idle (WatchedProcess *process)
{
  gint64 resident = read_resident (process);
  g_mutex_lock (&process->watch->mutex);
  process->idle_bytes = process->resident_bytes = resident;
  g_mutex_unlock (&process->watch->mutex);
}

/* With the mutex held. */
static void
wake (Watch *watch, gint64 look_at_us)
{
  if (watch->thread == NULL)
    watch->thread = g_thread_new ("watch", run_watch, watch);
  else if (watch->is_asleep || look_at_us < watch->next_look_us)
    g_cond_signal (&watch->cond);
}

void
watched_process_run (WatchedProcess *process, guint64 slot, const Limits *limits,
                     gint64 started_at_us)
{
  WatchedRun run = {
    .slot = slot,
    .started_at_us = started_at_us,
    .wall_us = limits->value[LIMIT_WALL_MS] * MS,
    .cpu_limit_us = limits->value[LIMIT_CPU_MS] * MS,
    .memory_bytes = limits->value[LIMIT_MEMORY_MB] << 20,
  };
  gint64 first_us
      = MIN (MIN (run.wall_us, run.cpu_limit_us) + GRACE_US, run.memory_bytes / FASTEST_GROWTH);
  Watch *watch = process->watch;

  g_mutex_lock (&watch->mutex);
  g_array_append_val (process->runs, run);
  wake (watch, started_at_us + CLAMP (first_us, LEAST_LOOK_US, MOST_LOOK_US));
  g_mutex_unlock (&watch->mutex);
}

void
watched_process_end_run (WatchedProcess *process, guint64 slot)
{
  g_mutex_lock (&process->watch->mutex);
  WatchedRun *run = find_run (process, slot);
  if (run != NULL)
    g_array_remove_index_fast (process->runs,
                               (guint) (run - &g_array_index (process->runs, WatchedRun, 0)));
  g_mutex_unlock (&process->watch->mutex);
}

gboolean
watched_process_verdict (WatchedProcess *process, WatchVerdict *verdict)
{
  g_mutex_lock (&process->watch->mutex);
  gboolean is_condemned = process->is_condemned;
  *verdict = process->verdict;
  g_mutex_unlock (&process->watch->mutex);
  return is_condemned;
}

guint64
watched_process_resident_bytes (WatchedProcess *process)
{
  return (guint64) read_resident (process);
}

guint64
watched_process_occupied_bytes (WatchedProcess *process, gboolean anew)
{
  g_mutex_lock (&process->watch->mutex);
  if (anew)
    process->resident_bytes = read_resident (process);
  gint64 bytes = MAX (process->resident_bytes - process->idle_bytes, 0);
  g_mutex_unlock (&process->watch->mutex);
  return (guint64) bytes;
}

gint64
watched_process_cpu_us (WatchedProcess *process)
{
  g_mutex_lock (&process->watch->mutex);
  gint64 us = read_cpu (process);
  g_mutex_unlock (&process->watch->mutex);
  return us;
}
