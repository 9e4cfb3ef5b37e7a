/* A worker's connections: a libcurl multi handle, driven by one GSource.
 *
 * Each worker has its own, so that keep-alive connections are reused among the
 * executions of one instance and never by another's: a connection remembers
 * whom a server has authenticated on it (NTLM, a client certificate), and an
 * answer that one instance provoked must not be read by the next.
 *
 * libcurl names the sockets that it waits for and one timeout; both are put on
 * the source. libcurl must not be called back while it calls us, so whatever
 * ends a transfer from within a callback only returns an error to libcurl.
 */
#include "egress/private.h"

typedef struct
{
  GSource source;
  Pool *pool;
} PoolSource;

struct Pool
{
  CURLM *multi;
  PoolSource *source;
  GHashTable *sockets; /* descriptor -> tag of the source */
  GPtrArray *paused;   /* of Transfer */
  PoolIsCongested is_congested;
  gpointer user_data;
};

/* Lookups are shared by all workers (one thread, so without locks); what they gave is checked at
 * every connect. */
static CURLSH *
shared_lookups (void)
{
  static CURLSH *share;
  if (share == NULL)
    {
      share = curl_share_init ();
      curl_share_setopt (share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    }
  return share;
}

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *user_data, void *unused)
{
  Pool *pool = user_data;
  gpointer key = GINT_TO_POINTER (fd);
  gpointer tag = g_hash_table_lookup (pool->sockets, key);
  GIOCondition events = (what & CURL_POLL_IN ? G_IO_IN : 0) | (what & CURL_POLL_OUT ? G_IO_OUT : 0);

  if (what == CURL_POLL_REMOVE)
    {
      if (tag != NULL)
        g_source_remove_unix_fd (&pool->source->source, tag);
      g_hash_table_remove (pool->sockets, key);
    }
  else if (tag == NULL)
    g_hash_table_insert (pool->sockets, key,
                         g_source_add_unix_fd (&pool->source->source, fd, events));
  else
    g_source_modify_unix_fd (&pool->source->source, tag, events);
  return 0;
}

static int
on_timeout (CURLM *multi, long timeout_ms, void *user_data)
{
  Pool *pool = user_data;
  g_source_set_ready_time (&pool->source->source,
                           timeout_ms < 0 ? -1 : g_get_monotonic_time () + timeout_ms * 1000);
  return 0;
}

static void
take_finished (Pool *pool)
{
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read (pool->multi, &left)) != NULL)
    if (message->msg == CURLMSG_DONE)
      {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        char *transfer = NULL;
        curl_easy_getinfo (easy, CURLINFO_PRIVATE, &transfer);
        transfer_finished ((Transfer *) (void *) transfer, result);
      }
}

static gboolean
can_resume (Pool *pool)
{
  return pool->paused->len > 0 && !pool->is_congested (pool->user_data);
}

/* --- the source --- */

/* The channel empties its queue in its own dispatch; whether that was enough is asked in every turn
 * of the loop. */
static gboolean
pool_prepare (GSource *source, gint *timeout)
{
  *timeout = -1;
  return can_resume (((PoolSource *) source)->pool);
}

static gboolean
pool_check (GSource *source)
{
  Pool *pool = ((PoolSource *) source)->pool;
  GHashTableIter iter;
  gpointer tag;
  g_hash_table_iter_init (&iter, pool->sockets);
  while (g_hash_table_iter_next (&iter, NULL, &tag))
    if (g_source_query_unix_fd (source, tag) != 0)
      return TRUE;
  return can_resume (pool);
}

typedef struct
{
  int fd, events;
} Ready;

/* Collected before libcurl is called, which changes the set. */
static GArray *
ready_sockets (Pool *pool)
{
  GArray *ready = g_array_new (FALSE, FALSE, sizeof (Ready));
  GHashTableIter iter;
  gpointer fd, tag;
  g_hash_table_iter_init (&iter, pool->sockets);
  while (g_hash_table_iter_next (&iter, &fd, &tag))
    {
      GIOCondition events = g_source_query_unix_fd (&pool->source->source, tag);
      Ready one
          = { GPOINTER_TO_INT (fd),
              (events & G_IO_IN ? CURL_CSELECT_IN : 0) | (events & G_IO_OUT ? CURL_CSELECT_OUT : 0)
                  | (events & (G_IO_ERR | G_IO_HUP | G_IO_NVAL) ? CURL_CSELECT_ERR : 0) };
      if (one.events != 0)
        g_array_append_val (ready, one);
    }
  return ready;
}

