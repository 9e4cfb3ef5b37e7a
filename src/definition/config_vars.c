/* requiredConfigVars and configPages. */
#include "definition/build.h"
#include "definition/config_types.h"
#include "definition/schedule.h"

#include "base/json.h"

#include <string.h>

#define PLATFORM_MOST_CONFIG_VARS 100
#define MAX_CONFIG_VARS 1000

static char *
default_text (const Node *node)
{
  if (node == NULL || node_text (node) != NULL)
    return g_strdup (node_text (node));
  g_autoptr (json_t) json = node_to_json (node);
  return json_print (json);
}

static char **
read_pick_list (const Node *list)
{
  if (list == NULL || list->kind != NODE_LIST)
    return NULL;
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  for (guint i = 0; i < node_n_items (list); i++)
    if (node_text (node_item (list, i)) != NULL)
      g_strv_builder_add (texts, node_text (node_item (list, i)));
  return g_strv_builder_end (texts);
}

static ConfigVar *
config_var_from_node (const Node *node)
{
  ConfigVar *config_var = config_var_new ();
  const Node *connection = node_get (node, "connection");
  const char *key = node_text (node_get (node, "key"));
  const char *stable_key = node_text (node_get (node, "stableKey"));
  const char *description = node_text (node_get (node, "description"));
  const char *type = node_text (node_get (node, "dataType"));
  const char *collection = node_text (node_get (node, "collectionType"));

  if (type == NULL || name_index (data_type_names, type) < 0)
    type = connection != NULL ? "connection" : "string";
  if (collection != NULL && !g_str_equal (collection, "valuelist")
      && !g_str_equal (collection, "keyvaluelist"))
    collection = NULL;
  config_var->key = g_strdup (key == NULL ? "" : key);
  config_var->stable_key
      = g_strdup (stable_key == NULL || *stable_key == '\0' ? config_var->key : stable_key);
  config_var->description = g_strdup (description == NULL ? "" : description);
  config_var->data_type = g_strdup (type);
  config_var->collection_type = g_strdup (collection);
  config_var->default_value = default_text (node_get (node, "defaultValue"));
  config_var->pick_list = read_pick_list (node_get (node, "pickList"));
  config_var->is_required = node_bool (node_get (node, "required"), FALSE);
  config_var->connection_key
      = g_strdup (node_is_scalar (connection) ? node_text (connection)
                                              : node_text (node_get (connection, "key")));
  config_var->raw = node_to_json (node);
  return config_var;
}

static void
check_key (Build *build, const At *at, const ConfigVar *config_var, GHashTable *seen)
{
  At key;
  if (!at_find (at, "key", &key) || *config_var->key == '\0')
    return;
  guint line = GPOINTER_TO_UINT (g_hash_table_lookup (seen, config_var->key));
  if (line > 0)
    report (&build->reporter, FAULT_ERROR, &key, "rename one of the two",
            "two config variables have the key \"%s\": the first one is in line %u",
            config_var->key, line);
  else
    g_hash_table_insert (seen, g_strdup (config_var->key), GUINT_TO_POINTER (key.node->line));
  if (g_utf8_strlen (config_var->key, -1) > MODEL_MAX_NAME_CHARS)
    report (&build->reporter, FAULT_ERROR, &key, NULL,
            "a config variable's key has at most %d characters", MODEL_MAX_NAME_CHARS);
  if (strchr (config_var->key, '.') != NULL)
    report (&build->reporter, FAULT_WARNING, &key, "use letters, digits and blanks",
            "a dot in the key of a config variable causes trouble on the platform");
}

gboolean
config_var_is_code_connection (const ConfigVar *config_var)
{
  json_t *connection = json_object_get (config_var->raw, "connection");
  json_t *component = json_object_get (connection, "component");
  const char *key = json_string_value (component);
  if (key == NULL)
    key = json_get_string (component, "key");
  return config_var->connection_key != NULL && (key == NULL || strcmp (key, "code") == 0);
}

static void
check_connection (Build *build, const At *at, const ConfigVar *config_var)
{
  At place = *at;
  gboolean is_connection = strcmp (config_var->data_type, "connection") == 0;
  gboolean has_type = at_find (at, "connection", &place);
  gboolean is_shared = node_get (at->node, "useScopedConfigVar") != NULL;

  if (is_connection && !has_type && !is_shared)
    report (&build->reporter, FAULT_ERROR, at, "such as connection: basic",
            "a config variable of type connection needs \"connection\": its type");
  if (!is_connection && has_type)
    report_key (&build->reporter, FAULT_WARNING, &place, NULL,
                "\"connection\" has no effect on a config variable of type %s",
                config_var->data_type);
  if (!is_connection || !has_type || !config_var_is_code_connection (config_var)
      || connection_type_find (config_var->connection_key) != NULL)
    return;
  At key = place;
  at_find (&place, "key", &key);
  g_autofree char *near
      = report_suggest (&build->reporter, config_var->connection_key, connection_type_keys ());
  g_autofree char *all = g_strjoinv (", ", (char **) connection_type_keys ());
  report (&build->reporter, FAULT_ERROR, &key, near,
          "the code component has no connection \"%s\"; it has %s", config_var->connection_key,
          all);
}

