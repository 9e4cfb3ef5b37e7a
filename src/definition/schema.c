#include "definition/schema.h"

#include "definition/model.h"

#include <string.h>

static const Key *
find_key (const Schema *schema, const char *name)
{
  for (const Key *key = schema->keys; key->key != NULL; key++)
    if (strcmp (key->key, name) == 0)
      return key;
  return NULL;
}

static char *
suggest_key (Reporter *reporter, const Schema *schema, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  if (strcmp (name, "<<") == 0)
    return g_strdup ("YAML 1.2 has no merge keys; use an alias for the whole object");
  for (const Key *key = schema->keys; key->key != NULL; key++)
    g_ptr_array_add (names, (gpointer) key->key);
  g_ptr_array_add (names, NULL);
  return report_suggest (reporter, name, (const char *const *) names->pdata);
}

void
schema_check_keys (Reporter *reporter, const At *at, const Schema *schema)
{
  for (guint i = 0; i < node_n_members (at->node); i++)
    {
      At member = at_member (at, node_nth_member (at->node, i));
      if (find_key (schema, member.key) != NULL)
        continue;
      g_autofree char *hint = suggest_key (reporter, schema, member.key);
      report_key (reporter, FAULT_WARNING, &member, hint, "unknown key \"%s\" in %s; it is ignored",
                  member.key, schema->name);
    }
}

static void
report_wrong (Reporter *reporter, const At *at, const Key *key, const char *hint,
              const char *expected)
{
  g_autofree char *found = node_describe (at->node);
  if ((key->flags & KEY_SECRET) != 0)
    report (reporter, FAULT_ERROR, at, hint, "\"%s\" must be %s", key->key, expected);
  else
    report (reporter, FAULT_ERROR, at, hint, "\"%s\" must be %s, not %s", key->key, expected,
            found);
}

static gboolean
is_option (const char *text, const char *const *options)
{
  return g_strv_contains (options, text);
}

static void
check_text (Reporter *reporter, const At *at, const Key *key)
{
  const char *text = node_text (at->node);
  if (text == NULL)
    report_wrong (reporter, at, key, NULL, "a text");
  else if (strlen (text) != at->node->length && at->node->kind == NODE_TEXT)
    report (reporter, FAULT_ERROR, at, NULL, "\"%s\" can't hold a NUL character", key->key);
  else if (key->options != NULL && !is_option (text, key->options))
    {
      g_autofree char *hint = report_suggest (reporter, text, key->options);
      g_autofree char *all = g_strjoinv (", ", (char **) key->options);
      g_autofree char *expected = g_strconcat ("one of ", all, NULL);
      report_wrong (reporter, at, key, hint, expected);
    }
  else if ((key->flags & KEY_REQUIRED) != 0 && *text == '\0')
    report (reporter, FAULT_ERROR, at, NULL, "\"%s\" must not be empty", key->key);
}

static void
check_boolean (Reporter *reporter, const At *at, const Key *key)
{
  gboolean value;
  if (!node_as_bool (at->node, &value))
    report_wrong (reporter, at, key, "YAML 1.2 has no yes, no, on or off", "true or false");
}

static void
check_integer (Reporter *reporter, const At *at, const Key *key)
{
  gint64 value;
  gboolean is_bounded = key->least != 0 || key->most != 0;
  if (node_as_integer (at->node, &value)
      && (!is_bounded || (value >= key->least && value <= key->most)))
    return;
  g_autofree char *expected = is_bounded ? g_strdup_printf ("a whole number from %" G_GINT64_FORMAT
                                                            " to %" G_GINT64_FORMAT,
                                                            key->least, key->most)
                                         : g_strdup ("a whole number");
  report_wrong (reporter, at, key, NULL, expected);
}

/* Lists have the same bound as in a version that is deployed. */
static gboolean
check_length (Reporter *reporter, const At *at, const Key *key)
{
  if (node_n_items (at->node) <= MODEL_MAX_ITEMS && node_n_members (at->node) <= MODEL_MAX_ITEMS)
    return TRUE;
  report (reporter, FAULT_ERROR, at, NULL, "\"%s\" has more than %d entries", key->key,
          MODEL_MAX_ITEMS);
  return FALSE;
}

static void
check_text_list (Reporter *reporter, const At *at, const Key *key)
{
  if (at->node->kind != NODE_LIST)
    {
      report_wrong (reporter, at, key, "write [a, b] or lines that begin with \"- \"",
                    "a list of texts");
      return;
    }
  if (!check_length (reporter, at, key))
    return;
  for (guint i = 0; i < node_n_items (at->node); i++)
    {
      At item = at_item (at, i);
      const char *text = node_text (item.node);
      if (text == NULL || (item.node->kind == NODE_TEXT && strlen (text) != item.node->length))
        report (reporter, FAULT_ERROR, &item, NULL, "each entry of \"%s\" must be a text",
                key->key);
    }
}

