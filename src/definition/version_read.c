/* version_to_json() backwards. What is read here came from outside: nothing is believed. Every key
 * is known or refused, every type, index and length is checked, and what can be worked out
 * (identifiers, triggers, which actions exist) is worked out again. */
#include "definition/action_table.h"
#include "definition/model.h"

#include "base/json.h"

#include <string.h>

typedef struct
{
  GString *pointer;
  GError **error;
  guint depth;
  guint n_steps;
  guint n_scripts;
  gsize most_script_bytes;
} Reader;

static gboolean G_GNUC_PRINTF (2, 3) refuse (Reader *reader, const char *format, ...)
{
  va_list arguments;
  if (*reader->error != NULL)
    return FALSE;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (reader->error, VERSION_ERROR, 0, "the version is not well-formed at \"%s\": %s",
               reader->pointer->str, message);
  return FALSE;
}

static gsize
push (Reader *reader, const char *key)
{
  gsize before = reader->pointer->len;
  g_string_append_printf (reader->pointer, "/%.100s", key);
  return before;
}

static void
pop (Reader *reader, gsize before)
{
  g_string_truncate (reader->pointer, before);
}

/* Refuses what is no object or has a key that is not in the NULL-terminated list. */
static gboolean
check_keys (Reader *reader, json_t *object, const char *const *keys)
{
  const char *name;
  json_t *value;
  if (!json_is_object (object))
    return refuse (reader, "an object is expected");
  json_object_foreach (object, name, value) if (!g_strv_contains (keys, name)) return refuse (
      reader, "the key \"%.100s\" is not known", name);
  return TRUE;
}

static gboolean
is_clean_text (json_t *value)
{
  return json_is_string (value) && strlen (json_string_value (value)) == json_string_length (value);
}

/* Absent: *text stays NULL, unless it is required. */
static gboolean
read_text (Reader *reader, json_t *object, const char *key, gboolean is_required, char **text)
{
  json_t *value = json_object_get (object, key);
  if (value == NULL && !is_required)
    return TRUE;
  if (value == NULL)
    return refuse (reader, "\"%s\" is missing", key);
  if (!is_clean_text (value))
    return refuse (reader, "\"%s\" must be a text without NUL", key);
  *text = g_strdup (json_string_value (value));
  return TRUE;
}

static gboolean
read_name (Reader *reader, json_t *object, const char *key, char **text)
{
  if (!read_text (reader, object, key, TRUE, text))
    return FALSE;
  if (**text == '\0' || g_utf8_strlen (*text, -1) > MODEL_MAX_NAME_CHARS)
    return refuse (reader, "\"%s\" must have 1 to %d characters", key, MODEL_MAX_NAME_CHARS);
  return TRUE;
}

static gboolean
read_flag (Reader *reader, json_t *object, const char *key, gboolean *flag)
{
  json_t *value = json_object_get (object, key);
  *flag = json_is_true (value);
  return value == NULL || json_is_boolean (value)
         || refuse (reader, "\"%s\" must be a boolean", key);
}

