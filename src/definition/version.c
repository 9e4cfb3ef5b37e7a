/* What is asked of a version, and its JSON form. */
#include "definition/model.h"

#include "base/json.h"

#include <string.h>

G_DEFINE_QUARK (version - error - quark, version_error)

Flow *
version_find_flow (const Version *version, const char *name)
{
  for (guint i = 0; i < version->flows->len; i++)
    {
      Flow *flow = g_ptr_array_index (version->flows, i);
      if (strcmp (flow->name, name) == 0)
        return flow;
    }
  for (guint i = 0; i < version->flows->len; i++)
    {
      Flow *flow = g_ptr_array_index (version->flows, i);
      if (strcmp (flow->stable_key, name) == 0)
        return flow;
    }
  return NULL;
}

/* Both came from a file or a deploy that was checked, so each name and number is good. */
static void
apply_limits (Limits *limits, json_t *object)
{
  const char *name;
  json_t *value;
  json_object_foreach (object, name, value)
  {
    int id = limit_find (name);
    if (id >= 0 && json_is_integer (value))
      limits->value[id] = json_integer_value (value);
  }
}

void
version_limits (const Version *version, const Flow *flow, const Limits *server, const Limits *most,
                Limits *out)
{
  *out = *server;
  apply_limits (out, version->limits);
  if (flow != NULL)
    apply_limits (out, flow->limits);
  for (int i = 0; most != NULL && i < LIMIT_COUNT; i++)
    out->value[i] = MIN (out->value[i], most->value[i]);
}

/* Absent rather than null: the form stays small and a reader has one case less. */
static void
set_text (json_t *object, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    json_object_set_new (object, key, json_string (text));
}

static void
set_flag (json_t *object, const char *key, gboolean value)
{
  if (value)
    json_object_set_new (object, key, json_true ());
}

static void
set_count (json_t *object, const char *key, guint value)
{
  if (value > 0)
    json_object_set_new (object, key, json_integer (value));
}

static void
set_json (json_t *object, const char *key, json_t *value)
{
  if (value != NULL)
    json_object_set (object, key, value);
}

static void
set_texts (json_t *object, const char *key, char **texts)
{
  if (texts == NULL)
    return;
  json_t *array = json_array ();
  for (guint i = 0; texts[i] != NULL; i++)
    json_array_append_new (array, json_string (texts[i]));
  json_object_set_new (object, key, array);
}

typedef json_t *(*ToJson) (gconstpointer item);

static void
set_array (json_t *object, const char *key, const GPtrArray *items, ToJson to_json)
{
  if (items == NULL)
    return;
  json_t *array = json_array ();
  for (guint i = 0; i < items->len; i++)
    json_array_append_new (array, to_json (g_ptr_array_index (items, i)));
  json_object_set_new (object, key, array);
}

static json_t *
input_to_json (gconstpointer item)
{
  const Input *input = item;
  json_t *object = json_object ();
  json_object_set_new (object, "type", json_string (input_type_names[input->type]));
  if (input->key != NULL)
    json_object_set_new (object, "key", json_string (input->key));
  if (input->text != NULL)
    json_object_set_new (object, "text", json_string (input->text));
  if (input->name != NULL)
    json_object_set_new (object, "name", input_to_json (input->name));
  set_texts (object, "path", input->path);
  set_array (object, "parts", input->parts, input_to_json);
  set_array (object, "items", input->items, input_to_json);
  set_json (object, "json", input->json);
  set_flag (object, "isNull", input->is_null);
  return object;
}

static json_t *
error_config_to_json (const ErrorConfig *config)
{
  json_t *object = json_object ();
  json_object_set_new (object, "onError", json_string (on_error_names[config->on_error]));
  set_count (object, "maxAttempts", config->max_attempts);
  set_count (object, "delaySeconds", config->delay_seconds);
  set_flag (object, "usesExponentialBackoff", config->uses_exponential_backoff);
  set_flag (object, "ignoresFinalError", config->ignores_final_error);
  return object;
}

static json_t *step_to_json (gconstpointer item);

static json_t *
branch_to_json (gconstpointer item)
{
  const Branch *branch = item;
  json_t *object = json_object ();
  json_object_set_new (object, "name", json_string (branch->name));
  set_array (object, "steps", branch->steps, step_to_json);
  return object;
}

/* The identifier, whether Tenon has the action and which step is the trigger follow from the rest:
 * version_from_json() works them out again. */
