/* The schema, by numbered steps: a row is never changed once it has been
 * released, a new one is added. PRAGMA user_version counts them. */
#include "store/sqlite/private.h"

static const char *const migrations[] = {
  /* 1 */
  "CREATE TABLE blob (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
  "CREATE TABLE version (id TEXT PRIMARY KEY, integration TEXT NOT NULL, sequence INTEGER NOT NULL,"
  "  hash TEXT NOT NULL, document BLOB NOT NULL, created_at INTEGER NOT NULL,"
  "  UNIQUE (integration, hash));"
  "CREATE TABLE instance (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, integration TEXT NOT "
  "NULL,"
  "  version_id TEXT NOT NULL REFERENCES version (id), is_paused INTEGER NOT NULL,"
  "  config TEXT NOT NULL, endpoints TEXT NOT NULL, meta TEXT NOT NULL,"
  "  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);"
  "CREATE TABLE execution (id TEXT PRIMARY KEY, instance_id TEXT NOT NULL, version_id TEXT NOT "
  "NULL,"
  "  flow TEXT NOT NULL, status INTEGER NOT NULL, invoke_type INTEGER NOT NULL,"
  "  is_synchronous INTEGER NOT NULL, payload_kind INTEGER NOT NULL, invoke_url TEXT NOT NULL,"
  "  payload BLOB, attempts INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,"
  "  started_at INTEGER NOT NULL DEFAULT 0, ended_at INTEGER NOT NULL DEFAULT 0, error TEXT,"
  "  http_status INTEGER NOT NULL DEFAULT 0, cpu_us INTEGER NOT NULL DEFAULT 0,"
  "  memory_bytes INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
  "CREATE INDEX execution_unfinished ON execution (status) WHERE status < 2;"
  "CREATE TABLE step (execution_id TEXT NOT NULL, path TEXT NOT NULL, ordinal INTEGER NOT NULL,"
  "  identifier TEXT NOT NULL, name TEXT NOT NULL, started_at INTEGER NOT NULL,"
  "  ended_at INTEGER NOT NULL, results BLOB, error TEXT, states TEXT,"
  "  PRIMARY KEY (execution_id, path)) WITHOUT ROWID;"
  "CREATE TABLE log (sequence INTEGER PRIMARY KEY AUTOINCREMENT, execution_id TEXT NOT NULL,"
  "  at INTEGER NOT NULL, level INTEGER NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);"
  "CREATE INDEX log_execution ON log (execution_id);"
  "CREATE TABLE state (scope TEXT NOT NULL, owner TEXT NOT NULL, json BLOB NOT NULL,"
  "  PRIMARY KEY (scope, owner)) WITHOUT ROWID;",
  /* 2: connections. `fields` and `token` are sealed by the keeper, as is a step's `sealed`. */
  "CREATE TABLE connection (id TEXT PRIMARY KEY, instance_id TEXT NOT NULL, name TEXT NOT NULL,"
  "  revision INTEGER NOT NULL, public TEXT NOT NULL, fields BLOB NOT NULL, token BLOB,"
  "  updated_at INTEGER NOT NULL, UNIQUE (instance_id, name)) WITHOUT ROWID;"
  "CREATE TABLE vault (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
  "INSERT INTO vault VALUES ('store', lower (hex (randomblob (16))));"
  "ALTER TABLE step ADD COLUMN sealed BLOB;",
};

static int
user_version (sqlite3 *db)
{
  sqlite3_stmt *statement;
  int version = -1;
  if (sqlite3_prepare_v2 (db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK
      && sqlite3_step (statement) == SQLITE_ROW)
    version = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  return version;
}

static gboolean
apply (sqlite3 *db, int number, GError **error)
{
  g_autofree char *set = g_strdup_printf ("PRAGMA user_version = %d", number);
  if (store_exec (db, "BEGIN IMMEDIATE", error) && store_exec (db, migrations[number - 1], error)
      && store_exec (db, set, error) && store_exec (db, "COMMIT", error))
    return TRUE;
  sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

gboolean
store_migrate (sqlite3 *db, GError **error)
{
  int version = user_version (db), newest = G_N_ELEMENTS (migrations);
  if (version < 0)
    return store_fail (db, "reading the schema's number", error);
  if (version > newest)
    {
      g_set_error (
          error, STORE_ERROR, STORE_ERROR_SCHEMA,
          "the store has schema %d and this Tenon knows up to %d: it was written by a newer "
          "Tenon; start that one, or use another data folder",
          version, newest);
      return FALSE;
    }
  while (version < newest)
    if (!apply (db, ++version, error))
      return FALSE;
  return TRUE;
}
