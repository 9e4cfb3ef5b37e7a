#include "definition/reference.h"

#include "definition/model.h"

#include <string.h>

#define MAX_SEGMENTS 100

typedef struct
{
  const char *text;
  gsize length, at;
  GPtrArray *segments;
  ReferenceFault *fault;
} Reader;

static gboolean
refuse (Reader *reader, gsize offset, const char *problem)
{
  *reader->fault = (ReferenceFault){ offset, problem };
  return FALSE;
}

/* Up to the next "." or "[". Anything else belongs to the name: blanks, hyphens, quotes. */
static gboolean
read_name (Reader *reader)
{
  gsize start = reader->at;
  while (reader->at < reader->length && reader->text[reader->at] != '.'
         && reader->text[reader->at] != '[')
    reader->at++;
  if (reader->at == start)
    return refuse (reader, start, "a name is missing here");
  g_ptr_array_add (reader->segments, g_strndup (reader->text + start, reader->at - start));
  return TRUE;
}

/* ["…"] or ['…'], a backslash keeps the next character. `at` is behind the quote. */
static gboolean
read_quoted (Reader *reader, char quote)
{
  gsize start = reader->at - 1;
  g_autoptr (GString) name = g_string_new (NULL);
  for (; reader->at < reader->length && reader->text[reader->at] != quote; reader->at++)
    {
      if (reader->text[reader->at] == '\\' && reader->at + 1 < reader->length)
        reader->at++;
      g_string_append_c (name, reader->text[reader->at]);
    }
  if (reader->at == reader->length)
    return refuse (reader, start, "this quoted name is never closed");
  reader->at++;
  g_ptr_array_add (reader->segments, g_strdup (name->str));
  return TRUE;
}

static gboolean
read_index (Reader *reader)
{
  gsize start = reader->at;
  while (reader->at < reader->length && g_ascii_isdigit (reader->text[reader->at]))
    reader->at++;
  if (reader->at == start)
    return refuse (reader, start, "in brackets, a number or a name in quotes is expected");
  g_ptr_array_add (reader->segments, g_strndup (reader->text + start, reader->at - start));
  return TRUE;
}

/* `at` is on the "[". */
static gboolean
read_bracket (Reader *reader)
{
  gsize start = reader->at++;
  char first = reader->at < reader->length ? reader->text[reader->at] : '\0';
  gboolean is_good;
  if (first == '"' || first == '\'')
    {
      reader->at++;
      is_good = read_quoted (reader, first);
    }
  else
    is_good = read_index (reader);
  if (!is_good)
    return FALSE;
  if (reader->at == reader->length || reader->text[reader->at] != ']')
    return refuse (reader, start, "this bracket is never closed");
  reader->at++;
  return TRUE;
}

static gboolean
read_segment (Reader *reader)
{
  if (reader->segments->len == 0)
    return read_name (reader);
  if (reader->segments->len >= MAX_SEGMENTS)
    return refuse (reader, reader->at, "the path has more than 100 parts");
  if (reader->text[reader->at] == '[')
    return read_bracket (reader);
  if (reader->text[reader->at] != '.')
    return refuse (reader, reader->at, "a \".\" or \"[\" is expected here");
  reader->at++;
  if (reader->at < reader->length && reader->text[reader->at] == '[')
    return read_bracket (reader);
  return read_name (reader);
}

char **
reference_parse (const char *text, gsize length, ReferenceFault *fault)
{
  Reader reader = { text, length, 0, g_ptr_array_new_with_free_func (g_free), fault };
  gboolean is_good = TRUE;

  do
    is_good = read_segment (&reader);
  while (is_good && reader.at < length);
  if (is_good)
    {
      g_ptr_array_add (reader.segments, NULL);
      return (char **) g_ptr_array_free (reader.segments, FALSE);
    }
  g_ptr_array_unref (reader.segments);
  return NULL;
}

static void
add_piece (GPtrArray *pieces, GArray *offsets, gsize offset, Input *input)
{
  g_ptr_array_add (pieces, input);
  g_array_append_val (offsets, offset);
}

static void
add_literal (GPtrArray *pieces, GArray *offsets, const char *text, gsize start, gsize end)
{
  if (end == start)
    return;
  Input *input = input_new (INPUT_VALUE);
  input->text = g_strndup (text + start, end - start);
  add_piece (pieces, offsets, start, input);
}

/* The placeholder's inside is [start, end). */
static gboolean
add_placeholder (GPtrArray *pieces, GArray *offsets, const char *text, gsize start, gsize end,
                 gboolean is_reference, ReferenceFault *fault)
{
  Input *input = input_new (is_reference ? INPUT_REFERENCE : INPUT_CONFIG_VAR);
  if (is_reference)
    input->path = reference_parse (text + start, end - start, fault);
  else
    input->text = g_strndup (text + start, end - start);
  if (is_reference && input->path == NULL)
    {
      fault->offset += start;
      input_free (input);
      return FALSE;
    }
  add_piece (pieces, offsets, start, input);
  return TRUE;
}

/* Two of the same brace. */
static const char *
find_braces (const char *text, char brace)
{
  for (; (text = strchr (text, brace)) != NULL; text++)
    if (text[1] == brace)
      return text;
  return NULL;
}

GPtrArray *
template_parse (const char *text, GArray *offsets, gsize *unclosed, ReferenceFault *fault)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) input_free);
  gsize literal = 0;
  const char *open = text;

  *unclosed = G_MAXSIZE;
  while ((open = find_braces (open, '{')) != NULL)
    {
      if (open[2] != '$' && open[2] != '#')
        {
          open++;
          continue;
        }
      gsize start = (gsize) (open - text);
      const char *close = find_braces (open + 3, '}');
      if (close == NULL)
        {
          *unclosed = start;
          break;
        }
      if (pieces->len >= MODEL_MAX_ITEMS - 2)
        {
          *fault = (ReferenceFault){ start, "the template has too many placeholders" };
          return NULL;
        }
      add_literal (pieces, offsets, text, literal, start);
      literal = (gsize) (close - text) + 2;
      if (!add_placeholder (pieces, offsets, text, start + 3, literal - 2, open[2] == '$', fault))
        return NULL;
      open = text + literal;
    }
  add_literal (pieces, offsets, text, literal, strlen (text));
  return g_steal_pointer (&pieces);
}
