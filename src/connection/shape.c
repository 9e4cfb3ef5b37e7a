/* What one declaration asks for: the inputs of its type, those of its own, the values that it gives
 * them. */
#include "connection/private.h"

G_DEFINE_QUARK (tenon - connection - error, connection_error)

const char *const connection_own_input_keys[] = { "type", "value",   "label",    "comments",
                                                  "kind", "choices", "required", "secret",
                                                  "meta", NULL };

static gboolean
is_empty (const json_t *value)
{
  return value == NULL || json_is_null (value)
         || (json_is_string (value) && json_string_length (value) == 0);
}

static void
input_free (gpointer data)
{
  ConnectionInput *input = data;
  g_free (input->key);
  g_free (input->label);
  g_free (input->comment);
  json_decref (input->value);
  g_free (input);
}

void
connection_shape_free (ConnectionShape *shape)
{
  g_ptr_array_unref (shape->inputs);
  g_free (shape->type_key);
  g_free (shape);
}

const ConnectionInput *
connection_shape_find (const ConnectionShape *shape, const char *key)
{
  for (guint i = 0; i < shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i);
      if (strcmp (input->key, key) == 0)
        return input;
    }
  return NULL;
}

json_t *
connection_pairs (const json_t *given)
{
  g_autoptr (json_t) pairs = json_array ();
  const char *name;
  size_t index;
  json_t *entry;
  json_object_foreach ((json_t *) given, name, entry)
  {
    if (!json_is_string (entry))
      return NULL;
    json_array_append_new (pairs, json_pack ("{s:s, s:O}", "key", name, "value", entry));
  }
  json_array_foreach (given, index, entry)
  {
    const char *key = json_get_string (entry, "key");
    if (key == NULL)
      key = json_get_string (entry, "name");
    json_t *value = json_object_get (entry, "value");
    if (key == NULL || !json_is_string (value))
      return NULL;
    json_array_append_new (pairs, json_pack ("{s:s, s:O}", "key", key, "value", value));
  }
  return json_is_array (given) || json_is_object (given) ? g_steal_pointer (&pairs) : NULL;
}

/* --- reading a declaration --- */

/* What the declaration gives an input, in the form in which it would be set; a new reference, or
 * NULL. */
static json_t *
declared_value (const json_t *declared, ConnectionFieldKind kind)
{
  json_t *value
      = json_is_object (declared) ? json_object_get (declared, "value") : (json_t *) declared;
  if (is_empty (value))
    return NULL;
  return kind == CONNECTION_FIELD_PAIRS ? connection_pairs (value) : json_incref (value);
}

static gboolean
is_template (const json_t *declared)
{
  const char *type = json_get_string (declared, "type");
  return type != NULL && g_ascii_strcasecmp (type, "template") == 0;
}

static void
add_typed (ConnectionShape *shape, const ConnectionField *field, const json_t *declared)
{
  ConnectionInput *input = g_new0 (ConnectionInput, 1);
  input->key = g_strdup (field->key);
  input->label = g_strdup (field->label);
  input->comment = g_strdup (field->comment);
  input->kind = field->kind;
  input->is_required = field->is_required;
  input->is_secret = field->is_secret;
  input->choices = field->choices;
  input->value = declared_value (declared, field->kind);
  input->is_template = input->value != NULL && is_template (declared);
  if (input->value == NULL && field->initial != NULL)
    input->value = json_string (field->initial);
  g_ptr_array_add (shape->inputs, input);
}

/* An input that only the declaration knows says what it is; without that it is a value for nothing.
 */
static gboolean
declares_input (const json_t *declared)
{
  return json_object_get (declared, "label") != NULL || json_object_get (declared, "kind") != NULL
         || json_object_get (declared, "required") != NULL
         || json_object_get (declared, "secret") != NULL;
}

static ConnectionFieldKind
kind_of_name (const char *name)
{
  for (int kind = CONNECTION_FIELD_TEXT; kind < CONNECTION_FIELD_CHOICE; kind++)
    if (g_strcmp0 (name, connection_field_kind_name ((ConnectionFieldKind) kind)) == 0)
      return (ConnectionFieldKind) kind;
  return CONNECTION_FIELD_TEXT;
}

static void
add_own (ConnectionShape *shape, const char *key, const json_t *declared)
{
  ConnectionInput *input = g_new0 (ConnectionInput, 1);
  const char *label = json_get_string (declared, "label");
  const char *comment = json_get_string (declared, "comments");
  const char *kind = json_get_string (declared, "kind");
  gboolean is_write_only = json_get_bool (json_object_get (declared, "meta"), "writeOnly", FALSE);
  input->key = g_strdup (key);
  input->label = g_strdup (label == NULL ? key : label);
  input->comment = g_strdup (comment == NULL ? "" : comment);
  input->kind = kind_of_name (kind);
  input->is_own = TRUE;
  input->is_required = json_get_bool (declared, "required", FALSE);
  input->is_secret = is_write_only || g_strcmp0 (kind, "secret") == 0
                     || json_get_bool (declared, "secret", FALSE);
  input->value = declared_value (declared, input->kind);
  input->is_template = input->value != NULL && is_template (declared);
  g_ptr_array_add (shape->inputs, input);
}

/* The type where its component is the code component, or none is said. */
static const ConnectionType *
find_type (const json_t *connection, const char *type_key)
{
  const json_t *component = json_object_get (connection, "component");
  const char *key = json_string_value (component);
  if (key == NULL)
    key = json_get_string (component, "key");
  return key == NULL || strcmp (key, "code") == 0 ? connection_type_find (type_key) : NULL;
}

