/* Instances, what was deployed to them, and where they are called. Few: all are in
 * memory. A deployment lives as long as an execution or a worker needs it, also
 * after another has taken its place. */
#include "base/json.h"
#include "dispatch/connections.h"
#include "dispatch/private.h"

#include <string.h>

char *
endpoint_url (Dispatcher *dispatcher, const char *token)
{
  return g_strdup_printf ("%s/trigger/%s", dispatcher->options.public_url, token);
}

json_t *
endpoint_of_flow (json_t *endpoints, const char *stable_key)
{
  size_t index;
  json_t *endpoint;
  json_array_foreach (endpoints, index, endpoint)
  {
    if (g_strcmp0 (json_get_string (endpoint, "flow"), stable_key) == 0)
      return endpoint;
  }
  return NULL;
}

/* --- flows --- */

static void
flow_entry_free (gpointer data)
{
  FlowEntry *flow = data;
  g_free (flow->token);
  g_strfreev (flow->api_keys);
  g_free (flow->state_owner);
  g_bytes_unref (flow->limits_json);
  g_clear_pointer (&flow->static_answer, answer_unref);
  g_clear_pointer (&flow->states, g_bytes_unref);
  g_free (flow);
}

static void
add_keys (GPtrArray *keys, json_t *given)
{
  size_t index;
  json_t *key;
  json_array_foreach (given, index, key)
  {
    if (json_is_string (key))
      g_ptr_array_add (keys, g_strdup (json_string_value (key)));
  }
}

static char **
keys_of_flow (const Flow *flow, json_t *endpoint)
{
  GPtrArray *keys = g_ptr_array_new ();
  add_keys (keys, json_object_get (endpoint, "apiKeys"));
  for (char **key = flow->organization_api_keys;
       flow->security == ENDPOINT_ORGANIZATION && key != NULL && *key != NULL; key++)
    g_ptr_array_add (keys, g_strdup (*key));
  g_ptr_array_add (keys, NULL);
  return (char **) g_ptr_array_free (keys, FALSE);
}

static FlowEntry *
flow_entry_new (Deployment *deployment, guint index)
{
  Instance *instance = deployment->instance;
  const Flow *flow = deployment->version->flows->pdata[index];
  json_t *endpoint = endpoint_of_flow (instance->stored->endpoints, flow->stable_key);
  FlowEntry *entry = g_new0 (FlowEntry, 1);

  entry->deployment = deployment;
  entry->index = index;
  entry->token = g_strdup (json_get_string (endpoint, "token"));
  entry->api_keys = keys_of_flow (flow, endpoint);
  entry->state_owner = g_strconcat (instance->stored->id, "/", flow->stable_key, NULL);
  if (flow->steps->len > 0)
    entry->static_answer = answer_of_trigger (flow->steps->pdata[0]);
  entry->endpoint = (Endpoint){
    .instance_id = instance->stored->id,
    .instance_name = instance->stored->name,
    .flow_name = flow->name,
    .token = entry->token,
    .flow = flow,
    .is_paused = instance->stored->is_paused,
    .security = flow->security,
    .api_keys = (const char *const *) entry->api_keys,
  };
  deployment_limits (instance->dispatcher, deployment->version, flow, &entry->endpoint.limits);
  g_autoptr (json_t) limits = limits_to_json (&entry->endpoint.limits);
  entry->limits_json = json_print_bytes (limits);
  return entry;
}

FlowEntry *
deployment_find_flow (Deployment *deployment, const char *stable_key)
{
  for (guint i = 0; i < deployment->flows->len; i++)
    {
      FlowEntry *flow = deployment->flows->pdata[i];
      if (strcmp (flow->endpoint.flow->stable_key, stable_key) == 0)
        return flow;
    }
  return NULL;
}

/* --- deployments --- */

/* References version and document. */
Deployment *
deployment_new (Instance *instance, const char *version_id, Version *version, GBytes *document,
                json_t *config_vars, GError **error)
{
  if (version->flows->len == 0)
    {
      g_set_error (error, DISPATCH_ERROR, DISPATCH_ERROR_INVALID,
                   "the version has no flow: there is nothing to run");
      return NULL;
    }
  Deployment *deployment = g_new0 (Deployment, 1);
  deployment->refs = 1;
  deployment->instance = instance;
  deployment->version_id = g_strdup (version_id);
  deployment->version = version_ref (version);
  deployment->document = g_bytes_ref (document);
  deployment->workers = g_ptr_array_new ();
  deployment->connections = connection_names (version);
  deployment->needs_grants
      = deployment->connections != NULL && instance->dispatcher->host->has_keeper;
  deployment->flows = g_ptr_array_new_with_free_func (flow_entry_free);
  gint64 memory_mb = 0;
  for (guint i = 0; i < version->flows->len; i++)
    {
      FlowEntry *flow = flow_entry_new (deployment, i);
      memory_mb = MAX (memory_mb, flow->endpoint.limits.value[LIMIT_MEMORY_MB]);
      g_ptr_array_add (deployment->flows, flow);
    }
  deployment->context
      = instance_context (instance->dispatcher, instance->stored, version, config_vars, memory_mb);
  return deployment;
}

