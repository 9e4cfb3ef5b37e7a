/* What a worker is told of its instance: spec/context.md, "Properties". */
#include "base/json.h"
#include "dispatch/private.h"

/* Where a deploy says nothing: spec/context.md, "Values in test executions". */
static json_t *
customer_of (json_t *meta)
{
  json_t *given = json_object_get (meta, "customer");
  return json_is_object (given)
             ? json_incref (given)
             : json_pack ("{s:s, s:s, s:s}", "id", "testCustomerId", "name", "Test Customer",
                          "externalId", "testCustomerExternalId");
}

static json_t *
user_of (json_t *meta)
{
  json_t *given = json_object_get (meta, "user");
  return json_is_object (given) ? json_incref (given)
                                : json_pack ("{s:s, s:s, s:s, s:s}", "id", "testUserId", "email",
                                             "testUserEmail@example.com", "name", "Test User",
                                             "externalId", "testUserExternalId");
}

static json_t *
integration_of (const StoreInstance *instance, const Version *version)
{
  json_t *integration = json_object ();
  g_autofree char *sequence = g_strdup_printf ("%" G_GINT64_FORMAT, instance->version_sequence);
  json_object_set_new (integration, "id", json_string (instance->integration));
  json_object_set_new (integration, "name", json_string (instance->integration));
  json_object_set_new (integration, "versionSequenceId", json_string (sequence));
  json_object_set_new (
      integration, "externalVersion",
      json_string (version->external_version == NULL ? "" : version->external_version));
  return integration;
}

static void
add_webhooks (Dispatcher *dispatcher, const StoreInstance *instance, const Version *version,
              json_t *context)
{
  json_t *urls = json_object (), *keys = json_object ();
  for (guint i = 0; i < version->flows->len; i++)
    {
      const Flow *flow = version->flows->pdata[i];
      json_t *endpoint = endpoint_of_flow (instance->endpoints, flow->stable_key);
      const char *token = json_get_string (endpoint, "token");
      json_t *own_keys = json_object_get (endpoint, "apiKeys");
      if (token == NULL)
        continue; /* a version of before, without this instance's present flows */
      g_autofree char *url = endpoint_url (dispatcher, token);
      json_object_set_new (urls, flow->name, json_string (url));
      json_object_set_new (keys, flow->name,
                           json_is_array (own_keys) ? json_incref (own_keys) : json_array ());
    }
  json_object_set_new (context, "webhookUrls", urls);
  json_object_set_new (context, "webhookApiKeys", keys);
}

GBytes *
instance_context (Dispatcher *dispatcher, const StoreInstance *instance, const Version *version,
                  json_t *config_vars, gint64 memory_mb)
{
  g_autoptr (json_t) context = json_object ();
  json_object_set (context, "configVars", config_vars);
  json_object_set_new (context, "customer", customer_of (instance->meta));
  json_object_set_new (context, "instance",
                       json_pack ("{s:s, s:s}", "id", instance->id, "name", instance->name));
  json_object_set_new (context, "user", user_of (instance->meta));
  json_object_set_new (context, "integration", integration_of (instance, version));
  add_webhooks (dispatcher, instance, version, context);
  json_object_set_new (context, "globalDebug", json_false ());
  json_object_set_new (context, "runnerAllocatedMemoryMb", json_integer (memory_mb));
  return json_print_bytes (context);
}
