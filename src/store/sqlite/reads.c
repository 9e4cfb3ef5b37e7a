/* Looking back: JSON for the API, made on the reader's thread. */
#include "store/sqlite/private.h"

#include <string.h>

#define MOST_LOGS 1000

typedef struct Read Read;
struct Read
{
  Store *store;
  json_t *(*run) (Read *read, GError **error);
  char *instance, *flow, *id;
  int status;
  gint64 after;
  guint most;
  StoreJsonDone done;
  gpointer user_data;
  json_t *json;
  GError *error;
};

static void
read_free (Read *read)
{
  g_free (read->instance);
  g_free (read->flow);
  g_free (read->id);
  g_clear_pointer (&read->json, json_decref);
  g_clear_error (&read->error);
  g_free (read);
}

static gboolean
tell (gpointer data)
{
  Read *read = data;
  read->done (read->json, read->error, read->user_data);
  read_free (read);
  return G_SOURCE_REMOVE;
}

void store_reader_run (gpointer data, gpointer unused);

void
store_reader_run (gpointer data, gpointer unused)
{
  Read *read = data;
  Store *store = read->store;
  read->json = read->run (read, &read->error);
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, tell, read, NULL);
  g_source_attach (source, store->context);
}

static Read *
read_new (Store *store, json_t *(*run) (Read *, GError **), StoreJsonDone done, gpointer user_data)
{
  Read *read = g_new0 (Read, 1);
  read->store = store;
  read->run = run;
  read->done = done;
  read->user_data = user_data;
  return read;
}

static void
set_time (json_t *object, const char *key, gint64 at_us)
{
  g_autofree char *text = iso_time_text (at_us);
  json_object_set_new (object, key, text == NULL ? json_null () : json_string (text));
}

static void
set_duration (json_t *object, gint64 from_us, gint64 to_us)
{
  if (from_us > 0 && to_us >= from_us)
    json_object_set_new (object, "durationMs", json_real ((double) (to_us - from_us) / 1000));
}

static json_t *
column_json (sqlite3_stmt *statement, int index)
{
  const char *text = (const char *) sqlite3_column_text (statement, index);
  return text == NULL ? NULL : json_parse (text, -1, NULL);
}

static json_t *
column_value (Store *store, sqlite3_stmt *statement, int index)
{
  g_autoptr (GBytes) stored = column_bytes (statement, index);
  g_autoptr (GBytes) bytes = blob_get (store_read_statement (store, BLOB_LOOKUP_SQL), stored);
  g_autoptr (Value) value = bytes == NULL ? NULL : value_decode (bytes, NULL);
  g_autofree char *text = value == NULL ? g_strdup ("null") : value_to_json (value);
  json_t *json = json_parse (text, -1, NULL);
  return json == NULL ? json_null () : json;
}

/* --- executions --- */

#define EXECUTION_COLUMNS                                                                          \
  "e.id, i.name, e.flow, e.status, e.invoke_type, e.is_synchronous, e.created_at, e.started_at, "  \
  "e.ended_at, e.error, e.attempts"

static const char *
invoke_type_name (int type)
{
  static const char *const names[]
      = { "WEBHOOK", "SCHEDULED", "CROSS_FLOW", "DEPLOY_FLOW", "INTEGRATION_FLOW_TEST" };
  return type >= 0 && type < (int) G_N_ELEMENTS (names) ? names[type] : "WEBHOOK";
}

static json_t *
execution_row (sqlite3_stmt *row, gboolean is_whole)
{
  json_t *json = json_object ();
  const char *instance = (const char *) sqlite3_column_text (row, 1);
  json_object_set_new (json, "id", json_string ((const char *) sqlite3_column_text (row, 0)));
  json_object_set_new (json, "instance", json_string (instance == NULL ? "" : instance));
  json_object_set_new (json, "flow", json_string ((const char *) sqlite3_column_text (row, 2)));
  json_object_set_new (
      json, "status",
      json_string (execution_status_name ((ExecutionStatus) (sqlite3_column_int (row, 3) & 3))));
  json_object_set_new (json, "invokeType",
                       json_string (invoke_type_name (sqlite3_column_int (row, 4))));
  json_object_set_new (json, "isSynchronous", json_boolean (sqlite3_column_int (row, 5)));
  set_time (json, "createdAt", sqlite3_column_int64 (row, 6));
  set_time (json, "startedAt", sqlite3_column_int64 (row, 7));
  set_time (json, "endedAt", sqlite3_column_int64 (row, 8));
  set_duration (json, sqlite3_column_int64 (row, 7), sqlite3_column_int64 (row, 8));
  json_object_set_new (json, "attempts", json_integer (sqlite3_column_int (row, 10)));
  g_autoptr (json_t) error = column_json (row, 9);
  if (error != NULL && is_whole)
    json_object_set (json, "error", error);
  else if (error != NULL)
    {
      static const char *const keys[] = { "name", "message", "step" };
      json_t *brief = json_object ();
      for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
        if (json_object_get (error, keys[i]) != NULL)
          json_object_set (brief, keys[i], json_object_get (error, keys[i]));
      json_object_set_new (json, "error", brief);
    }
  return json;
}

