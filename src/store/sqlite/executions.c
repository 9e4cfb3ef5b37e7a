/* Writing executions: each call copies or references what it is given into a
 * Write; its function runs later in the writer's transaction. */
#include "store/sqlite/private.h"

#include <string.h>

static Write *
write_new (WriteFunc run, gpointer data, GDestroyNotify destroy, gsize bytes)
{
  Write *write = g_new0 (Write, 1);
  write->run = run;
  write->data = data;
  write->destroy = destroy;
  write->bytes = bytes + 256;
  return write;
}

static GBytes *
encode (Store *store, Value *value, GError **error)
{
  g_autoptr (GBytes) bytes = value_encode (value);
  return blob_put (store, bytes, error);
}

/* JSON columns are text. */
static void
bind_json (sqlite3_stmt *statement, int index, GBytes *json)
{
  gsize size = 0;
  const char *text = json == NULL ? NULL : g_bytes_get_data (json, &size);
  if (size == 0)
    sqlite3_bind_null (statement, index);
  else
    sqlite3_bind_text64 (statement, index, text, size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static GBytes *
ref_or_null (GBytes *bytes)
{
  return bytes == NULL ? NULL : g_bytes_ref (bytes);
}

/* --- insert --- */

/* An execution, with what became of it while it still waited to be written. */
typedef struct
{
  StoreExecution *execution;
  guint attempt;
  gint64 started_at_us; /* 0 = not yet */
  ExecutionStatus status;
  StoreFinish finish; /* zeros = not yet */
} InsertWrite;

static void
insert_write_free (gpointer data)
{
  InsertWrite *write = data;
  store_execution_free (write->execution);
  g_clear_pointer (&write->finish.error, g_bytes_unref);
  g_free (write);
}

static void
bind_progress (sqlite3_stmt *statement, int first, const InsertWrite *write)
{
  sqlite3_bind_int (statement, first, (int) write->status);
  sqlite3_bind_int (statement, first + 1, (int) write->attempt);
  sqlite3_bind_int64 (statement, first + 2, write->started_at_us);
  sqlite3_bind_int64 (statement, first + 3, write->finish.ended_at_us);
  bind_json (statement, first + 4, write->finish.error);
  sqlite3_bind_int (statement, first + 5, (int) write->finish.http_status);
  sqlite3_bind_int64 (statement, first + 6, (gint64) write->finish.cpu_us);
  sqlite3_bind_int64 (statement, first + 7, (gint64) write->finish.memory_bytes);
}

static gboolean
run_insert (Store *store, Write *write, GError **error)
{
  const InsertWrite *put = write->data;
  const StoreExecution *execution = put->execution;
  g_autoptr (GBytes) payload = encode (store, execution->payload, error);
  if (payload == NULL)
    return FALSE;
  sqlite3_stmt *insert = store_statement (
      store, "INSERT INTO execution (id, instance_id, version_id, flow, invoke_type,"
             " is_synchronous, payload_kind, invoke_url, payload, created_at, status, attempts,"
             " started_at, ended_at, error, http_status, cpu_us, memory_bytes)"
             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  bind_text (insert, 1, execution->id.text);
  bind_text (insert, 2, execution->instance_id);
  bind_text (insert, 3, execution->version_id);
  bind_text (insert, 4, execution->flow);
  sqlite3_bind_int (insert, 5, (int) execution->invoke_type);
  sqlite3_bind_int (insert, 6, execution->is_synchronous);
  sqlite3_bind_int (insert, 7, (int) execution->payload_kind);
  bind_text (insert, 8, execution->invoke_url);
  bind_bytes (insert, 9, payload);
  sqlite3_bind_int64 (insert, 10, execution->created_at_us);
  bind_progress (insert, 11, put);
  return store_run (store, insert, "inserting an execution", error);
}

void
store_execution_insert (Store *store, const StoreExecution *execution, StoreDurability durability,
                        StoreDone done, gpointer user_data)
{
  StoreExecution *copy = g_memdup2 (execution, sizeof *execution);
  copy->instance_id = g_strdup (execution->instance_id);
  copy->version_id = g_strdup (execution->version_id);
  copy->flow = g_strdup (execution->flow);
  copy->invoke_url = g_strdup (execution->invoke_url == NULL ? "" : execution->invoke_url);
  copy->payload
      = execution->payload == NULL ? value_new_undefined () : value_ref (execution->payload);
  InsertWrite *put = g_new0 (InsertWrite, 1);
  put->execution = copy;
  Write *write = write_new (run_insert, put, insert_write_free, value_size (copy->payload));
  write->is_single = TRUE;
  write->durability = durability;
  write->done = done;
  write->user_data = user_data;
  store_write (store, write);
}

/* --- started --- */

typedef struct
{
  ExecutionId id;
  guint attempt;
  gint64 started_at_us;
} Started;

static gboolean
run_started (Store *store, Write *write, GError **error)
{
  const Started *started = write->data;
  sqlite3_stmt *update = store_statement (store, "UPDATE execution SET status = 1, attempts = ?,"
                                                 " started_at = ? WHERE id = ? AND status < 2");
  sqlite3_bind_int (update, 1, (int) started->attempt);
  sqlite3_bind_int64 (update, 2, started->started_at_us);
  bind_text (update, 3, started->id.text);
  return store_run (store, update, "starting an execution", error);
}

void
store_execution_started (Store *store, const ExecutionId *id, guint attempt, gint64 started_at_us)
{
  Started started = { *id, attempt, started_at_us };
  Write *write = write_new (run_started, g_memdup2 (&started, sizeof started), g_free, 64);
  write->is_single = TRUE;
  store_write (store, write);
}

/* --- steps --- */

typedef struct
{
  ExecutionId id;
  StoreStep *step;
} StepWrite;

static void
step_write_free (gpointer data)
{
  StepWrite *write = data;
  store_step_free (write->step);
  g_free (write);
}

static gboolean
run_step (Store *store, Write *write, GError **error)
{
  const StepWrite *put = write->data;
  const StoreStep *step = put->step;
  g_autoptr (GBytes) results = encode (store, step->results, error);
  if (results == NULL)
    return FALSE;
  /* A second result for a path is the same step run twice: the first stays. */
  sqlite3_stmt *insert = store_statement (
      store,
      "INSERT INTO step (execution_id, path, ordinal, identifier, name, started_at, ended_at,"
      " results, error, states, sealed) VALUES (?1, ?2, (SELECT count(*) FROM step WHERE"
      " execution_id = ?1), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING");
  bind_text (insert, 1, put->id.text);
  bind_text (insert, 2, step->path);
  bind_text (insert, 3, step->identifier);
  bind_text (insert, 4, step->name);
  sqlite3_bind_int64 (insert, 5, step->started_at_us);
  sqlite3_bind_int64 (insert, 6, step->ended_at_us);
  bind_bytes (insert, 7, results);
  bind_json (insert, 8, step->error);
  bind_json (insert, 9, step->states);
  bind_bytes (insert, 10, step->sealed);
  return store_run (store, insert, "keeping a step's result", error);
}

void
store_step_put (Store *store, const ExecutionId *id, const StoreStep *step)
{
  StepWrite *put = g_new (StepWrite, 1);
  put->id = *id;
  put->step = g_memdup2 (step, sizeof *step);
  put->step->path = g_strdup (step->path);
  put->step->identifier = g_strdup (step->identifier);
  put->step->name = g_strdup (step->name);
  put->step->results = step->results == NULL ? value_new_undefined () : value_ref (step->results);
  put->step->error = ref_or_null (step->error);
  put->step->states = ref_or_null (step->states);
  put->step->sealed = ref_or_null (step->sealed);
  Write *write = write_new (run_step, put, step_write_free, value_size (put->step->results));
  write->is_single = TRUE;
  store_write (store, write);
}

/* --- log lines --- */

typedef struct
{
  ExecutionId id;
  GArray *lines;
} LogWrite;

static void
log_write_free (gpointer data)
{
  LogWrite *write = data;
  g_array_unref (write->lines);
  g_free (write);
}

static gboolean
run_log (Store *store, Write *write, GError **error)
{
  const LogWrite *append = write->data;
  for (guint i = 0; i < append->lines->len; i++)
    {
      const StoreLogLine *line = &g_array_index (append->lines, StoreLogLine, i);
      sqlite3_stmt *insert = store_statement (
          store, "INSERT INTO log (execution_id, at, level, step, text) VALUES (?, ?, ?, ?, ?)");
      bind_text (insert, 1, append->id.text);
      sqlite3_bind_int64 (insert, 2, line->at_us);
      sqlite3_bind_int (insert, 3, line->level);
      bind_text (insert, 4, line->step == NULL ? "" : line->step);
      bind_text (insert, 5, line->text);
      if (!store_run (store, insert, "keeping a log line", error))
        return FALSE;
    }
  return TRUE;
}

void
store_log_append (Store *store, const ExecutionId *id, GArray *lines)
{
  gsize bytes = 0;
  LogWrite *append = g_new (LogWrite, 1);
  append->id = *id;
  append->lines = g_array_ref (lines);
  for (guint i = 0; i < lines->len; i++)
    bytes += strlen (g_array_index (lines, StoreLogLine, i).text);
  store_write (store, write_new (run_log, append, log_write_free, bytes));
}

/* --- the end --- */

typedef struct
{
  ExecutionId id;
  StoreFinish finish;
  GPtrArray *states;  /* of StoreState */
  gboolean is_merged; /* the insert has the rest */
} FinishWrite;

static void
finish_write_free (gpointer data)
{
  FinishWrite *write = data;
  g_clear_pointer (&write->finish.error, g_bytes_unref);
  g_clear_pointer (&write->states, g_ptr_array_unref);
  g_free (write);
}

static gboolean
put_state (Store *store, const StoreState *state, GError **error)
{
  g_autoptr (GBytes) json = blob_put (store, state->json, error);
  if (json == NULL)
    return FALSE;
  sqlite3_stmt *insert
      = store_statement (store, "INSERT INTO state (scope, owner, json) VALUES (?, ?, ?)"
                                " ON CONFLICT (scope, owner) DO UPDATE SET json = excluded.json");
  bind_text (insert, 1, state->scope);
  bind_text (insert, 2, state->owner);
  bind_bytes (insert, 3, json);
  return store_run (store, insert, "keeping a state", error);
}

static gboolean
update_finished (Store *store, const FinishWrite *end, GError **error)
{
  sqlite3_stmt *update = store_statement (
      store,
      "UPDATE execution SET status = ?, ended_at = ?, error = ?, http_status = ?, cpu_us = ?,"
      " memory_bytes = ? WHERE id = ?");
  sqlite3_bind_int (update, 1, (int) end->finish.status);
  sqlite3_bind_int64 (update, 2, end->finish.ended_at_us);
  bind_json (update, 3, end->finish.error);
  sqlite3_bind_int (update, 4, (int) end->finish.http_status);
  sqlite3_bind_int64 (update, 5, (gint64) end->finish.cpu_us);
  sqlite3_bind_int64 (update, 6, (gint64) end->finish.memory_bytes);
  bind_text (update, 7, end->id.text);
  return store_run (store, update, "ending an execution", error);
}

static gboolean
run_finish (Store *store, Write *write, GError **error)
{
  const FinishWrite *end = write->data;
  if (!end->is_merged && !update_finished (store, end, error))
    return FALSE;
  for (guint i = 0; end->states != NULL && i < end->states->len; i++)
    if (!put_state (store, g_ptr_array_index (end->states, i), error))
      return FALSE;
  return TRUE;
}

void
store_execution_finish (Store *store, const ExecutionId *id, const StoreFinish *finish,
                        GPtrArray *states, StoreDurability durability, StoreDone done,
                        gpointer user_data)
{
  FinishWrite *end = g_new0 (FinishWrite, 1);
  gsize bytes = 0;
  end->id = *id;
  end->finish = *finish;
  end->finish.error = ref_or_null (finish->error);
  if (states != NULL)
    end->states = g_ptr_array_new_with_free_func ((GDestroyNotify) store_state_free);
  for (guint i = 0; states != NULL && i < states->len; i++)
    {
      const StoreState *state = g_ptr_array_index (states, i);
      StoreState *copy = g_new (StoreState, 1);
      copy->scope = g_strdup (state->scope);
      copy->owner = g_strdup (state->owner);
      copy->json = g_bytes_ref (state->json);
      bytes += g_bytes_get_size (state->json);
      g_ptr_array_add (end->states, copy);
    }
  Write *write = write_new (run_finish, end, finish_write_free, bytes);
  write->is_single = states == NULL;
  write->durability = durability;
  write->done = done;
  write->user_data = user_data;
  store_write (store, write);
}

/* --- merging --- */

static void
merge_started (InsertWrite *into, Write *write)
{
  const Started *started = write->data;
  into->status = EXECUTION_RUNNING;
  into->attempt = started->attempt;
  into->started_at_us = started->started_at_us;
  write->is_merged = TRUE;
}

static void
merge_finish (InsertWrite *into, Write *write)
{
  FinishWrite *end = write->data;
  into->status = end->finish.status;
  into->finish = end->finish;
  into->finish.error = ref_or_null (end->finish.error);
  end->is_merged = TRUE;
  write->is_merged = end->states == NULL;
}

/* A short execution begins and ends within one batch: one row is written instead of three. */
void
store_merge_executions (GQueue *batch)
{
  g_autoptr (GHashTable) inserts = g_hash_table_new (g_str_hash, g_str_equal);
  for (GList *l = batch->head; l != NULL; l = l->next)
    {
      Write *write = l->data;
      InsertWrite *into = NULL;
      if (write->run == run_insert)
        g_hash_table_insert (inserts, ((InsertWrite *) write->data)->execution->id.text,
                             write->data);
      else if (write->run == run_started
               && (into = g_hash_table_lookup (inserts, ((Started *) write->data)->id.text)))
        merge_started (into, write);
      else if (write->run == run_finish
               && (into = g_hash_table_lookup (inserts, ((FinishWrite *) write->data)->id.text)))
        merge_finish (into, write);
    }
}