static gboolean
read_integer (Reader *reader, json_t *object, const char *key, gint64 least, gint64 most,
              gint64 fallback, gint64 *number)
{
  json_t *value = json_object_get (object, key);
  *number = value == NULL ? fallback : (gint64) json_integer_value (value);
  if (value == NULL || (json_is_integer (value) && *number >= least && *number <= most))
    return TRUE;
  return refuse (reader,
                 "\"%s\" must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                 key, least, most);
}

/* The index of the text in `names`; absent: `fallback`, or a fault where that is negative. */
static gboolean
read_choice (Reader *reader, json_t *object, const char *key, const char *const *names,
             int fallback, int *index)
{
  json_t *value = json_object_get (object, key);
  *index = value == NULL           ? fallback
           : is_clean_text (value) ? name_index (names, json_string_value (value))
                                   : -1;
  return *index >= 0 || refuse (reader, "\"%s\" is missing or has no such value", key);
}

static gboolean
read_texts (Reader *reader, json_t *object, const char *key, char ***texts)
{
  json_t *array = json_object_get (object, key), *value;
  size_t index;
  if (array == NULL)
    return TRUE;
  if (!json_is_array (array) || json_array_size (array) > MODEL_MAX_ITEMS)
    return refuse (reader, "\"%s\" must be an array of at most %d texts", key, MODEL_MAX_ITEMS);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  json_array_foreach (array, index, value)
  {
    if (!is_clean_text (value))
      return refuse (reader, "\"%s\" must hold only texts without NUL", key);
    g_strv_builder_add (builder, json_string_value (value));
  }
  *texts = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
read_object (Reader *reader, json_t *object, const char *key, json_t **out)
{
  json_t *value = json_object_get (object, key);
  *out = json_incref (value);
  return value == NULL || json_is_object (value)
         || refuse (reader, "\"%s\" must be an object", key);
}

static gboolean
read_limits (Reader *reader, json_t *object, json_t **out)
{
  Limits scratch;
  g_autoptr (GError) error = NULL;
  if (!read_object (reader, object, "limits", out))
    return FALSE;
  limits_init (&scratch);
  if (*out == NULL || limits_from_json (&scratch, *out, &error))
    return TRUE;
  return refuse (reader, "%s", error->message);
}

/* Reads one entry of an array; NULL with the error set. */
typedef gpointer (*ReadItem) (Reader *reader, json_t *object);

static gboolean
read_array (Reader *reader, json_t *object, const char *key, ReadItem read_item, GPtrArray *items)
{
  json_t *array = json_object_get (object, key), *value;
  size_t index;
  gsize before = push (reader, key);
  if (!json_is_array (array) || json_array_size (array) > MODEL_MAX_ITEMS)
    return refuse (reader, "an array of at most %d entries is expected", MODEL_MAX_ITEMS);
  json_array_foreach (array, index, value)
  {
    char number[24];
    g_snprintf (number, sizeof number, "%zu", index);
    gsize here = push (reader, number);
    gpointer item = read_item (reader, value);
    if (item == NULL)
      return FALSE;
    g_ptr_array_add (items, item);
    pop (reader, here);
  }
  pop (reader, before);
  return TRUE;
}

static gboolean
enter (Reader *reader)
{
  if (reader->depth >= 2 * MODEL_MAX_DEPTH)
    return refuse (reader, "it nests too deep");
  reader->depth++;
  return TRUE;
}

static gpointer read_input (Reader *reader, json_t *object);

static gboolean
read_optional_inputs (Reader *reader, json_t *object, const char *key, GPtrArray **inputs)
{
  if (json_object_get (object, key) == NULL)
    return TRUE;
  *inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) input_free);
  return read_array (reader, object, key, read_input, *inputs);
}

/* The fields that the type needs are there, unless the input is not set. */
static gboolean
check_input (Reader *reader, const Input *input)
{
  gboolean is_whole = input->is_null;
  switch (input->type)
    {
    case INPUT_VALUE:
    case INPUT_CONFIG_VAR:
      is_whole |= input->text != NULL;
      break;
    case INPUT_REFERENCE:
      is_whole |= input->path != NULL && input->path[0] != NULL;
      break;
    case INPUT_TEMPLATE:
      is_whole |= input->parts != NULL;
      break;
    case INPUT_COMPLEX:
      is_whole |= json_is_array (input->json);
      break;
    }
  for (guint i = 0; input->parts != NULL && i < input->parts->len; i++)
    if (((Input *) g_ptr_array_index (input->parts, i))->type > INPUT_CONFIG_VAR)
      return refuse (reader, "a template can't hold a template or a list");
  return is_whole || refuse (reader, "the input lacks what its type needs");
}