static json_t *
run_list_executions (Read *read, GError **error)
{
  sqlite3_stmt *select = store_read_statement (
      read->store,
      "SELECT " EXECUTION_COLUMNS " FROM execution e LEFT JOIN instance i ON i.id = e.instance_id"
      " WHERE (?1 IS NULL OR i.name = ?1) AND (?2 IS NULL OR e.flow = ?2)"
      " AND (?3 < 0 OR e.status = ?3) AND (?4 IS NULL OR e.id < ?4)"
      " ORDER BY e.id DESC LIMIT ?5");
  json_t *list = json_array ();
  bind_text (select, 1, read->instance);
  bind_text (select, 2, read->flow);
  sqlite3_bind_int (select, 3, read->status);
  bind_text (select, 4, read->id);
  sqlite3_bind_int (select, 5, (int) read->most);
  while (sqlite3_step (select) == SQLITE_ROW)
    json_array_append_new (list, execution_row (select, FALSE));
  sqlite3_reset (select);
  gsize n = json_array_size (list);
  json_t *next = n < read->most || n == 0
                     ? json_null ()
                     : json_incref (json_object_get (json_array_get (list, n - 1), "id"));
  return json_pack ("{s:o, s:o}", "executions", list, "next", next);
}

void
store_list_executions (Store *store, const StoreExecutionFilter *filter, StoreJsonDone done,
                       gpointer user_data)
{
  Read *read = read_new (store, run_list_executions, done, user_data);
  read->instance = g_strdup (filter->instance);
  read->flow = g_strdup (filter->flow);
  read->id = g_strdup (filter->before);
  read->status = filter->status;
  read->most = CLAMP (filter->most, 1, 1000);
  g_thread_pool_push (store->readers, read, NULL);
}

static json_t *
list_steps (Store *store, const char *id)
{
  json_t *steps = json_array ();
  sqlite3_stmt *select = store_read_statement (
      store, "SELECT path, identifier, name, started_at, ended_at, results, error FROM step"
             " WHERE execution_id = ? ORDER BY ordinal");
  bind_text (select, 1, id);
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      json_t *step = json_object ();
      static const char *const keys[] = { "path", "identifier", "name" };
      for (int i = 0; i < 3; i++)
        json_object_set_new (step, keys[i],
                             json_string ((const char *) sqlite3_column_text (select, i)));
      set_time (step, "startedAt", sqlite3_column_int64 (select, 3));
      set_time (step, "endedAt", sqlite3_column_int64 (select, 4));
      set_duration (step, sqlite3_column_int64 (select, 3), sqlite3_column_int64 (select, 4));
      json_object_set_new (step, "results", column_value (store, select, 5));
      json_t *error = column_json (select, 6);
      if (error != NULL)
        json_object_set_new (step, "error", error);
      json_array_append_new (steps, step);
    }
  sqlite3_reset (select);
  return steps;
}

static const char *
level_name (int level)
{
  static const char *const names[]
      = { "trace", "debug", "info", "warn", "error", "fatal", "metric" };
  return level >= 0 && level < (int) G_N_ELEMENTS (names) ? names[level] : "info";
}

/* Columns: sequence, at, level, step, text. */
static json_t *
log_row (sqlite3_stmt *row)
{
  json_t *line = json_object ();
  json_object_set_new (line, "sequence", json_integer (sqlite3_column_int64 (row, 0)));
  set_time (line, "at", sqlite3_column_int64 (row, 1));
  json_object_set_new (line, "level", json_string (level_name (sqlite3_column_int (row, 2))));
  json_object_set_new (line, "step", json_string ((const char *) sqlite3_column_text (row, 3)));
  json_object_set_new (line, "text", json_string ((const char *) sqlite3_column_text (row, 4)));
  return line;
}