static void
check_own_input (Build *build, const At *at)
{
  for (guint i = 0; i < node_n_members (at->node); i++)
    {
      At member = at_member (at, node_nth_member (at->node, i));
      if (g_strv_contains (connection_own_input_keys, member.key))
        continue;
      g_autofree char *near
          = report_suggest (&build->reporter, member.key, connection_own_input_keys);
      report_key (&build->reporter, FAULT_WARNING, &member, near,
                  "an input of a connection has no \"%s\"; it is ignored", member.key);
    }
}

/* The inputs of its type, and those that say what they are (a label, a kind). */
static void
check_connection_inputs (Build *build, const At *at, const ConfigVar *config_var)
{
  At inputs;
  g_autoptr (ConnectionShape) shape = connection_shape_new (config_var->raw);
  if (shape->type == NULL || !at_find (at, "inputs", &inputs))
    return;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const ConnectionField *field = shape->type->fields; field->key != NULL; field++)
    g_ptr_array_add (names, (gpointer) field->key);
  g_ptr_array_add (names, NULL);
  for (guint i = 0; i < node_n_members (inputs.node); i++)
    {
      At input = at_member (&inputs, node_nth_member (inputs.node, i));
      const ConnectionInput *known = connection_shape_find (shape, input.key);
      if (known != NULL && known->is_own)
        check_own_input (build, &input);
      if (known != NULL)
        continue;
      g_autofree char *near
          = report_suggest (&build->reporter, input.key, (const char *const *) names->pdata);
      report_key (&build->reporter, FAULT_WARNING, &input,
                  near != NULL ? near : "an input of your own has a label",
                  "connection %s has no input \"%s\"; it is ignored", shape->type->key, input.key);
    }
}

static void
check_default (Build *build, const At *at, const ConfigVar *config_var)
{
  At place;
  g_autofree char *problem = NULL;
  if (!at_find (at, "defaultValue", &place) || strcmp (config_var->data_type, "connection") == 0)
    return;
  g_autoptr (json_t) text = json_string (config_var->default_value);
  g_autoptr (json_t) value = config_value_convert (config_var, text, &problem);
  if (value == NULL)
    report (&build->reporter, FAULT_ERROR, &place, NULL, "the default of this %s %s",
            config_var->data_type, problem);
}

static void
check_pick_list (Build *build, const At *at, const ConfigVar *config_var)
{
  At list;
  gboolean is_pick_list = strcmp (config_var->data_type, "picklist") == 0;
  gboolean has_list = at_find (at, "pickList", &list);
  if (is_pick_list && !has_list && node_get (at->node, "dataSource") == NULL)
    report (&build->reporter, FAULT_WARNING, at, "give its choices in pickList",
            "a picklist without choices takes any text");
  if (!is_pick_list && has_list && node_n_items (list.node) > 0)
    report_key (&build->reporter, FAULT_WARNING, &list, NULL,
                "\"pickList\" has no effect on a config variable of type %s",
                config_var->data_type);
}

static void
check_zone (Build *build, const At *at)
{
  At zone;
  if (!at_find (at, "timeZone", &zone) || node_text (zone.node) == NULL)
    return;
  if (!schedule_zone_exists (node_text (zone.node)))
    report (&build->reporter, FAULT_ERROR, &zone, "such as Europe/Berlin, or empty for UTC",
            "there is no time zone \"%s\"", node_text (zone.node));
}

static void
build_config_var (Build *build, const At *at, GHashTable *seen)
{
  ConfigVar *config_var = config_var_from_node (at->node);
  g_ptr_array_add (build->version->config_vars, config_var);
  g_ptr_array_add (build->config_var_names, config_var->key);
  check_key (build, at, config_var, seen);
  check_connection (build, at, config_var);
  check_connection_inputs (build, at, config_var);
  check_pick_list (build, at, config_var);
  check_zone (build, at);
  check_default (build, at, config_var);
}

void
build_config_vars (Build *build, const At *root)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  At list;
  if (at_find (root, "requiredConfigVars", &list))
    {
      guint n = node_n_items (list.node);
      if (n > MAX_CONFIG_VARS)
        report_key (&build->reporter, FAULT_ERROR, &list, NULL, "at most %d config variables",
                    MAX_CONFIG_VARS);
      else if (n > PLATFORM_MOST_CONFIG_VARS)
        report_key (&build->reporter, FAULT_WARNING, &list, NULL,
                    "the platform takes at most %d config variables", PLATFORM_MOST_CONFIG_VARS);
      for (guint i = 0; i < MIN (n, MAX_CONFIG_VARS); i++)
        {
          At item = at_item (&list, i);
          if (item.node->kind == NODE_OBJECT)
            build_config_var (build, &item, seen);
        }
    }
  g_ptr_array_add (build->config_var_names, NULL);
}

static void
check_element (Build *build, const At *at)
{
  At value;
  const char *type = node_text (node_get (at->node, "type"));
  if (g_strcmp0 (type, "configVar") != 0 || !at_find (at, "value", &value))
    return;
  if (node_text (value.node) == NULL)
    report (&build->reporter, FAULT_ERROR, &value, NULL,
            "the value must be the key of a config variable");
  else
    check_config_var_name (build, &value, node_text (value.node), 0);
}

void
build_config_pages (Build *build, const At *root)
{
  At pages, elements;
  if (!at_find (root, "configPages", &pages))
    return;
  for (guint i = 0; i < node_n_items (pages.node); i++)
    {
      At page = at_item (&pages, i);
      if (!at_find (&page, "elements", &elements))
        continue;
      for (guint n = 0; n < node_n_items (elements.node); n++)
        {
          At element = at_item (&elements, n);
          check_element (build, &element);
        }
    }
}
