/* The public face, the start and the stop. */
#include "base/json.h"
#include "dispatch/connections.h"
#include "dispatch/json_scan.h"
#include "dispatch/private.h"

#include <sched.h>
#include <string.h>

G_DEFINE_QUARK (dispatch - error - quark, dispatch_error)

/* A larger body is the worker's to check: it parses it anyway, and the main loop has others to
 * serve. */
#define MOST_SCANNED_BYTES ((gsize) 256 << 10)
#define FRAME_SLACK_BYTES ((gint64) 16 << 20)

GSource *
dispatcher_timer (guint ms, GSourceFunc func, gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  GSource *source = ms == 0 ? g_idle_source_new () : g_timeout_source_new (ms);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, dispatcher->host->context);
  return source;
}

void
drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* --- life --- */

/* The longest frame of an honest worker: a step's result and the four states, or an answer, a
 * result and states at the end. */
static gsize
most_frame_bytes (const Limits *most)
{
  gint64 bytes = 3 * most->value[LIMIT_RESULT_BYTES] + 4 * most->value[LIMIT_STATE_BYTES]
                 + FRAME_SLACK_BYTES;
  return (gsize) bytes;
}

static void
free_execution (gpointer data)
{
  execution_unref (data);
}

static void
free_instance (gpointer data)
{
  instance_free (data);
}

/* Those that this process may run on: GLib counts all of the machine's, also under taskset or in a
 * container with a processor set. */
static guint
usable_processors (void)
{
  cpu_set_t mask;
  if (sched_getaffinity (0, sizeof mask, &mask) == 0)
    return (guint) MAX (CPU_COUNT (&mask), 1);
  return g_get_num_processors ();
}

Dispatcher *
dispatcher_new (Store *store, WorkerHost *host, const DispatcherOptions *options, GError **error)
{
  Dispatcher *dispatcher = g_new0 (Dispatcher, 1);
  g_assert (host->context != NULL && options->workers > 0);
  dispatcher->store = store;
  dispatcher->n_processors = usable_processors ();
  dispatcher->host = host;
  dispatcher->options = *options;
  dispatcher->options.public_url = g_strdup (options->public_url);
  dispatcher->instances = g_ptr_array_new_with_free_func (free_instance);
  dispatcher->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  dispatcher->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  dispatcher->endpoints = g_hash_table_new (g_str_hash, g_str_equal);
  dispatcher->states
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  dispatcher->executions
      = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_execution);
  dispatcher->workers = g_ptr_array_new_with_free_func (pool_worker_free);
  worker_host_set_max_frame_bytes (host, most_frame_bytes (&options->limits_most));
  dispatcher->connections = connections_new (dispatcher, error);
  if (dispatcher->connections == NULL || !recover (dispatcher, error))
    {
      dispatcher_free (dispatcher);
      return NULL;
    }
  pool_refill_later (dispatcher);
  queue_pump (dispatcher);
  return dispatcher;
}

/* What the store still has to say finds an execution without a dispatcher. */
static void
orphan_executions (Dispatcher *dispatcher)
{
  GHashTableIter iter;
  gpointer execution;
  g_hash_table_iter_init (&iter, dispatcher->executions);
  while (g_hash_table_iter_next (&iter, NULL, &execution))
    ((Execution *) execution)->dispatcher = NULL;
  g_hash_table_unref (dispatcher->executions);
}

void
dispatcher_free (Dispatcher *dispatcher)
{
  dispatcher->is_stopping = TRUE;
  drop_source (&dispatcher->retry);
  drop_source (&dispatcher->deadline);
  drop_source (&dispatcher->answers);
  g_queue_clear_full (&dispatcher->refusals, g_free);
  deploys_free (dispatcher);
  pool_free (dispatcher);
  orphan_executions (dispatcher);
  g_clear_pointer (&dispatcher->connections, connections_free);
  g_queue_clear (&dispatcher->ring);
  g_hash_table_unref (dispatcher->endpoints);
  g_hash_table_unref (dispatcher->by_name);
  g_hash_table_unref (dispatcher->by_id);
  g_hash_table_unref (dispatcher->states);
  g_ptr_array_unref (dispatcher->instances);
  g_free (dispatcher->options.public_url);
  g_free (dispatcher);
}

/* --- invocations --- */

const Endpoint *
dispatcher_find_endpoint (Dispatcher *dispatcher, const char *token)
{
  FlowEntry *flow = g_hash_table_lookup (dispatcher->endpoints, token);
  return flow == NULL ? NULL : &flow->endpoint;
}