static gboolean
read_input_fields (Reader *reader, json_t *object, Input *input)
{
  int type;
  json_t *name = json_object_get (object, "name");
  if (!read_choice (reader, object, "type", input_type_names, -1, &type))
    return FALSE;
  input->type = (InputType) type;
  if (name != NULL && (input->name = read_input (reader, name)) == NULL)
    return FALSE;
  input->json = json_incref (json_object_get (object, "json"));
  return read_text (reader, object, "key", FALSE, &input->key)
         && read_text (reader, object, "text", FALSE, &input->text)
         && read_texts (reader, object, "path", &input->path)
         && read_optional_inputs (reader, object, "parts", &input->parts)
         && read_optional_inputs (reader, object, "items", &input->items)
         && read_flag (reader, object, "isNull", &input->is_null) && check_input (reader, input);
}

static gpointer
read_input (Reader *reader, json_t *object)
{
  static const char *const keys[]
      = { "type", "key", "text", "name", "path", "parts", "items", "json", "isNull", NULL };
  g_autoptr (Input) input = input_new (INPUT_VALUE);
  if (!check_keys (reader, object, keys) || !enter (reader)
      || !read_input_fields (reader, object, input))
    return NULL;
  reader->depth--;
  return g_steal_pointer (&input);
}

static gboolean
read_error_config (Reader *reader, json_t *step, ErrorConfig *config)
{
  static const char *const keys[]
      = { "onError",           "maxAttempts", "delaySeconds", "usesExponentialBackoff",
          "ignoresFinalError", NULL };
  json_t *object = json_object_get (step, "errorConfig");
  int on_error;
  gint64 attempts, delay;
  if (object == NULL)
    return TRUE;
  gsize before = push (reader, "errorConfig");
  if (!check_keys (reader, object, keys)
      || !read_choice (reader, object, "onError", on_error_names, -1, &on_error)
      || !read_integer (reader, object, "maxAttempts", 0, 5, 0, &attempts)
      || !read_integer (reader, object, "delaySeconds", 0, 60, 0, &delay)
      || !read_flag (reader, object, "usesExponentialBackoff", &config->uses_exponential_backoff)
      || !read_flag (reader, object, "ignoresFinalError", &config->ignores_final_error))
    return FALSE;
  config->on_error = (OnError) on_error;
  config->max_attempts = (guint) attempts;
  config->delay_seconds = (guint) delay;
  pop (reader, before);
  return TRUE;
}

/* A code block has a script, and nothing else has one. */
static gboolean
check_action (Reader *reader, Step *step)
{
  const Action *action = action_find (step->component, step->action);
  gboolean is_code = action != NULL && action_input (action, "code") != NULL;
  step->is_known = action != NULL;
  if (is_code != (step->script >= 0))
    return refuse (reader, is_code ? "a code block needs its script"
                                   : "only a code block can have a script");
  return TRUE;
}

static gpointer read_step (Reader *reader, json_t *object);

static gpointer
read_branch (Reader *reader, json_t *object)
{
  static const char *const keys[] = { "name", "steps", NULL };
  g_autoptr (Branch) branch = branch_new ();
  if (!check_keys (reader, object, keys) || !read_text (reader, object, "name", TRUE, &branch->name)
      || !read_array (reader, object, "steps", read_step, branch->steps))
    return NULL;
  return g_steal_pointer (&branch);
}

static gboolean
read_body (Reader *reader, json_t *object, Step *step)
{
  if (json_object_get (object, "steps") != NULL)
    {
      step->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
      if (!read_array (reader, object, "steps", read_step, step->steps))
        return FALSE;
    }
  if (json_object_get (object, "branches") == NULL)
    return TRUE;
  step->branches = g_ptr_array_new_with_free_func ((GDestroyNotify) branch_free);
  return read_array (reader, object, "branches", read_branch, step->branches);
}

