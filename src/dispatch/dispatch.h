/* The dispatcher: executions' life, from an accepted webhook to its end.
 *
 * Owns the workers (through the zygote), the egress process and the queue;
 * writes to the store. Knows nothing of HTTP beyond WebhookRequest and
 * WebhookAnswer. All of it runs on the default main context.
 */
#pragma once

#include <gio/gio.h>
#include "base/frame.h"
#include "base/limits.h"
#include "base/value.h"
#include "definition/version.h"
#include "sandbox/sandbox.h"
#include "store/store.h"
#include "worker/protocol.h"

#define DISPATCH_ERROR (dispatch_error_quark ())
GQuark dispatch_error_quark (void);
typedef enum
{
  DISPATCH_ERROR_NOT_FOUND,
  DISPATCH_ERROR_FULL,     /* the instance's queue: 429 */
  DISPATCH_ERROR_PAUSED,   /* 503 */
  DISPATCH_ERROR_STOPPING, /* 503 */
  DISPATCH_ERROR_INVALID,
  DISPATCH_ERROR_UNAVAILABLE, /* the keeper is down, or there is none: 503 */
} DispatchErrorCode;

/* --- one worker process, seen from outside: used by the dispatcher and by `tenon run` --- */

typedef struct WorkerProcess WorkerProcess;
typedef struct
{
  void (*ready) (WorkerProcess *worker,
                 gpointer user_data); /* after fork, and after an assignment */
  /* Execution frames of slots that run (known, in order: nothing after EXECUTION_FINISHED), and
   * WORKER_UNFIT. Their fields are for the owner to check. */
  void (*frame) (WorkerProcess *worker, Frame *frame, gpointer user_data);
  /* Gone. `slot` is the execution that it was running (0 = none known) and `limit` the limit for
   * which it was killed from outside (-1 = it was not: it crashed, or sent a malformed frame);
   * `reason` in words. */
  void (*died) (WorkerProcess *worker, guint64 slot, int limit, const char *reason,
                gpointer user_data);
} WorkerProcessEvents;

/* The processes that workers need, started while the caller has one thread and no secret: the
 * zygote and egress. */
typedef struct WorkerHost WorkerHost;
WorkerHost *worker_host_start (SandboxMode mode, const char *const *allowed_cidrs, GError **error);
/* The keeper too, for a server; before worker_host_attach(). */
gboolean worker_host_start_keeper (WorkerHost *host, GError **error);
/* After the caller's main loop may have threads. */
void worker_host_attach (WorkerHost *host, GMainContext *context);
void worker_host_free (WorkerHost *host); /* ends all of them */
/* "zygote" and "egress" pids for the metrics and tests. */
GPid worker_host_zygote_pid (WorkerHost *host);
GPid worker_host_egress_pid (WorkerHost *host);
GPid worker_host_keeper_pid (WorkerHost *host); /* 0 = there is none */

WorkerProcess *
worker_process_new (WorkerHost *host, const WorkerProcessEvents *events, gpointer user_data);
void worker_process_assign (WorkerProcess *worker, GBytes *version, GBytes *instance_context);
/* May be called at once after worker_process_new() and _assign(): the frames wait in the channel.
 * Sends WORKER_START and watches the execution from outside: wall clock, CPU, memory, heartbeat.
 * `start` is the finished frame; `limits` are those inside it. */
void worker_process_run (WorkerProcess *worker, guint64 slot, GBytes *start, const Limits *limits);
/* No longer interested: stop watching it and drop its frames. EXECUTION_FINISHED does it by itself.
 */
void worker_process_end_run (WorkerProcess *worker, guint64 slot);
void
worker_process_cancel (WorkerProcess *worker, guint64 slot, const char *limit, const char *message);
GPid worker_process_pid (WorkerProcess *worker);
guint64 worker_process_resident_bytes (WorkerProcess *worker);
void worker_process_free (WorkerProcess *worker); /* kills it; no event after */

/* --- the dispatcher --- */

typedef struct
{
  Limits limits;       /* the server's */
  Limits limits_most;  /* none may pass these */
  guint workers;       /* processes in all */
  guint spare_workers; /* blank ones kept ready */
  guint idle_seconds;  /* a worker without work is retired after */
  char *public_url;    /* "http://127.0.0.1:8080": what webhook URLs begin with */
} DispatcherOptions;

typedef struct Dispatcher Dispatcher;
Dispatcher *dispatcher_new (Store *store, WorkerHost *host, const DispatcherOptions *options,
                            GError **error); /* loads instances, takes up unfinished executions */
/* Ends running executions' watch, leaves them for the next start. Blocks shortly. */
void dispatcher_free (Dispatcher *dispatcher);

/* An endpoint: one flow of one instance. Borrowed; valid until the next turn of the main loop. */
typedef struct
{
  const char *instance_id, *instance_name, *flow_name, *token;
  const Flow *flow;
  gboolean is_paused;
  EndpointSecurity security;
  const char *const *api_keys; /* NULL-terminated; checked by the caller, in constant time */
  Limits limits;
} Endpoint;
/* NULL if there is none. */
const Endpoint *dispatcher_find_endpoint (Dispatcher *dispatcher, const char *token);