typedef struct
{
  guint64 ticket;
  GError *error;
  WebhookDone done;
  gpointer user_data;
} Refusal;

static void
refusal_free (Refusal *refusal)
{
  g_clear_error (&refusal->error);
  g_free (refusal);
}

static gboolean
on_answers (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  g_clear_pointer (&dispatcher->answers, g_source_unref);
  GQueue due = dispatcher->refusals;
  g_queue_init (&dispatcher->refusals);
  Refusal *refusal;
  while ((refusal = g_queue_pop_head (&due)) != NULL)
    {
      if (refusal->done != NULL)
        refusal->done (NULL, NULL, refusal->error, refusal->user_data);
      refusal_free (refusal);
    }
  return G_SOURCE_REMOVE;
}

/* In a turn of its own: `done` does not run inside dispatcher_invoke(). */
static guint64
refuse (Dispatcher *dispatcher, GError *error, WebhookDone done, gpointer user_data)
{
  Refusal *refusal = g_new0 (Refusal, 1);
  refusal->ticket = ++dispatcher->last_slot;
  refusal->error = error;
  refusal->done = done;
  refusal->user_data = user_data;
  g_queue_push_tail (&dispatcher->refusals, refusal);
  if (dispatcher->answers == NULL)
    dispatcher->answers = dispatcher_timer (0, on_answers, dispatcher);
  return refusal->ticket;
}

static GError *
why_not (Dispatcher *dispatcher, FlowEntry *flow)
{
  Instance *instance = flow->deployment->instance;
  if (dispatcher->is_stopping)
    return g_error_new (DISPATCH_ERROR, DISPATCH_ERROR_STOPPING, "the server is stopping");
  if (instance->stored->is_paused)
    return g_error_new (DISPATCH_ERROR, DISPATCH_ERROR_PAUSED, "instance \"%s\" is paused",
                        instance->stored->name);
  gint64 most = flow->endpoint.limits.value[LIMIT_QUEUE];
  if (instance->queue.length < most)
    return NULL;
  dispatcher->counts.refused_full++;
  return g_error_new (DISPATCH_ERROR, DISPATCH_ERROR_FULL,
                      "%" G_GINT64_FORMAT " executions of instance \"%s\" wait already (limit "
                      "\"queue\"); try again later",
                      most, instance->stored->name);
}

static GBytes *
raw_body (Value *payload)
{
  for (guint i = 0; i < value_n_parts (payload); i++)
    if (strcmp (value_part (payload, i)->pointer, "/rawBody") == 0)
      return value_part (payload, i)->bytes;
  return NULL;
}

/* Whether a body is what its content type says can be told here, and it is. "No" only means that
 * the worker is to say. The same types as in flow/payload.c. */
static gboolean
is_surely_good (Value *payload)
{
  GBytes *body = raw_body (payload), *json = value_json (payload);
  if (body == NULL || g_bytes_get_size (body) == 0)
    return TRUE;
  g_autoptr (json_t) request = json == NULL ? NULL : json_parse_bytes (json, NULL);
  const char *content_type = json_get_string (request, "contentType");
  if (request == NULL)
    return FALSE;
  if (content_type == NULL || content_type[0] == '\0')
    return TRUE;
  g_auto (GStrv) parts = g_strsplit (content_type, ";", 2);
  g_autofree char *type = g_ascii_strdown (g_strstrip (parts[0]), -1);
  if (g_str_has_prefix (type, "multipart/"))
    return FALSE;
  if (strcmp (type, "application/json") != 0 && !g_str_has_suffix (type, "+json"))
    return TRUE;
  return g_bytes_get_size (body) <= MOST_SCANNED_BYTES && json_scan_bytes (body);
}