static json_t *
list_execution_logs (Store *store, const char *id, gboolean *is_cut)
{
  json_t *lines = json_array ();
  sqlite3_stmt *select = store_read_statement (
      store, "SELECT sequence, at, level, step, text FROM log WHERE execution_id = ?"
             " ORDER BY sequence LIMIT ?");
  bind_text (select, 1, id);
  sqlite3_bind_int (select, 2, MOST_LOGS + 1);
  *is_cut = FALSE;
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      if (json_array_size (lines) == MOST_LOGS)
        *is_cut = TRUE;
      else
        json_array_append_new (lines, log_row (select));
    }
  sqlite3_reset (select);
  return lines;
}

static json_t *
run_get_execution (Read *read, GError **error)
{
  gboolean is_cut;
  sqlite3_stmt *select = store_read_statement (
      read->store,
      "SELECT " EXECUTION_COLUMNS ", e.payload, e.http_status, e.cpu_us, e.memory_bytes"
      " FROM execution e LEFT JOIN instance i ON i.id = e.instance_id"
      " WHERE e.id = ?");
  bind_text (select, 1, read->id);
  if (sqlite3_step (select) != SQLITE_ROW)
    {
      sqlite3_reset (select);
      g_set_error (error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "there is no execution %s", read->id);
      return NULL;
    }
  json_t *json = execution_row (select, TRUE);
  json_object_set_new (json, "payload", column_value (read->store, select, 11));
  json_object_set_new (json, "httpStatus", json_integer (sqlite3_column_int (select, 12)));
  json_object_set_new (json, "cpuMs",
                       json_real ((double) sqlite3_column_int64 (select, 13) / 1000));
  json_object_set_new (json, "memoryBytes", json_integer (sqlite3_column_int64 (select, 14)));
  sqlite3_reset (select);
  json_object_set_new (json, "steps", list_steps (read->store, read->id));
  json_object_set_new (json, "logs", list_execution_logs (read->store, read->id, &is_cut));
  json_object_set_new (json, "logsTruncated", json_boolean (is_cut));
  return json;
}

void
store_get_execution (Store *store, const char *id, StoreJsonDone done, gpointer user_data)
{
  Read *read = read_new (store, run_get_execution, done, user_data);
  read->id = g_strdup (id);
  g_thread_pool_push (store->readers, read, NULL);
}

/* --- logs --- */

#define LOG_SELECT                                                                                 \
  "SELECT l.sequence, l.at, l.level, l.step, l.text, l.execution_id, i.name, e.flow FROM log l"    \
  " LEFT JOIN execution e ON e.id = l.execution_id"                                                \
  " LEFT JOIN instance i ON i.id = e.instance_id"                                                  \
  " WHERE l.sequence > ?1 AND (?2 IS NULL OR i.name = ?2)"                                         \
  " AND (?3 IS NULL OR l.execution_id = ?3)"

static json_t *
run_list_logs (Read *read, GError **error)
{
  json_t *lines = json_array ();
  gint64 next = MAX (read->after, 0);
  sqlite3_stmt *select = store_read_statement (
      read->store, read->after < 0 ? "SELECT * FROM (" LOG_SELECT
                                     " ORDER BY l.sequence DESC LIMIT ?4)"
                                     " ORDER BY 1"
                                   : LOG_SELECT " ORDER BY l.sequence LIMIT ?4");
  sqlite3_bind_int64 (select, 1, read->after);
  bind_text (select, 2, read->instance);
  bind_text (select, 3, read->id);
  sqlite3_bind_int (select, 4, (int) read->most);
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      static const char *const keys[] = { "execution", "instance", "flow" };
      json_t *line = log_row (select);
      for (int i = 0; i < 3; i++)
        {
          const char *text = (const char *) sqlite3_column_text (select, 5 + i);
          json_object_set_new (line, keys[i], json_string (text == NULL ? "" : text));
        }
      next = sqlite3_column_int64 (select, 0);
      json_array_append_new (lines, line);
    }
  sqlite3_reset (select);
  return json_pack ("{s:o, s:I}", "logs", lines, "next", (json_int_t) next);
}

void
store_list_logs (Store *store, const char *instance, const char *execution, gint64 after,
                 guint most, StoreJsonDone done, gpointer user_data)
{
  Read *read = read_new (store, run_list_logs, done, user_data);
  read->instance = g_strdup (instance);
  read->id = g_strdup (execution);
  read->after = after;
  read->most = CLAMP (most, 1, 1000);
  g_thread_pool_push (store->readers, read, NULL);
}