/* What a webhook brought. The dispatcher references or copies what it keeps. */
typedef struct
{
  const char *invoke_url; /* the URL that was called, as a whole */
  Value *payload;         /* PAYLOAD_REQUEST */
  gboolean is_synchronous;
} WebhookRequest;

typedef struct
{
  guint status;
  const char *content_type; /* may be NULL */
  GPtrArray *headers;       /* of char*, name and value in turn; may be NULL */
  GBytes *body;
} WebhookAnswer;

/* Runs once. `error` (DISPATCH_ERROR_*) instead of an answer where none could be accepted. The
 * answer is complete: default body, 400s, 504 past LIMIT_SYNC_MS. `execution_id` is NULL only with
 * an error. */
typedef void (*WebhookDone) (const char *execution_id, const WebhookAnswer *answer,
                             const GError *error, gpointer user_data);
/* Returns a ticket. If the caller goes away, dispatcher_forget(ticket): `done` will not run, the
 * execution goes on. */
guint64 dispatcher_invoke (Dispatcher *dispatcher, const Endpoint *endpoint,
                           const WebhookRequest *request, WebhookDone done, gpointer user_data);
void dispatcher_forget (Dispatcher *dispatcher, guint64 ticket);

/* A deploy: `document` is {instance, version, config, customer?, user?, apiKeys?: {flow: [..]}}.
 * Validates, stores, replaces the instance's workers when they are idle. `done` gets {instance:
 * {...}, version: {...}, urls: {flow: url}, warnings}. Faults of the version or the config values
 * come as DISPATCH_ERROR_INVALID with `json` = {faults: […]}. */
void dispatcher_deploy (Dispatcher *dispatcher, json_t *document, StoreJsonDone done,
                        gpointer user_data);
/* {instances: [{name, id, integration, version, isPaused, flows: [{name, url, isSynchronous}]}]} */
json_t *dispatcher_list_instances (Dispatcher *dispatcher);
void dispatcher_set_paused (Dispatcher *dispatcher, const char *instance, gboolean is_paused,
                            StoreJsonDone done, gpointer user_data);
/* --- connections: keeper/keeper.h has what the keeper does with each call ---
 *
 * Everything here carries secrets only as JWEs sealed to the keeper's key, and nothing gives one
 * back. `done` runs later, never inside the call. Errors: NOT_FOUND (of the instance or the
 * connection, in words), INVALID (`json` = {message, faults: [{field, message, hint?}]}),
 * UNAVAILABLE. */

/* The JWK set {keys: [...]} that JWEs are sealed to; NULL while the keeper is down. */
json_t *dispatcher_connection_keys (Dispatcher *dispatcher);
/* {connections: [public JSON]} of an instance, or of all (NULL), also those that are not set. NULL
 * = no such instance.
 */
json_t *dispatcher_list_connections (Dispatcher *dispatcher, const char *instance);
/* The public JSON of one, or NULL. */
json_t *dispatcher_find_connection (Dispatcher *dispatcher, const char *instance, const char *name);
/* `document`: {jwe?: text, options?: object}. Gives {connection, warnings}. */
void dispatcher_connection_set (Dispatcher *dispatcher, const char *instance, const char *name,
                                json_t *document, StoreJsonDone done, gpointer user_data);
/* Gives {connection}: one of status "unset" again, or {} where nobody declares it any more. */
void dispatcher_connection_delete (Dispatcher *dispatcher, const char *instance, const char *name,
                                   StoreJsonDone done, gpointer user_data);
/* Gives {connection}. */
void dispatcher_connection_refresh (Dispatcher *dispatcher, const char *instance, const char *name,
                                    StoreJsonDone done, gpointer user_data);
/* Gives {url, cookie, expiresAt}. */
void
dispatcher_connection_authorize (Dispatcher *dispatcher, const char *instance, const char *name,
                                 const char *redirect_uri, StoreJsonDone done, gpointer user_data);
/* `query` as it came, without "?"; `cookie` may be empty. Gives {ok, instance, connection, message,
 * …}. */
void dispatcher_connection_callback (Dispatcher *dispatcher, const char *query, const char *cookie,
                                     StoreJsonDone done, gpointer user_data);
/* `key_file` NULL = a new key in place of the present file. Gives {keyId, rows}. */
void dispatcher_rotate_keys (Dispatcher *dispatcher, const char *key_file, StoreJsonDone done,
                             gpointer user_data);

/* Prometheus text lines of the dispatcher and its workers, appended. */
void dispatcher_metrics (Dispatcher *dispatcher, GString *text);
/* TRUE when a webhook would be run: zygote and egress up. */
gboolean dispatcher_is_ready (Dispatcher *dispatcher);
