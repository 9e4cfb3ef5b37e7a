/* What the files of the flow share. */
#pragma once

#include "base/json.h"
#include "base/redact.h"
#include "base/secret.h"
#include "flow/flow.h"
#include "runtime/runtime.h"

struct FlowProgram
{
  Vm *vm;
  Version *version;
  char *context;             /* JSON text */
  char *payload_tail;        /* `,"webhookUrls":…,…`: what every payload has of it */
  GPtrArray *scripts;        /* of EngineScript, by index of Version.scripts */
  GPtrArray **context_names; /* of each script, see parameters.c; NULL = all */
  EngineScript *context_script;
  RuntimeSurface *surface;   /* what the scripts mention */
  RuntimePackages *packages; /* or NULL */
};

/* What a step gave. Values are protected while it lives. */
typedef struct
{
  JSValueRef results; /* what later steps see; NULL where `value` has it */
  Value *value;       /* the same, serialised already; or NULL */
  gboolean has_answer_parts;
  HttpAnswer *answer; /* status 0 = not given; body only where given as text */
} StepOutcome;

/* A step that has ended. */
typedef struct
{
  const Step *step;
  Value *results;
  JSValueRef value; /* of references; made on first use; protected; NULL = not yet */
} StepRecord;

/* One list of steps under way; loops and branches stack further ones. */
typedef struct Sequence Sequence;
struct Sequence
{
  GPtrArray *steps;
  guint index;
  char *prefix; /* of paths: "" or "4/2/" */
  Sequence *parent;
};

typedef enum
{
  STATE_EXECUTION,
  STATE_INSTANCE,
  STATE_CROSS_FLOW,
  STATE_INTEGRATION,
  STATE_COUNT,
} StateId;

struct FlowRun
{
  FlowProgram *program;
  FlowStart *start;
  const Flow *flow;
  const FlowSink *sink;
  gpointer user_data;
  Realm *realm;

  /* context.c; all protected */
  JSObjectRef base; /* the instance's context, parsed for this execution; NULL = not needed yet */
  JSObjectRef run;  /* what is this execution's own; likewise */
  JSObjectRef context;               /* the last one that was made */
  JSObjectRef scripted;              /* of context.js; NULL = not needed yet */
  JSObjectRef states[STATE_COUNT];   /* protected; NULL = nobody has seen it yet */
  GBytes *state_texts[STATE_COUNT];  /* as last seen */
  gboolean has_changed[STATE_COUNT]; /* since the start */
  json_t *mocks;                     /* object or NULL */
  GHashTable *resumed;               /* path -> FlowResumed */
  JSObjectRef *modules; /* exported function of each script; protected; NULL = not yet */

  GPtrArray *records; /* of StepRecord */
  Sequence *sequence;
  gboolean is_waiting, is_advancing, is_done;

  /* The step under way. */
  const Step *step;
  char *path;
  gint64 step_started_at_us;
  guint attempt;
  guint retry_timer;
  StepOutcome *last; /* of the last step that ended */

  GQueue fresh_waiters; /* of FreshWaiter, connections.c */

  gsize log_bytes;
  gboolean *ended_early; /* of flow_run_start(), while it is on the stack */
};

/* --- run.c: how an action ends; exactly one of these, in an entry --- */

void flow_step_succeed (FlowRun *run, StepOutcome *outcome); /* takes it */
void flow_step_fail (FlowRun *run, GBytes *error);           /* takes it: error JSON */
void flow_step_fail_message (FlowRun *run, const char *format, ...) G_GNUC_PRINTF (2, 3);
void flow_step_fail_thrown (FlowRun *run, JSValueRef error);
/* The body of the request does not read: ends the run, the caller gets 400. */
void flow_reject (FlowRun *run, const char *message);
/* Ends the run as failed. Takes error. */
void flow_fail (FlowRun *run, GBytes *error);
/* A line of Tenon's own in the execution's log. */
void flow_log (FlowRun *run, LogLevel level, const char *text);

/* --- outcome.c --- */

StepOutcome *step_outcome_new (FlowRun *run, JSValueRef results);
StepOutcome *step_outcome_new_value (FlowRun *run, Value *value);
void step_outcome_free (FlowRun *run, StepOutcome *outcome);
/* Reads what a code block returned. NULL with *message where it has the wrong shape. */
StepOutcome *step_outcome_from_action (FlowRun *run, JSValueRef returned, char **message);
StepOutcome *step_outcome_from_trigger (FlowRun *run, JSValueRef returned, char **message);
/* Status, content type, headers of a response object; body too if it has one. */
HttpAnswer *http_answer_from_js (FlowRun *run, JSObjectRef object, char **message);
/* The answer for a synchronous caller. NULL with *message. */
HttpAnswer *
http_answer_of_outcome (FlowRun *run, StepOutcome *outcome, Value *stored, char **message);

