/* The workers.
 *
 * A worker serves one deployment for its whole life. Blank ones are kept ready, so
 * that the first request of a cold instance only needs an assignment. Executions
 * share a worker while they are short and small, each in its own realm: that is
 * where the speed comes from. They stop sharing when an entry lasts (somebody
 * computes; who comes next would wait), when the worker has grown, or when one of
 * them has broken a worker before and is to be alone with its next.
 *
 * Of options.workers, some are kept for instances that have none yet; where all
 * are taken, the one that has been idle longest is given up, and where all are
 * busy, one of whoever has most is drained. So a flooded instance can slow another
 * one down by no more than the end of an execution.
 */
#include "dispatch/connections.h"
#include "dispatch/private.h"

#define BUSY_ENTRY_US 5000
/* How many share before another process is better: with processors to spare, few. Without, another
 * one only takes turns with the first. */
#define SHARE_ON_SPARE_CPUS 4
#define SHARE_MOST 64
#define REFILL_MS 50
#define LEAST_TURN_US ((gint64) 1000000)
#define LEAST_SPAWN_BACK_OFF_US ((gint64) 100000)
#define MOST_SPAWN_BACK_OFF_US ((gint64) 5000000)
/* Given to the store before it is asked how much waits there; and when reading stops. */
#define PRESSURE_CHECK_BYTES ((gsize) 4 << 20)
#define PRESSURE_BYTES ((guint64) 128 << 20)
#define DRAIN_MS 20

static const WorkerProcessEvents process_events;

void
pool_worker_free (gpointer data)
{
  Worker *worker = data;
  if (worker->process != NULL)
    worker_process_free (worker->process);
  if (worker->deployment != NULL)
    {
      g_ptr_array_remove_fast (worker->deployment->workers, worker);
      deployment_unref (worker->deployment);
    }
  else
    worker->dispatcher->n_blank--;
  g_ptr_array_unref (worker->executions);
  g_free (worker);
}

static void
give_up (Worker *worker)
{
  g_ptr_array_remove_fast (worker->dispatcher->workers, worker);
}

void
pool_retire (Worker *worker)
{
  worker->is_retiring = TRUE;
  if (worker->executions->len == 0)
    give_up (worker);
}

void
pool_retire_deployment (Deployment *deployment)
{
  g_autoptr (GPtrArray) workers = g_ptr_array_copy (deployment->workers, NULL, NULL);
  for (guint i = 0; i < workers->len; i++)
    pool_retire (workers->pdata[i]);
}

/* --- making them --- */

static Worker *
spawn (Dispatcher *dispatcher)
{
  Worker *worker = g_new0 (Worker, 1);
  worker->dispatcher = dispatcher;
  worker->executions = g_ptr_array_new ();
  g_ptr_array_add (dispatcher->workers, worker);
  dispatcher->n_blank++;
  dispatcher->counts.workers_started++;
  worker->process = worker_process_new (dispatcher->host, &process_events, worker);
  return worker;
}

static gboolean
may_spawn (Dispatcher *dispatcher)
{
  return g_get_monotonic_time () >= dispatcher->spawn_not_before_us;
}

static gboolean
on_refill (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  g_clear_pointer (&dispatcher->refill, g_source_unref);
  if (dispatcher->is_stopping)
    return G_SOURCE_REMOVE;
  while (may_spawn (dispatcher) && dispatcher->n_blank < dispatcher->options.spare_workers
         && dispatcher->workers->len < dispatcher->options.workers)
    spawn (dispatcher);
  if (!may_spawn (dispatcher))
    pool_refill_later (dispatcher);
  return G_SOURCE_REMOVE;
}

/* Not at once: who took the last spare one wants the processor now. */
void
pool_refill_later (Dispatcher *dispatcher)
{
  if (dispatcher->refill == NULL && !dispatcher->is_stopping)
    dispatcher->refill = dispatcher_timer (REFILL_MS, on_refill, dispatcher);
}

static Worker *
find_blank (Dispatcher *dispatcher)
{
  Worker *found = NULL;
  for (guint i = 0; i < dispatcher->workers->len && dispatcher->n_blank > 0; i++)
    {
      Worker *worker = dispatcher->workers->pdata[i];
      if (worker->deployment != NULL || !worker_process_is_alive (worker->process))
        continue;
      found = worker;
      if (worker->has_been_ready)
        break;
    }
  return found;
}

/* --- room for another --- */

