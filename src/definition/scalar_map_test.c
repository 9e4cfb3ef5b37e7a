#include "definition/scalar_map.h"
#include "definition/test_support.h"

/* In each document, the text of `code` holds "MARK"; so does the file, in the line and column
 * given. */
static const struct
{
  const char *yaml;
  guint line, column;
} rows[] = {
  { "code: MARK\n", 1, 7 },
  { "code: a MARK\n", 1, 9 },
  { "code: 'it''s MARK'\n", 1, 14 },
  { "code: \"a \\\"q\\\" MARK\"\n", 1, 16 },
  { "code: \"line\\nMARK\"\n", 1, 14 },
  { "code: \"\\u00e4 \\x41 \\U0001F600 MARK\"\n", 1, 31 },
  { "code: \"a \\\n  MARK\"\n", 2, 3 },
  { "code: |\n  one\n  MARK\n", 3, 3 },
  { "code: |\n  one\n    deep MARK\n", 3, 10 },
  { "code: |2\n   x\n  MARK\n", 3, 3 },
  { "code: | # comment\n\n  one\n\n  x MARK\n", 5, 5 },
  { "code: >\n  one\n  two MARK\n", 3, 7 },
  { "code: >-\n  one\n\n  MARK\n", 4, 3 },
  { "code: >\n  ä ö MARK\n", 2, 7 },
  { "code: &x MARK\n", 1, 10 },
  { "code: !!str |\n  MARK\n", 2, 3 },
  { "a:\n- code: plain over\n    lines MARK\n", 3, 11 },
  { "code: |\r\n  one\r\n  MARK\r\n", 3, 3 },
};

static const Node *
find_code (const Node *node)
{
  const Node *code = node_get (node, "code");
  return code != NULL ? code : node_get (node_item (node_get (node, "a"), 0), "code");
}

static void
a_place_in_a_text_is_a_place_in_the_file (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (FaultList) faults = fault_list_new ();
      g_autoptr (Document) document
          = document_load (rows[i].yaml, strlen (rows[i].yaml), "f", faults);
      g_assert_nonnull (document);
      const Node *node = find_code (document->root);
      const char *mark = strstr (node->text, "MARK");
      TextPlace place = scalar_place (document, node, (gsize) (mark - node->text));
      g_assert_cmpuint (place.line, ==, rows[i].line);
      g_assert_cmpuint (place.column, ==, rows[i].column);
    }
}

/* Reads one base64 VLQ number. */
static gint64
read_vlq (const char **p)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  guint64 number = 0;
  guint shift = 0, digit;
  do
    {
      digit = (guint) (strchr (digits, *(*p)++) - digits);
      number |= (guint64) (digit & 31) << shift;
      shift += 5;
    }
  while (digit & 32);
  return number & 1 ? -(gint64) (number >> 1) : (gint64) (number >> 1);
}

/* Where a place of the generated text (from 0) comes from, by the map. */
static gboolean
look_up (const char *mappings, guint line, guint column, guint *source_line, guint *source_column)
{
  gint64 at_line = 0, at_column = 0, from_line = 0, from_column = 0;
  for (const char *p = mappings; *p != '\0';)
    {
      if (*p == ';' || *p == ',')
        {
          at_column = *p == ';' ? 0 : at_column;
          at_line += *p++ == ';';
          continue;
        }
      at_column += read_vlq (&p);
      g_assert_cmpint (read_vlq (&p), ==, 0);
      from_line += read_vlq (&p);
      from_column += read_vlq (&p);
      if (at_line == line && at_column == column)
        {
          *source_line = (guint) from_line;
          *source_column = (guint) from_column;
          return TRUE;
        }
    }
  return FALSE;
}

static void
a_source_map_leads_from_the_text_to_the_file (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (FaultList) faults = fault_list_new ();
      g_autoptr (Document) document
          = document_load (rows[i].yaml, strlen (rows[i].yaml), "f", faults);
      const Node *node = find_code (document->root);
      g_autofree char *text = scalar_source_map (document, node, "t.yaml");
      g_autoptr (json_t) map = json_parse (text, -1, NULL);
      guint line = 0, column = 0, source_line = 0, source_column = 0;
      const char *mark = strstr (node->text, "MARK");
      for (const char *p = node->text; p < mark; p = g_utf8_next_char (p))
        {
          column = *p == '\n' ? 0 : column + (g_utf8_get_char (p) > 0xffff ? 2 : 1);
          line += *p == '\n';
        }
      g_assert_true (
          look_up (json_get_string (map, "mappings"), line, column, &source_line, &source_column));
      g_assert_cmpuint (source_line + 1, ==, rows[i].line);
      g_assert_cmpuint (source_column + 1, ==, rows[i].column);
      /* The content has that line of the file. */
      g_auto (GStrv) lines = g_strsplit (
          json_string_value (json_array_get (json_object_get (map, "sourcesContent"), 0)), "\n",
          -1);
      g_assert_cmpuint (g_strv_length (lines), >, source_line);
      g_assert_nonnull (strstr (lines[source_line], "MARK"));
    }
}

static void
literal_blocks_and_simple_lines_need_no_map (void)
{
  static const struct
  {
    const char *yaml;
    gboolean is_verbatim;
    guint line, column;
  } cases[] = {
    { "code: |\n  one\n  two\n", TRUE, 2, 2 }, { "code: |\n\n      one\n", TRUE, 2, 6 },
    { "code: |1\n   one\n", TRUE, 2, 1 },      { "code: one two\n", TRUE, 1, 6 },
    { "code: 'one two'\n", TRUE, 1, 7 },       { "code: 'it''s'\n", FALSE, 0, 0 },
    { "code: \"a\\nb\"\n", FALSE, 0, 0 },      { "code: >\n  one\n", FALSE, 0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FaultList) faults = fault_list_new ();
      g_autoptr (Document) document
          = document_load (cases[i].yaml, strlen (cases[i].yaml), "f", faults);
      guint line, column;
      gboolean is_verbatim
          = scalar_is_verbatim (document, find_code (document->root), &line, &column);
      g_assert_cmpint (is_verbatim, ==, cases[i].is_verbatim);
      if (is_verbatim)
        {
          g_assert_cmpuint (line, ==, cases[i].line);
          g_assert_cmpuint (column, ==, cases[i].column);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/scalar_map/" #name, name)
  ADD (a_place_in_a_text_is_a_place_in_the_file);
  ADD (a_source_map_leads_from_the_text_to_the_file);
  ADD (literal_blocks_and_simple_lines_need_no_map);
  return g_test_run ();
}
