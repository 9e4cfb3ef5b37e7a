#include "http/request_text.h"

#include <string.h>

typedef struct
{
  char *name, *value;
} Field;

struct FieldList
{
  GArray *fields; /* of Field */
  gboolean are_headers;
};

static void
field_clear (gpointer data)
{
  Field *field = data;
  g_free (field->name);
  g_free (field->value);
}

FieldList *
field_list_new (gboolean are_headers)
{
  FieldList *list = g_new (FieldList, 1);
  list->fields = g_array_new (FALSE, FALSE, sizeof (Field));
  list->are_headers = are_headers;
  g_array_set_clear_func (list->fields, field_clear);
  return list;
}

void
field_list_free (FieldList *list)
{
  g_array_unref (list->fields);
  g_free (list);
}

static Field *
find_field (const FieldList *list, const char *name)
{
  for (guint i = 0; i < list->fields->len; i++)
    {
      Field *field = &g_array_index (list->fields, Field, i);
      if ((list->are_headers ? g_ascii_strcasecmp : strcmp) (field->name, name) == 0)
        return field;
    }
  return NULL;
}

void
field_list_add (FieldList *list, const char *name, const char *value)
{
  Field *known = find_field (list, name);
  if (value == NULL)
    value = "";
  if (known == NULL)
    {
      Field field = { g_strdup (name), g_strdup (value) };
      g_array_append_val (list->fields, field);
      return;
    }
  const char *between = g_ascii_strcasecmp (name, "cookie") == 0 ? "; " : ", ";
  char *joint
      = list->are_headers ? g_strconcat (known->value, between, value, NULL) : g_strdup (value);
  g_free (known->value);
  known->value = joint;
}

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

static void
append_fields (GString *json, const FieldList *list)
{
  g_string_append_c (json, '{');
  for (guint i = 0; i < list->fields->len; i++)
    {
      const Field *field = &g_array_index (list->fields, Field, i);
      if (i > 0)
        g_string_append_c (json, ',');
      append_text (json, field->name);
      g_string_append_c (json, ':');
      append_text (json, field->value);
    }
  g_string_append_c (json, '}');
}

GBytes *
request_text (const FieldList *headers, const FieldList *queries, const char *path_fragment,
              const char *method, const char *content_type)
{
  GString *json = g_string_sized_new (512);
  g_string_append (json, "{\"headers\":");
  append_fields (json, headers);
  g_string_append (json, ",\"queryParameters\":");
  append_fields (json, queries);
  g_string_append (json, ",\"pathFragment\":");
  append_text (json, path_fragment);
  g_string_append (json, ",\"method\":");
  append_text (json, method);
  if (content_type != NULL)
    {
      g_string_append (json, ",\"contentType\":");
      append_text (json, content_type);
    }
  g_string_append_c (json, '}');
  return g_string_free_to_bytes (json);
}