static guint
workers_of (Dispatcher *dispatcher, Instance *instance)
{
  guint n = 0;
  for (guint i = 0; i < dispatcher->workers->len; i++)
    {
      Worker *worker = dispatcher->workers->pdata[i];
      n += worker->deployment != NULL && worker->deployment->instance == instance;
    }
  return n;
}

static gboolean
is_idle (Worker *worker)
{
  return worker->deployment != NULL && worker->executions->len == 0;
}

static Worker *
longest_idle (Dispatcher *dispatcher, Deployment *except)
{
  Worker *found = NULL;
  for (guint i = 0; i < dispatcher->workers->len; i++)
    {
      Worker *worker = dispatcher->workers->pdata[i];
      if (is_idle (worker) && worker->deployment != except
          && (found == NULL || worker->idle_since_us < found->idle_since_us))
        found = worker;
    }
  return found;
}

/* Somebody has to make room: who has most, and of those who has had a turn. One at a time. */
static void
drain_one (Dispatcher *dispatcher, Instance *for_whom)
{
  Worker *victim = NULL;
  guint victim_has = 0;
  gint64 now_us = g_get_monotonic_time ();
  for (guint i = 0; i < dispatcher->workers->len; i++)
    {
      Worker *worker = dispatcher->workers->pdata[i];
      if (worker->is_retiring)
        return;
      if (worker->deployment == NULL || worker->deployment->instance == for_whom
          || now_us - worker->assigned_at_us < LEAST_TURN_US)
        continue;
      guint has = workers_of (dispatcher, worker->deployment->instance);
      if (victim == NULL || has > victim_has
          || (has == victim_has && worker->executions->len < victim->executions->len))
        {
          victim = worker;
          victim_has = has;
        }
    }
  if (victim != NULL)
    pool_retire (victim);
}

/* Whether this deployment may have one more process. */
static gboolean
make_room (Dispatcher *dispatcher, Deployment *deployment)
{
  guint most = dispatcher->options.workers,
        assigned = dispatcher->workers->len - dispatcher->n_blank;
  gboolean is_newcomer = deployment->workers->len == 0;
  guint kept = is_newcomer || most == 1 || dispatcher->instances->len == 1 ? 0 : MAX (1, most / 4);
  if (assigned + kept < most)
    return TRUE;
  Worker *idle = longest_idle (dispatcher, deployment);
  if (idle != NULL)
    {
      give_up (idle);
      return TRUE;
    }
  if (is_newcomer)
    drain_one (dispatcher, deployment->instance);
  return FALSE;
}

static Worker *
grow (Dispatcher *dispatcher, Deployment *deployment)
{
  Worker *worker = find_blank (dispatcher);
  if ((worker == NULL && !may_spawn (dispatcher)) || !make_room (dispatcher, deployment))
    return NULL;
  if (worker == NULL)
    worker = spawn (dispatcher);
  dispatcher->n_blank--;
  worker->deployment = deployment_ref (deployment);
  worker->assigned_at_us = worker->idle_since_us = g_get_monotonic_time ();
  g_ptr_array_add (deployment->workers, worker);
  if (deployment->needs_grants)
    worker_process_bind (worker->process, deployment->instance->stored->id,
                         (const char *const *) deployment->connections);
  worker_process_assign (worker->process, deployment->document, deployment->context);
  pool_refill_later (dispatcher);
  return worker;
}

/* --- choosing --- */

static gint64
memory_limit (Execution *execution)
{
  return execution->flow->endpoint.limits.value[LIMIT_MEMORY_MB] << 20;
}

static gboolean
can_share (Worker *worker, Execution *execution)
{
  Execution *other = worker->executions->pdata[0];
  return !other->is_alone && !execution->is_alone
         && worker->executions->len < SHARE_MOST
         /* The limit is the worker's: with two of them nobody could say whose was passed. */
         && memory_limit (other) == memory_limit (execution)
         && (gint64) worker_process_occupied_bytes (worker->process) < memory_limit (execution) / 4
         && worker_process_entry_us (worker->process) < BUSY_ENTRY_US;
}

/* What earlier executions left behind and the collector did not give back would count against the
 * next one. */
static gboolean
is_bloated (Worker *worker, Execution *execution)
{
  gint64 most = memory_limit (execution) / 4;
  return (gint64) worker_process_occupied_bytes (worker->process) > most
         && (gint64) worker_process_measure_bytes (worker->process) > most;
}

