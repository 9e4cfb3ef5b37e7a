/* A value as one JSON text for people: parts are put where their pointers say. */
#include "base/value.h"

#include "base/json.h"

#include <string.h>

/* RFC 6901 §4: "~1" is "/", "~0" is "~". In place. */
static void
unescape_segment (char *segment)
{
  char *to = segment;
  for (const char *from = segment; *from != '\0'; from++, to++)
    {
      *to = *from;
      if (from[0] == '~' && (from[1] == '0' || from[1] == '1'))
        *to = *++from == '0' ? '~' : '/';
    }
  *to = '\0';
}

static json_t *
binary_to_json (GBytes *bytes)
{
  gsize length;
  const guchar *data = g_bytes_get_data (bytes, &length);
  g_autofree char *base64 = g_base64_encode (data, length);
  return json_pack ("{s:s, s:s, s:s}", "type", "Buffer", "encoding", "base64", "data", base64);
}

/* Steals `binary`. A pointer that leads nowhere is left out: the value came from a worker. */
static json_t *
place (json_t *root, const char *pointer, json_t *binary)
{
  g_autoptr (json_t) owned G_GNUC_UNUSED = binary;
  if (pointer[0] == '\0')
    {
      json_decref (root);
      return json_incref (binary);
    }

  g_auto (GStrv) segments = g_strsplit (pointer[0] == '/' ? pointer + 1 : pointer, "/", -1);
  json_t *at = root;
  for (guint i = 0; segments[i] != NULL && at != NULL; i++)
    {
      gboolean is_last = segments[i + 1] == NULL;
      unescape_segment (segments[i]);
      if (json_is_array (at))
        {
          guint64 index = g_ascii_strtoull (segments[i], NULL, 10);
          if (is_last && index < json_array_size (at))
            json_array_set (at, index, binary);
          at = json_array_get (at, index);
        }
      else
        {
          if (is_last && json_is_object (at))
            json_object_set (at, segments[i], binary);
          at = json_object_get (at, segments[i]);
        }
    }
  return root;
}

char *
value_to_json (Value *value)
{
  GBytes *json = value_json (value);
  if (json == NULL)
    return g_strdup ("null");
  if (value_n_parts (value) == 0)
    return g_strndup (g_bytes_get_data (json, NULL), g_bytes_get_size (json));

  json_t *root = json_parse_bytes (json, NULL);
  if (root == NULL)
    root = json_null ();
  for (guint i = 0; i < value_n_parts (value); i++)
    {
      const BinaryPart *part = value_part (value, i);
      root = place (root, part->pointer, binary_to_json (part->bytes));
    }
  char *text = json_print (root);
  json_decref (root);
  return text;
}
