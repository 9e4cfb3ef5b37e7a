/* The dispatcher's own: what its files share.
 *
 *   dispatcher.c  the public face, start and stop
 *   instances.c   instances, their versions and endpoints in memory
 *   context.c     what a worker is told of its instance
 *   connections.c connections, with the keeper
 *   deploy.c      a deploy, from its document to the instance
 *   states.c      persisted states in memory
 *   execution.c   one execution, from its acceptance to its end
 *   caller.c      who waits for an execution's answer
 *   queue.c       which execution next
 *   pool.c        workers: which one, when another, when no longer
 *   frames.c      what workers say
 *   recover.c     what the last server left
 *   metrics.c
 */
#pragma once

#include "dispatch/answer.h"
#include "dispatch/dispatch.h"
#include "dispatch/worker_private.h"

typedef struct Instance Instance;
typedef struct Deployment Deployment;
typedef struct FlowEntry FlowEntry;
typedef struct Execution Execution;
typedef struct Worker Worker;
typedef struct Connections Connections;

/* One flow of a deployment. `endpoint` is first: dispatcher_invoke() gets it back. */
struct FlowEntry
{
  Endpoint endpoint;
  Deployment *deployment; /* which owns this */
  guint index;
  char *token, **api_keys;
  GBytes *limits_json;
  Answer *static_answer; /* answer.h, answer_of_trigger() */
  char *state_owner;     /* of its instanceState */
  GBytes *states;        /* as in WORKER_START, made when they were at `states_generation` */
  guint64 states_generation;
};

/* A version with the configuration that it was deployed with: what a worker is assigned, for ever.
 */
struct Deployment
{
  guint refs;
  Instance *instance;
  char *version_id;
  Version *version;
  GBytes *document, *context;
  GPtrArray *flows;      /* of FlowEntry */
  char **connections;    /* names of those that it declares; NULL = none */
  gboolean needs_grants; /* of the keeper, for each execution */
  GPtrArray *workers;    /* of Worker, borrowed */
};

struct Instance
{
  Dispatcher *dispatcher;
  StoreInstance *stored;
  Deployment *current;
  GQueue queue; /* of Execution, by their own links */
  gboolean is_in_ring;
  guint running;
};

typedef enum
{
  LIFE_QUEUED,
  LIFE_RUNNING,
  LIFE_ENDED,
} Life;

struct Execution
{
  guint refs;
  Dispatcher *dispatcher; /* NULL when that is gone */
  ExecutionId id;
  guint64 slot; /* also the caller's ticket */
  Deployment *deployment;
  FlowEntry *flow;
  guint8 invoke_type, payload_kind;
  gboolean is_synchronous;
  char *invoke_url;
  Value *payload;
  gint64 created_at_us, started_at_us;

  Life life;
  GList link; /* in its instance's queue */
  Worker *worker;
  guint attempts;      /* ended by a death that is its own fault, or may be */
  guint interruptions; /* ended by a death that was another's */
  gboolean is_alone;   /* shares its worker with nobody, so that the next death is surely its own */
  GPtrArray *steps;    /* of StoreStep: those that ended */
  guint top_steps;     /* of the flow's own steps, the first that has not ended */
  gsize log_bytes;

  /* The caller. */
  WebhookDone done;
  gpointer user_data;
  gint64 deadline_us;
  GList deadline_link;
  gboolean is_waited_for; /* deadline_link is in */
  gboolean is_durable;
  gboolean waits_for_store; /* a state changed: not before it is on disk */
  Answer *answer;
};

/* A process of the pool. */
struct Worker
{
  Dispatcher *dispatcher;
  WorkerProcess *process;
  Deployment *deployment; /* NULL = blank */
  GPtrArray *executions;  /* of Execution, borrowed */
  gboolean is_retiring, has_been_ready, was_idle_at_sweep;
  gint64 assigned_at_us, idle_since_us, cpu_at_sweep_us;
};

typedef struct
{
  guint64 accepted, refused_full, succeeded, failed, rejected, run_again, late;
  guint64 workers_started, workers_died, killed_for[LIMIT_COUNT];
  guint64 duration_us, store_errors;
} DispatcherCounts;

struct Dispatcher
{
  Store *store;
  WorkerHost *host;
  DispatcherOptions options;
  gboolean is_stopping;

  Connections *connections;
  GPtrArray *instances; /* of Instance, never removed */
  GHashTable *by_name, *by_id;
  GHashTable *endpoints; /* token -> FlowEntry of the current deployments */
  GHashTable *states;    /* "scope\nowner" -> GBytes */
  guint64 states_generation;
  GHashTable *executions; /* &slot -> Execution, those that have not ended or are waited for */
  guint64 last_slot;
  guint n_queued, n_running;
  guint n_processors; /* asking for it each time reads a file */

  GQueue ring;    /* of Instance with something queued */
  GSource *retry; /* the queue, looked at again when a worker may have become free by itself */
  GQueue waiting; /* of Execution, by deadline */
  GSource *deadline;

