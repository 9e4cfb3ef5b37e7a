/* The store: everything Tenon remembers between two executions.
 *
 * Calls are asynchronous: they return at once and `done` runs later on the
 * main context that store_open() was called on. Writes that are queued
 * together are committed together, in the order they were queued. A write
 * that was queued with STORE_DURABLE is on disk (fsync) when `done` runs
 * without an error; any other is in the database file, and survives a kill of
 * the process, but not necessarily a power cut of the last instant.
 *
 * One thread of the store does the writing; reads run on another, against a
 * snapshot. What a caller passes is copied or referenced before the call
 * returns. Any `done` may be NULL.
 */
#pragma once

#include <gio/gio.h>
#include <jansson.h>
#include "base/execution_id.h"
#include "base/value.h"

#define STORE_ERROR (store_error_quark ())
GQuark store_error_quark (void);
typedef enum
{
  STORE_ERROR_FAILED,
  STORE_ERROR_NOT_FOUND,
  STORE_ERROR_CONFLICT, /* the row is there already with another content: a bug of the caller */
  STORE_ERROR_FULL,     /* the disk, or the byte limit */
  STORE_ERROR_BUSY,     /* the write queue is at its bound */
  STORE_ERROR_SCHEMA,   /* the file is of a newer Tenon */
} StoreErrorCode;

typedef enum
{
  STORE_RELAXED,
  STORE_DURABLE,
} StoreDurability;

/* Retention: swept in the background; 0 = no limit. Running and queued executions are never swept.
 */
typedef struct
{
  gint64 age_days;
  gint64 executions;
  gint64 bytes;
} StoreRetention;

typedef struct Store Store;

/* Opens (makes, migrates) `folder`/tenon.db, mode 0600. Blocks. */
Store *store_open (const char *folder, const StoreRetention *retention, GError **error);
const char *store_folder (Store *store);
/* Writes what is queued, then closes. Blocks. No `done` runs after it. */
void store_close (Store *store);

typedef void (*StoreDone) (const GError *error, gpointer user_data);

/* --- versions and instances: few, kept whole in the server's memory too --- */

typedef struct
{
  char *id;
  char *name;        /* unique: "default" */
  char *integration; /* the integration's name */
  char *version_id;
  gint64 version_sequence; /* counts the integration's versions from 1 */
  gboolean is_paused;
  json_t *config;    /* config values as given at deploy (object) */
  json_t *endpoints; /* array of {flow (stable key), token, apiKeys: []} */
  json_t *meta;      /* customer, user, limits of the instance …; object */
  gint64 created_at_us, updated_at_us;
} StoreInstance;
void store_instance_free (StoreInstance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreInstance, store_instance_free)

/* A deploy in one durable transaction: the version (if its hash is new for this integration;
 * *document* is version_to_json text) and the instance, inserted or updated by name (id, created_at
 * kept). Fills in instance->version_id and version_sequence before `done`, which gets the stored
 * instance. */
typedef void (*StoreInstanceDone) (const StoreInstance *instance, const GError *error,
                                   gpointer user_data);
void store_deploy (Store *store, const StoreInstance *instance, const char *version_hash,
                   GBytes *document, StoreInstanceDone done, gpointer user_data);
void store_instance_set_paused (Store *store, const char *name, gboolean is_paused, StoreDone done,
                                gpointer user_data);
/* At start, blocking: all instances (of StoreInstance), and one version's document. */
GPtrArray *store_load_instances (Store *store, GError **error);
GBytes *store_load_version (Store *store, const char *version_id, GError **error);

/* What an instance was configured with, in place of before. For what must not stay there. */
void store_instance_set_config (Store *store, const char *id, json_t *config, StoreDone done,
                                gpointer user_data);

/* --- connections: sealed by the keeper; few, kept whole in the server's memory too --- */

typedef struct
{
  char *id, *instance_id, *name;
  guint64 revision; /* counts from 1; a row of a lower one than is stored is not written */
  GBytes *public;   /* JSON: what may be shown */
  GBytes *fields;   /* sealed */
  GBytes *token;    /* sealed; empty = none */
} StoreConnection;
void store_connection_free (StoreConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreConnection, store_connection_free)

/* Durable. Inserts, or replaces what has this id. References the bytes. It fails where another row
 * has this instance and name. */
void store_connection_save (Store *store, const StoreConnection *connection, StoreDone done,
                            gpointer user_data);
/* Durable. One that is not there is no error. */
void store_connection_delete (Store *store, const char *id, StoreDone done, gpointer user_data);
/* Durable: the text by which the keeper knows that a key is this store's. */
void store_vault_save_check (Store *store, GBytes *check, StoreDone done, gpointer user_data);
/* At start, blocking. All rows (of StoreConnection); the store's id, made with it, and the check
 * (empty = none yet). */
GPtrArray *store_load_connections (Store *store, GError **error);
gboolean store_load_vault (Store *store, char **store_id, GBytes **check, GError **error);

/* --- executions --- */

typedef enum
{
  EXECUTION_QUEUED,
  EXECUTION_RUNNING,
  EXECUTION_SUCCEEDED,
  EXECUTION_FAILED,
} ExecutionStatus;
const char *execution_status_name (ExecutionStatus status);

