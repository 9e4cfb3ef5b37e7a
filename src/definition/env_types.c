#include "definition/env_types.h"

#include "definition/action_table.h"
#include "definition/config_types.h"
#include "definition/js_scan.h"

#include "base/json.h"

#include <string.h>

void
env_types_append_literal (GString *out, const char *text)
{
  g_autoptr (json_t) string = json_string (text);
  char *literal = json_dumps (string, JSON_ENCODE_ANY);
  g_string_append (out, literal);
  free (literal);
}

/* One line, and none that ends the comment. */
static void
append_comment (GString *out, const char *indent, const char *text)
{
  g_autofree char *line = g_strdup (text);
  g_strstrip (g_strdelimit (line, "\r\n\t", ' '));
  if (*line == '\0')
    return;
  g_auto (GStrv) pieces = g_strsplit (line, "*/", -1);
  g_autofree char *safe = g_strjoinv ("* /", pieces);
  g_string_append_printf (out, "%s/** %s */\n", indent, safe);
}

/* --- config variables --- */

static const char *
connection_type_name (const ConfigVar *config_var)
{
  static const struct
  {
    const char *key, *type;
  } names[] = {
    { "apiKey", "ApiKeyConnection" },
    { "apiKeySecret", "ApiKeySecretConnection" },
    { "basic", "BasicConnection" },
    { "authorizationCode", "AuthorizationCodeConnection" },
    { "clientCredentials", "ClientCredentialsConnection" },
    { "privateKey", "PrivateKeyConnection" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (names) && config_var_is_code_connection (config_var); i++)
    if (strcmp (names[i].key, config_var->connection_key) == 0)
      return names[i].type;
  return "OtherConnection";
}

static const char *
data_type_name (const ConfigVar *config_var)
{
  static const struct
  {
    const char *data_type, *type;
  } names[] = {
    { "boolean", "boolean" },
    { "number", "number" },
    { "schedule", "Schedule" },
    { "objectSelection", "ObjectSelection" },
    { "objectFieldMap", "ObjectFieldMap" },
    { "jsonForm", "any" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i].data_type, config_var->data_type) == 0)
      return names[i].type;
  return "string";
}

static void
append_choices (GString *out, const char *const *choices)
{
  for (guint i = 0; choices[i] != NULL; i++)
    {
      g_string_append (out, i == 0 ? "" : " | ");
      env_types_append_literal (out, choices[i]);
    }
}

static void
append_own_input (GString *out, const ConnectionInput *input)
{
  g_string_append_c (out, ' ');
  env_types_append_literal (out, input->key);
  g_string_append (out, input->is_required ? ": " : "?: ");
  g_string_append (out, input->kind == CONNECTION_FIELD_PAIRS     ? "KeyValue[]"
                        : input->kind == CONNECTION_FIELD_BOOLEAN ? "boolean"
                                                                  : "string");
  g_string_append_c (out, ';');
}

/* Inputs that the declaration adds to those of the connection's type. */
static void
append_connection (GString *out, const ConfigVar *config_var)
{
  g_autoptr (ConnectionShape) shape = connection_shape_new (config_var->raw);
  gboolean has_own = FALSE;
  g_string_append (out, connection_type_name (config_var));
  for (guint i = 0; i < shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i);
      if (!input->is_own)
        continue;
      g_string_append (out, has_own ? "" : " & { fields: {");
      append_own_input (out, input);
      has_own = TRUE;
    }
  g_string_append (out, has_own ? " } }" : "");
}

/* Choices that a data source fills in are not known here. */
static void
append_value_type (GString *out, const ConfigVar *config_var)
{
  gboolean has_choices = strcmp (config_var->data_type, "picklist") == 0
                         && config_var->pick_list != NULL && config_var->pick_list[0] != NULL
                         && json_object_get (config_var->raw, "dataSource") == NULL;
  if (has_choices)
    append_choices (out, (const char *const *) config_var->pick_list);
  else if (strcmp (config_var->data_type, "connection") == 0)
    append_connection (out, config_var);
  else
    g_string_append (out, data_type_name (config_var));
}

static void
append_config_var (GString *out, const ConfigVar *config_var)
{
  gboolean is_list = g_strcmp0 (config_var->collection_type, "valuelist") == 0;
  gboolean is_key_value_list = g_strcmp0 (config_var->collection_type, "keyvaluelist") == 0;
  json_t *required = json_object_get (config_var->raw, "required");
  append_comment (out, "    ", config_var->description);
  g_string_append (out, "    ");
  env_types_append_literal (out, config_var->key);
  /* All are expected to be filled in (the list is that of required ones), unless the file says no.
   */
  g_string_append (out, required != NULL && !config_var->is_required ? "?: " : ": ");
  g_string_append (out, is_list ? "(" : is_key_value_list ? "KeyValue<" : "");
  append_value_type (out, config_var);
  g_string_append (out, is_list ? ")[]" : is_key_value_list ? ">[]" : "");
  g_string_append (out, ";\n");
}

