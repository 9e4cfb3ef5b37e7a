/* multipart/form-data (RFC 7578 over RFC 2046 §5.1) into an object of parts. */
#include "runtime/private.h"

#include <string.h>

#define MOST_PARTS 1000
#define MOST_HEADER_BYTES 16384

/* A parameter of a header field: name=value or name="value". Free with g_free. */
static char *
parameter (const char *field, const char *name)
{
  gsize length = strlen (name);
  for (const char *at = strchr (field, ';'); at != NULL; at = strchr (at, ';'))
    {
      at++;
      while (*at == ' ' || *at == '\t')
        at++;
      if (g_ascii_strncasecmp (at, name, length) != 0 || at[length] != '=')
        continue;
      at += length + 1;
      if (*at != '"')
        return g_strndup (at, strcspn (at, "; \t\r\n"));
      GString *text = g_string_new (NULL);
      for (at++; *at != '\0' && *at != '"'; at++)
        {
          if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
          g_string_append_c (text, *at);
        }
      return g_string_free (text, FALSE);
    }
  return NULL;
}

typedef struct
{
  Realm *realm;
  JSObjectRef form;
  const char *delimiter; /* "\r\n--boundary" */
  gsize delimiter_length;
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

/* A part with a file name, or of another type than text and JSON, is binary. */
static JSValueRef
part_data (Parser *parser, const char *type, gboolean is_file, const char *data, gsize length)
{
  JSContextRef ctx = realm_context (parser->realm);
  JSValueRef exception = NULL;
  gboolean is_json = type != NULL && g_str_has_prefix (type, "application/json");
  gboolean is_text = type == NULL || g_str_has_prefix (type, "text/");
  if (is_json && !is_file && g_utf8_validate_len (data, length, NULL))
    {
      JSValueRef value = js_parse_json (ctx, data, length, &exception);
      if (exception == NULL && value != NULL)
        return value;
      fail (parser, "a part of type application/json is not JSON");
      return NULL;
    }
  if (!is_file && is_text && g_utf8_validate_len (data, length, NULL))
    return js_string_n (ctx, data, length);
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);
  return runtime_buffer (parser->realm, bytes, &exception);
}

static gboolean
add_part (Parser *parser, const char *headers, const char *data, gsize length)
{
  JSContextRef ctx = realm_context (parser->realm);
  g_autofree char *disposition = header_value (headers, "content-disposition");
  g_autofree char *type = header_value (headers, "content-type");
  g_autofree char *name = disposition == NULL ? NULL : parameter (disposition, "name");
  g_autofree char *file_name = disposition == NULL ? NULL : parameter (disposition, "filename");
  if (name == NULL)
    return fail (parser, "a part has no name");
  g_autofree char *valid_name = g_utf8_make_valid (name, -1);

  JSValueRef value = part_data (parser, type, file_name != NULL, data, length);
  if (value == NULL)
    return *parser->message != NULL ? FALSE : fail (parser, "a part can't be read");
  JSObjectRef part = js_object (ctx);
  js_set (ctx, part, "data", value);
  if (type != NULL)
    {
      g_autofree char *valid_type = g_utf8_make_valid (type, -1);
      js_set (ctx, part, "contentType", js_string (ctx, valid_type));
    }
  if (file_name != NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (file_name, -1);
      js_set (ctx, part, "fileName", js_string (ctx, valid));
    }
  js_set (ctx, parser->form, valid_name, part);
  return TRUE;
}

/* `at` stands behind a delimiter. Returns the place behind the next one, or NULL. */
static const char *
read_part (Parser *parser, const char *at, const char *end)
{
  const char *body = memmem (at, (gsize) (end - at), "\r\n\r\n", 4);
  if (body == NULL || body - at > MOST_HEADER_BYTES)
    {
      fail (parser, "a part's header has no end");
      return NULL;
    }
  g_autofree char *headers = g_strndup (at, (gsize) (body - at));
  body += 4;
  /* An empty part: the delimiter's line break is that of the header. */
  const char *search = body - 2;
  const char *stop
      = memmem (search, (gsize) (end - search), parser->delimiter, parser->delimiter_length);
  if (stop == NULL)
    {
      fail (parser, "the last boundary is missing");
      return NULL;
    }
  gsize length = stop < body ? 0 : (gsize) (stop - body);
  return add_part (parser, headers, body, length) ? stop + parser->delimiter_length : NULL;
}

static gboolean
read_parts (Parser *parser, const char *data, gsize size)
{
  const char *end = data + size;
  const char *first = parser->delimiter + 2; /* the first has no line break before it */
  const char *at = memmem (data, size, first, parser->delimiter_length - 2);
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
      at = read_part (parser, at + 2, end);
      if (at == NULL)
        return FALSE;
    }
  return fail (parser, "it has too many parts");
}

JSValueRef
runtime_parse_multipart (Realm *realm, GBytes *body, const char *content_type, char **message)
{
  g_autofree char *boundary = parameter (content_type, "boundary");
  Parser parser = { .realm = realm, .message = message };
  if (boundary == NULL || boundary[0] == '\0' || strlen (boundary) > 70)
    {
      fail (&parser, "its content type has no boundary (RFC 2046 section 5.1.1)");
      return NULL;
    }
  g_autofree char *delimiter = g_strconcat ("\r\n--", boundary, NULL);
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  parser.form = js_object (realm_context (realm));
  parser.delimiter = delimiter;
  parser.delimiter_length = strlen (delimiter);
  return read_parts (&parser, data, size) ? parser.form : NULL;
}
