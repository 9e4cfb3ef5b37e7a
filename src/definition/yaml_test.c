#include "definition/test_support.h"
#include "definition/yaml_node.h"

static char *
load_as_json (const char *text, const char *file, char **faults_text)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (json_t) json = yaml_load_json (text, strlen (text), file, faults);
  *faults_text = fault_list_to_text (faults);
  g_assert_true ((json == NULL) == (fault_list_n_errors (faults) > 0));
  return json == NULL ? NULL : json_print (json);
}

static void
assert_json (const char *text, const char *expected)
{
  g_autofree char *faults = NULL;
  g_autofree char *json = load_as_json (text, "c.yaml", &faults);
  g_assert_cmpstr (faults, ==, "");
  g_assert_cmpstr (json, ==, expected);
}

static void
assert_fault (const char *text, const char *file, const char *expected)
{
  g_autofree char *faults = NULL;
  g_autofree char *json = load_as_json (text, file, &faults);
  g_assert_null (json);
  g_assert_cmpstr (faults, ==, expected);
}

static void
plain_scalars_follow_the_core_schema (void)
{
  static const struct
  {
    const char *text, *json;
  } rows[] = {
    { "null", "null" },
    { "~", "null" },
    { "Null", "null" },
    { "true", "true" },
    { "False", "false" },
    { "TRUE", "true" },
    { "yes", "\"yes\"" },
    { "no", "\"no\"" },
    { "on", "\"on\"" },
    { "y", "\"y\"" },
    { "12:30", "\"12:30\"" },
    { "2026-01-31", "\"2026-01-31\"" },
    { "0", "0" },
    { "-12", "-12" },
    { "+12", "12" },
    { "010", "10" },
    { "0o17", "15" },
    { "0xFF", "255" },
    { "0b1", "\"0b1\"" },
    { "1_000", "\"1_000\"" },
    { "1.5", "1.5" },
    { "1e3", "1000.0" },
    { ".5", "0.5" },
    { "-1.", "-1.0" },
    { ".", "\".\"" },
    { "1e", "\"1e\"" },
    { "e3", "\"e3\"" },
    { "\"12\"", "\"12\"" },
    { "'true'", "\"true\"" },
    { "''", "\"\"" },
    { "!!str 12", "\"12\"" },
    { "!!int '12'", "12" },
    { "!!float 3", "3.0" },
    { "nulls", "\"nulls\"" },
    { "- a\n-", "[\"a\",null]" },
    { "12345678901234567890", "1.2345678901234567e19" },
    { "\"\\0\"", "\"\\u0000\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_json (rows[i].text, rows[i].json);
}

static void
documents_become_json_in_their_own_order (void)
{
  assert_json ("b: 1\na: [x, {y: z}]\nc: |\n  one\n  two\n", "{\"b\":1,\"a\":[\"x\",{\"y\":\"z\"}],"
                                                             "\"c\":\"one\\ntwo\\n\"}");
  assert_json ("a: &x {k: 1}\nb: *x\n", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}");
  assert_json ("---\na: 1\n...\n", "{\"a\":1}");
  assert_json ("\xef\xbb\xbf"
               "a: 1\n",
               "{\"a\":1}");
}

static void
json_is_read_as_json (void)
{
  assert_json ("{\"a\": \"\\ud83d\\ude00 \\/\", \"b\": 1e2}", "{\"a\":\"😀 /\",\"b\":100.0}");
  assert_json ("{\"big\": 123456789012345678901234567890}", "{\"big\":1.2345678901234568e29}");
  assert_fault ("{\"a\": 1,\n \"b\": }", "c.json",
                "c.json:2:7: error: this is not JSON: unexpected token\n");
  assert_fault ("a: 1", "c.json", "c.json:1:1: error: this is not JSON: invalid token\n");
  assert_fault ("{\"a\": 1, \"a\": 2}", "c.json",
                "c.json:1:12: error: this is not JSON: duplicate object key\n");
}

static void
each_kind_of_broken_yaml_is_explained (void)
{
  static const struct
  {
    const char *text, *fault;
  } rows[] = {
    { "", "c.yaml:1:1: error: the document is empty\n" },
    { "# nothing\n", "c.yaml:2:1: error: the document is empty\n" },
    { "a:\n\tb: 1\n",
      "c.yaml:2:1: error: a tab character indents this line\n  indent YAML with spaces only\n" },
    { "a: b: c\n", "c.yaml:1:5: error: a `key: value` can't stand here\n  put quotes around a text "
                   "that holds `: `, or check the indentation of this line\n" },
    { "a:\n  b: 1\n c: 2\n",
      "c.yaml:3:2: error: this line does not fit the lines above: a `key:` of the same object was "
      "expected (what it belongs to begins in line 1)\n  indent it like the other keys of its "
      "object; close quotes and brackets above\n" },
    { "a:\n- 1\n2\n", "c.yaml:3:1: error: a key without its `:`\n  write `key: value`; a text of "
                      "several lines needs quotes or a `|` after its key\n" },
    { "a: [1, 2\nb: 3\n",
      "c.yaml:2:2: error: a list in [ ] goes wrong here (what it belongs to "
      "begins in line 1)\n  put a comma between its entries and a ] at its end\n" },
    { "a: \"x\nb: 1\n",
      "c.yaml:1:4: error: a quoted text is never closed\n  put its closing quote\n" },
    { "a: \"\\q\"\n", "c.yaml:1:5: error: there is no such escape in a text in double quotes\n  "
                      "write \\\\ for a backslash, or use single quotes\n" },
    { "a: @x\n",
      "c.yaml:1:4: error: no value begins with this character\n  put quotes around texts "
      "that begin with @, `, % or a tab\n" },
    { "a: 1\n---\nb: 2\n",
      "c.yaml:2:1: error: a second document begins here\n  keep one document a file\n" },
    { "a: 1\nb: 2\na: 3\n", "c.yaml:3:1: error: the key \"a\" is there twice: first in line 1, "
                            "column 1\n  remove or rename one of the two\n" },
    { "a: *x\n",
      "c.yaml:1:4: error: there is no anchor (&…) of this name above\n  put quotes around "
      "a text that begins with *\n" },
    { "a: &x [*x]\n", "c.yaml:1:8: error: this alias stands inside what it stands for\n" },
    { "? [a]\n: 1\n", "c.yaml:1:3: error: a key must be a simple text\n" },
    { "a: !thing 1\n", "c.yaml:1:4: error: this tag (!…) is not known here or does not fit its "
                       "value\n  leave the tag out; quotes make a text\n" },
    { "a: !!int x\n", "c.yaml:1:4: error: this tag (!…) is not known here or does not fit its "
                      "value\n  leave the tag out; quotes make a text\n" },
    { "a: .inf\n",
      "c.yaml:1:4: error: this number has no place in JSON\n  put quotes around it if a "
      "text is meant\n" },
    { "a: b\nc: \xff\n", "c.yaml:2:4: error: this is not UTF-8 text\n  save the file as UTF-8\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_fault (rows[i].text, "c.yaml", rows[i].fault);
}

static void
no_message_quotes_a_value (void)
{
  static const char *const texts[] = {
    "apiKey: sw0rdfish: x\n",     "apiKey: !sw0rdfish\n", "apiKey: *sw0rdfish\n",
    "apiKey: \"sw0rdfish\\q\"\n", "apiKey: @sw0rdfish\n", "apiKey: [sw0rdfish\n",
  };
  static const char *const files[] = { "c.yaml", "c.json" };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (guint f = 0; f < G_N_ELEMENTS (files); f++)
      {
        g_autofree char *faults = NULL;
        g_autofree char *json = load_as_json (texts[i], files[f], &faults);
        g_assert_null (json);
        g_assert_null (strstr (faults, "sw0rdfish"));
      }
  g_autofree char *faults = NULL;
  g_autofree char *json = load_as_json ("{\"apiKey\": sw0rdfish}", "c.json", &faults);
  g_assert_null (json);
  g_assert_null (strstr (faults, "sw0rdfish"));
}

/* a: nine references to b, each nine to c, …: three billion values in ten lines. */
static void
a_billion_laughs_are_refused_at_once (void)
{
  g_autoptr (GString) text = g_string_new ("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
  for (int i = 1; i < 10; i++)
    {
      g_string_append_printf (text, "a%d: &a%d [", i, i);
      for (int n = 0; n < 9; n++)
        g_string_append_printf (text, "*a%d%s", i - 1, n < 8 ? ", " : "]\n");
    }
  gint64 start = g_get_monotonic_time ();
  assert_fault (
      text->str, "c.yaml",
      "c.yaml:6:45: error: the document holds more than 500000 values\n  aliases count as "
      "often as they are used\n");
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
}

/* A long text behind many aliases is not copied as often. */
static void
aliases_of_long_texts_are_counted (void)
{
  g_autofree char *word = g_strnfill (1 << 20, 'x');
  g_autoptr (GString) text = g_string_new ("- &a ");
  g_string_append (text, word);
  for (int i = 0; i < 1000; i++)
    g_string_append (text, "\n- *a");
  assert_fault (
      text->str, "c.yaml",
      "c.yaml:65:3: error: the document's texts have more than 64 MiB\n  aliases count as "
      "often as they are used\n");
}

static void
deep_nesting_is_refused (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (int i = 0; i < 100000; i++)
    g_string_append_c (text, '[');
  /* Not JSON-like for the reader: a YAML list by its dash. */
  g_string_prepend (text, "- ");
  assert_fault (text->str, "c.yaml", "c.yaml:1:98: error: nested deeper than 96 levels\n");
  g_autoptr (GString) aliases = g_string_new ("- &a0 x\n");
  for (int i = 1; i < 100; i++)
    g_string_append_printf (aliases, "- &a%d [*a%d]\n", i, i - 1);
  g_autofree char *faults = NULL;
  g_autofree char *json = load_as_json (aliases->str, "c.yaml", &faults);
  g_assert_null (json);
  g_assert_nonnull (strstr (faults, "nested deeper than 96 levels"));
}

static void
a_file_that_is_too_large_is_refused (void)
{
  gsize length = YAML_MAX_BYTES + 1;
  g_autofree char *text = g_malloc (length + 1);
  memset (text, 'a', length);
  text[length] = '\0';
  assert_fault (text, "c.yaml",
                "c.yaml: error: the file has 16777217 bytes; at most 16777216 are read\n");
}

static void
nodes_know_their_places (void)
{
  const char *text = "name: Ä x\nlist:\n  - {k: v}\n  - |\n    code\n";
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Document) document = document_load (text, strlen (text), "f", faults);
  g_assert_nonnull (document);
  const Node *list = node_get (document->root, "list");
  const Member *member = node_nth_member (node_item (list, 0), 0);
  g_assert_cmpuint (member->line, ==, 3);
  g_assert_cmpuint (member->column, ==, 6);
  g_assert_cmpuint (member->value->column, ==, 9);
  g_assert_cmpuint (node_item (list, 1)->line, ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/yaml/" #name, name)
  ADD (plain_scalars_follow_the_core_schema);
  ADD (documents_become_json_in_their_own_order);
  ADD (json_is_read_as_json);
  ADD (each_kind_of_broken_yaml_is_explained);
  ADD (no_message_quotes_a_value);
  ADD (a_billion_laughs_are_refused_at_once);
  ADD (aliases_of_long_texts_are_counted);
  ADD (deep_nesting_is_refused);
  ADD (a_file_that_is_too_large_is_refused);
  ADD (nodes_know_their_places);
  return g_test_run ();
}
