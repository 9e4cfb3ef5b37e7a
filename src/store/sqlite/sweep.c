/* Retention: old executions go, bodies that nothing refers to go, and the file
 * gets smaller. In slices, each a write like any other, so that nothing waits
 * long for it. */
#include "store/sqlite/private.h"

#include <glib/gstdio.h>

#define SLICE 200
#define VACUUM_PAGES 2000

static gint64
number (Store *store, const char *sql)
{
  sqlite3_stmt *select = store_statement (store, sql);
  gint64 value = sqlite3_step (select) == SQLITE_ROW ? sqlite3_column_int64 (select, 0) : 0;
  sqlite3_reset (select);
  return value;
}

static gint64
used_bytes (Store *store)
{
  return (number (store, "PRAGMA page_count") - number (store, "PRAGMA freelist_count"))
         * number (store, "PRAGMA page_size");
}

/* How many of the oldest ended executions go now. */
static gint64
surplus (Store *store)
{
  const StoreRetention *keep = &store->retention;
  gint64 n = 0;
  if (keep->executions > 0)
    n = MAX (n, number (store, "SELECT count(*) FROM execution") - keep->executions);
  if (keep->bytes > 0 && used_bytes (store) > keep->bytes)
    n = MAX (n, SLICE);
  return MIN (n, SLICE);
}

static gboolean
delete_execution (Store *store, const char *id, GError **error)
{
  static const char *const statements[]
      = { "DELETE FROM log WHERE execution_id = ?", "DELETE FROM step WHERE execution_id = ?",
          "DELETE FROM execution WHERE id = ?" };
  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    {
      sqlite3_stmt *statement = store_statement (store, statements[i]);
      bind_text (statement, 1, id);
      if (!store_run (store, statement, "sweeping", error))
        return FALSE;
    }
  return TRUE;
}

/* Oldest first; those that wait or run stay. */
static GPtrArray *
victims (Store *store)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  gint64 oldest_us = store->retention.age_days > 0
                         ? g_get_real_time () - store->retention.age_days * G_TIME_SPAN_DAY
                         : 0;
  gint64 over = surplus (store);
  sqlite3_stmt *select = store_statement (
      store, "SELECT id, created_at FROM execution WHERE status >= 2 ORDER BY id LIMIT ?");
  sqlite3_bind_int (select, 1, SLICE);
  while (sqlite3_step (select) == SQLITE_ROW)
    if ((gint64) ids->len < over || sqlite3_column_int64 (select, 1) < oldest_us)
      g_ptr_array_add (ids, column_text (select, 0));
  sqlite3_reset (select);
  return ids;
}

/* A body's hash stands behind a 1 in whatever refers to it (blob.c). */
static gboolean
delete_orphans (Store *store, GError **error)
{
  return store_run (
      store,
      store_statement (
          store, "DELETE FROM blob WHERE hash IN (SELECT hash FROM blob EXCEPT SELECT substr(r, 2)"
                 " FROM (SELECT payload AS r FROM execution UNION ALL SELECT results FROM step"
                 " UNION ALL SELECT json FROM state UNION ALL SELECT document FROM version)"
                 " WHERE substr(r, 1, 1) = x'01')"),
      "sweeping bodies", error);
}

static gboolean
run_slice (Store *store, Write *write, GError **error)
{
  g_autoptr (GPtrArray) ids = victims (store);
  for (guint i = 0; i < ids->len; i++)
    if (!delete_execution (store, g_ptr_array_index (ids, i), error))
      return FALSE;
  *(gboolean *) write->data = ids->len == SLICE;
  if (ids->len > 0 && ids->len < SLICE && !delete_orphans (store, error))
    return FALSE;
  sqlite3_stmt *vacuum = store_statement (store, "PRAGMA incremental_vacuum(2000)");
  while (sqlite3_step (vacuum) == SQLITE_ROW)
    ;
  sqlite3_reset (vacuum);
  return TRUE;
}

typedef struct
{
  gboolean has_more;
  Store *store;
  StoreDone done;
  gpointer user_data;
} Sweep;

static void sweep_slice (Sweep *sweep);

static void
slice_done (const GError *error, gpointer data)
{
  Sweep *sweep = data;
  if (error == NULL && sweep->has_more)
    {
      sweep_slice (sweep);
      return;
    }
  if (sweep->done != NULL)
    sweep->done (error, sweep->user_data);
  g_free (sweep);
}

static void
sweep_slice (Sweep *sweep)
{
  Write *write = g_new0 (Write, 1);
  write->run = run_slice;
  write->data = &sweep->has_more;
  write->done = slice_done;
  write->user_data = sweep;
  store_write (sweep->store, write);
}

void
store_sweep (Store *store, StoreDone done, gpointer user_data)
{
  Sweep *sweep = g_new0 (Sweep, 1);
  sweep->store = store;
  sweep->done = done;
  sweep->user_data = user_data;
  sweep_slice (sweep);
}

static guint64
file_bytes (const char *path, const char *suffix)
{
  g_autofree char *name = g_strconcat (path, suffix, NULL);
  GStatBuf info;
  return g_stat (name, &info) == 0 ? (guint64) info.st_size : 0;
}

void
store_stats (Store *store, StoreStats *stats)
{
  g_mutex_lock (&store->mutex);
  stats->queued_writes = store->queue.length;
  stats->queued_bytes = store->queued_bytes;
  g_mutex_unlock (&store->mutex);
  stats->commits = store->commits;
  stats->rows = store->rows;
  stats->database_bytes = file_bytes (store->path, "");
  stats->wal_bytes = file_bytes (store->path, "-wal");
}
