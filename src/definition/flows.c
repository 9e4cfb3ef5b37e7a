/* Flows, and the limits that they and the integration set. */
#include "definition/build.h"

#include "base/limits.h"

#include <string.h>

#define MAX_FLOWS 1000

static gboolean
check_limit (Build *build, const At *at)
{
  gint64 value;
  Limits scratch;
  g_autoptr (GError) error = NULL;
  limits_init (&scratch);
  if (!node_as_integer (at->node, &value))
    value = G_MININT64; /* out of range, whatever the limit: the message says what fits */
  if (limits_set (&scratch, at->key, value, &error))
    return TRUE;
  if (value == G_MININT64 && limit_find (at->key) >= 0)
    report (&build->reporter, FAULT_ERROR, at, NULL, "limit \"%s\" must be a whole number of %s",
            at->key, limit_info (limit_find (at->key))->unit);
  else
    report_key (&build->reporter, FAULT_ERROR, at, NULL, "%s", error->message);
  return FALSE;
}

json_t *
build_limits (Build *build, const At *owner)
{
  At limits;
  if (!at_find (owner, "limits", &limits) || limits.node->kind != NODE_OBJECT)
    return NULL;
  json_t *json = json_object ();
  for (guint i = 0; i < node_n_members (limits.node); i++)
    {
      At limit = at_member (&limits, node_nth_member (limits.node, i));
      if (limit.node->kind != NODE_NULL && check_limit (build, &limit))
        json_object_set_new (json, limit.key, json_integer (node_integer (limit.node, 0)));
    }
  return json;
}

static json_t *
member_json (const Node *node, const char *key)
{
  const Node *member = node_get (node, key);
  return member == NULL ? NULL : node_to_json (member);
}

/* What the model has no field for, so that nothing of the file is lost. */
static json_t *
read_extra (const Node *node)
{
  static const char *const keys[]
      = { "triggerResolver", "isAgentFlow", "testApiKeys", "supplementalComponents", NULL };
  json_t *extra = NULL;
  for (guint i = 0; keys[i] != NULL; i++)
    {
      json_t *value = member_json (node, keys[i]);
      if (value == NULL)
        continue;
      if (extra == NULL)
        extra = json_object ();
      json_object_set_new (extra, keys[i], value);
    }
  return extra;
}

static char **
read_keys (const Node *list)
{
  if (list == NULL || list->kind != NODE_LIST)
    return NULL;
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();
  for (guint i = 0; i < node_n_items (list); i++)
    if (node_text (node_item (list, i)) != NULL)
      g_strv_builder_add (keys, node_text (node_item (list, i)));
  return g_strv_builder_end (keys);
}

static Flow *
flow_from_node (const Node *node)
{
  Flow *flow = flow_new ();
  const char *name = node_text (node_get (node, "name"));
  const char *stable_key = node_text (node_get (node, "stableKey"));
  const char *description = node_text (node_get (node, "description"));
  const char *security = node_text (node_get (node, "endpointSecurityType"));
  int index = security == NULL ? -1 : name_index (endpoint_security_names, security);

  flow->name = g_strdup (name == NULL ? "" : name);
  flow->stable_key = g_strdup (stable_key == NULL || *stable_key == '\0' ? flow->name : stable_key);
  flow->description = g_strdup (description == NULL ? "" : description);
  flow->is_synchronous = node_bool (node_get (node, "isSynchronous"), FALSE);
  flow->security = index < 0 ? ENDPOINT_CUSTOMER_OPTIONAL : (EndpointSecurity) index;
  flow->organization_api_keys = read_keys (node_get (node, "organizationApiKeys"));
  flow->retry_config = member_json (node, "retryConfig");
  flow->queue_config = member_json (node, "queueConfig");
  flow->schemas = member_json (node, "schemas");
  flow->extra = read_extra (node);
  return flow;
}