static gboolean
is_better (Worker *worker, Worker *than)
{
  if (than == NULL || worker->executions->len != than->executions->len)
    return than == NULL || worker->executions->len < than->executions->len;
  /* The most recently used is the warmest, and the others get old and are retired. */
  return worker->idle_since_us > than->idle_since_us;
}

/* Of the first that are fit: more of them than processors would only take turns, and those that
 * were needed while others were stuck become idle and are retired. */
static Worker *
best_of_deployment (Execution *execution)
{
  GPtrArray *workers = execution->deployment->workers;
  Worker *best = NULL;
  guint n_fit = 0, most_fit = execution->dispatcher->n_processors;
  for (guint i = 0; i < workers->len && n_fit < most_fit;)
    {
      Worker *worker = workers->pdata[i];
      gboolean is_usable = !worker->is_retiring && worker_process_is_alive (worker->process);
      if (is_usable && worker->executions->len == 0 && is_bloated (worker, execution))
        {
          pool_retire (worker); /* takes it out of the array */
          continue;
        }
      if (is_usable && (worker->executions->len == 0 || can_share (worker, execution)))
        {
          n_fit++;
          if (is_better (worker, best))
            best = worker;
        }
      i++;
    }
  return best;
}

Worker *
pool_pick (Dispatcher *dispatcher, Execution *execution)
{
  Deployment *deployment = execution->deployment;
  if (deployment->needs_grants && !connections_are_open (dispatcher->connections))
    return NULL;
  Worker *best = best_of_deployment (execution);
  guint enough
      = deployment->workers->len < dispatcher->n_processors ? SHARE_ON_SPARE_CPUS : SHARE_MOST;
  if (best != NULL && best->executions->len < enough)
    return best;
  Worker *another = grow (dispatcher, deployment);
  return another == NULL ? best : another;
}

/* --- idle ones --- */

/* Nothing of an execution may go on after it: a worker that computes while it has none is given up.
 */
static gboolean
computes_for_nobody (Worker *worker, gint64 period_us)
{
  gint64 cpu_us = worker_process_cpu_us (worker->process);
  gboolean is_hot = worker->was_idle_at_sweep && cpu_us - worker->cpu_at_sweep_us > period_us / 2;
  worker->was_idle_at_sweep = TRUE;
  worker->cpu_at_sweep_us = cpu_us;
  return is_hot;
}

static guint
sweep_ms (Dispatcher *dispatcher)
{
  return CLAMP (dispatcher->options.idle_seconds * 250, 100, 1000);
}

static gboolean
on_sweep (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  gint64 now_us = g_get_monotonic_time (), period_us = (gint64) sweep_ms (dispatcher) * 1000;
  gint64 idle_us = (gint64) dispatcher->options.idle_seconds * 1000000;
  gboolean has_any = FALSE;

  for (guint i = dispatcher->workers->len; i > 0; i--)
    {
      Worker *worker = dispatcher->workers->pdata[i - 1];
      if (is_idle (worker)
          && (now_us - worker->idle_since_us >= idle_us || computes_for_nobody (worker, period_us)))
        give_up (worker);
      else
        has_any |= worker->deployment != NULL;
    }
  pool_refill_later (dispatcher);
  if (has_any)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&dispatcher->sweep, g_source_unref);
  return G_SOURCE_REMOVE;
}

void
pool_add_execution (Worker *worker, Execution *execution)
{
  Dispatcher *dispatcher = worker->dispatcher;
  execution->worker = worker;
  worker->was_idle_at_sweep = FALSE;
  g_ptr_array_add (worker->executions, execution);
  if (dispatcher->sweep == NULL)
    dispatcher->sweep = dispatcher_timer (sweep_ms (dispatcher), on_sweep, dispatcher);
}

void
pool_remove_execution (Worker *worker, Execution *execution)
{
  execution->worker = NULL;
  g_ptr_array_remove_fast (worker->executions, execution);
  worker->idle_since_us = g_get_monotonic_time ();
  /* Not now: this runs inside the worker's own frame handler as well. Freeing there is safe. */
  if (worker->is_retiring && worker->executions->len == 0)
    give_up (worker);
}

/* --- what they do by themselves --- */

static void
on_ready (WorkerProcess *process, gpointer user_data)
{
  Worker *worker = user_data;
  worker->has_been_ready = TRUE;
  worker->dispatcher->failed_spawns = 0;
}