static gboolean
read_step_fields (Reader *reader, json_t *object, Step *step)
{
  gint64 script, line, column;
  if (!read_name (reader, object, "name", &step->name)
      || !read_text (reader, object, "description", FALSE, &step->description)
      || !read_text (reader, object, "stableKey", FALSE, &step->stable_key)
      || !read_text (reader, object, "component", TRUE, &step->component)
      || !read_text (reader, object, "action", TRUE, &step->action)
      || !read_integer (reader, object, "script", 0, (gint64) reader->n_scripts - 1, -1, &script)
      || !read_integer (reader, object, "line", 0, G_MAXINT32, 0, &line)
      || !read_integer (reader, object, "column", 0, G_MAXINT32, 0, &column)
      || !read_object (reader, object, "schedule", &step->schedule)
      || !read_error_config (reader, object, &step->error_config))
    return FALSE;
  step->script = (int) script;
  step->line = (guint) line;
  step->column = (guint) column;
  if (step->description == NULL)
    step->description = g_strdup ("");
  step->identifier = step_identifier (step->name);
  if (*step->identifier == '\0')
    return refuse (reader, "the step's name gives no identifier");
  if (json_object_get (object, "inputs") != NULL
      && !read_array (reader, object, "inputs", read_input, step->inputs))
    return FALSE;
  return check_action (reader, step) && read_body (reader, object, step);
}

static gpointer
read_step (Reader *reader, json_t *object)
{
  static const char *const keys[]
      = { "name",        "description", "stableKey", "component", "action", "script", "inputs",
          "errorConfig", "schedule",    "steps",     "branches",  "line",   "column", NULL };
  g_autoptr (Step) step = step_new ();
  if (++reader->n_steps > MODEL_MAX_STEPS)
    {
      refuse (reader, "it has more than %d steps", MODEL_MAX_STEPS);
      return NULL;
    }
  if (!check_keys (reader, object, keys) || !enter (reader)
      || !read_step_fields (reader, object, step))
    return NULL;
  reader->depth--;
  return g_steal_pointer (&step);
}

static gboolean
check_identifiers (Reader *reader, const GPtrArray *steps, GHashTable *seen)
{
  for (guint i = 0; steps != NULL && i < steps->len; i++)
    {
      const Step *step = g_ptr_array_index (steps, i);
      if (!g_hash_table_add (seen, step->identifier))
        return refuse (reader, "two steps have the identifier \"%s\"", step->identifier);
      if (!check_identifiers (reader, step->steps, seen))
        return FALSE;
      for (guint n = 0; step->branches != NULL && n < step->branches->len; n++)
        if (!check_identifiers (reader, ((Branch *) g_ptr_array_index (step->branches, n))->steps,
                                seen))
          return FALSE;
    }
  return TRUE;
}

/* The first step is the trigger, and no other is. */
static gboolean
check_trigger (Reader *reader, const Flow *flow)
{
  if (flow->steps->len == 0)
    return refuse (reader, "the flow has no trigger");
  Step *trigger = g_ptr_array_index (flow->steps, 0);
  const Action *action = action_find (trigger->component, trigger->action);
  if (action != NULL && !action->is_trigger)
    return refuse (reader, "the first step must be a trigger");
  trigger->is_trigger = TRUE;
  return TRUE;
}

static gboolean
read_flow_fields (Reader *reader, json_t *object, Flow *flow)
{
  int security;
  if (!read_name (reader, object, "name", &flow->name)
      || !read_text (reader, object, "stableKey", TRUE, &flow->stable_key)
      || !read_text (reader, object, "description", FALSE, &flow->description)
      || !read_flag (reader, object, "isSynchronous", &flow->is_synchronous)
      || !read_choice (reader, object, "security", endpoint_security_names, -1, &security)
      || !read_texts (reader, object, "organizationApiKeys", &flow->organization_api_keys)
      || !read_object (reader, object, "retryConfig", &flow->retry_config)
      || !read_object (reader, object, "queueConfig", &flow->queue_config)
      || !read_object (reader, object, "schemas", &flow->schemas)
      || !read_object (reader, object, "extra", &flow->extra)
      || !read_limits (reader, object, &flow->limits)
      || !read_array (reader, object, "steps", read_step, flow->steps))
    return FALSE;
  flow->security = (EndpointSecurity) security;
  if (flow->description == NULL)
    flow->description = g_strdup ("");
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  return check_trigger (reader, flow) && check_identifiers (reader, flow->steps, seen);
}

