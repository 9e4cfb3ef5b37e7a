#include "definition/scalar_map.h"

#include "base/json.h"
#include "definition/vlq.h"

#include <string.h>

#define PLACE_MOST_BYTES 65536 /* beyond it the scalar's own place must do */
#define CONTENT_MOST_LINES 5000
#define CONTENT_SPARE_BYTES 16384

/* Walks the raw text of a scalar, character by character as it reads after decoding. */
typedef struct
{
  const char *p, *end;
  guint line, column; /* of p, from 1 */
  guint units;        /* UTF-16 units before p in its line: columns of source maps */
  yaml_scalar_style_t style;
} RawCursor;

static guint
utf16_units (const char *p)
{
  return ((guchar) *p & 0xf8) == 0xf0 ? 2 : 1;
}

static void
raw_step (RawCursor *cursor)
{
  cursor->column++;
  cursor->units += utf16_units (cursor->p);
  if (*cursor->p == '\n')
    {
      cursor->line++;
      cursor->column = 1;
      cursor->units = 0;
    }
  cursor->p = g_utf8_next_char (cursor->p);
}

static void
skip_line (RawCursor *cursor)
{
  while (cursor->p < cursor->end && *cursor->p != '\n')
    raw_step (cursor);
}

static RawCursor
raw_cursor (const Document *document, const Node *node)
{
  RawCursor cursor = { .p = document->text + node->offset,
                       .end = document->text + document->length,
                       .line = node->line,
                       .column = node->column,
                       .units = node->units,
                       .style = node->style };
  /* An anchor or tag before the scalar belongs to its event: step over both. */
  while (cursor.p < cursor.end && (*cursor.p == '&' || *cursor.p == '!'))
    {
      while (cursor.p < cursor.end && !g_ascii_isspace (*cursor.p))
        raw_step (&cursor);
      while (cursor.p < cursor.end && g_ascii_isspace (*cursor.p))
        raw_step (&cursor);
    }
  if (node->style == YAML_LITERAL_SCALAR_STYLE || node->style == YAML_FOLDED_SCALAR_STYLE)
    skip_line (&cursor); /* | or > with its indicators and a comment */
  else if (node->style != YAML_PLAIN_SCALAR_STYLE && cursor.p < cursor.end)
    raw_step (&cursor); /* the quote */
  return cursor;
}

static guint
escape_digits (char kind)
{
  return kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
}

/* TRUE where the escape stands for white space ("\n", "\x20", a line break). */
static gboolean
escape_is_blank (const char *p, gsize left)
{
  char kind = left > 1 ? p[1] : '\0';
  guint digits = escape_digits (kind);
  if (digits == 0)
    return kind != '\0' && strchr ("ntrvfNLP_ \t\n", kind) != NULL;
  if (left < 2 + digits)
    return FALSE;
  g_autofree char *number = g_strndup (p + 2, digits);
  gunichar character = (gunichar) g_ascii_strtoull (number, NULL, 16);
  return character < 128 && g_ascii_isspace ((char) character);
}

/* Moves behind the character at the cursor, which may be written as several. */
static void
step_over (RawCursor *cursor)
{
  guint n = 1;
  if (cursor->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE && *cursor->p == '\\')
    n = 2 + (cursor->p + 1 < cursor->end ? escape_digits (cursor->p[1]) : 0);
  else if (cursor->style == YAML_SINGLE_QUOTED_SCALAR_STYLE && *cursor->p == '\'')
    n = 2;
  while (n-- > 0 && cursor->p < cursor->end)
    raw_step (cursor);
}

/* To the next character that is not white space after decoding. */
static void
skip_blank (RawCursor *cursor)
{
  for (;;)
    {
      gsize left = (gsize) (cursor->end - cursor->p);
      gboolean is_escape = left > 0 && cursor->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE
                           && *cursor->p == '\\' && escape_is_blank (cursor->p, left);
      if (left == 0 || (!g_ascii_isspace (*cursor->p) && !is_escape))
        return;
      step_over (cursor);
    }
}

