#include "base/json.h"

#include <string.h>

G_DEFINE_QUARK (json - error - quark, json_error)

json_t *
json_parse (const char *text, gssize length, GError **error)
{
  gsize size = length < 0 ? strlen (text) : (gsize) length;
  json_error_t why;
  json_t *json
      = json_loadb (text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
  if (json == NULL)
    g_set_error (error, JSON_ERROR, 0, "line %d, column %d: %s", MAX (why.line, 1),
                 MAX (why.column, 1), why.text);
  return json;
}

json_t *
json_parse_bytes (GBytes *bytes, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  return json_parse (text == NULL ? "" : text, (gssize) size, error);
}

static int
append_text (const char *text, size_t length, void *data)
{
  g_string_append_len (data, text, (gssize) length);
  return 0;
}

static char *
print (const json_t *json, size_t flags)
{
  GString *text = g_string_new (NULL);
  json_dump_callback (json, append_text, text, flags | JSON_ENCODE_ANY);
  return g_string_free (text, FALSE);
}

char *
json_print (const json_t *json)
{
  return print (json, JSON_COMPACT);
}

GBytes *
json_print_bytes (const json_t *json)
{
  char *text = json_print (json);
  return g_bytes_new_take (text, strlen (text));
}

char *
json_print_pretty (const json_t *json)
{
  return print (json, JSON_INDENT (2));
}

const char *
json_get_string (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

gboolean
json_get_bool (const json_t *object, const char *key, gboolean fallback)
{
  json_t *member = json_object_get (object, key);
  return json_is_boolean (member) ? json_is_true (member) : fallback;
}

gint64
json_get_int (const json_t *object, const char *key, gint64 fallback)
{
  json_t *member = json_object_get (object, key);
  return json_is_integer (member) ? (gint64) json_integer_value (member) : fallback;
}