static gpointer
read_flow (Reader *reader, json_t *object)
{
  static const char *const keys[] = {
    "name",        "stableKey",   "description", "isSynchronous", "security", "organizationApiKeys",
    "retryConfig", "queueConfig", "schemas",     "limits",        "extra",    "steps",
    NULL
  };
  g_autoptr (Flow) flow = flow_new ();
  if (!check_keys (reader, object, keys) || !read_flow_fields (reader, object, flow))
    return NULL;
  return g_steal_pointer (&flow);
}

static gboolean
read_config_var_fields (Reader *reader, json_t *object, ConfigVar *config_var)
{
  static const char *const collections[] = { "valuelist", "keyvaluelist", "", NULL };
  int type, collection;
  if (!read_name (reader, object, "key", &config_var->key)
      || !read_text (reader, object, "stableKey", TRUE, &config_var->stable_key)
      || !read_text (reader, object, "description", FALSE, &config_var->description)
      || !read_choice (reader, object, "dataType", data_type_names, -1, &type)
      || !read_choice (reader, object, "collectionType", collections, 2, &collection)
      || !read_text (reader, object, "defaultValue", FALSE, &config_var->default_value)
      || !read_texts (reader, object, "pickList", &config_var->pick_list)
      || !read_flag (reader, object, "isRequired", &config_var->is_required)
      || !read_text (reader, object, "connectionKey", FALSE, &config_var->connection_key)
      || !read_object (reader, object, "raw", &config_var->raw))
    return FALSE;
  config_var->data_type = g_strdup (data_type_names[type]);
  config_var->collection_type = collection == 2 ? NULL : g_strdup (collections[collection]);
  if (config_var->description == NULL)
    config_var->description = g_strdup ("");
  return TRUE;
}

static gpointer
read_config_var (Reader *reader, json_t *object)
{
  static const char *const keys[] = { "key",
                                      "stableKey",
                                      "description",
                                      "dataType",
                                      "collectionType",
                                      "defaultValue",
                                      "pickList",
                                      "isRequired",
                                      "connectionKey",
                                      "raw",
                                      NULL };
  g_autoptr (ConfigVar) config_var = config_var_new ();
  if (!check_keys (reader, object, keys) || !read_config_var_fields (reader, object, config_var))
    return NULL;
  return g_steal_pointer (&config_var);
}

static gboolean
read_script_fields (Reader *reader, json_t *object, Script *script)
{
  gint64 line, column;
  if (!read_text (reader, object, "name", TRUE, &script->name)
      || !read_text (reader, object, "step", FALSE, &script->step)
      || !read_text (reader, object, "code", TRUE, &script->code)
      || !read_text (reader, object, "sourceMap", FALSE, &script->source_map)
      || !read_text (reader, object, "source", FALSE, &script->source)
      || !read_integer (reader, object, "firstLine", 1, G_MAXINT32, 1, &line)
      || !read_integer (reader, object, "firstColumn", 0, G_MAXINT32, 0, &column))
    return FALSE;
  script->first_line = (guint) line;
  script->first_column = (guint) column;
  if (script->step == NULL)
    script->step = g_strdup ("");
  if (strlen (script->code) > reader->most_script_bytes)
    return refuse (reader, "the script has more than %" G_GSIZE_FORMAT " bytes",
                   reader->most_script_bytes);
  return TRUE;
}

