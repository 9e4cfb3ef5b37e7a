/* What a server takes up again when it starts. */
#include "store/sqlite/private.h"

static Value *
decode (Store *store, sqlite3_stmt *statement, int index)
{
  g_autoptr (GBytes) stored = column_bytes (statement, index);
  g_autoptr (GBytes) bytes = blob_get (store_read_statement (store, BLOB_LOOKUP_SQL), stored);
  Value *value = bytes == NULL ? NULL : value_decode (bytes, NULL);
  return value == NULL ? value_new_undefined () : value;
}

static GBytes *
json_column (sqlite3_stmt *statement, int index)
{
  return column_bytes (statement, index);
}

static GPtrArray *
load_steps (Store *store, const char *execution_id)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func ((GDestroyNotify) store_step_free);
  sqlite3_stmt *select
      = store_read_statement (store, "SELECT path, identifier, name, started_at, ended_at, "
                                     "results, error, states, sealed FROM step"
                                     " WHERE execution_id = ? ORDER BY ordinal");
  bind_text (select, 1, execution_id);
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      StoreStep *step = g_new0 (StoreStep, 1);
      step->path = column_text (select, 0);
      step->identifier = column_text (select, 1);
      step->name = column_text (select, 2);
      step->started_at_us = sqlite3_column_int64 (select, 3);
      step->ended_at_us = sqlite3_column_int64 (select, 4);
      step->results = decode (store, select, 5);
      step->error = json_column (select, 6);
      step->states = json_column (select, 7);
      step->sealed = column_bytes (select, 8);
      g_ptr_array_add (steps, step);
    }
  sqlite3_reset (select);
  return steps;
}

static void
unfinished_free (gpointer data)
{
  StoreUnfinished *unfinished = data;
  store_execution_free (unfinished->execution);
  g_ptr_array_unref (unfinished->steps);
  g_free (unfinished);
}

GPtrArray *
store_load_unfinished (Store *store, GError **error)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (unfinished_free);
  sqlite3_stmt *select = store_read_statement (
      store, "SELECT id, instance_id, version_id, flow, invoke_type, is_synchronous, payload_kind,"
             " invoke_url, payload, created_at, attempts, started_at FROM execution"
             " WHERE status < 2 ORDER BY id");
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      StoreUnfinished *unfinished = g_new0 (StoreUnfinished, 1);
      StoreExecution *execution = unfinished->execution = g_new0 (StoreExecution, 1);
      g_strlcpy (execution->id.text, (const char *) sqlite3_column_text (select, 0),
                 sizeof execution->id.text);
      execution->instance_id = column_text (select, 1);
      execution->version_id = column_text (select, 2);
      execution->flow = column_text (select, 3);
      execution->invoke_type = (guint) sqlite3_column_int (select, 4);
      execution->is_synchronous = sqlite3_column_int (select, 5);
      execution->payload_kind = (guint) sqlite3_column_int (select, 6);
      execution->invoke_url = column_text (select, 7);
      execution->payload = decode (store, select, 8);
      execution->created_at_us = sqlite3_column_int64 (select, 9);
      unfinished->attempts = (guint) sqlite3_column_int (select, 10);
      unfinished->started_at_us = sqlite3_column_int64 (select, 11);
      unfinished->steps = load_steps (store, execution->id.text);
      g_ptr_array_add (all, unfinished);
    }
  sqlite3_reset (select);
  return all;
}

GPtrArray *
store_load_states (Store *store, GError **error)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) store_state_free);
  sqlite3_stmt *select = store_read_statement (store, "SELECT scope, owner, json FROM state");
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      StoreState *state = g_new0 (StoreState, 1);
      g_autoptr (GBytes) stored = column_bytes (select, 2);
      state->scope = column_text (select, 0);
      state->owner = column_text (select, 1);
      state->json = blob_get (store_read_statement (store, BLOB_LOOKUP_SQL), stored);
      if (state->json == NULL)
        state->json = g_bytes_new_static ("{}", 2);
      g_ptr_array_add (all, state);
    }
  sqlite3_reset (select);
  return all;
}