/* --- context.c --- */

JSValueRef flow_config_vars (FlowRun *run);
/* The context for the step under way. */
JSObjectRef flow_context (FlowRun *run);
/* Calls a function of context.js. NULL with *exception. */
JSValueRef flow_call_scripted (FlowRun *run, const char *name, size_t n,
                               const JSValueRef arguments[], JSValueRef *exception);
void flow_context_clear (FlowRun *run);

/* --- connections.c, grant.c --- */

struct FlowGrant
{
  json_t *connections; /* name -> what the keeper said of it */
  SecretBytes *key;
  Redactor *redactor; /* of all secrets that it ever held */
};

/* Puts the granted connections into the configVars that code will see. Inside an entry. */
void flow_connections_add (FlowRun *run, JSObjectRef config_vars);
/* What `context.connections` is. */
JSObjectRef flow_connections_object (FlowRun *run);
void flow_connections_clear (FlowRun *run);
/* A request of the realm was answered 401: see runtime_on_unauthorized(). */
void flow_connections_unauthorized (Realm *realm, GPtrArray *headers);

/* NULL = no secret is in it. Free with g_free; NULL run->start->grant finds none. */
char *flow_redact_text (FlowRun *run, const char *text);
GBytes *flow_redact_json (FlowRun *run, GBytes *json);
Value *flow_redact_value (FlowRun *run, Value *value);
/* The label of a secret in it, or NULL. */
const char *flow_find_secret (FlowRun *run, GBytes *bytes);
/* A step's results under the execution's key, to be resumed from. */
GBytes *flow_seal_results (FlowRun *run, const char *path, Value *results);
/* NULL where they don't open. */
Value *flow_open_results (FlowRun *run, const char *path, GBytes *sealed);

/* --- states.c --- */

/* The index of a state's name, or -1. */
int flow_state_find (const char *name);
/* The object that code sees; made at its first use. */
JSObjectRef flow_state (FlowRun *run, StateId id);

gboolean flow_states_load (FlowRun *run, GError **error);
void flow_states_clear (FlowRun *run);
/* Takes the keys of the four states from a returned object into those of the context. */
void flow_states_merge (FlowRun *run, JSObjectRef returned);
/* What has changed since the last call, as a JSON object; NULL = nothing. FALSE with *message where
 * a state can't be saved. */
gboolean flow_states_changed (FlowRun *run, GBytes **changes, char **message);
gboolean flow_states_restore (FlowRun *run, GBytes *changes);
GArray *flow_states_to_save (FlowRun *run); /* of FlowState */

/* --- payload.c, inputs.c, results.c --- */

/* The trigger's payload; NULL if the run was rejected or failed meanwhile. */
Value *flow_payload (FlowRun *run);
/* A trigger's payload as code sees it. NULL with *exception. */
JSValueRef flow_payload_to_js (FlowRun *run, Value *payload, JSValueRef *exception);
/* The value of an input; NULL with *message. */
JSValueRef flow_input_value (FlowRun *run, const Input *input, char **message);
const Input *flow_step_input (const Step *step, const char *key);
/* Text of an input whose value is plain, or the fallback; free with g_free. */
char *flow_input_text (FlowRun *run, const char *key, const char *fallback, char **message);
/* stepResults for a code block: made anew each time. */
JSObjectRef flow_step_results (FlowRun *run);
JSValueRef flow_revive (FlowRun *run, guint record, JSValueRef *exception);

/* --- json_text.c, parameters.c --- */

void flow_json_append_text (GString *json, const char *text, gsize length);
char *flow_object_text (FlowRun *run);
char *flow_iso_time (gint64 at_us);
/* The properties of the context that the exported function of `code` takes, NULL-terminated; NULL =
 * it could see any. */
GPtrArray *flow_context_names (const char *code);

/* --- errors.c: error JSON of EXECUTION_FINISHED --- */

GBytes *flow_error (FlowRun *run, const char *name, const char *message);
GBytes *flow_error_limit (FlowRun *run, LimitId limit, const char *detail);
GBytes *flow_error_thrown (FlowRun *run, JSValueRef error);
char *flow_error_message (GBytes *error);

/* --- actions.c --- */

typedef struct
{
  const char *component, *action;
  void (*run) (FlowRun *run); /* of run->step; ends by one of the functions above, now or later */
} FlowAction;

const FlowAction *flow_action_find (const Step *step);

void code_block_action (FlowRun *run);  /* code_block.c */
void code_block_trigger (FlowRun *run); /* code_block.c */
void webhook_trigger (FlowRun *run);    /* webhook_trigger.c */