static void
check_object_list (Reporter *reporter, const At *at, const Key *key)
{
  if (at->node->kind != NODE_LIST)
    {
      report_wrong (reporter, at, key, "begin each entry with \"- \"", "a list");
      return;
    }
  if (!check_length (reporter, at, key))
    return;
  for (guint i = 0; i < node_n_items (at->node); i++)
    {
      At item = at_item (at, i);
      if (item.node->kind == NODE_OBJECT)
        schema_check (reporter, &item, key->schema);
      else
        report (reporter, FAULT_ERROR, &item, NULL, "each entry of \"%s\" must be an object (%s)",
                key->key, key->schema->name);
    }
}

static void
check_object (Reporter *reporter, const At *at, const Key *key)
{
  if (at->node->kind == NODE_OBJECT)
    schema_check (reporter, at, key->schema);
  else
    report_wrong (reporter, at, key, NULL, "an object");
}

static void
check_value (Reporter *reporter, const At *at, const Key *key)
{
  switch (key->type)
    {
    case KEY_TEXT:
      check_text (reporter, at, key);
      break;
    case KEY_BOOLEAN:
      check_boolean (reporter, at, key);
      break;
    case KEY_INTEGER:
      check_integer (reporter, at, key);
      break;
    case KEY_TEXT_LIST:
      check_text_list (reporter, at, key);
      break;
    case KEY_OBJECT_LIST:
      check_object_list (reporter, at, key);
      break;
    case KEY_NAMED:
      if (node_is_scalar (at->node))
        check_text (reporter, at, key);
      else
        check_object (reporter, at, key);
      break;
    case KEY_OBJECT:
      check_object (reporter, at, key);
      break;
    case KEY_INPUTS:
    case KEY_LIMITS:
    case KEY_ANY_OBJECT:
      if (at->node->kind != NODE_OBJECT)
        report_wrong (reporter, at, key, NULL, "an object");
      else
        check_length (reporter, at, key);
      break;
    case KEY_ANY:
    default:
      break;
    }
}

void
schema_check (Reporter *reporter, const At *at, const Schema *schema)
{
  schema_check_keys (reporter, at, schema);
  for (const Key *key = schema->keys; key->key != NULL; key++)
    {
      At member;
      if (at_find (at, key->key, &member))
        check_value (reporter, &member, key);
      else if ((key->flags & KEY_REQUIRED) != 0)
        report (reporter, FAULT_ERROR, at, NULL, "%s lacks \"%s\": %s", schema->name, key->key,
                key->what);
    }
}

static const char *
type_word (const Key *key)
{
  static const char *const words[] = {
    [KEY_TEXT] = "text",
    [KEY_BOOLEAN] = "true or false",
    [KEY_INTEGER] = "whole number",
    [KEY_TEXT_LIST] = "list of texts",
    [KEY_OBJECT] = "object",
    [KEY_OBJECT_LIST] = "list of objects",
    [KEY_NAMED] = "text or object",
    [KEY_INPUTS] = "object of inputs",
    [KEY_LIMITS] = "object of limits",
    [KEY_ANY_OBJECT] = "object",
    [KEY_ANY] = "any",
  };
  return words[key->type];
}

static void
append_options (GString *text, const Key *key)
{
  for (guint i = 0; key->options != NULL && key->options[i] != NULL; i++)
    g_string_append_printf (text, "%s`%s`", i == 0 ? ": " : ", ", key->options[i]);
  if (key->least != 0 || key->most != 0)
    g_string_append_printf (text, ", %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key->least,
                            key->most);
  if (key->schema != NULL)
    g_string_append_printf (text, " (%s)", key->schema->name);
}

char *
schema_to_markdown (const Schema *schema)
{
  GString *text = g_string_new ("| key | type | | meaning |\n| --- | --- | --- | --- |\n");
  for (const Key *key = schema->keys; key->key != NULL; key++)
    {
      gboolean is_required = (key->flags & KEY_REQUIRED) != 0;
      g_string_append_printf (text, "| `%s` | %s", key->key, type_word (key));
      append_options (text, key);
      g_string_append_printf (text, " | %s%s%s | %s |\n", is_required ? "required" : "",
                              is_required && (key->flags & KEY_OURS) != 0 ? ", " : "",
                              (key->flags & KEY_OURS) != 0 ? "Tenon" : "", key->what);
    }
  return g_string_free (text, FALSE);
}