static gpointer
read_script (Reader *reader, json_t *object)
{
  static const char *const keys[]
      = { "name", "step", "code", "sourceMap", "source", "firstLine", "firstColumn", NULL };
  g_autoptr (Script) script = script_new ();
  if (!check_keys (reader, object, keys) || !read_script_fields (reader, object, script))
    return NULL;
  return g_steal_pointer (&script);
}

static gboolean
read_packages (Reader *reader, json_t *object, Version *version)
{
  json_t *script = json_object_get (object, "packages");
  json_t *list = json_object_get (object, "packageList");
  if (list != NULL && !json_is_array (list))
    return refuse (reader, "packageList is not an array");
  version->package_list = json_incref (list);
  if (script == NULL)
    return TRUE;
  reader->most_script_bytes = MODEL_MAX_PACKAGES_BYTES;
  version->packages = read_script (reader, script);
  return version->packages != NULL;
}

/* A flow is found by its name and by its stable key, a variable by its key. */
static gboolean
check_unique_names (Reader *reader, const Version *version)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) stable_keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) config_vars = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < version->flows->len; i++)
    {
      const Flow *flow = g_ptr_array_index (version->flows, i);
      if (!g_hash_table_add (names, flow->name)
          || !g_hash_table_add (stable_keys, flow->stable_key))
        return refuse (reader, "two flows have the name or stable key of \"%s\"", flow->name);
    }
  for (guint i = 0; i < version->config_vars->len; i++)
    {
      const ConfigVar *config_var = g_ptr_array_index (version->config_vars, i);
      if (!g_hash_table_add (config_vars, config_var->key))
        return refuse (reader, "two config variables have the key \"%s\"", config_var->key);
    }
  return version->flows->len > 0 || refuse (reader, "it has no flows");
}

static gboolean
read_version (Reader *reader, json_t *json, Version *version)
{
  static const char *const keys[]
      = { "format",     "name",  "description", "externalVersion", "definitionVersion",
          "configVars", "flows", "scripts",     "limits",          "extra",
          "packages",   "packageList", NULL };
  gint64 format;
  if (!check_keys (reader, json, keys)
      || !read_integer (reader, json, "format", 1, G_MAXINT32, 0, &format))
    return FALSE;
  if (format != MODEL_JSON_FORMAT)
    return refuse (reader, "format %" G_GINT64_FORMAT " is not known to this Tenon; it reads %d",
                   format, MODEL_JSON_FORMAT);
  /* The scripts come first: steps are checked against their number. */
  if (!read_array (reader, json, "scripts", read_script, version->scripts))
    return FALSE;
  reader->n_scripts = version->scripts->len;
  if (!read_packages (reader, json, version)
      || !read_name (reader, json, "name", &version->name)
      || !read_text (reader, json, "description", FALSE, &version->description)
      || !read_text (reader, json, "externalVersion", FALSE, &version->external_version)
      || !read_integer (reader, json, "definitionVersion", 0, 7, 7, &version->definition_version)
      || !read_array (reader, json, "configVars", read_config_var, version->config_vars)
      || !read_array (reader, json, "flows", read_flow, version->flows)
      || !read_limits (reader, json, &version->limits)
      || !read_object (reader, json, "extra", &version->extra))
    return FALSE;
  if (version->description == NULL)
    version->description = g_strdup ("");
  if (version->external_version == NULL)
    version->external_version = g_strdup ("");
  return check_unique_names (reader, version);
}

Version *
version_from_json (json_t *json, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (GString) pointer = g_string_new (NULL);
  Reader reader
      = { .pointer = pointer, .error = &why, .most_script_bytes = MODEL_MAX_SCRIPT_BYTES };
  g_autoptr (Version) version = version_new ();

  if (read_version (&reader, json, version))
    return g_steal_pointer (&version);
  g_propagate_error (error, g_steal_pointer (&why));
  return NULL;
}
