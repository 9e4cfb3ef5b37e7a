/* libyaml names the token that it did not expect; an author wants to know what to change. The table
 * turns the one into the other. */
#include "definition/yaml_node.h"

#include <string.h>

typedef struct
{
  const char *problem; /* part of libyaml's words */
  const char *context; /* part of its context, or NULL = any */
  const char *message;
  const char *hint;
  gboolean is_where_it_begins; /* libyaml noticed it only later */
} Explanation;

static const Explanation explanations[] = {
  { "tab", NULL, "a tab character indents this line", "indent YAML with spaces only" },
  { "mapping values are not allowed", NULL, "a `key: value` can't stand here",
    "put quotes around a text that holds `: `, or check the indentation of this line" },
  { "did not find expected key", "block mapping",
    "this line does not fit the lines above: a `key:` of the same object was expected",
    "indent it like the other keys of its object; close quotes and brackets above" },
  { "did not find expected '-' indicator", NULL,
    "this line does not fit the list above: an entry that begins with `- ` was expected",
    "indent it like the other entries, or deeper to belong to the last one" },
  { "could not find expected ':'", NULL, "a key without its `:`",
    "write `key: value`; a text of several lines needs quotes or a `|` after its key", TRUE },
  { "did not find expected ',' or ']'", NULL, "a list in [ ] goes wrong here",
    "put a comma between its entries and a ] at its end" },
  { "did not find expected ',' or '}'", NULL, "an object in { } goes wrong here",
    "put a comma between its members and a } at its end" },
  { "found unexpected end of stream", "quoted scalar", "a quoted text is never closed",
    "put its closing quote", TRUE },
  { "found unexpected document indicator", "quoted scalar", "a quoted text is never closed",
    "put its closing quote", TRUE },
  { "found unknown escape character", NULL, "there is no such escape in a text in double quotes",
    "write \\\\ for a backslash, or use single quotes" },
  { "did not find expected hexdecimal number", NULL, "an escape lacks its hexadecimal digits",
    "\\x takes 2 digits, \\u takes 4, \\U takes 8" },
  { "found invalid Unicode character escape code", NULL, "this escape is not a Unicode character",
    "a surrogate pair is written as one \\U escape of 8 digits" },
  { "block sequence entries are not allowed", NULL, "a `- ` entry can't stand here",
    "begin the list on a line of its own below its key" },
  { "mapping keys are not allowed", NULL, "a key can't stand here",
    "check the indentation of this line" },
  { "did not find expected node content", NULL, "a value was expected here", NULL },
  { "cannot start any token", NULL, "no value begins with this character",
    "put quotes around texts that begin with @, `, % or a tab" },
  { "did not find expected alphabetic or numeric", NULL,
    "a name must follow & (anchor) and * (alias)",
    "put quotes around a text that begins with & or *" },
  { "found invalid tag", NULL, "this tag (!…) goes wrong",
    "put quotes around texts that begin with !" },
  { "undefined tag handle", NULL, "this tag (!…) is not defined",
    "put quotes around texts that begin with !" },
  { "control characters are not allowed", NULL, "a control character can't stand in YAML",
    "remove it, or write it as an escape in double quotes" },
  { "did not find expected <document start>", NULL, "text behind the end of the document",
    "check the indentation of this line" },
  { "found unexpected ':'", NULL, "a `:` can't stand here",
    "put quotes around a text that holds `:`" },
};

static gboolean
has_words (const char *text, const char *words)
{
  return words == NULL || (text != NULL && strstr (text, words) != NULL);
}

/* libyaml complains about a tab as about any character; what the author sees is white space. */
static gboolean
is_tab_at (const yaml_parser_t *parser, const char *text, gsize length)
{
  const char *line = text;
  for (gsize n = 0; n < parser->problem_mark.line; n++)
    {
      line = memchr (line, '\n', (gsize) (text + length - line));
      if (line == NULL)
        return FALSE;
      line++;
    }
  gsize left = (gsize) (text + length - line);
  gsize blank = 0;
  while (blank < left && (line[blank] == ' ' || line[blank] == '\t'))
    blank++;
  return memchr (line, '\t', blank) != NULL && parser->problem_mark.column <= blank;
}

static const Explanation *
find_explanation (const yaml_parser_t *parser, const char *text, gsize length)
{
  const char *problem = parser->problem == NULL ? "" : parser->problem;
  gboolean is_tab = parser->error == YAML_SCANNER_ERROR && is_tab_at (parser, text, length);
  for (guint i = 0; i < G_N_ELEMENTS (explanations); i++)
    if (has_words (is_tab ? "tab" : problem, explanations[i].problem)
        && has_words (parser->context, explanations[i].context))
      return &explanations[i];
  return NULL;
}

void
yaml_explain (const yaml_parser_t *parser, const char *text, gsize length, const char *file,
              FaultList *faults)
{
  const Explanation *found = find_explanation (parser, text, length);
  gboolean is_early = found != NULL && found->is_where_it_begins && parser->context != NULL;
  const yaml_mark_t *mark = is_early ? &parser->context_mark : &parser->problem_mark;
  guint line = (guint) mark->line + 1, column = (guint) mark->column + 1;
  guint began = (guint) parser->context_mark.line + 1;
  g_autofree char *message
      = found != NULL ? g_strdup (found->message)
                      : g_strdup_printf ("this is not YAML: %s",
                                         parser->problem == NULL ? "unreadable" : parser->problem);

  if (parser->error == YAML_READER_ERROR)
    line = column = 0;
  if (parser->context != NULL && began < line)
    fault_list_add (faults, FAULT_ERROR, file, line, column, NULL,
                    found == NULL ? NULL : found->hint, "%s (what it belongs to begins in line %u)",
                    message, began);
  else
    fault_list_add (faults, FAULT_ERROR, file, line, column, NULL,
                    found == NULL ? NULL : found->hint, "%s", message);
}
