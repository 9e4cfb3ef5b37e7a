/* What the last server left: instances, states, and executions that had not ended.
 *
 * Every execution whose row is there is taken up again, with the results of the
 * steps that had ended; also synchronous ones, whose caller is gone. A stop of the
 * server is no fault of the execution: the try that it cut short does not count.
 */
#include "base/json.h"
#include "dispatch/connections.h"
#include "dispatch/limit_error.h"
#include "dispatch/private.h"

static Version *
load_version (Dispatcher *dispatcher, const char *id, GBytes **document, GError **error)
{
  *document = store_load_version (dispatcher->store, id, error);
  g_autoptr (json_t) json = *document == NULL ? NULL : json_parse_bytes (*document, error);
  return json == NULL ? NULL : version_from_json (json, error);
}

/* Without connections: *clear gets those that a store of before has among the values. */
static json_t *
resolve_config (const Version *version, json_t *config, json_t **clear, GError **error)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (json_t) plain = config_without_connections (version, config, clear);
  json_t *vars = config_values_resolve (version, plain, NULL, CONFIG_CONNECTIONS_REFUSED, faults);
  if (vars != NULL)
    return vars;
  g_autofree char *text = fault_list_to_text (faults);
  g_set_error (error, DISPATCH_ERROR, DISPATCH_ERROR_INVALID, "its config values do not fit: %s",
               text);
  return NULL;
}

/* FALSE with the reason; the instance stays known, and can be deployed to again. */
static gboolean
load_instance (Dispatcher *dispatcher, const StoreInstance *stored, GError **error)
{
  g_autoptr (GBytes) document = NULL;
  g_autoptr (Version) version = load_version (dispatcher, stored->version_id, &document, error);
  g_autoptr (json_t) clear = NULL;
  g_autoptr (json_t) vars
      = version == NULL ? NULL : resolve_config (version, stored->config, &clear, error);
  Instance *instance = vars == NULL ? NULL
                                    : instance_install (dispatcher, store_instance_copy (stored),
                                                        version, document, vars, error);
  if (instance != NULL)
    connections_adopt (dispatcher->connections, instance, clear);
  return instance != NULL;
}

/* A deployment that has been replaced, or another version of it, for executions of then. */
static Deployment *
find_deployment (Dispatcher *dispatcher, Instance *instance, const char *version_id, GError **error)
{
  if (instance->current != NULL && g_strcmp0 (instance->current->version_id, version_id) == 0)
    return deployment_ref (instance->current);
  g_autoptr (GBytes) document = NULL;
  g_autoptr (Version) version = load_version (dispatcher, version_id, &document, error);
  g_autoptr (json_t) vars
      = version == NULL ? NULL : resolve_config (version, instance->stored->config, NULL, error);
  return vars == NULL ? NULL
                      : deployment_new (instance, version_id, version, document, vars, error);
}

/* It can never run: end it in the store alone. */
static void
bury (Dispatcher *dispatcher, const StoreExecution *execution, const char *why)
{
  g_autofree char *message
      = g_strdup_printf ("The execution could not be taken up again after a restart: %s", why);
  g_autoptr (GBytes) error = execution_error_json ("RecoveryError", message, -1, NULL, NULL);
  StoreFinish finish
      = { .status = EXECUTION_FAILED, .ended_at_us = g_get_real_time (), .error = error };
  g_warning ("execution %s: %s", execution->id.text, message);
  store_execution_finish (dispatcher->store, &execution->id, &finish, NULL, STORE_RELAXED, NULL,
                          NULL);
}

static void
take_up (Dispatcher *dispatcher, FlowEntry *flow, StoreUnfinished *unfinished)
{
  const StoreExecution *row = unfinished->execution;
  Execution *execution = execution_new (dispatcher, flow);
  execution->id = row->id;
  execution->invoke_type = (guint8) row->invoke_type;
  execution->payload_kind = (guint8) row->payload_kind;
  execution->is_synchronous = row->is_synchronous;
  execution->invoke_url = g_strdup (row->invoke_url == NULL ? "" : row->invoke_url);
  execution->payload = row->payload == NULL ? value_new_undefined () : value_ref (row->payload);
  execution->created_at_us = row->created_at_us;
  execution->is_durable = TRUE;
  execution->attempts = unfinished->attempts == 0 ? 0 : unfinished->attempts - 1;
  while (unfinished->steps != NULL && unfinished->steps->len > 0)
    execution_restore_step (execution, g_ptr_array_steal_index (unfinished->steps, 0));
  queue_push (execution);
}

/* The deployments of other versions are shared by all executions of that version. */
static void
recover_one (Dispatcher *dispatcher, GHashTable *deployments, StoreUnfinished *unfinished)
{
  const StoreExecution *row = unfinished->execution;
  g_autoptr (GError) error = NULL;
  Instance *instance = g_hash_table_lookup (dispatcher->by_id, row->instance_id);
  if (instance == NULL)
    {
      bury (dispatcher, row, "its instance is no longer there");
      return;
    }
  g_autofree char *key = g_strconcat (row->instance_id, "/", row->version_id, NULL);
  Deployment *deployment = g_hash_table_lookup (deployments, key);
  if (deployment == NULL)
    {
      deployment = find_deployment (dispatcher, instance, row->version_id, &error);
      if (deployment == NULL)
        {
          bury (dispatcher, row, error->message);
          return;
        }
      g_hash_table_insert (deployments, g_steal_pointer (&key), deployment);
    }
  FlowEntry *flow = deployment_find_flow (deployment, row->flow);
  if (flow == NULL)
    bury (dispatcher, row, "its version has no such flow");
  else
    take_up (dispatcher, flow, unfinished);
}

static gboolean
recover_executions (Dispatcher *dispatcher, GError **error)
{
  g_autoptr (GPtrArray) unfinished = store_load_unfinished (dispatcher->store, error);
  g_autoptr (GHashTable) deployments
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) deployment_unref);
  if (unfinished == NULL)
    return FALSE;
  for (guint i = 0; i < unfinished->len; i++)
    recover_one (dispatcher, deployments, unfinished->pdata[i]);
  return TRUE;
}

gboolean
recover (Dispatcher *dispatcher, GError **error)
{
  g_autoptr (GPtrArray) instances = store_load_instances (dispatcher->store, error);
  g_autoptr (GPtrArray) states
      = instances == NULL ? NULL : store_load_states (dispatcher->store, error);
  if (states == NULL)
    return FALSE;
  states_load (dispatcher, states);
  for (guint i = 0; i < instances->len; i++)
    {
      const StoreInstance *stored = instances->pdata[i];
      g_autoptr (GError) why = NULL;
      if (!load_instance (dispatcher, stored, &why))
        {
          g_warning ("instance \"%s\" can't be run until it is deployed again: %s", stored->name,
                     why->message);
          instance_remember (dispatcher, store_instance_copy (stored));
        }
    }
  return recover_executions (dispatcher, error);
}
