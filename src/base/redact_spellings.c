/* The spellings of a secret: each function adds those of one way of writing. */
#include "base/redact_private.h"

#include <string.h>

/* A piece of Base64 shorter than that is found by chance. */
#define LEAST_BASE64_CHARS 8
/* Of a secret of several lines, such as a private key. */
#define LEAST_LINE_BYTES 16
/* util.inspect shows so many bytes of a Buffer. */
#define SHOWN_BYTES 50

static void
add (GPtrArray *spellings, GString *text)
{
  g_ptr_array_add (spellings, g_string_free_to_bytes (text));
}

static void
add_copy (GPtrArray *spellings, const char *text, gsize length)
{
  g_ptr_array_add (spellings, g_bytes_new (text, length));
}

/* Bytes that stand for themselves; a table for each way of encoding. */
typedef gboolean (*IsPlain) (guchar byte);

static gboolean
is_unreserved (guchar byte) /* RFC 3986 §2.3 */
{
  return g_ascii_isalnum (byte) || strchr ("-._~", byte) != NULL;
}

static gboolean
is_component (guchar byte) /* encodeURIComponent */
{
  return g_ascii_isalnum (byte) || strchr ("-_.!~*'()", byte) != NULL;
}

static gboolean
is_form (guchar byte)
{
  return g_ascii_isalnum (byte) || strchr ("*-._", byte) != NULL;
}

static gboolean
is_uri (guchar byte) /* encodeURI */
{
  return is_component (byte) || strchr (";/?:@&=+$,#", byte) != NULL;
}

static void
add_percent (GPtrArray *spellings, const guchar *secret, gsize length, IsPlain is_plain,
             gboolean is_plus)
{
  for (guint is_lower = 0; is_lower < 2; is_lower++)
    {
      GString *text = g_string_sized_new (3 * length);
      for (gsize i = 0; i < length; i++)
        if (secret[i] != '\0' && is_plain (secret[i]))
          g_string_append_c (text, (char) secret[i]);
        else if (secret[i] == ' ' && is_plus)
          g_string_append_c (text, '+');
        else
          g_string_append_printf (text, is_lower ? "%%%02x" : "%%%02X", secret[i]);
      add (spellings, text);
    }
}

/* As JSON.stringify (quote: '"') or util.inspect (any quote: the first that the string lacks) write
 * a string. */
static GString *
escaped (const char *text, gsize length, char quote)
{
  static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
  GString *out = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length; i++)
    {
      const char *control = text[i] == '\0' ? NULL : strchr (controls, text[i]);
      if (text[i] == '\\' || text[i] == quote)
        g_string_append_printf (out, "\\%c", text[i]);
      else if (control != NULL)
        g_string_append_printf (out, "\\%c", letters[control - controls]);
      else if ((guchar) text[i] < ' ')
        g_string_append_printf (out, quote == '"' ? "\\u%04x" : "\\x%02X", (guchar) text[i]);
      else
        g_string_append_c (out, text[i]);
    }
  return out;
}

static void
add_escaped (GPtrArray *spellings, const char *secret, gsize length)
{
  GString *once = escaped (secret, length, '"');
  GString *twice = escaped (once->str, once->len, '"');
  add (spellings, escaped (secret, length, '\''));
  add (spellings, escaped (secret, length, '`'));
  add (spellings, once);
  add (spellings, twice);
}

static void
add_hex (GPtrArray *spellings, const guchar *secret, gsize length)
{
  GString *lower = g_string_sized_new (2 * length), *upper = g_string_sized_new (2 * length),
          *shown = g_string_sized_new (3 * length);
  for (gsize i = 0; i < length; i++)
    {
      g_string_append_printf (lower, "%02x", secret[i]);
      g_string_append_printf (upper, "%02X", secret[i]);
      if (i < SHOWN_BYTES)
        g_string_append_printf (shown, "%s%02x", i == 0 ? "" : " ", secret[i]);
    }
  add (spellings, lower);
  add (spellings, upper);
  add (spellings, shown);
}

/* The characters that `secret` alone decides when `before` bytes stand before it and anything after
 * it. */
static void
add_base64_at (GPtrArray *spellings, const guchar *secret, gsize length, guint before)
{
  static const guint undecided[] = { 0, 2, 3 };
  g_autofree guchar *bytes = g_malloc0 (before + length);
  memcpy (bytes + before, secret, length);
  g_autofree char *text = g_base64_encode (bytes, before + length);
  gsize first = undecided[before], end = (before + length) * 8 / 6;
  explicit_bzero (bytes, before + length);
  if (end < first + LEAST_BASE64_CHARS)
    {
      explicit_bzero (text, strlen (text));
      return;
    }
  add_copy (spellings, text + first, end - first);
  for (char *c = text; *c != '\0'; c++)
    *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
  add_copy (spellings, text + first, end - first);
  explicit_bzero (text, strlen (text));
}

/* By itself, with its last characters and padding: longer than what is found inside of others. */
static void
add_base64 (GPtrArray *spellings, const guchar *secret, gsize length)
{
  g_autofree char *text = g_base64_encode (secret, length);
  add_copy (spellings, text, strlen (text));
  gsize bare = strcspn (text, "=");
  add_copy (spellings, text, bare);
  for (char *c = text; *c != '\0'; c++)
    *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
  add_copy (spellings, text, bare);
  explicit_bzero (text, strlen (text));
  for (guint before = 0; before < 3; before++)
    add_base64_at (spellings, secret, length, before);
}

static void
add_all (GPtrArray *spellings, const char *secret, gsize length)
{
  const guchar *bytes = (const guchar *) secret;
  add_copy (spellings, secret, length);
  add_escaped (spellings, secret, length);
  add_percent (spellings, bytes, length, is_unreserved, FALSE);
  add_percent (spellings, bytes, length, is_component, FALSE);
  add_percent (spellings, bytes, length, is_uri, FALSE);
  add_percent (spellings, bytes, length, is_form, TRUE);
  add_hex (spellings, bytes, length);
  add_base64 (spellings, bytes, length);
}

static void
add_lines (GPtrArray *spellings, const char *secret, gsize length)
{
  const char *end = secret + length;
  for (const char *line = secret; line < end;)
    {
      const char *next = memchr (line, '\n', (gsize) (end - line));
      gsize bytes = (gsize) ((next == NULL ? end : next) - line);
      if (bytes > 0 && line[bytes - 1] == '\r')
        bytes--;
      /* The armour of a PEM file is no secret. */
      if (bytes >= LEAST_LINE_BYTES && memcmp (line, "-----", 5) != 0 && bytes < length)
        add_all (spellings, line, bytes);
      line = next == NULL ? end : next + 1;
    }
}

GPtrArray *
redactor_spellings (const char *secret, gsize length)
{
  GPtrArray *spellings = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  add_all (spellings, secret, length);
  add_lines (spellings, secret, length);
  return spellings;
}
