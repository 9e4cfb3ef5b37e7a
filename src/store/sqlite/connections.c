/* Connections: rows that only the keeper can open, and what its key is known by. */
#include "store/sqlite/private.h"

static GBytes *
ref_or_empty (GBytes *bytes)
{
  return bytes == NULL ? g_bytes_new_static ("", 0) : g_bytes_ref (bytes);
}

static void
queue (Store *store, WriteFunc run, gpointer data, GDestroyNotify destroy, StoreDone done,
       gpointer user_data)
{
  Write *write = g_new0 (Write, 1);
  write->run = run;
  write->data = data;
  write->destroy = destroy;
  write->durability = STORE_DURABLE;
  write->is_single = TRUE;
  write->done = done;
  write->user_data = user_data;
  store_write (store, write);
}

/* --- saving --- */

static gboolean
run_save (Store *store, Write *write, GError **error)
{
  const StoreConnection *connection = write->data;
  g_autofree char *public = g_strndup (g_bytes_get_data (connection->public, NULL),
                                       g_bytes_get_size (connection->public));
  sqlite3_stmt *insert = store_statement (
      store, "INSERT INTO connection (id, instance_id, name, revision, public, fields, token,"
             " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
             " revision = excluded.revision, public = excluded.public, fields = excluded.fields,"
             " token = excluded.token, updated_at = excluded.updated_at"
             " WHERE excluded.revision > revision");
  bind_text (insert, 1, connection->id);
  bind_text (insert, 2, connection->instance_id);
  bind_text (insert, 3, connection->name);
  sqlite3_bind_int64 (insert, 4, (gint64) connection->revision);
  bind_text (insert, 5, public);
  bind_bytes (insert, 6, connection->fields);
  bind_bytes (insert, 7, connection->token);
  sqlite3_bind_int64 (insert, 8, g_get_real_time ());
  return store_run (store, insert, "keeping a connection", error);
}

void
store_connection_save (Store *store, const StoreConnection *connection, StoreDone done,
                       gpointer user_data)
{
  StoreConnection *copy = g_new0 (StoreConnection, 1);
  copy->id = g_strdup (connection->id);
  copy->instance_id = g_strdup (connection->instance_id);
  copy->name = g_strdup (connection->name);
  copy->revision = connection->revision;
  copy->public = g_bytes_ref (connection->public);
  copy->fields = g_bytes_ref (connection->fields);
  copy->token = ref_or_empty (connection->token);
  queue (store, run_save, copy, (GDestroyNotify) store_connection_free, done, user_data);
}

static gboolean
run_delete (Store *store, Write *write, GError **error)
{
  sqlite3_stmt *delete = store_statement (store, "DELETE FROM connection WHERE id = ?");
  bind_text (delete, 1, write->data);
  return store_run (store, delete, "deleting a connection", error);
}

void
store_connection_delete (Store *store, const char *id, StoreDone done, gpointer user_data)
{
  queue (store, run_delete, g_strdup (id), g_free, done, user_data);
}

static gboolean
run_save_check (Store *store, Write *write, GError **error)
{
  sqlite3_stmt *insert
      = store_statement (store, "INSERT INTO vault (name, value) VALUES ('check', ?)"
                                " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  bind_text (insert, 1, write->data);
  return store_run (store, insert, "keeping the key's check", error);
}

/* As text, for who looks into the file by hand. */
void
store_vault_save_check (Store *store, GBytes *check, StoreDone done, gpointer user_data)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (check, &length);
  queue (store, run_save_check, g_base64_encode (data, length), g_free, done, user_data);
}

/* --- at start --- */

GPtrArray *
store_load_connections (Store *store, GError **error)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) store_connection_free);
  sqlite3_stmt *select = store_read_statement (
      store,
      "SELECT id, instance_id, name, revision, public, fields, token FROM connection ORDER BY id");
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      StoreConnection *connection = g_new0 (StoreConnection, 1);
      connection->id = column_text (select, 0);
      connection->instance_id = column_text (select, 1);
      connection->name = column_text (select, 2);
      connection->revision = (guint64) sqlite3_column_int64 (select, 3);
      connection->public = column_bytes (select, 4);
      connection->fields = column_bytes (select, 5);
      g_autoptr (GBytes) token = column_bytes (select, 6);
      connection->token = ref_or_empty (token);
      g_ptr_array_add (all, connection);
    }
  sqlite3_reset (select);
  return all;
}

static char *
vault_text (Store *store, const char *name)
{
  sqlite3_stmt *select = store_read_statement (store, "SELECT value FROM vault WHERE name = ?");
  bind_text (select, 1, name);
  char *text = sqlite3_step (select) == SQLITE_ROW ? column_text (select, 0) : NULL;
  sqlite3_reset (select);
  return text;
}

gboolean
store_load_vault (Store *store, char **store_id, GBytes **check, GError **error)
{
  g_autofree char *text = vault_text (store, "check");
  gsize length = 0;
  guint8 *bytes = text == NULL ? NULL : g_base64_decode (text, &length);
  *store_id = vault_text (store, "store");
  *check = g_bytes_new_take (bytes, length);
  if (*store_id != NULL)
    return TRUE;
  g_clear_pointer (check, g_bytes_unref);
  return store_fail (store->reader, "the store has lost its id", error);
}