TextPlace
scalar_place (const Document *document, const Node *node, gsize offset)
{
  RawCursor cursor = raw_cursor (document, node);
  const char *p = node->text, *end = node->text + node->length;
  const char *stop = p + MIN (offset, node->length);

  if (offset > PLACE_MOST_BYTES)
    return (TextPlace){ node->line, node->column };
  for (; p < stop; p = g_utf8_next_char (p))
    if (!g_ascii_isspace (*p))
      {
        skip_blank (&cursor);
        if (cursor.p < cursor.end)
          step_over (&cursor);
      }
  if (stop < end && !g_ascii_isspace (*stop))
    skip_blank (&cursor);
  return (TextPlace){ cursor.line, cursor.column };
}

gboolean
scalar_is_verbatim (const Document *document, const Node *node, guint *first_line,
                    guint *first_column)
{
  RawCursor cursor = raw_cursor (document, node);
  if (node->style == YAML_FOLDED_SCALAR_STYLE)
    return FALSE;
  if (node->style != YAML_LITERAL_SCALAR_STYLE)
    {
      /* One line without escapes stands there as it is. */
      gboolean is_same = (gsize) (cursor.end - cursor.p) >= node->length
                         && memcmp (cursor.p, node->text, node->length) == 0;
      *first_line = cursor.line;
      *first_column = cursor.column - 1;
      return is_same && memchr (node->text, '\n', node->length) == NULL;
    }
  *first_line = cursor.line + 1;
  *first_column = 0;
  const char *line = node->text;
  for (guint n = 0; *line != '\0'; n++)
    {
      gsize length = strcspn (line, "\n"), raw_length;
      const char *raw = document_line (document, *first_line + n, &raw_length);
      gsize blank = strspn (line, " \t");
      if (blank < length && raw_length >= length
          && memcmp (raw + raw_length - length, line, length) == 0)
        {
          *first_column = (guint) (raw_length - length);
          return TRUE;
        }
      line += length + (line[length] == '\n');
    }
  return TRUE;
}

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '$' || ((guchar) c & 0x80) != 0;
}

/* One segment for each token, so that a bundler that composes maps loses no column. */
static char *
make_mappings (const Document *document, const Node *node)
{
  RawCursor cursor = raw_cursor (document, node);
  VlqWriter writer = vlq_writer ();
  char before = '\0';
  guint column = 0;

  for (const char *p = node->text, *end = p + node->length; p < end; p = g_utf8_next_char (p))
    {
      if (*p == '\n')
        {
          vlq_writer_line (&writer);
          column = 0;
        }
      else if (!g_ascii_isspace (*p))
        {
          skip_blank (&cursor);
          if (!is_word (*p) || !is_word (before))
            vlq_writer_segment (&writer, column, cursor.line - 1, cursor.units);
          if (cursor.p < cursor.end)
            step_over (&cursor);
        }
      before = *p;
      if (*p != '\n')
        column += utf16_units (p);
    }
  return vlq_writer_end (&writer);
}

/* The file with only the scalar's lines; null where they are many or much longer than the scalar
 * (a file all on one line), since each block brings its own. */
static json_t *
make_content (const Document *document, const Node *node)
{
  g_autoptr (GString) content = g_string_new (NULL);
  gsize most = 4 * node->length + CONTENT_SPARE_BYTES;
  if (node->end_line > CONTENT_MOST_LINES)
    return json_null ();
  for (guint line = 1; line <= node->end_line; line++)
    {
      gsize length;
      const char *text = document_line (document, line, &length);
      if (line >= node->line && content->len + length > most)
        return json_null ();
      if (line >= node->line)
        g_string_append_len (content, text, (gssize) length);
      g_string_append_c (content, '\n');
    }
  return json_stringn (content->str, content->len);
}

char *
scalar_source_map (const Document *document, const Node *node, const char *source_name)
{
  g_autofree char *mappings = make_mappings (document, node);
  g_autoptr (json_t) map
      = json_pack ("{s:i, s:[s], s:[o], s:[], s:s}", "version", 3, "sources", source_name,
                   "sourcesContent", make_content (document, node), "names", "mappings", mappings);
  return json_print (map);
}
