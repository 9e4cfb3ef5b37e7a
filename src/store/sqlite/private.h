/* The SQLite store's own: one connection that writes, on a thread of its own,
 * one that reads, on another. */
#pragma once

#include <sqlite3.h>
#include "base/json.h"
#include "store/store.h"

typedef struct Write Write;
/* Runs in the writer's transaction. FALSE with *error undoes this write alone. */
typedef gboolean (*WriteFunc) (Store *store, Write *write, GError **error);

struct Write
{
  WriteFunc run;
  gpointer data; /* freed with `destroy` on the writer's thread */
  GDestroyNotify destroy;
  gsize bytes;
  StoreDurability durability;
  gboolean is_single; /* one statement, which the engine undoes by itself */
  gboolean is_merged; /* into another of its batch: nothing is left to write */
  StoreDone done;     /* or NULL */
  gpointer user_data;
  /* store_deploy() gets more than an error */
  StoreInstanceDone instance_done;
  GError *error;
};

struct Store
{
  char *folder, *path;
  int lock_fd;
  StoreRetention retention;
  GMainContext *context;
  sqlite3 *writer, *reader;
  GHashTable *statements;        /* SQL -> sqlite3_stmt of the writer */
  GHashTable *reader_statements; /* of the reader */

  GThread *thread;
  GThreadPool *readers;
  GMutex mutex;
  GCond cond;
  GQueue queue; /* of Write */
  gsize queued_bytes;
  gboolean is_closing;
  gint64 first_queued_us;
  gboolean wants_commit; /* a durable write waits */
  guint sweep_timer;
  GQueue ended; /* of Write: done, to be told on the context */
  gboolean is_telling;
  _Atomic guint64 commits, rows;
  gboolean is_full_sync;
};

#define STORE_QUEUE_WRITES 200000
#define STORE_QUEUE_BYTES ((gsize) 512 << 20)

/* --- sql.c --- */

/* A statement of the connection, prepared once, reset and without bindings. */
sqlite3_stmt *store_statement (Store *store, const char *sql);
sqlite3_stmt *store_read_statement (Store *store, const char *sql);
gboolean store_fail (sqlite3 *db, const char *what, GError **error);
gboolean store_exec (sqlite3 *db, const char *sql, GError **error);
/* Steps a statement that gives no rows. */
gboolean store_run (Store *store, sqlite3_stmt *statement, const char *what, GError **error);
void bind_text (sqlite3_stmt *statement, int index, const char *text);
void bind_bytes (sqlite3_stmt *statement, int index, GBytes *bytes); /* NULL = null */
char *column_text (sqlite3_stmt *statement, int index);
GBytes *column_bytes (sqlite3_stmt *statement, int index); /* NULL if null */

/* --- blob.c: bodies over BLOB_INLINE_BYTES are kept once, by their hash --- */

#define BLOB_INLINE_BYTES 4096
/* What stands in a column for `bytes`: themselves, or a reference. NULL on error. */
GBytes *blob_put (Store *store, GBytes *bytes, GError **error);
GBytes *blob_get (sqlite3_stmt *lookup, GBytes *stored);
#define BLOB_LOOKUP_SQL "SELECT bytes FROM blob WHERE hash = ?"

/* --- migrations.c --- */

gboolean store_migrate (sqlite3 *db, GError **error);

/* --- writer.c --- */

void store_write (Store *store, Write *write);
gpointer store_writer_main (gpointer store);

/* --- executions.c --- */

/* Before a batch is written, in the order that it was queued in. */
void store_merge_executions (GQueue *batch);

char *iso_time_text (gint64 at_us);
