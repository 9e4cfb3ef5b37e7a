/* docs/integration-yaml.md against the tables it describes. TENON_WRITE_DOCS=1 brings it up to
 * date. */
#include "definition/action_table.h"
#include "definition/config_types.h"
#include "definition/schema.h"

#include "base/limits.h"

#include <string.h>

static char *
docs_path (void)
{
  return g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "docs", "integration-yaml.md", NULL);
}

static char *
actions_markdown (void)
{
  GString *text = g_string_new ("| action | kind | input | default | meaning |\n"
                                "| --- | --- | --- | --- | --- |\n");
  const Action *action;
  for (guint i = 0; (action = action_nth (i)) != NULL; i++)
    for (const ActionInput *input = action->inputs; input->key != NULL; input++)
      g_string_append_printf (text, "| `%s.%s` | %s | `%s`%s | %s | %s |\n", action->component,
                              action->action, action->is_trigger ? "trigger" : "action", input->key,
                              input->is_required ? " (required)" : "",
                              input->initial == NULL ? "" : input->initial, input->what);
  return g_string_free (text, FALSE);
}

static char *
connections_markdown (void)
{
  GString *text = g_string_new ("| type | label | fields |\n| --- | --- | --- |\n");
  for (guint i = 0; connection_type_keys ()[i] != NULL; i++)
    {
      const ConnectionType *type = connection_type_find (connection_type_keys ()[i]);
      g_string_append_printf (text, "| `%s` | %s |", type->key, type->label);
      for (const ConnectionField *field = type->fields; field->key != NULL; field++)
        g_string_append_printf (text, "%s `%s`%s", field == type->fields ? "" : ",", field->key,
                                field->is_required ? "" : " (optional)");
      g_string_append (text, " |\n");
    }
  return g_string_free (text, FALSE);
}

static char *
limits_markdown (void)
{
  GString *text = g_string_new ("| limit | bounds | unit | default | least | most |\n"
                                "| --- | --- | --- | --- | --- | --- |\n");
  for (int i = 0; i < LIMIT_COUNT; i++)
    {
      const LimitInfo *info = limit_info ((LimitId) i);
      g_string_append_printf (text,
                              "| `%s` | %s | %s | %" G_GINT64_FORMAT " | %" G_GINT64_FORMAT
                              " | %" G_GINT64_FORMAT " |\n",
                              info->name, info->what, info->unit, info->initial, info->least,
                              info->most);
    }
  return g_string_free (text, FALSE);
}

static char *
table_of (const char *name)
{
  if (strcmp (name, "actions") == 0)
    return actions_markdown ();
  if (strcmp (name, "connections") == 0)
    return connections_markdown ();
  if (strcmp (name, "limits") == 0)
    return limits_markdown ();
  for (guint i = 0; schemas[i] != NULL; i++)
    if (strcmp (schemas[i]->name, name) == 0)
      return schema_to_markdown (schemas[i]);
  return NULL;
}

#define BEGIN "<!-- table: "
#define END "<!-- end -->"

/* The text with every table as it should be; counts the tables. */
static char *
bring_up_to_date (const char *text, GHashTable *seen)
{
  GString *out = g_string_new (NULL);
  const char *p = text, *begin;
  while ((begin = strstr (p, BEGIN)) != NULL)
    {
      const char *name_end = strstr (begin, " -->\n"), *end = strstr (begin, END);
      g_assert_true (name_end != NULL && end != NULL && name_end < end);
      g_autofree char *name
          = g_strndup (begin + strlen (BEGIN), (gsize) (name_end - begin) - strlen (BEGIN));
      g_autofree char *table = table_of (name);
      if (table == NULL)
        g_error ("docs/integration-yaml.md has a table of \"%s\", which does not exist", name);
      g_string_append_len (out, p, name_end - p);
      g_string_append_printf (out, " -->\n%s", table);
      g_hash_table_add (seen, g_strdup (name));
      p = end;
    }
  g_string_append (out, p);
  return g_string_free (out, FALSE);
}

static void
the_authors_reference_has_every_key (void)
{
  g_autofree char *path = docs_path ();
  g_autofree char *text = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_autofree char *expected = bring_up_to_date (text, seen);
  if (g_getenv ("TENON_WRITE_DOCS") != NULL)
    g_assert_true (g_file_set_contents (path, expected, -1, NULL));
  else
    g_assert_cmpstr (text, ==, expected);
  for (guint i = 0; schemas[i] != NULL; i++)
    g_assert_true (g_hash_table_contains (seen, schemas[i]->name));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reference_docs/the_authors_reference_has_every_key",
                   the_authors_reference_has_every_key);
  return g_test_run ();
}