/* Names and stable keys find flows: each must be there once. */
static gboolean
check_unique (Build *build, const At *flow, const char *key, const char *value, GHashTable *seen)
{
  At at = *flow;
  const Node *other = g_hash_table_lookup (seen, value);
  at_find (flow, key, &at);
  if (other == NULL)
    return g_hash_table_insert (seen, g_strdup (value), (gpointer) at.node);
  report (&build->reporter, FAULT_ERROR, &at, "rename one of the two",
          "two flows have the %s \"%s\": the first one is in line %u", key, value, other->line);
  return FALSE;
}

static void
check_security (Build *build, const At *at, const Flow *flow)
{
  At place = *at;
  if (flow->security != ENDPOINT_ORGANIZATION
      || (flow->organization_api_keys != NULL && flow->organization_api_keys[0] != NULL))
    return;
  at_find (at, "endpointSecurityType", &place);
  report (&build->reporter, FAULT_WARNING, &place, "give them in organizationApiKeys",
          "the flow asks for the organization's keys but has none: nobody can call it");
}

static void
check_queue (Build *build, const At *flow)
{
  At config, field;
  if (at_find (flow, "queueConfig", &config) && at_find (&config, "dedupeIdField", &field))
    check_field_reference (build, &field);
  if (at_find (flow, "retryConfig", &config) && at_find (&config, "uniqueRequestIdField", &field))
    check_field_reference (build, &field);
}

static void
build_flow (Build *build, const At *at, GHashTable *names, GHashTable *stable_keys)
{
  At steps;
  Flow *flow = flow_from_node (at->node);
  g_ptr_array_add (build->version->flows, flow);
  if (*flow->name != '\0' && check_unique (build, at, "name", flow->name, names))
    check_unique (build, at, "stableKey", flow->stable_key, stable_keys);
  if (g_utf8_strlen (flow->name, -1) > MODEL_MAX_NAME_CHARS)
    report (&build->reporter, FAULT_ERROR, at, NULL, "a flow's name has at most %d characters",
            MODEL_MAX_NAME_CHARS);
  flow->limits = build_limits (build, at);
  check_security (build, at, flow);
  check_queue (build, at);
  if (at_find (at, "steps", &steps) && steps.node->kind == NODE_LIST
      && node_n_items (steps.node) == 0)
    report (&build->reporter, FAULT_ERROR, &steps, "begin with a trigger",
            "the flow has no steps, not even a trigger");
  build_steps (build, at, flow->steps);
}

/* flowNameField and the like, and the flow that preprocessFlowName names. */
static void
check_routing (Build *build, const At *root)
{
  static const char *const fields[]
      = { "flowNameField", "externalCustomerIdField", "externalCustomerUserIdField", NULL };
  At at;
  for (guint i = 0; fields[i] != NULL; i++)
    if (at_find (root, fields[i], &at))
      check_field_reference (build, &at);
  if (!at_find (root, "preprocessFlowName", &at))
    return;
  const char *name = node_text (at.node);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < build->version->flows->len; i++)
    g_ptr_array_add (names, ((Flow *) g_ptr_array_index (build->version->flows, i))->name);
  g_ptr_array_add (names, NULL);
  if (name == NULL || *name == '\0' || g_strv_contains ((const char *const *) names->pdata, name))
    return;
  g_autofree char *near
      = report_suggest (&build->reporter, name, (const char *const *) names->pdata);
  report (&build->reporter, FAULT_ERROR, &at, near, "there is no flow \"%s\"", name);
}

void
build_flows (Build *build, const At *root)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) stable_keys
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  At flows;

  if (!at_find (root, "flows", &flows) || flows.node->kind != NODE_LIST)
    return;
  if (node_n_items (flows.node) == 0 || node_n_items (flows.node) > MAX_FLOWS)
    report (&build->reporter, FAULT_ERROR, &flows, NULL,
            "a definition has at least one flow and at most %d", MAX_FLOWS);
  for (guint i = 0; i < MIN (node_n_items (flows.node), MAX_FLOWS); i++)
    {
      At flow = at_item (&flows, i);
      if (flow.node->kind == NODE_OBJECT)
        build_flow (build, &flow, names, stable_keys);
    }
  check_routing (build, root);
}
