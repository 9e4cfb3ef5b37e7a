/* All config values of an instance or a run, as code sees them. */
#include "definition/config_types.h"

#include "base/json.h"

#include <string.h>

#define MAX_VALUE_FAULTS 200

typedef struct
{
  const Version *version;
  const char *file;
  FaultList *faults;
  json_t *values;
  ConfigConnections connections;
} Resolve;

static char *
pointer_to (const char *name, const char *field)
{
  GString *pointer = g_string_new (NULL);
  const char *parts[] = { name, field };
  for (guint i = 0; i < G_N_ELEMENTS (parts) && parts[i] != NULL; i++)
    {
      g_string_append_c (pointer, '/');
      for (const char *p = parts[i]; *p != '\0'; p++)
        if (*p == '~' || *p == '/')
          g_string_append (pointer, *p == '~' ? "~0" : "~1");
        else
          g_string_append_c (pointer, *p);
    }
  return g_string_free (pointer, FALSE);
}

static void G_GNUC_PRINTF (5, 6) fail (Resolve *resolve, const char *name, const char *field,
                                       const char *hint, const char *format, ...)
{
  va_list arguments;
  if (fault_list_n (resolve->faults) >= MAX_VALUE_FAULTS
      && fault_list_n_errors (resolve->faults) > 0)
    return;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *pointer = pointer_to (name, field);
  fault_list_add (resolve->faults, FAULT_ERROR, resolve->file, 0, 0, pointer, hint, "%s", message);
}

/* Connections. */

static gboolean
is_empty (json_t *value)
{
  return value == NULL || json_is_null (value)
         || (json_is_string (value) && json_string_length (value) == 0);
}

/* What somebody gives one input of a connection. */
static void
check_given (Resolve *resolve, const ConfigVar *config_var, const ConnectionInput *input,
             json_t *value)
{
  g_autoptr (json_t) pairs
      = input->kind == CONNECTION_FIELD_PAIRS ? connection_pairs (value) : NULL;
  if (is_empty (value) || pairs != NULL)
    return;
  if (input->kind == CONNECTION_FIELD_PAIRS)
    fail (resolve, config_var->key, input->key, "write [{key, value}], or an object",
          "field \"%s\" of connection \"%s\" must be a list of key and value", input->key,
          config_var->key);
  else if (!json_is_string (value)
           && !(input->kind == CONNECTION_FIELD_BOOLEAN && json_is_boolean (value)))
    fail (resolve, config_var->key, input->key, "put quotes around it",
          "field \"%s\" of connection \"%s\" must be a text", input->key, config_var->key);
}

static void
check_required (Resolve *resolve, const ConfigVar *config_var, const ConnectionShape *shape,
                json_t *fields)
{
  for (guint i = 0; i < shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i);
      if (input->is_required && is_empty (json_object_get (fields, input->key)))
        fail (resolve, config_var->key, input->key, NULL,
              "connection \"%s\" (%s) lacks the field \"%s\"", config_var->key,
              config_var->connection_key, input->key);
    }
}

static void
report_unknown_fields (Resolve *resolve, const ConfigVar *config_var, const ConnectionShape *shape,
                       json_t *given)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *name;
  json_t *value;
  for (guint i = 0; i < shape->inputs->len; i++)
    g_ptr_array_add (names, ((ConnectionInput *) g_ptr_array_index (shape->inputs, i))->key);
  g_ptr_array_add (names, NULL);
  json_object_foreach (given, name, value)
  {
    if (g_strv_contains ((const char *const *) names->pdata, name))
      continue;
    const char *near = fault_suggest (name, (const char *const *) names->pdata);
    g_autofree char *all = g_strjoinv (", ", (char **) names->pdata);
    g_autofree char *hint = near != NULL ? g_strdup_printf ("did you mean \"%s\"?", near)
                                         : g_strdup_printf ("its fields are %s", all);
    fail (resolve, config_var->key, name, hint, "connection \"%s\" (%s) has no field \"%s\"",
          config_var->key, config_var->connection_key, name);
  }
}

/* The fields of {fields: {…}} as they are; those of the flat form without the words of the long
 * one. */
static json_t *
given_fields (json_t *given, gboolean is_known)
{
  static const char *const words[] = { "token", "context", "key", "configVarKey", NULL };
  json_t *fields = json_object_get (given, "fields");
  if (json_is_object (fields))
    return json_incref (fields);
  fields = json_copy (given);
  for (guint i = 0; words[i] != NULL; i++)
    if (is_known || json_is_object (json_object_get (fields, words[i])) || i > 1)
      json_object_del (fields, words[i]);
  return fields;
}