/* --- steps --- */

typedef struct
{
  GString *out;
  const char *flow;
  const Step *previous; /* the last action written, whose names the next one sees as well */
  GPtrArray *since;     /* of Step: what ran after it */
} Chain;

static void
append_step_result (GString *out, const Step *step)
{
  const Action *action = action_find (step->component, step->action);
  gboolean is_payload = step->is_trigger && strcmp (step->component, "code") != 0;
  g_string_append (out, " ");
  env_types_append_literal (out, step->identifier);
  g_string_append (out, step->steps != NULL && (action == NULL || action->is_loop) ? ": LoopResult;"
                        : is_payload ? ": StepResult<Payload>;"
                                     : ": StepResult;");
}

/* Each step adds to what the one before it saw, so that the file grows with the steps, not their
 * square. */
static void
append_step (Chain *chain, const Step *step)
{
  append_comment (chain->out, "      ", step->description);
  g_string_append (chain->out, "      ");
  env_types_append_literal (chain->out, step->name);
  g_string_append (chain->out, ":");
  if (chain->previous != NULL)
    {
      g_string_append (chain->out, " Flows[");
      env_types_append_literal (chain->out, chain->flow);
      g_string_append (chain->out, "][");
      env_types_append_literal (chain->out, chain->previous->name);
      g_string_append (chain->out, "] &");
    }
  g_string_append (chain->out, " {");
  for (guint i = 0; i < chain->since->len; i++)
    append_step_result (chain->out, g_ptr_array_index (chain->since, i));
  g_string_append (chain->out, " };\n");
  g_ptr_array_set_size (chain->since, 0);
  chain->previous = step;
}

/* Steps of a loop or a branch see it, and are seen by what follows it. */
static void
append_steps (Chain *chain, const GPtrArray *steps)
{
  for (guint i = 0; steps != NULL && i < steps->len; i++)
    {
      const Step *step = g_ptr_array_index (steps, i);
      if (!step->is_trigger)
        append_step (chain, step);
      g_ptr_array_add (chain->since, (gpointer) step);
      append_steps (chain, step->steps);
      for (guint b = 0; step->branches != NULL && b < step->branches->len; b++)
        append_steps (chain, ((Branch *) g_ptr_array_index (step->branches, b))->steps);
    }
}

static void
append_flow (GString *out, const Flow *flow)
{
  g_autoptr (GPtrArray) since = g_ptr_array_new ();
  Chain chain = { .out = out, .flow = flow->name, .since = since };
  append_comment (out, "    ", flow->description);
  g_string_append (out, "    ");
  env_types_append_literal (out, flow->name);
  g_string_append (out, ": {\n");
  append_steps (&chain, flow->steps);
  g_string_append (out, "    };\n");
}

/* --- packages --- */

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* What is left of imports in the scripts are Node's modules and packages. */
GPtrArray *
env_types_packages (const Version *version)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < version->scripts->len; i++)
    {
      const Script *script = g_ptr_array_index (version->scripts, i);
      g_autoptr (GPtrArray) modules = js_find_modules (script->code);
      for (guint n = 0; n < modules->len; n++)
        {
          const char *asked = ((JsModule *) g_ptr_array_index (modules, n))->name;
          if (*asked == '\0' || js_is_builtin (asked) || js_is_path (asked)
              || g_hash_table_contains (seen, asked))
            continue;
          char *name = g_strdup (asked);
          g_hash_table_add (seen, name);
          g_ptr_array_add (names, name);
        }
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* A plain name is found as in any project; "@" behind the first character begins a version. */
static void
append_packages (GString *out, const Version *version)
{
  g_autoptr (GPtrArray) names = env_types_packages (version);
  const char *before = "\n";
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      if (strchr (name + 1, '@') == NULL)
        continue;
      g_string_append_printf (out, "%sdeclare module ", before);
      env_types_append_literal (out, name);
      g_string_append (out, ";\n");
      before = "";
    }
}

char *
env_types_text (const Version *version, gboolean declares_packages)
{
  GString *out = g_string_new ("// The names of this integration, for editors and `tenon check`. "
                               "Written by `tenon types`: run it again\n"
                               "// when the definition has changed; do not edit.\n\ndeclare "
                               "namespace Tenon {\n  interface ConfigVars {\n");
  gboolean has_names = version->definition_version != 0;
  for (guint i = 0; has_names && i < version->config_vars->len; i++)
    append_config_var (out, g_ptr_array_index (version->config_vars, i));
  g_string_append (out, "  }\n\n  interface Flows {\n");
  for (guint i = 0; has_names && i < version->flows->len; i++)
    append_flow (out, g_ptr_array_index (version->flows, i));
  g_string_append (out, "  }\n}\n");
  if (declares_packages)
    append_packages (out, version);
  return g_string_free (out, FALSE);
}
