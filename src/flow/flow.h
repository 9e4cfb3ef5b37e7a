/* The flow: walks a trigger and its steps in a realm of its own.
 *
 * A FlowProgram is an instance's version made ready in a worker: scripts and
 * the constant part of the context. A FlowRun is one execution. It runs as a
 * state machine on the event loop and tells its sink what happens as it
 * happens: the trigger's answer, each step's result, log lines, the end.
 *
 * Bookkeeping is kept outside of JavaScript: results are serialised when a step
 * ends, and what later steps see is made anew from that, so nothing that a code
 * block does to its arguments or to the language's own objects changes the
 * run's course.
 */
#pragma once

#include "base/value.h"
#include "definition/version.h"
#include "engine/engine.h"
#include "flow/http_answer.h"
#include "worker/protocol.h"

typedef struct FlowProgram FlowProgram;
typedef struct FlowRun FlowRun;
typedef struct FlowGrant FlowGrant;

/* References version and context (JSON object, see WORKER_ASSIGN). Errors where the context is not
 * that. */
FlowProgram *flow_program_new (Vm *vm, Version *version, GBytes *context, GError **error);
void flow_program_free (FlowProgram *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FlowProgram, flow_program_free)

/* A step that an earlier try of the execution has ended. */
typedef struct
{
  char *path;
  Value *results;
  GBytes *error;  /* empty = none */
  GBytes *states; /* empty = none changed */
  GBytes *sealed; /* empty = the results are whole */
} FlowResumed;
void flow_resumed_free (FlowResumed *resumed);

typedef struct
{
  guint64 slot;
  char *execution_id;
  guint flow_index;
  InvokeType invoke_type;
  gboolean is_synchronous;
  gint64 started_at_us;
  char *invoke_url;
  PayloadKind payload_kind;
  Value *payload;
  GBytes *states; /* JSON object {instanceState, crossFlowState, integrationState} */
  Limits limits;
  GBytes *mocks;      /* JSON object step identifier -> result; may be empty */
  GPtrArray *resumed; /* of FlowResumed */
  FlowGrant *grant;   /* its connections; NULL = they are among the config variables */
  char *problem;      /* it fails at once, with this message; NULL = it runs */
} FlowStart;
void flow_start_free (FlowStart *start);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FlowStart, flow_start_free)

/* The connections of an execution, and the key of what it stores, as the keeper gave them
 * (keeper/keeper.h, KEEPER_GRANTED). NULL where it is not that. The text is the caller's to wipe.
 */
FlowGrant *flow_grant_new (const char *json, gsize length);
void flow_grant_free (FlowGrant *grant);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FlowGrant, flow_grant_free)
/* A newer one of its connections, as in KEEPER_FRESH. */
void flow_grant_renew (FlowGrant *grant, const char *name, const char *json, gsize length);

typedef struct
{
  const char *path, *identifier, *name;
  gint64 started_at_us, ended_at_us;
  Value *results;
  GBytes *error;  /* or NULL */
  GBytes *states; /* or NULL */
  GBytes *sealed; /* or NULL: the results are whole */
} FlowStepEnd;

typedef struct
{
  const char *name; /* "instanceState", … */
  GBytes *json;
} FlowState;

typedef struct
{
  gboolean is_success;
  const HttpAnswer *answer; /* what a synchronous caller gets; NULL after a failure */
  GArray *states;           /* of FlowState: changed ones, only after a success */
  GBytes *error;            /* JSON, or NULL */
  Value *result;
  guint64 cpu_us, memory_bytes;
} FlowEnd;

/* All but `over` may run inside an entry of the realm: do not call back into the run from them. */
typedef struct
{
  void (*rejected) (FlowRun *run, const char *message, gpointer user_data);
  void (*response) (FlowRun *run, const HttpAnswer *answer,
                    gpointer user_data); /* NULL = default */
  void (*step) (FlowRun *run, const FlowStepEnd *step, gpointer user_data);
  void (*log) (FlowRun *run, gint64 at_us, LogLevel level, const char *step, const char *text,
               gpointer user_data);
  void (*finished) (FlowRun *run, const FlowEnd *end, gpointer user_data);
  void (*over) (FlowRun *run, gpointer user_data); /* now flow_run_free() it */
  /* Code wants a newer token: flow_run_renew() or flow_run_deny() follows. NULL = there is nobody
   * to ask. */
  void (*want_fresh) (FlowRun *run, const char *connection, gpointer user_data);
  /* A request with the access token of this SHA-256 was answered 401. */
  void (*token_rejected) (FlowRun *run, const char *connection, const guint8 sha256[32],
                          gpointer user_data);
} FlowSink;

/* Takes `start`. Runs until the code first waits. Returns the run, or NULL if it ended at once:
 * then `sink->over` has run. */
FlowRun *
flow_run_start (FlowProgram *program, FlowStart *start, const FlowSink *sink, gpointer user_data);
guint64 flow_run_slot (FlowRun *run);
guint64 *flow_run_slot_key (FlowRun *run); /* lives as long as the run: a hash table's key */
/* Ends it from outside an entry, as failed, with an error that names the limit (or -1) and the
 * message. */
void flow_run_cancel (FlowRun *run, int limit, const char *message);
/* A newer connection, or none to be had; outside an entry. */
void flow_run_renew (FlowRun *run, const char *connection, const char *json, gsize length);
void flow_run_deny (FlowRun *run, const char *connection, const char *message);
/* Cancels it if its wall clock has run out. */
void flow_run_check_clock (FlowRun *run, gint64 now_us);
void flow_run_free (FlowRun *run);

#ifdef TENON_TEST_HOOKS
/* A native function that every realm gets as a global, for attack tests. */
void flow_add_test_hook (const char *name, JSObjectCallAsFunctionCallback function);
#endif
