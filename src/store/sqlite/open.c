/* Opening and closing: the folder, its lock, two connections, two threads. */
#include "store/sqlite/private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_SECONDS 60
/* Most rows of executions and steps are one to two KiB. Of a row in a table without rowids, a page keeps no more
 * than a quarter of its own size: with SQLite's 4096 nearly every one had an overflow page to itself. Files that are
 * older keep the size that they have. */
#define FIRST_PRAGMAS "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL"
#define PRAGMAS                                                                                    \
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 10000;"           \
  "PRAGMA wal_autocheckpoint = 500; PRAGMA journal_size_limit = 16777216;"                        \
  "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"

void store_reader_run (gpointer data, gpointer unused);

/* One server a folder: the lock goes with the process, however it ends. */
static gboolean
lock_folder (Store *store, GError **error)
{
  g_autofree char *path = g_build_filename (store->folder, "lock", NULL);
  char holder[32] = "";
  store->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (store->lock_fd >= 0 && flock (store->lock_fd, LOCK_EX | LOCK_NB) == 0)
    {
      g_autofree char *pid = g_strdup_printf ("%d\n", getpid ());
      return (ftruncate (store->lock_fd, 0) == 0 && write (store->lock_fd, pid, strlen (pid)) > 0)
             || store_fail (NULL, "writing the lock", error);
    }
  if (store->lock_fd >= 0 && errno == EWOULDBLOCK
      && read (store->lock_fd, holder, sizeof holder - 1) > 0)
    g_set_error (
        error, STORE_ERROR, STORE_ERROR_BUSY,
        "the data folder %s is in use by process %s: end that server first, or use another "
        "folder",
        store->folder, g_strchomp (holder));
  else
    g_set_error (error, STORE_ERROR, STORE_ERROR_FAILED, "the data folder %s: %s", store->folder,
                 g_strerror (errno));
  return FALSE;
}

static gboolean
open_connections (Store *store, GError **error)
{
  mode_t before = umask (0077);
  int code
      = sqlite3_open_v2 (store->path, &store->writer,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  umask (before);
  if (code != SQLITE_OK)
    return store_fail (store->writer, store->path, error);
  /* Before the first table, or it has no effect. */
  if (!store_exec (store->writer, FIRST_PRAGMAS, error)
      || !store_exec (store->writer, PRAGMAS, error) || !store_migrate (store->writer, error))
    {
      g_prefix_error (error, "%s: ", store->path);
      return FALSE;
    }
  if (sqlite3_open_v2 (store->path, &store->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                       NULL)
      != SQLITE_OK)
    return store_fail (store->reader, store->path, error);
  return store_exec (store->reader, "PRAGMA busy_timeout = 10000", error);
}

static gboolean
sweep_now_and_then (gpointer data)
{
  store_sweep (data, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static void
finalize (gpointer sql, gpointer statement, gpointer unused)
{
  sqlite3_finalize (statement);
}

static void
store_free (Store *store)
{
  g_hash_table_foreach (store->statements, finalize, NULL);
  g_hash_table_foreach (store->reader_statements, finalize, NULL);
  g_hash_table_unref (store->statements);
  g_hash_table_unref (store->reader_statements);
  sqlite3_close (store->reader);
  sqlite3_close (store->writer);
  if (store->lock_fd >= 0)
    close (store->lock_fd);
  g_main_context_unref (store->context);
  g_mutex_clear (&store->mutex);
  g_cond_clear (&store->cond);
  g_free (store->folder);
  g_free (store->path);
  g_free (store);
}

Store *
store_open (const char *folder, const StoreRetention *retention, GError **error)
{
  Store *store = g_new0 (Store, 1);
  store->folder = g_strdup (folder);
  store->path = g_build_filename (folder, "tenon.db", NULL);
  store->lock_fd = -1;
  if (retention != NULL)
    store->retention = *retention;
  store->context = g_main_context_ref_thread_default ();
  store->statements = g_hash_table_new (NULL, NULL);
  store->reader_statements = g_hash_table_new (NULL, NULL);
  g_mutex_init (&store->mutex);
  g_cond_init (&store->cond);
  if (g_mkdir_with_parents (folder, 0700) < 0)
    g_set_error (error, STORE_ERROR, STORE_ERROR_FAILED, "the data folder %s: %s", folder,
                 g_strerror (errno));
  else if (lock_folder (store, error) && open_connections (store, error))
    {
      store->thread = g_thread_new ("store", store_writer_main, store);
      store->readers = g_thread_pool_new (store_reader_run, NULL, 1, TRUE, NULL);
      g_autoptr (GSource) timer = g_timeout_source_new_seconds (SWEEP_SECONDS);
      g_source_set_callback (timer, sweep_now_and_then, store, NULL);
      store->sweep_timer = g_source_attach (timer, store->context);
      return store;
    }
  store_free (store);
  return NULL;
}

const char *
store_folder (Store *store)
{
  return store->folder;
}

void
store_close (Store *store)
{
  GSource *timer = g_main_context_find_source_by_id (store->context, store->sweep_timer);
  if (timer != NULL)
    g_source_destroy (timer);
  g_mutex_lock (&store->mutex);
  store->is_closing = TRUE;
  g_cond_signal (&store->cond);
  g_mutex_unlock (&store->mutex);
  g_thread_join (store->thread);
  g_thread_pool_free (store->readers, FALSE, TRUE);
  store_free (store);
}