typedef struct
{
  ExecutionId id;
  char *instance_id, *version_id, *flow; /* flow: stable key */
  guint invoke_type;                     /* InvokeType of worker/protocol.h */
  gboolean is_synchronous;
  guint payload_kind; /* PayloadKind */
  char *invoke_url;
  Value *payload;
  gint64 created_at_us;
} StoreExecution;
void store_execution_free (StoreExecution *execution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreExecution, store_execution_free)

/* Inserts as QUEUED. With STORE_DURABLE nothing is lost once `done` has run. */
void store_execution_insert (Store *store, const StoreExecution *execution,
                             StoreDurability durability, StoreDone done, gpointer user_data);
void
store_execution_started (Store *store, const ExecutionId *id, guint attempt, gint64 started_at_us);

typedef struct
{
  char *path; /* "0", "4/2/0" */
  char *identifier, *name;
  gint64 started_at_us, ended_at_us;
  Value *results;
  GBytes *error; /* JSON, or NULL */
  GBytes
      *states; /* JSON of the states it changed, or NULL: given back by store_load_unfinished() */
  GBytes *sealed; /* the results with their secrets, to resume from, where `results` are redacted;
                     or NULL */
} StoreStep;
void store_step_free (StoreStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreStep, store_step_free)

/* A second result for the same path of an execution is ignored if equal, else CONFLICT is logged.
 */
void store_step_put (Store *store, const ExecutionId *id, const StoreStep *step);

typedef struct
{
  gint64 at_us;
  guint8 level; /* LogLevel */
  char *step;   /* identifier or "" */
  char *text;
} StoreLogLine;
void store_log_line_clear (StoreLogLine *line);
/* Takes a GArray of StoreLogLine; references it (do not change it afterwards). */
void store_log_append (Store *store, const ExecutionId *id, GArray *lines);

typedef struct
{
  ExecutionStatus status; /* SUCCEEDED or FAILED */
  gint64 ended_at_us;
  GBytes *error;     /* JSON or NULL */
  guint http_status; /* of the answer, 0 = none */
  guint64 cpu_us, memory_bytes;
} StoreFinish;

typedef struct
{
  char *scope; /* "instanceState", "crossFlowState", "integrationState" */
  char *owner; /* instance id + "/" + flow, instance id, or integration name: as the dispatcher says
                */
  GBytes *json;
} StoreState;
void store_state_free (StoreState *state);

/* The end of an execution and the states it changed (of StoreState, may be NULL), in one
 * transaction. */
void store_execution_finish (Store *store, const ExecutionId *id, const StoreFinish *finish,
                             GPtrArray *states, StoreDurability durability, StoreDone done,
                             gpointer user_data);

/* At start, blocking: the executions that were QUEUED or RUNNING (of StoreUnfinished), oldest
 * first. */
typedef struct
{
  StoreExecution *execution;
  guint attempts;
  gint64 started_at_us; /* 0 = never */
  GPtrArray *steps;     /* of StoreStep */
} StoreUnfinished;
GPtrArray *store_load_unfinished (Store *store, GError **error);
/* At start, blocking: all states (of StoreState). */
GPtrArray *store_load_states (Store *store, GError **error);

/* --- looking back: answers are JSON for the API --- */

typedef void (*StoreJsonDone) (json_t *json, const GError *error, gpointer user_data);

typedef struct
{
  const char *instance; /* name, or NULL = all */
  const char *flow;     /* name or stable key, or NULL */
  int status;           /* ExecutionStatus, or -1 */
  const char *before;   /* only executions older than this id, or NULL */
  guint most;           /* 1 to 1000 */
} StoreExecutionFilter;

/* {executions: [{id, instance, flow, status, invokeType, isSynchronous, createdAt, startedAt,
 * endedAt, durationMs, error: {name, message, step}?, attempts}], next: id|null}, newest first.
 * Times ISO 8601. */
void store_list_executions (Store *store, const StoreExecutionFilter *filter, StoreJsonDone done,
                            gpointer user_data);
/* The row with payload, error in full, steps: [{path, identifier, name, startedAt, endedAt,
 * durationMs, results, error?}], logs: [{at, level, step, text}] (the first 1000, `logsTruncated`).
 * NOT_FOUND. */
void store_get_execution (Store *store, const char *id, StoreJsonDone done, gpointer user_data);
/* {logs: [{sequence, at, level, execution, instance, flow, step, text}], next: sequence}. Lines
 * after `after` (a sequence number), oldest first; after < 0 gives the last `most` lines. */
void store_list_logs (Store *store, const char *instance, const char *execution, gint64 after,
                      guint most, StoreJsonDone done, gpointer user_data);

typedef struct
{
  guint64 queued_writes, queued_bytes; /* waiting now */
  guint64 commits, rows;               /* since open */
  guint64 database_bytes, wal_bytes;
} StoreStats;
void store_stats (Store *store, StoreStats *stats);
/* A sweep now, not when its time comes (tests, the API). */
void store_sweep (Store *store, StoreDone done, gpointer user_data);