static void
copy_object (Resolve *resolve, const ConfigVar *config_var, json_t *given, const char *key,
             json_t *out)
{
  json_t *value = json_object_get (given, key);
  if (json_is_object (value))
    json_object_set (out, key, value);
  else if (!is_empty (value) && json_is_object (json_object_get (given, "fields")))
    fail (resolve, config_var->key, key, NULL, "\"%s\" of connection \"%s\" must be an object", key,
          config_var->key);
}

static json_t *
resolve_connection (Resolve *resolve, const ConfigVar *config_var, json_t *given)
{
  g_autoptr (ConnectionShape) shape = connection_shape_new (config_var->raw);
  const char *type_key = shape->type_key, *given_key = json_get_string (given, "key");

  if (!json_is_object (given))
    {
      fail (resolve, config_var->key, NULL, "write its fields as an object, such as {apiKey: …}",
            "connection \"%s\" must be an object of its fields", config_var->key);
      return NULL;
    }
  if (given_key != NULL && shape->type != NULL && strcmp (given_key, type_key) != 0)
    fail (resolve, config_var->key, "key", NULL, "connection \"%s\" is of type \"%s\"",
          config_var->key, type_key);
  g_autoptr (json_t) given_values = given_fields (given, shape->type != NULL);
  if (shape->type != NULL)
    report_unknown_fields (resolve, config_var, shape, given_values);
  for (guint i = 0; shape->type != NULL && i < shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i);
      check_given (resolve, config_var, input, json_object_get (given_values, input->key));
    }
  json_t *out = json_pack (
      "{s:s, s:s, s:o}", "key", *type_key != '\0' || given_key == NULL ? type_key : given_key,
      "configVarKey", config_var->key, "fields", connection_fields (shape, given_values));
  check_required (resolve, config_var, shape, json_object_get (out, "fields"));
  copy_object (resolve, config_var, given, "token", out);
  copy_object (resolve, config_var, given, "context", out);
  return out;
}

/* A connection that the definition's own inputs fill completely needs nothing more. */
static gboolean
is_filled_by_definition (const ConfigVar *config_var)
{
  g_autoptr (ConnectionShape) shape = connection_shape_new (config_var->raw);
  g_autofree char *lacks = connection_lacks (shape, NULL, NULL);
  return shape->type != NULL && lacks == NULL;
}

/* Other types. */

static json_t *
resolve_plain (Resolve *resolve, const ConfigVar *config_var, json_t *given)
{
  g_autofree char *problem = NULL;
  g_autoptr (json_t) initial
      = config_var->default_value == NULL ? NULL : json_string (config_var->default_value);
  json_t *value = given == NULL ? json_null () : config_value_convert (config_var, given, &problem);
  if (json_is_null (value) && initial != NULL)
    {
      json_decref (value);
      value = config_value_convert (config_var, initial, &problem);
    }
  if (value == NULL)
    fail (resolve, config_var->key, NULL, NULL, "config variable \"%s\" %s", config_var->key,
          problem);
  return value;
}

static void
refuse_connection (Resolve *resolve, const ConfigVar *config_var, json_t *given)
{
  if (!is_empty (given))
    fail (resolve, config_var->key, NULL,
          "`tenon deploy` seals the connections of --config; `tenon connections set` sets one",
          "connection \"%s\" is given in the clear: its secrets are not taken among the config "
          "values, only "
          "sealed to the keeper's key",
          config_var->key);
}

static void
resolve_one (Resolve *resolve, const ConfigVar *config_var, json_t *given)
{
  gboolean is_connection = strcmp (config_var->data_type, "connection") == 0;
  g_autoptr (json_t) empty = NULL;
  g_autoptr (json_t) value = NULL;
  if (is_connection && resolve->connections == CONFIG_CONNECTIONS_REFUSED)
    {
      refuse_connection (resolve, config_var, given);
      return;
    }
  if (is_connection && is_empty (given))
    given = is_filled_by_definition (config_var) ? empty = json_object () : NULL;
  if (is_connection)
    value = given == NULL ? json_null () : resolve_connection (resolve, config_var, given);
  else
    value = resolve_plain (resolve, config_var, given);
  gboolean is_missing
      = json_is_null (value) || (config_var->is_required && value != NULL && is_empty (value));
  if (is_missing && config_var->is_required
      && !(is_connection && resolve->connections == CONFIG_CONNECTIONS_OPTIONAL))
    fail (resolve, config_var->key, NULL,
          "give it in the file of --config, or a default in the definition",
          "config variable \"%s\" (%s) is required and has no value", config_var->key,
          config_var->data_type);
  if (value != NULL && !json_is_null (value))
    json_object_set (resolve->values, config_var->key, value);
}