Deployment *
deployment_ref (Deployment *deployment)
{
  deployment->refs++;
  return deployment;
}

void
deployment_unref (Deployment *deployment)
{
  if (--deployment->refs > 0)
    return;
  g_ptr_array_unref (deployment->flows);
  g_ptr_array_unref (deployment->workers);
  version_unref (deployment->version);
  g_bytes_unref (deployment->document);
  g_bytes_unref (deployment->context);
  g_strfreev (deployment->connections);
  g_free (deployment->version_id);
  g_free (deployment);
}

/* --- instances --- */

StoreInstance *
store_instance_copy (const StoreInstance *instance)
{
  StoreInstance *copy = g_new0 (StoreInstance, 1);
  *copy = *instance;
  copy->id = g_strdup (instance->id);
  copy->name = g_strdup (instance->name);
  copy->integration = g_strdup (instance->integration);
  copy->version_id = g_strdup (instance->version_id);
  copy->config = json_incref (instance->config);
  copy->endpoints = json_incref (instance->endpoints);
  copy->meta = json_incref (instance->meta);
  return copy;
}

static void
forget_endpoints (Dispatcher *dispatcher, Deployment *deployment)
{
  for (guint i = 0; deployment != NULL && i < deployment->flows->len; i++)
    {
      FlowEntry *flow = deployment->flows->pdata[i];
      if (flow->token != NULL)
        g_hash_table_remove (dispatcher->endpoints, flow->token);
    }
}

static void
announce_endpoints (Dispatcher *dispatcher, Deployment *deployment)
{
  for (guint i = 0; i < deployment->flows->len; i++)
    {
      FlowEntry *flow = deployment->flows->pdata[i];
      if (flow->token != NULL)
        g_hash_table_insert (dispatcher->endpoints, flow->token, flow);
    }
}

static Instance *
instance_new (Dispatcher *dispatcher, const char *id, const char *name)
{
  Instance *instance = g_new0 (Instance, 1);
  instance->dispatcher = dispatcher;
  g_ptr_array_add (dispatcher->instances, instance);
  g_hash_table_insert (dispatcher->by_name, g_strdup (name), instance);
  g_hash_table_insert (dispatcher->by_id, g_strdup (id), instance);
  return instance;
}

Instance *
instance_install (Dispatcher *dispatcher, StoreInstance *stored, Version *version, GBytes *document,
                  json_t *config_vars, GError **error)
{
  Instance *instance = g_hash_table_lookup (dispatcher->by_name, stored->name);
  if (instance == NULL)
    instance = instance_new (dispatcher, stored->id, stored->name);
  StoreInstance *before = instance->stored;
  instance->stored = stored;
  Deployment *deployment
      = deployment_new (instance, stored->version_id, version, document, config_vars, error);
  if (deployment == NULL)
    {
      if (before == NULL)
        return NULL; /* known by name and without a deployment: it can be deployed to again */
      store_instance_free (stored);
      instance->stored = before;
      return NULL;
    }
  Deployment *old = instance->current;
  forget_endpoints (dispatcher, old);
  instance->current = deployment;
  announce_endpoints (dispatcher, deployment);
  connections_define (dispatcher->connections, deployment);
  if (old != NULL)
    {
      pool_retire_deployment (old);
      deployment_unref (old);
    }
  if (before != NULL)
    store_instance_free (before);
  return instance;
}

void
instance_remember (Dispatcher *dispatcher, StoreInstance *stored)
{
  Instance *instance = g_hash_table_lookup (dispatcher->by_name, stored->name);
  if (instance == NULL)
    instance = instance_new (dispatcher, stored->id, stored->name);
  g_clear_pointer (&instance->stored, store_instance_free);
  instance->stored = stored;
}

void
instance_free (Instance *instance)
{
  g_clear_pointer (&instance->current, deployment_unref);
  g_clear_pointer (&instance->stored, store_instance_free);
  g_free (instance);
}
