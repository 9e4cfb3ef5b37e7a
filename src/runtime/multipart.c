/* Parts of a multipart/form-data body. Strict where a lenient reading would let
 * two parsers see two things (a missing last boundary, a part without a name),
 * and bounded in parts and header size. */
#include "runtime/multipart.h"

#include <string.h>

#define MOST_PARTS 1000
#define MOST_HEADER_BYTES 16384
#define MOST_BOUNDARY_BYTES 70

static void
part_free (gpointer data)
{
  MultipartPart *part = data;
  g_free (part->name);
  g_free (part->file_name);
  g_free (part->type);
  g_bytes_unref (part->data);
  g_free (part);
}

/* The text between quotes; `at` stands behind the first and is moved behind the last. Browsers
 * escape a quote as %22 (which is left) or, long ago, with a backslash. */
static char *
quoted (const char **at)
{
  GString *text = g_string_new (NULL);
  const char *c = *at;
  for (; *c != '\0' && *c != '"'; c++)
    {
      if (*c == '\\' && (c[1] == '"' || c[1] == '\\'))
        c++;
      g_string_append_c (text, *c);
    }
  *at = *c == '"' ? c + 1 : c;
  return g_string_free (text, FALSE);
}

/* A parameter of a header field, `;name=value` or `;name="value"`, as valid UTF-8. NULL = it has
 * none. */
static char *
parameter (const char *field, const char *name)
{
  const char *at = field + strcspn (field, ";");
  while (*at == ';')
    {
      at += 1 + strspn (at + 1, " \t");
      gsize length = strcspn (at, "=;");
      gboolean is_wanted = length == strlen (name) && g_ascii_strncasecmp (at, name, length) == 0;
      g_autofree char *value = NULL;
      at += length;
      if (*at == '=')
        {
          at++;
          if (*at == '"')
            {
              at++;
              value = quoted (&at);
            }
          else
            value = g_strndup (at, strcspn (at, "; \t\r\n"));
        }
      if (is_wanted && value != NULL)
        return g_utf8_make_valid (value, -1);
      at += strcspn (at, ";");
    }
  return NULL;
}

typedef struct
{
  GBytes *body;
  const char *start, *end;
  const char *delimiter; /* "\r\n--boundary" */
  gsize delimiter_length;
  GPtrArray *parts;
  char **message;
} Parser;

static gboolean
fail (Parser *parser, const char *what)
{
  *parser->message = g_strdup_printf ("Received malformed multipart payload: %s.", what);
  return FALSE;
}

static char *
header_value (const char *headers, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (headers, "\r\n", -1);
  gsize length = strlen (name);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], name, length) == 0 && lines[i][length] == ':')
      return g_strdup (g_strstrip (lines[i] + length + 1));
  return NULL;
}

static gboolean
add_part (Parser *parser, const char *headers, const char *data, gsize length)
{
  g_autofree char *disposition = header_value (headers, "content-disposition");
  g_autofree char *type = header_value (headers, "content-type");
  g_autofree char *name = disposition == NULL ? NULL : parameter (disposition, "name");
  if (name == NULL)
    return fail (parser, "a part has no name");
  MultipartPart *part = g_new0 (MultipartPart, 1);
  part->name = g_steal_pointer (&name);
  part->file_name = parameter (disposition, "filename");
  part->type = type == NULL ? NULL : g_utf8_make_valid (type, -1);
  part->data = g_bytes_new_from_bytes (parser->body, (gsize) (data - parser->start), length);
  g_ptr_array_add (parser->parts, part);
  return TRUE;
}

/* `at` stands behind a delimiter's line. Returns the place behind the next delimiter, or NULL. */
static const char *
read_part (Parser *parser, const char *at)
{
  const char *end = parser->end;
  /* A part without headers has no name either. */
  gsize most = MIN ((gsize) (end - at), MOST_HEADER_BYTES);
  const char *headers_end = memmem (at, most, "\r\n\r\n", 4);
  if (headers_end == NULL)
    {
      fail (parser, "a part's header has no end");
      return NULL;
    }
  if (memchr (at, '\0', (gsize) (headers_end - at)) != NULL)
    {
      fail (parser, "a part's header holds a NUL");
      return NULL;
    }
  g_autofree char *headers = g_strndup (at, (gsize) (headers_end - at));
  const char *data = headers_end + 4;
  /* An empty part: the delimiter's line break is that of the header. */
  const char *search = data - 2;
  const char *stop
      = memmem (search, (gsize) (end - search), parser->delimiter, parser->delimiter_length);
  if (stop == NULL)
    {
      fail (parser, "the last boundary is missing");
      return NULL;
    }
  gsize length = stop < data ? 0 : (gsize) (stop - data);
  return add_part (parser, headers, data, length) ? stop + parser->delimiter_length : NULL;
}

static gboolean
read_parts (Parser *parser)
{
  const char *end = parser->end;
  /* The first has no line break before it where there is no preamble. */
  const char *first = parser->delimiter + 2;
  const char *at
      = memmem (parser->start, (gsize) (end - parser->start), first, parser->delimiter_length - 2);
  if (at == NULL)
    return fail (parser, "the boundary does not occur in it");
  at += parser->delimiter_length - 2;
  for (guint i = 0; i <= MOST_PARTS; i++)
    {
      if (end - at >= 2 && memcmp (at, "--", 2) == 0)
        return TRUE;
      while (at < end && (*at == ' ' || *at == '\t'))
        at++;
      if (end - at < 2 || memcmp (at, "\r\n", 2) != 0)
        return fail (parser, "a boundary does not end its line");
      at = read_part (parser, at + 2);
      if (at == NULL)
        return FALSE;
    }
  return fail (parser, "it has more than 1000 parts");
}

GPtrArray *
multipart_parse (GBytes *body, const char *content_type, char **message)
{
  g_autofree char *boundary = parameter (content_type, "boundary");
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);
  Parser parser = { .body = body, .parts = parts, .message = message };
  gsize size;
  if (boundary == NULL || *boundary == '\0' || strlen (boundary) > MOST_BOUNDARY_BYTES)
    {
      fail (&parser, "its content type has no boundary (RFC 2046 section 5.1.1)");
      return NULL;
    }
  g_autofree char *delimiter = g_strconcat ("\r\n--", boundary, NULL);
  parser.start = g_bytes_get_data (body, &size);
  parser.end = parser.start + size;
  parser.delimiter = delimiter;
  parser.delimiter_length = strlen (delimiter);
  if (size == 0)
    fail (&parser, "it is empty");
  else if (read_parts (&parser))
    return g_steal_pointer (&parts);
  return NULL;
}