guint64
dispatcher_invoke (Dispatcher *dispatcher, const Endpoint *endpoint, const WebhookRequest *request,
                   WebhookDone done, gpointer user_data)
{
  FlowEntry *flow = (FlowEntry *) endpoint; /* its first member */
  GError *error = why_not (dispatcher, flow);
  if (error != NULL)
    return refuse (dispatcher, error, done, user_data);

  Execution *execution = execution_new (dispatcher, flow);
  guint64 ticket = execution->slot;
  execution_id_make (&execution->id);
  execution->invoke_type = INVOKE_WEBHOOK;
  execution->payload_kind = PAYLOAD_REQUEST;
  execution->is_synchronous = request->is_synchronous;
  execution->invoke_url = g_strdup (request->invoke_url);
  execution->payload = value_ref (request->payload);
  execution->created_at_us = g_get_real_time ();
  dispatcher->counts.accepted++;
  caller_expect (execution, done, user_data, flow->endpoint.limits.value[LIMIT_SYNC_MS]);
  execution_insert (execution);
  /* Not on disk yet, so this does not leave before it is. */
  if (!execution->is_synchronous && flow->static_answer != NULL
      && is_surely_good (execution->payload))
    caller_answer (execution, answer_ref (flow->static_answer));
  queue_push (execution);
  queue_pump (dispatcher);
  return ticket;
}

void
dispatcher_forget (Dispatcher *dispatcher, guint64 ticket)
{
  Execution *execution = g_hash_table_lookup (dispatcher->executions, &ticket);
  if (execution != NULL)
    {
      caller_forget (execution);
      return;
    }
  for (GList *l = dispatcher->refusals.head; l != NULL; l = l->next)
    if (((Refusal *) l->data)->ticket == ticket)
      ((Refusal *) l->data)->done = NULL;
}

/* --- instances --- */

static json_t *
describe_instance (Dispatcher *dispatcher, Instance *instance)
{
  const StoreInstance *stored = instance->stored;
  json_t *json = json_object (), *flows = json_array ();
  for (guint i = 0; instance->current != NULL && i < instance->current->flows->len; i++)
    {
      FlowEntry *flow = instance->current->flows->pdata[i];
      g_autofree char *url = endpoint_url (dispatcher, flow->token);
      json_array_append_new (flows, json_pack ("{s:s, s:s, s:b}", "name", flow->endpoint.flow_name,
                                               "url", url, "isSynchronous",
                                               (int) flow->endpoint.flow->is_synchronous));
    }
  json_object_set_new (json, "name", json_string (stored->name));
  json_object_set_new (json, "id", json_string (stored->id));
  json_object_set_new (json, "integration", json_string (stored->integration));
  json_object_set_new (json, "version", json_integer (stored->version_sequence));
  json_object_set_new (json, "isPaused", json_boolean (stored->is_paused));
  json_object_set_new (json, "flows", flows);
  return json;
}

json_t *
dispatcher_list_instances (Dispatcher *dispatcher)
{
  json_t *list = json_array ();
  for (guint i = 0; i < dispatcher->instances->len; i++)
    json_array_append_new (list, describe_instance (dispatcher, dispatcher->instances->pdata[i]));
  json_t *answer = json_object ();
  json_object_set_new (answer, "instances", list);
  return answer;
}

typedef struct
{
  Dispatcher *dispatcher;
  char *name;
  gboolean is_paused;
  StoreJsonDone done;
  gpointer user_data;
} Pause;

static void
pause_free (Pause *pause)
{
  g_free (pause->name);
  g_free (pause);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pause, pause_free)

static void
set_paused (Instance *instance, gboolean is_paused)
{
  instance->stored->is_paused = is_paused;
  for (guint i = 0; instance->current != NULL && i < instance->current->flows->len; i++)
    ((FlowEntry *) instance->current->flows->pdata[i])->endpoint.is_paused = is_paused;
}

static void
on_paused (const GError *error, gpointer user_data)
{
  g_autoptr (Pause) pause = user_data;
  Instance *instance
      = error == NULL ? g_hash_table_lookup (pause->dispatcher->by_name, pause->name) : NULL;
  g_autoptr (json_t) json = NULL;
  if (instance != NULL)
    {
      set_paused (instance, pause->is_paused);
      json = describe_instance (pause->dispatcher, instance);
    }
  if (pause->done != NULL)
    pause->done (json, error, pause->user_data);
}

void
dispatcher_set_paused (Dispatcher *dispatcher, const char *instance, gboolean is_paused,
                       StoreJsonDone done, gpointer user_data)
{
  Pause *pause = g_new0 (Pause, 1);
  pause->dispatcher = dispatcher;
  pause->name = g_strdup (instance);
  pause->is_paused = is_paused;
  pause->done = done;
  pause->user_data = user_data;
  /* An unknown name is the store's to refuse. */
  store_instance_set_paused (dispatcher->store, instance, is_paused, on_paused, pause);
}

gboolean
dispatcher_is_ready (Dispatcher *dispatcher)
{
  return !dispatcher->is_stopping && worker_host_is_up (dispatcher->host);
}
