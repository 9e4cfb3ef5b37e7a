/* The writer: takes everything that waits and commits it in one transaction.
 *
 * A batch in which nothing must be durable lingers some milliseconds, so that
 * the writes of many short executions share a commit, and is not synced
 * (synchronous=NORMAL: a kill loses nothing, a power cut the last instant). One
 * with a durable write goes at once, and is on the disk when `done` runs.
 */
#include "store/sqlite/private.h"

#include <glib/gstdio.h>

#define LINGER_US 10000
#define BATCH_WRITES 4000
#define WAL_BYTES (64 << 20)

static void
write_free (Write *write)
{
  if (write->destroy != NULL)
    write->destroy (write->data);
  g_clear_error (&write->error);
  g_free (write);
}

/* --- telling, on the caller's context --- */

static gboolean
tell (gpointer data)
{
  Store *store = data;
  GQueue ended = G_QUEUE_INIT;
  Write *write;
  g_mutex_lock (&store->mutex);
  ended = store->ended;
  g_queue_init (&store->ended);
  store->is_telling = FALSE;
  g_mutex_unlock (&store->mutex);
  while ((write = g_queue_pop_head (&ended)) != NULL)
    {
      if (write->instance_done != NULL)
        write->instance_done (write->error == NULL ? write->data : NULL, write->error,
                              write->user_data);
      else
        write->done (write->error, write->user_data);
      write_free (write);
    }
  return G_SOURCE_REMOVE;
}

static void
tell_later (Store *store, GQueue *batch)
{
  gboolean must_wake = FALSE;
  Write *write;
  g_mutex_lock (&store->mutex);
  while ((write = g_queue_pop_head (batch)) != NULL)
    {
      if (write->done == NULL && write->instance_done == NULL)
        {
          write_free (write);
          continue;
        }
      g_queue_push_tail (&store->ended, write);
      must_wake |= !store->is_telling;
      store->is_telling = TRUE;
    }
  g_mutex_unlock (&store->mutex);
  if (must_wake)
    {
      g_autoptr (GSource) source = g_idle_source_new ();
      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_callback (source, tell, store, NULL);
      g_source_attach (source, store->context);
    }
}

/* --- committing --- */

static gboolean
set_synchronous (Store *store, gboolean is_full, GError **error)
{
  if (store->is_full_sync == is_full)
    return TRUE;
  store->is_full_sync = is_full;
  return store_exec (store->writer,
                     is_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error);
}

static void
fail_all (GQueue *batch, const GError *error)
{
  for (GList *l = batch->head; l != NULL; l = l->next)
    {
      Write *write = l->data;
      if (write->error == NULL)
        write->error = g_error_copy (error);
      if (write->done == NULL && write->instance_done == NULL)
        g_warning ("a write was lost: %s", error->message);
    }
}

/* One write within the transaction: what fails is undone alone. */
static void
run_write (Store *store, Write *write)
{
  gboolean has_savepoint = !write->is_single;
  if (write->is_merged
      || (has_savepoint
          && !store_run (store, store_statement (store, "SAVEPOINT one"), "a savepoint",
                         &write->error)))
    return;
  if (!write->run (store, write, &write->error))
    {
      if (has_savepoint)
        store_run (store, store_statement (store, "ROLLBACK TO one"), "undoing a write", NULL);
      if (write->done == NULL && write->instance_done == NULL)
        g_warning ("a write failed: %s", write->error->message);
    }
  if (has_savepoint)
    store_run (store, store_statement (store, "RELEASE one"), "a savepoint's end", NULL);
}

static void
bound_wal (Store *store)
{
  int frames = 0, done = 0;
  g_autofree char *wal = g_strconcat (store->path, "-wal", NULL);
  GStatBuf info;
  if (g_stat (wal, &info) == 0 && info.st_size > WAL_BYTES)
    sqlite3_wal_checkpoint_v2 (store->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, &frames, &done);
}

static void
commit (Store *store, GQueue *batch, gboolean is_durable)
{
  g_autoptr (GError) error = NULL;
  if (set_synchronous (store, is_durable, &error)
      && store_exec (store->writer, "BEGIN IMMEDIATE", &error))
    {
      store_merge_executions (batch);
      for (GList *l = batch->head; l != NULL; l = l->next)
        run_write (store, l->data);
      if (!store_exec (store->writer, "COMMIT", &error))
        sqlite3_exec (store->writer, "ROLLBACK", NULL, NULL, NULL);
      store->commits++;
    }
  if (error != NULL)
    fail_all (batch, error);
  if (store->commits % 256 == 0)
    bound_wal (store);
}

/* Waits until a batch is ripe; FALSE at the end. */
static gboolean
take_batch (Store *store, GQueue *batch, gboolean *is_durable)
{
  g_mutex_lock (&store->mutex);
  while (!store->is_closing)
    {
      gint64 ripe_us = store->first_queued_us + LINGER_US;
      if (store->queue.length == 0)
        g_cond_wait (&store->cond, &store->mutex);
      else if (store->wants_commit || store->queue.length >= BATCH_WRITES
               || g_get_monotonic_time () >= ripe_us)
        break;
      else
        g_cond_wait_until (&store->cond, &store->mutex, ripe_us);
    }
  *batch = store->queue;
  *is_durable = store->wants_commit || store->is_closing;
  g_queue_init (&store->queue);
  store->queued_bytes = 0;
  store->wants_commit = FALSE;
  gboolean goes_on = !store->is_closing || batch->length > 0;
  g_mutex_unlock (&store->mutex);
  return goes_on;
}

gpointer
store_writer_main (gpointer data)
{
  Store *store = data;
  GQueue batch;
  gboolean is_durable;
  while (take_batch (store, &batch, &is_durable))
    {
      commit (store, &batch, is_durable);
      tell_later (store, &batch);
    }
  return NULL;
}

/* --- queueing --- */

static gboolean
refuse (gpointer data)
{
  Write *write = data;
  if (write->instance_done != NULL)
    write->instance_done (NULL, write->error, write->user_data);
  else if (write->done != NULL)
    write->done (write->error, write->user_data);
  write_free (write);
  return G_SOURCE_REMOVE;
}

void
store_write (Store *store, Write *write)
{
  gboolean is_full, must_wake;
  g_mutex_lock (&store->mutex);
  is_full = store->queue.length >= STORE_QUEUE_WRITES
            || store->queued_bytes + write->bytes > STORE_QUEUE_BYTES;
  must_wake = store->queue.length == 0 || store->queue.length + 1 >= BATCH_WRITES
              || (write->durability == STORE_DURABLE && !store->wants_commit);
  if (!is_full)
    {
      if (store->queue.length == 0)
        store->first_queued_us = g_get_monotonic_time ();
      g_queue_push_tail (&store->queue, write);
      store->queued_bytes += write->bytes;
      store->wants_commit |= write->durability == STORE_DURABLE;
      if (must_wake)
        g_cond_signal (&store->cond);
    }
  g_mutex_unlock (&store->mutex);
  if (is_full)
    {
      g_set_error (&write->error, STORE_ERROR, STORE_ERROR_BUSY,
                   "the store's queue is full: the disk is slower than what comes in");
      g_idle_add (refuse, write);
    }
}