/* A worker that died before it was ever ready will do so again: wait, longer each time. */
static void
back_off (Dispatcher *dispatcher)
{
  gint64 wait_us = LEAST_SPAWN_BACK_OFF_US << MIN (dispatcher->failed_spawns, 10);
  dispatcher->failed_spawns++;
  dispatcher->spawn_not_before_us = g_get_monotonic_time () + MIN (wait_us, MOST_SPAWN_BACK_OFF_US);
}

/* One execution of a worker that is gone. */
static void
after_death (Execution *execution, guint64 slot, int limit, const char *reason, gboolean was_shared)
{
  gboolean is_to_blame = execution->slot == slot;
  if (!is_to_blame)
    {
      execution->interruptions++;
      /* Nobody known to blame: whoever it is will be alone with the next worker. */
      execution->is_alone |= slot == 0 && was_shared && limit >= 0;
      execution_run_again (execution, reason);
    }
  else if (limit >= 0 && (limit != LIMIT_MEMORY_MB || !was_shared))
    execution_fail (execution, "LimitError", reason, limit);
  else
    {
      /* A crash may be chance; and memory that several share is not surely its own. */
      execution->attempts++;
      execution->is_alone = TRUE;
      execution_run_again (execution, reason);
    }
}

static gint
latest_first (gconstpointer a, gconstpointer b)
{
  const Execution *first = *(Execution *const *) a, *second = *(Execution *const *) b;
  return first->slot < second->slot ? 1 : -1;
}

/* All executions of a worker, which have none then. */
static GPtrArray *
take_executions (Worker *worker)
{
  GPtrArray *executions = g_ptr_array_new_with_free_func ((GDestroyNotify) execution_unref);
  while (worker->executions->len > 0)
    {
      Execution *execution = worker->executions->pdata[0];
      g_ptr_array_add (executions, execution_ref (execution));
      execution_leave_worker (execution);
    }
  g_ptr_array_sort (executions, latest_first);
  return executions;
}

static void
on_died (WorkerProcess *process, guint64 slot, int limit, const char *reason, gpointer user_data)
{
  Worker *worker = user_data;
  Dispatcher *dispatcher = worker->dispatcher;

  dispatcher->counts.workers_died++;
  if (limit >= 0)
    dispatcher->counts.killed_for[limit]++;
  else
    g_message ("a worker ended: %s", reason);
  if (!worker->has_been_ready)
    back_off (dispatcher);
  worker->process = NULL;      /* gone by itself */
  worker->is_retiring = FALSE; /* so that it is given up below and not before */
  g_autoptr (GPtrArray) executions = take_executions (worker);
  give_up (worker);
  /* From the latest to the first, each to the front of the queue: they keep their order. */
  for (guint i = 0; i < executions->len; i++)
    after_death (executions->pdata[i], slot, limit, reason, executions->len > 1);
  pool_refill_later (dispatcher);
  queue_pump (dispatcher);
}

static const WorkerProcessEvents process_events
    = { .ready = on_ready, .frame = worker_frame, .died = on_died };

/* --- back-pressure --- */

static void
set_reading (Dispatcher *dispatcher, gboolean is_reading)
{
  for (guint i = 0; i < dispatcher->workers->len; i++)
    {
      Worker *worker = dispatcher->workers->pdata[i];
      worker_process_set_reading (worker->process, is_reading);
    }
}

static gboolean
on_drain (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  StoreStats stats;
  store_stats (dispatcher->store, &stats);
  if (stats.queued_bytes > PRESSURE_BYTES / 2)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&dispatcher->drain, g_source_unref);
  set_reading (dispatcher, TRUE);
  return G_SOURCE_REMOVE;
}

void
pool_feel_pressure (Dispatcher *dispatcher, gsize bytes)
{
  StoreStats stats;
  dispatcher->bytes_to_store += bytes;
  if (dispatcher->bytes_to_store < PRESSURE_CHECK_BYTES || dispatcher->drain != NULL)
    return;
  dispatcher->bytes_to_store = 0;
  store_stats (dispatcher->store, &stats);
  if (stats.queued_bytes <= PRESSURE_BYTES)
    return;
  set_reading (dispatcher, FALSE);
  dispatcher->drain = dispatcher_timer (DRAIN_MS, on_drain, dispatcher);
}

void
pool_free (Dispatcher *dispatcher)
{
  drop_source (&dispatcher->sweep);
  drop_source (&dispatcher->refill);
  drop_source (&dispatcher->drain);
  while (dispatcher->workers->len > 0)
    give_up (dispatcher->workers->pdata[0]);
  g_ptr_array_unref (dispatcher->workers);
}