static json_t *
step_to_json (gconstpointer item)
{
  const Step *step = item;
  json_t *object = json_object ();
  json_object_set_new (object, "name", json_string (step->name));
  set_text (object, "description", step->description);
  set_text (object, "stableKey", step->stable_key);
  json_object_set_new (object, "component", json_string (step->component));
  json_object_set_new (object, "action", json_string (step->action));
  if (step->script >= 0)
    json_object_set_new (object, "script", json_integer (step->script));
  if (step->inputs->len > 0)
    set_array (object, "inputs", step->inputs, input_to_json);
  if (step->error_config.on_error != ON_ERROR_FAIL)
    json_object_set_new (object, "errorConfig", error_config_to_json (&step->error_config));
  set_json (object, "schedule", step->schedule);
  set_array (object, "steps", step->steps, step_to_json);
  set_array (object, "branches", step->branches, branch_to_json);
  set_count (object, "line", step->line);
  set_count (object, "column", step->column);
  return object;
}

static json_t *
flow_to_json (gconstpointer item)
{
  const Flow *flow = item;
  json_t *object = json_object ();
  json_object_set_new (object, "name", json_string (flow->name));
  json_object_set_new (object, "stableKey", json_string (flow->stable_key));
  set_text (object, "description", flow->description);
  set_flag (object, "isSynchronous", flow->is_synchronous);
  json_object_set_new (object, "security", json_string (endpoint_security_names[flow->security]));
  set_texts (object, "organizationApiKeys", flow->organization_api_keys);
  set_json (object, "retryConfig", flow->retry_config);
  set_json (object, "queueConfig", flow->queue_config);
  set_json (object, "schemas", flow->schemas);
  set_json (object, "limits", flow->limits);
  set_json (object, "extra", flow->extra);
  set_array (object, "steps", flow->steps, step_to_json);
  return object;
}

static json_t *
config_var_to_json (gconstpointer item)
{
  const ConfigVar *config_var = item;
  json_t *object = json_object ();
  json_object_set_new (object, "key", json_string (config_var->key));
  json_object_set_new (object, "stableKey", json_string (config_var->stable_key));
  set_text (object, "description", config_var->description);
  json_object_set_new (object, "dataType", json_string (config_var->data_type));
  set_text (object, "collectionType", config_var->collection_type);
  if (config_var->default_value != NULL)
    json_object_set_new (object, "defaultValue", json_string (config_var->default_value));
  set_texts (object, "pickList", config_var->pick_list);
  set_flag (object, "isRequired", config_var->is_required);
  set_text (object, "connectionKey", config_var->connection_key);
  set_json (object, "raw", config_var->raw);
  return object;
}

static json_t *
script_to_json (gconstpointer item)
{
  const Script *script = item;
  json_t *object = json_object ();
  json_object_set_new (object, "name", json_string (script->name));
  set_text (object, "step", script->step);
  json_object_set_new (object, "code", json_string (script->code));
  set_text (object, "sourceMap", script->source_map);
  json_object_set_new (object, "firstLine", json_integer (script->first_line));
  json_object_set_new (object, "firstColumn", json_integer (script->first_column));
  if (script->source != NULL)
    json_object_set_new (object, "source", json_string (script->source));
  return object;
}

json_t *
version_to_json (const Version *version)
{
  json_t *object = json_object ();
  json_object_set_new (object, "format", json_integer (MODEL_JSON_FORMAT));
  json_object_set_new (object, "name", json_string (version->name));
  set_text (object, "description", version->description);
  set_text (object, "externalVersion", version->external_version);
  json_object_set_new (object, "definitionVersion", json_integer (version->definition_version));
  set_array (object, "configVars", version->config_vars, config_var_to_json);
  set_array (object, "flows", version->flows, flow_to_json);
  set_array (object, "scripts", version->scripts, script_to_json);
  if (version->packages != NULL)
    json_object_set_new (object, "packages", script_to_json (version->packages));
  set_json (object, "packageList", version->package_list);
  set_json (object, "limits", version->limits);
  set_json (object, "extra", version->extra);
  return object;
}

char *
version_hash (const Version *version)
{
  g_autoptr (json_t) json = version_to_json (version);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  char *text = json_dumps (json, JSON_COMPACT | JSON_SORT_KEYS);
  g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text));
  free (text);
  return g_strdup (g_checksum_get_string (checksum));
}
