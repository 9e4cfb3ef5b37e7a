/* A request as the value that the worker turns into a trigger's payload
 * (worker/protocol.h, PAYLOAD_REQUEST): JSON written in one pass, the body beside
 * it as it came. */
#include "http/private.h"

#include <string.h>

/* Any bytes as a JSON text: valid UTF-8 as it is, else taken as Latin-1 (RFC 9110 §5.5). */
static void
append_text (GString *json, const char *text)
{
  g_autofree char *converted = NULL;
  if (!g_utf8_validate (text, -1, NULL))
    text = converted = g_convert (text, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
  g_string_append_c (json, '"');
  for (const guchar *c = (const guchar *) text; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_c (json, '\\');
      if (*c < 0x20)
        g_string_append_printf (json, "\\u%04x", *c);
      else
        g_string_append_c (json, (char) *c);
    }
  g_string_append_c (json, '"');
}

typedef struct
{
  char *name, *value;
} Pair;

typedef struct
{
  GArray *pairs; /* of Pair */
  gboolean ignores_case, joins;
} Pairs;

static void
pair_clear (gpointer data)
{
  Pair *pair = data;
  g_free (pair->name);
  g_free (pair->value);
}

/* A repeated header is one field with its values joined (RFC 9110 §5.3; cookies by RFC 6265 §5.4);
 * of a repeated query parameter the last counts. */
static enum MHD_Result
collect (void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  Pairs *all = data;
  for (guint i = 0; i < all->pairs->len; i++)
    {
      Pair *pair = &g_array_index (all->pairs, Pair, i);
      if ((all->ignores_case ? g_ascii_strcasecmp : strcmp) (pair->name, name) != 0)
        continue;
      const char *between = g_ascii_strcasecmp (name, "cookie") == 0 ? "; " : ", ";
      char *joint = all->joins ? g_strconcat (pair->value, between, value, NULL)
                               : g_strdup (value == NULL ? "" : value);
      g_free (pair->value);
      pair->value = joint;
      return MHD_YES;
    }
  Pair pair = { g_strdup (name), g_strdup (value == NULL ? "" : value) };
  g_array_append_val (all->pairs, pair);
  return MHD_YES;
}

static void
append_pairs (GString *json, Request *request, enum MHD_ValueKind kind, gboolean are_headers)
{
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  Pairs all = { pairs, are_headers, are_headers };
  g_array_set_clear_func (pairs, pair_clear);
  MHD_get_connection_values (request->connection, kind, collect, &all);
  g_string_append_c (json, '{');
  for (guint i = 0; i < pairs->len; i++)
    {
      const Pair *pair = &g_array_index (pairs, Pair, i);
      if (i > 0)
        g_string_append_c (json, ',');
      append_text (json, pair->name);
      g_string_append_c (json, ':');
      append_text (json, pair->value);
    }
  g_string_append_c (json, '}');
}

Value *
webhook_payload (Request *request)
{
  const char *content_type = request_header (request, "Content-Type");
  GString *json = g_string_sized_new (512);
  g_string_append (json, "{\"headers\":");
  append_pairs (json, request, MHD_HEADER_KIND, TRUE);
  g_string_append (json, ",\"queryParameters\":");
  append_pairs (json, request, MHD_GET_ARGUMENT_KIND, FALSE);
  g_string_append (json, ",\"pathFragment\":");
  append_text (json, request->rest);
  g_string_append_printf (json, ",\"method\":\"%s\"", request->method);
  if (content_type != NULL)
    {
      g_string_append (json, ",\"contentType\":");
      append_text (json, content_type);
    }
  g_string_append_c (json, '}');

  g_autoptr (GBytes) text = g_string_free_to_bytes (json);
  GPtrArray *parts = NULL;
  if (request->body != NULL && request->body->len > 0)
    {
      g_autoptr (GBytes) body = g_byte_array_free_to_bytes (g_steal_pointer (&request->body));
      parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
      g_ptr_array_add (parts, binary_part_new ("/rawBody", body));
    }
  return value_new (text, parts);
}