static void
resume_paused (Pool *pool)
{
  g_autoptr (GPtrArray) paused = g_steal_pointer (&pool->paused);
  pool->paused = g_ptr_array_new ();
  for (guint i = 0; i < paused->len; i++)
    transfer_resume (paused->pdata[i]);
}

static gboolean
pool_dispatch (GSource *source, GSourceFunc unused, gpointer also_unused)
{
  Pool *pool = ((PoolSource *) source)->pool;
  g_autoptr (GArray) ready = ready_sockets (pool);
  gint64 ready_time = g_source_get_ready_time (source);
  int running;

  if (can_resume (pool))
    resume_paused (pool);
  for (guint i = 0; i < ready->len; i++)
    {
      const Ready *one = &g_array_index (ready, Ready, i);
      if (g_hash_table_contains (pool->sockets, GINT_TO_POINTER (one->fd)))
        curl_multi_socket_action (pool->multi, one->fd, one->events, &running);
    }
  if (ready_time >= 0 && ready_time <= g_get_monotonic_time ())
    {
      g_source_set_ready_time (source, -1);
      curl_multi_socket_action (pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
  take_finished (pool);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs pool_funcs = {
  .prepare = pool_prepare,
  .check = pool_check,
  .dispatch = pool_dispatch,
};

Pool *
transfer_pool_new (GMainContext *context, PoolIsCongested is_congested, gpointer user_data)
{
  static gsize is_initialized;
  if (g_once_init_enter (&is_initialized))
    {
      curl_global_init (CURL_GLOBAL_DEFAULT);
      g_once_init_leave (&is_initialized, 1);
    }

  Pool *pool = g_new0 (Pool, 1);
  pool->is_congested = is_congested;
  pool->user_data = user_data;
  pool->sockets = g_hash_table_new (NULL, NULL);
  pool->paused = g_ptr_array_new ();
  pool->source = (PoolSource *) g_source_new (&pool_funcs, sizeof (PoolSource));
  pool->source->pool = pool;
  g_source_attach (&pool->source->source, context);

  pool->multi = curl_multi_init ();
  curl_multi_setopt (pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt (pool->multi, CURLMOPT_SOCKETDATA, pool);
  curl_multi_setopt (pool->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
  curl_multi_setopt (pool->multi, CURLMOPT_TIMERDATA, pool);
  curl_multi_setopt (pool->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long) EGRESS_MAX_CONNECTIONS);
  curl_multi_setopt (pool->multi, CURLMOPT_MAXCONNECTS, (long) EGRESS_MAX_IDLE_CONNECTIONS);
  return pool;
}

void
transfer_pool_free (Pool *pool)
{
  curl_multi_cleanup (pool->multi);
  g_source_destroy (&pool->source->source);
  g_source_unref (&pool->source->source);
  g_hash_table_unref (pool->sockets);
  g_ptr_array_unref (pool->paused);
  g_free (pool);
}

gboolean
transfer_pool_is_congested (Pool *pool)
{
  return pool->is_congested (pool->user_data);
}

gboolean
transfer_pool_add (Pool *pool, CURL *easy)
{
  curl_easy_setopt (easy, CURLOPT_SHARE, shared_lookups ());
  return curl_multi_add_handle (pool->multi, easy) == CURLM_OK;
}

void
transfer_pool_remove (Pool *pool, CURL *easy)
{
  curl_multi_remove_handle (pool->multi, easy);
}

void
transfer_pool_add_paused (Pool *pool, Transfer *transfer)
{
  g_ptr_array_add (pool->paused, transfer);
}

void
transfer_pool_remove_paused (Pool *pool, Transfer *transfer)
{
  g_ptr_array_remove_fast (pool->paused, transfer);
}