ConnectionShape *
connection_shape_new (const json_t *declaration)
{
  ConnectionShape *shape = g_new0 (ConnectionShape, 1);
  const json_t *connection = json_object_get (declaration, "connection");
  const char *type_key = json_string_value (connection);
  json_t *inputs = json_object_get (declaration, "inputs"), *declared;
  const char *key;

  if (type_key == NULL)
    type_key = json_get_string (connection, "key");
  shape->type_key = g_strdup (type_key == NULL ? "" : type_key);
  shape->type = find_type (connection, shape->type_key);
  shape->inputs = g_ptr_array_new_with_free_func (input_free);
  if (shape->type != NULL)
    for (const ConnectionField *field = shape->type->fields; field->key != NULL; field++)
      add_typed (shape, field, json_object_get (inputs, field->key));
  json_object_foreach (inputs, key, declared)
  {
    if (connection_shape_find (shape, key) != NULL)
      continue;
    if (shape->type == NULL || declares_input (declared))
      add_own (shape, key, declared);
  }
  return shape;
}

/* --- for forms --- */

static json_t *
input_to_json (const ConnectionInput *input)
{
  json_t *json = json_pack (
      "{s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "key", input->key, "label", input->label, "comment",
      input->comment, "kind", connection_field_kind_name (input->kind), "secret",
      (int) input->is_secret, "required", (int) (input->is_required && input->value == NULL),
      "hasDefault", (int) (input->value != NULL));
  if (input->value != NULL && !input->is_secret)
    json_object_set (json, "default", input->value);
  return json;
}

json_t *
connection_shape_to_json (const ConnectionShape *shape)
{
  json_t *fields = json_array ();
  for (guint i = 0; i < shape->inputs->len; i++)
    json_array_append_new (fields, input_to_json (g_ptr_array_index (shape->inputs, i)));
  return json_pack ("{s:s, s:s, s:s*, s:o, s:o}", "type", shape->type_key, "label",
                    shape->type == NULL ? shape->type_key : shape->type->label, "grant",
                    shape->type == NULL ? NULL : connection_grant_name (shape->type->grant),
                    "fields", fields, "options",
                    connection_fields_to_json (shape->type == NULL ? NULL : shape->type->options));
}

/* --- values --- */

/* {{#other}} in a text is the other field (spec/definition-yaml.md, "Templates"); anything else
 * stands as it is. */
static void
append_expanded (GString *out, const char *text, const json_t *fields)
{
  const char *begin, *end;
  while ((begin = strstr (text, "{{#")) != NULL && (end = strstr (begin, "}}")) != NULL)
    {
      g_autofree char *name = g_strndup (begin + 3, (gsize) (end - begin) - 3);
      const char *value = json_get_string (fields, g_strstrip (name));
      g_string_append_len (out, text, begin - text);
      g_string_append (out, value == NULL ? "" : value);
      text = end + 2;
    }
  g_string_append (out, text);
}

/* Templates are computed from the fields that are none, so that no two can go round in a circle. */
static void
expand_templates (json_t *fields, GPtrArray *templates)
{
  for (guint i = 0; i < templates->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (templates, i);
      const char *text = json_string_value (input->value);
      GString *expanded = g_string_new (NULL);
      append_expanded (expanded, text == NULL ? "" : text, fields);
      json_object_set_new (fields, input->key, json_string (expanded->str));
      wipe_string (expanded);
    }
}

json_t *
connection_fields (const ConnectionShape *shape, const json_t *given)
{
  json_t *fields = json_object (), *value;
  g_autoptr (GPtrArray) templates = g_ptr_array_new ();
  const char *key;
  for (guint i = 0; i < shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i);
      value = json_object_get (given, input->key);
      if (!is_empty (value))
        json_object_set_new (fields, input->key,
                             input->kind == CONNECTION_FIELD_PAIRS ? connection_pairs (value)
                                                                   : json_incref (value));
      else if (input->is_template)
        g_ptr_array_add (templates, (gpointer) input);
      else if (input->value != NULL)
        json_object_set (fields, input->key, input->value);
    }
  if (shape->type == NULL)
    json_object_foreach ((json_t *) given, key, value) json_object_set (fields, key, value);
  expand_templates (fields, templates);
  return fields;
}

/* With an issuer, the endpoints may come from its metadata. */
static gboolean
comes_from_discovery (const ConnectionInput *input, const json_t *options)
{
  const json_t *issuer = json_object_get (options, "issuer");
  return !is_empty (issuer) && !input->is_own
         && (strcmp (input->key, "authorizeUrl") == 0 || strcmp (input->key, "tokenUrl") == 0);
}

/* A public client has no secret. */
static gboolean
is_not_needed (const ConnectionInput *input, const json_t *options)
{
  return !input->is_own && strcmp (input->key, "clientSecret") == 0
         && g_strcmp0 (json_get_string (options, "clientAuth"), "none") == 0;
}

char *
connection_lacks (const ConnectionShape *shape, const json_t *given, const json_t *options)
{
  g_autoptr (json_t) fields = connection_fields (shape, given);
  g_autoptr (GString) lacks = g_string_new (NULL);
  for (guint i = 0; i < shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i);
      if (input->is_required && is_empty (json_object_get (fields, input->key))
          && !comes_from_discovery (input, options) && !is_not_needed (input, options))
        g_string_append_printf (lacks, "%s%s", lacks->len > 0 ? ", " : "", input->key);
    }
  return lacks->len == 0 ? NULL : g_strdup_printf ("it lacks %s", lacks->str);
}
