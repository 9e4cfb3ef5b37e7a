#include "definition/model.h"
#include "definition/reference.h"

#include <string.h>

/* spec/definition-yaml.md, "References": every form of the table, then ours. Segments joined by
 * "|". */
static void
every_form_of_a_reference_is_read (void)
{
  static const struct
  {
    const char *text, *segments;
  } rows[] = {
    { "listIssues.results.issues", "listIssues|results|issues" },
    { "splitString.results.1", "splitString|results|1" },
    { "a.results.nodes.0.name", "a|results|nodes|0|name" },
    { "a.results.body.data[0].Id", "a|results|body|data|0|Id" },
    { "loopOverChanges.currentItem.[\".tag\"]", "loopOverChanges|currentItem|.tag" },
    { "a.results.webhookUrls.Send CSV to Databricks",
      "a|results|webhookUrls|Send CSV to Databricks" },
    { "a.results.headers.X-Shopify-Topic", "a|results|headers|X-Shopify-Topic" },
    { "getRecord.results", "getRecord|results" },
    { "a.results.x[0].[\".\"]", "a|results|x|0|." },
    { "a.results['b.c'][\"d\\\"e\"][12]", "a|results|b.c|d\"e|12" },
    { "a[\"results\"][0][1]", "a|results|0|1" },
    { "a.results[\"\"]", "a|results|" },
    { "a", "a" },
    { "a.results.ä ö.✓", "a|results|ä ö|✓" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      ReferenceFault fault;
      g_auto (GStrv) path = reference_parse (rows[i].text, strlen (rows[i].text), &fault);
      g_assert_nonnull (path);
      g_autofree char *joined = g_strjoinv ("|", path);
      g_assert_cmpstr (joined, ==, rows[i].segments);
    }
}

static void
a_bad_reference_is_refused_at_its_column (void)
{
  static const struct
  {
    const char *text;
    gsize offset;
    const char *problem;
  } rows[] = {
    { "", 0, "a name is missing here" },
    { ".results", 0, "a name is missing here" },
    { "a.", 2, "a name is missing here" },
    { "a..b", 2, "a name is missing here" },
    { "a.results.", 10, "a name is missing here" },
    { "a[b]", 2, "in brackets, a number or a name in quotes is expected" },
    { "a[]", 2, "in brackets, a number or a name in quotes is expected" },
    { "a[0", 1, "this bracket is never closed" },
    { "a[0x]", 1, "this bracket is never closed" },
    { "a[\"b", 2, "this quoted name is never closed" },
    { "a[\"b\"", 1, "this bracket is never closed" },
    { "a[0]b", 4, "a \".\" or \"[\" is expected here" },
    { "[0]", 0, "a name is missing here" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      ReferenceFault fault = { 99, NULL };
      g_assert_null (reference_parse (rows[i].text, strlen (rows[i].text), &fault));
      g_assert_cmpstr (fault.problem, ==, rows[i].problem);
      g_assert_cmpuint (fault.offset, ==, rows[i].offset);
    }
  g_autoptr (GString) many = g_string_new ("a");
  for (int i = 0; i < 200; i++)
    g_string_append (many, ".b");
  ReferenceFault fault;
  g_assert_null (reference_parse (many->str, many->len, &fault));
  g_assert_cmpstr (fault.problem, ==, "the path has more than 100 parts");
}

/* "text", $reference and #variable of each piece, with its offset. */
static char *
describe_template (const char *text, gsize *unclosed)
{
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (gsize));
  ReferenceFault fault;
  g_autoptr (GPtrArray) parts = template_parse (text, offsets, unclosed, &fault);
  if (parts == NULL)
    return g_strdup_printf ("fault at %zu: %s", fault.offset, fault.problem);
  GString *out = g_string_new (NULL);
  g_assert_cmpuint (parts->len, ==, offsets->len);
  for (guint i = 0; i < parts->len; i++)
    {
      const Input *part = g_ptr_array_index (parts, i);
      g_autofree char *path = part->path == NULL ? NULL : g_strjoinv ("|", part->path);
      g_string_append_printf (out, "%s%zu%s%s", i == 0 ? "" : " ",
                              g_array_index (offsets, gsize, i),
                              part->type == INPUT_REFERENCE    ? "$"
                              : part->type == INPUT_CONFIG_VAR ? "#"
                                                               : "=",
                              path == NULL ? part->text : path);
    }
  return g_string_free (out, FALSE);
}

static void
templates_are_cut_at_their_placeholders (void)
{
  static const struct
  {
    const char *text, *pieces;
  } rows[] = {
    { "", "" },
    { "plain", "0=plain" },
    { "Hi {{#App Base URL}}!", "0=Hi  6#App Base URL 20=!" },
    { "{{$a.results.x}}{{#B}}", "3$a|results|x 19#B" },
    { "{{name}} {{ $a }} { { }", "0={{name}} {{ $a }} { { }" },
    { "{{{$a.results}}}", "0={ 4$a|results 15=}" },
    { "x{{$a..b}}", "fault at 6: a name is missing here" },
    { "{{$}}", "fault at 3: a name is missing here" },
    { "{{#}}", "3#" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize unclosed;
      g_autofree char *pieces = describe_template (rows[i].text, &unclosed);
      g_assert_cmpstr (pieces, ==, rows[i].pieces);
      g_assert_cmpuint (unclosed, ==, G_MAXSIZE);
    }
}

static void
an_unclosed_placeholder_stays_text (void)
{
  gsize unclosed;
  g_autofree char *pieces = describe_template ("a {{#B}} {{$c.results", &unclosed);
  g_assert_cmpstr (pieces, ==, "0=a  5#B 8= {{$c.results");
  g_assert_cmpuint (unclosed, ==, 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/reference/" #name, name)
  ADD (every_form_of_a_reference_is_read);
  ADD (a_bad_reference_is_refused_at_its_column);
  ADD (templates_are_cut_at_their_placeholders);
  ADD (an_unclosed_placeholder_stays_text);
  return g_test_run ();
}
