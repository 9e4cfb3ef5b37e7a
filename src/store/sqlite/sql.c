#include "store/sqlite/private.h"

#include <string.h>

gboolean
store_fail (sqlite3 *db, const char *what, GError **error)
{
  int code = sqlite3_errcode (db) == SQLITE_FULL ? STORE_ERROR_FULL : STORE_ERROR_FAILED;
  g_set_error (error, STORE_ERROR, code, "the store: %s: %s%s", what, sqlite3_errmsg (db),
               code == STORE_ERROR_FULL ? " (free some space, or lower the retention)" : "");
  return FALSE;
}

gboolean
store_exec (sqlite3 *db, const char *sql, GError **error)
{
  return sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail (db, sql, error);
}

static sqlite3_stmt *
prepared (sqlite3 *db, GHashTable *statements, const char *sql)
{
  sqlite3_stmt *statement = g_hash_table_lookup (statements, sql);
  if (statement == NULL)
    {
      if (sqlite3_prepare_v3 (db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL)
          != SQLITE_OK)
        g_error ("the store's own SQL does not compile: %s: %s", sql, sqlite3_errmsg (db));
      g_hash_table_insert (statements, (gpointer) sql, statement);
    }
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  return statement;
}

sqlite3_stmt *
store_statement (Store *store, const char *sql)
{
  return prepared (store->writer, store->statements, sql);
}

sqlite3_stmt *
store_read_statement (Store *store, const char *sql)
{
  return prepared (store->reader, store->reader_statements, sql);
}

gboolean
store_run (Store *store, sqlite3_stmt *statement, const char *what, GError **error)
{
  int code = sqlite3_step (statement);
  if (code != SQLITE_DONE && code != SQLITE_ROW)
    {
      store_fail (store->writer, what, error);
      sqlite3_reset (statement);
      return FALSE;
    }
  sqlite3_reset (statement);
  store->rows++;
  return TRUE;
}

void
bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  if (text == NULL)
    sqlite3_bind_null (statement, index);
  else
    sqlite3_bind_text (statement, index, text, -1, SQLITE_TRANSIENT);
}

void
bind_bytes (sqlite3_stmt *statement, int index, GBytes *bytes)
{
  gsize size = 0;
  gconstpointer data = bytes == NULL ? NULL : g_bytes_get_data (bytes, &size);
  if (bytes == NULL)
    sqlite3_bind_null (statement, index);
  else if (size == 0)
    sqlite3_bind_zeroblob (statement, index, 0);
  else
    sqlite3_bind_blob64 (statement, index, data, size, SQLITE_TRANSIENT);
}

char *
column_text (sqlite3_stmt *statement, int index)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, index));
}

GBytes *
column_bytes (sqlite3_stmt *statement, int index)
{
  if (sqlite3_column_type (statement, index) == SQLITE_NULL)
    return NULL;
  return g_bytes_new (sqlite3_column_blob (statement, index),
                      (gsize) sqlite3_column_bytes (statement, index));
}

/* ISO 8601, milliseconds, UTC; NULL for 0. */
char *
iso_time_text (gint64 at_us)
{
  if (at_us == 0)
    return NULL;
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int) (at_us % G_USEC_PER_SEC / 1000));
}