  GPtrArray *workers; /* of Worker, owned */
  guint n_blank;
  gint64 spawn_not_before_us;
  guint failed_spawns;
  GSource *sweep, *refill;
  gsize bytes_to_store; /* given to the store since it was last asked how much waits */
  GSource *drain;       /* workers are not read until the store has caught up */

  GQueue refusals; /* of Refusal: answers that are due in the next turn */
  GSource *answers;
  GQueue deploys; /* of Deploy: one after the other */
  GSource *deploy;
  DispatcherCounts counts;
};

/* A timer on the dispatcher's context; drop_source() ends it. */
GSource *dispatcher_timer (guint ms, GSourceFunc func, gpointer user_data);
void drop_source (GSource **source);

/* instances.c */
Deployment *deployment_new (Instance *instance, const char *version_id, Version *version,
                            GBytes *document, json_t *config_vars, GError **error);
Deployment *deployment_ref (Deployment *deployment);
void deployment_unref (Deployment *deployment);
FlowEntry *deployment_find_flow (Deployment *deployment, const char *stable_key);
/* Takes `stored`. Installs it, new or in place of what was there. */
Instance *instance_install (Dispatcher *dispatcher, StoreInstance *stored, Version *version,
                            GBytes *document, json_t *config_vars, GError **error);
void instance_free (Instance *instance);
/* Takes `stored`: an instance whose version can't be run for now. */
void instance_remember (Dispatcher *dispatcher, StoreInstance *stored);
char *endpoint_url (Dispatcher *dispatcher, const char *token);
/* The token of a flow among a StoreInstance's endpoints, or NULL; its keys. */
json_t *endpoint_of_flow (json_t *endpoints, const char *stable_key);
StoreInstance *store_instance_copy (const StoreInstance *instance);

/* context.c */
GBytes *instance_context (Dispatcher *dispatcher, const StoreInstance *instance,
                          const Version *version, json_t *config_vars, gint64 memory_mb);

/* states.c */
GBytes *states_for (FlowEntry *flow);
/* Fills in `owner` and keeps them. FALSE, with nothing changed, if they would pass
 * LIMIT_STATE_BYTES. */
gboolean states_change (FlowEntry *flow, GPtrArray *states);
void states_load (Dispatcher *dispatcher, GPtrArray *states);

/* execution.c */
Execution *execution_new (Dispatcher *dispatcher, FlowEntry *flow);
Execution *execution_ref (Execution *execution);
void execution_unref (Execution *execution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Execution, execution_unref)
/* Out of the dispatcher's table once it has ended and nobody waits. */
void execution_drop_if_over (Execution *execution);
void execution_insert (Execution *execution);
void execution_start (Execution *execution, Worker *worker);
void execution_leave_worker (Execution *execution);
/* Puts it back, before all others of its instance. */
void execution_run_again (Execution *execution, const char *why);
/* Takes `step`: one that has just ended; one that the store gave back. */
void execution_add_step (Execution *execution, StoreStep *step);
void execution_restore_step (Execution *execution, StoreStep *step);
void execution_log (Execution *execution, LogLevel level, const char *text);
/* The end. Takes `states` (of StoreState, may be NULL) and `answer` (may be NULL). */
void execution_finish (Execution *execution, GBytes *error, GPtrArray *states, Answer *answer,
                       guint64 cpu_us, guint64 memory_bytes);
/* Ended by us: the caller gets 400 and the message. */
void execution_fail (Execution *execution, const char *name, const char *message, int limit);

/* caller.c */
void caller_expect (Execution *execution, WebhookDone done, gpointer user_data, gint64 timeout_ms);
/* Takes `answer`. The first one counts. */
void caller_answer (Execution *execution, Answer *answer);
/* If nothing is missing any more. */
void caller_deliver (Execution *execution);
void caller_forget (Execution *execution);

/* queue.c */
void queue_push (Execution *execution);
void queue_push_front (Execution *execution);
void queue_remove (Execution *execution);
/* Starts what can be started. */
void queue_pump (Dispatcher *dispatcher);

/* pool.c */
/* A worker for it, or NULL for now. */
Worker *pool_pick (Dispatcher *dispatcher, Execution *execution);
void pool_add_execution (Worker *worker, Execution *execution);
void pool_remove_execution (Worker *worker, Execution *execution);
/* No new executions; gone when it has none left. */
void pool_retire (Worker *worker);
void pool_retire_deployment (Deployment *deployment);
void pool_refill_later (Dispatcher *dispatcher);
/* `bytes` more wait for the store: back-pressure on workers where it falls behind. */
void pool_feel_pressure (Dispatcher *dispatcher, gsize bytes);
void pool_worker_free (gpointer worker);
void pool_free (Dispatcher *dispatcher);

/* frames.c */
void worker_frame (WorkerProcess *process, Frame *frame, gpointer user_data);

/* deploy.c */
void deploys_free (Dispatcher *dispatcher);
/* Limits that a flow of this instance has. */
void deployment_limits (Dispatcher *dispatcher, const Version *version, const Flow *flow,
                        Limits *limits);

/* recover.c */
gboolean recover (Dispatcher *dispatcher, GError **error);