static const ConfigVar *
find_config_var (const Version *version, const char *key)
{
  for (guint i = 0; i < version->config_vars->len; i++)
    {
      const ConfigVar *config_var = g_ptr_array_index (version->config_vars, i);
      if (strcmp (config_var->key, key) == 0)
        return config_var;
    }
  return NULL;
}

static void
report_unknown (Resolve *resolve, json_t *given)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *name;
  json_t *value;
  for (guint i = 0; i < resolve->version->config_vars->len; i++)
    g_ptr_array_add (names,
                     ((ConfigVar *) g_ptr_array_index (resolve->version->config_vars, i))->key);
  g_ptr_array_add (names, NULL);
  json_object_foreach (given, name, value)
  {
    if (find_config_var (resolve->version, name) != NULL)
      continue;
    const char *near = fault_suggest (name, (const char *const *) names->pdata);
    g_autofree char *hint = near != NULL ? g_strdup_printf ("did you mean \"%s\"?", near) : NULL;
    fail (resolve, name, NULL, hint, "the integration has no config variable \"%s\"", name);
  }
}

/* A version of one code file declares nothing: what is given is what code sees, but a connection
 * ({fields: …}) learns the name it stands under. */
static json_t *
take_as_given (json_t *given)
{
  json_t *values = json_deep_copy (given);
  const char *name;
  json_t *value;
  json_object_foreach (values, name, value) if (json_is_object (json_object_get (value, "fields"))
                                                && json_object_get (value, "configVarKey") == NULL)
      json_object_set_new (value, "configVarKey", json_string (name));
  return values;
}

static void
refuse_connections_of_file (Resolve *resolve, json_t *given)
{
  const char *name;
  json_t *value;
  json_object_foreach (given, name, value)
  {
    if (json_is_object (json_object_get (value, "fields")))
      fail (resolve, name, NULL, "declare it in an integration's requiredConfigVars",
            "\"%s\" looks like a connection, which is not taken in the clear", name);
  }
}

json_t *
config_without_connections (const Version *version, json_t *given, json_t **connections)
{
  json_t *rest = json_is_object (given) ? json_copy (given) : json_object ();
  json_t *taken = json_object ();
  for (guint i = 0; i < version->config_vars->len; i++)
    {
      const ConfigVar *config_var = g_ptr_array_index (version->config_vars, i);
      json_t *value = json_object_get (rest, config_var->key);
      if (strcmp (config_var->data_type, "connection") != 0 || value == NULL)
        continue;
      if (!is_empty (value))
        json_object_set (taken, config_var->key, value);
      json_object_del (rest, config_var->key);
    }
  if (connections != NULL)
    *connections = taken;
  else
    json_decref (taken);
  return rest;
}

json_t *
config_connection_fields (json_t *value)
{
  static const char *const words[] = { "context", "key", "configVarKey" };
  json_t *nested = json_object_get (value, "fields"), *token = json_object_get (value, "token");
  json_t *fields = json_is_object (nested)  ? json_copy (nested)
                   : json_is_object (value) ? json_copy (value)
                                            : json_object ();
  for (guint i = 0; !json_is_object (nested) && i < G_N_ELEMENTS (words); i++)
    json_object_del (fields, words[i]);
  if (json_is_object (token))
    json_object_set (fields, "token", token);
  return fields;
}

json_t *
config_values_resolve (const Version *version, json_t *given, const char *file,
                       ConfigConnections connections, FaultList *faults)
{
  Resolve resolve = { version, file, faults, NULL, connections };
  guint errors = fault_list_n_errors (faults);

  if (given != NULL && !json_is_null (given) && !json_is_object (given))
    {
      fail (&resolve, NULL, NULL, "write {\"Name of the variable\": value}",
            "config values must be an object of name and value");
      return NULL;
    }
  if (version->definition_version == 0 && connections == CONFIG_CONNECTIONS_REFUSED)
    refuse_connections_of_file (&resolve, given);
  if (version->definition_version == 0 && fault_list_n_errors (faults) > errors)
    return NULL;
  if (version->definition_version == 0)
    return json_is_object (given) ? take_as_given (given) : json_object ();
  resolve.values = json_object ();
  report_unknown (&resolve, given);
  for (guint i = 0; i < version->config_vars->len; i++)
    {
      const ConfigVar *config_var = g_ptr_array_index (version->config_vars, i);
      resolve_one (&resolve, config_var, json_object_get (given, config_var->key));
    }
  if (fault_list_n_errors (faults) == errors)
    return resolve.values;
  json_decref (resolve.values);
  return NULL;
}
