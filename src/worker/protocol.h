/* Server <-> worker. The stream of a frame is the execution's slot (a number
 * that the dispatcher gives, never 0), or 0 where a frame concerns the worker.
 *
 * Field lists are in the order of the frame. */
#pragma once

enum
{
  /* Server to worker. */

  /* Gives a blank worker its instance, once.
   *   gbytes version document (version_to_json)
   *   gbytes instance context (JSON object: configVars, customer, instance, user,
   *          integration, webhookUrls, webhookApiKeys, globalDebug, runnerAllocatedMemoryMb)
   *   u8     each execution waits for its connections from the keeper (keeper.h, KEEPER_GRANTED) */
  WORKER_ASSIGN = 1,

  /* Starts an execution in a realm of its own.
   *   text   execution id
   *   u32    flow index in the version
   *   u8     InvokeType
   *   u8     is synchronous
   *   i64    started at, µs since 1970 UTC
   *   text   invoke URL
   *   u8     payload kind (PayloadKind)
   *   value  payload
   *   gbytes states: JSON object {instanceState, crossFlowState, integrationState}
   *   gbytes limits (limits_to_json)
   *   gbytes mocks: JSON object step identifier -> result, or empty
   *   count  of resumed steps: those whose result is stored
   *     each: text path, value results, gbytes error JSON (empty = none), gbytes states and gbytes
   *     sealed (as in EXECUTION_STEP)
   */
  WORKER_START,

  /* Ends an execution with an error: text limit name or "", text message. */
  WORKER_CANCEL,

  /* Worker to server. */

  WORKER_READY = 64, /* the VM is up (after fork), and again after WORKER_ASSIGN; no fields */
  /* The version can't be loaded. text message. The worker is of no further use. */
  WORKER_UNFIT,

  /* The body is not what its content type says: text message. The execution ends so. */
  EXECUTION_REJECTED,

  /* The trigger has run and the caller of an asynchronous webhook may be answered.
   *   u8 has a response; if so: HttpAnswer fields, see below */
  EXECUTION_RESPONSE,

  /* A step ended. Sent in order.
   *   text path ("0", "3", "4/2/0": index; in a loop step index / round / index)
   *   text identifier, text display name
   *   i64 started at, i64 ended at (µs since 1970)
   *   value results
   *   gbytes error JSON (empty = none), as in EXECUTION_FINISHED
   *   gbytes states that the step changed (empty = none): JSON object {executionState?,
   * instanceState?, …}, kept with the step (StoreStep.states) so that a resumed execution has them
   *   gbytes sealed (empty = the results are whole): the results as they are, where those above are
   * without the secrets that were in them; only a worker with the execution's key opens it */
  EXECUTION_STEP,

  /* Log lines: count, each: i64 at, u8 LogLevel, text step identifier (or ""), text line */
  EXECUTION_LOG,

  /* The execution ended. It ran to its end or failed; the server decides nothing.
   *   u8     succeeded
   *   u8     has an answer; if so HttpAnswer fields: what a synchronous caller gets
   *   count  of changed states: text name ("instanceState", …), gbytes JSON (whole object)
   *   gbytes error JSON, empty = none: {name, message, stack, step, stepName, limit?, cause?,
   *          location? {file, line, column, excerpt}}
   *   value  result: what later steps would see of the last step (`tenon run` prints it)
   *   u64    CPU time, µs
   *   u64    resident size at the end, bytes */
  EXECUTION_FINISHED,
};

/* HttpAnswer fields: u32 status, string content type (may be NULL), count of headers each
 * text name, text value; u8 has a body; gbytes body. A missing body on EXECUTION_RESPONSE means
 * the default body {"executionId":"…"}. */

typedef enum
{
  INVOKE_WEBHOOK,
  INVOKE_SCHEDULED,
  INVOKE_CROSS_FLOW,
  INVOKE_DEPLOY,
  INVOKE_TEST, /* `tenon run` */
} InvokeType;

typedef enum
{
  /* JSON {headers, queryParameters, pathFragment, contentType} and the part "/rawBody": the worker
   * parses the body by its content type and completes the payload */
  PAYLOAD_REQUEST,
  /* the payload object itself; completed with the context's values where it lacks them */
  PAYLOAD_FULL,
  /* no request: scheduled runs */
  PAYLOAD_NONE,
} PayloadKind;

/* spec/context.md, "logger" */
typedef enum
{
  LOG_TRACE,
  LOG_DEBUG,
  LOG_INFO,
  LOG_WARN,
  LOG_ERROR,
  LOG_FATAL,
  LOG_METRIC,
} LogLevel;

/* The page that a worker shares with whoever watches it (the dispatcher, `tenon run`): a hint of
 * which execution is being run right now, and since when. The worker could write anything here;
 * readers check that the slot is one of that worker's. */
typedef struct
{
  _Atomic guint64 running_slot; /* 0 = idle */
  _Atomic gint64 entered_at_us; /* g_get_monotonic_time() at entry; 0 = idle */
  _Atomic guint64 entries;      /* counts entries: the heartbeat */
} WorkerPage;

/* Descriptors of a worker, in this order, from 3. Everything else is closed. */
enum
{
  WORKER_FD_SERVER = 3,
  WORKER_FD_EGRESS = 4,
  WORKER_FD_KEEPER = 5, /* the other side is closed where there is no keeper */
};

#define WORKER_MAX_FRAME_BYTES ((gsize) 768 << 20)
