/* application/x-www-form-urlencoded (RFC 6749 appendix B), and URLs that keep their query. */
#include "connection/private.h"

#define MAX_FIELDS 200

void
form_escape (GString *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isalnum (*p) || strchr ("-._*", *p) != NULL)
      g_string_append_c (out, *p);
    else if (*p == ' ')
      g_string_append_c (out, '+');
    else
      g_string_append_printf (out, "%%%02X", (guchar) *p);
}

void
form_append (GString *form, const char *name, const char *value)
{
  if (form->len > 0)
    g_string_append_c (form, '&');
  form_escape (form, name);
  g_string_append_c (form, '=');
  form_escape (form, value);
}

char *
form_add_to_url (const char *url, const char *form)
{
  gsize length = strcspn (url, "#");
  const char *query = memchr (url, '?', length);
  const char *between = query == NULL ? "?" : "&";
  if (query != NULL && (query + 1 == url + length || url[length - 1] == '&'))
    between = "";
  return g_strdup_printf ("%.*s%s%s", (int) length, url, *form == '\0' ? "" : between, form);
}

static char *
unescape (const char *text, gsize length)
{
  GString *out = g_string_sized_new (length);
  for (gsize i = 0; i < length; i++)
    if (text[i] == '%' && i + 2 < length && g_ascii_isxdigit (text[i + 1])
        && g_ascii_isxdigit (text[i + 2]))
      {
        g_string_append_c (out, (char) (g_ascii_xdigit_value (text[i + 1]) * 16
                                        + g_ascii_xdigit_value (text[i + 2])));
        i += 2;
      }
    else
      g_string_append_c (out, text[i] == '+' ? ' ' : text[i]);
  gboolean is_text = g_utf8_validate_len (out->str, out->len, NULL);
  if (is_text)
    return g_string_free (out, FALSE);
  wipe_string (out);
  return NULL;
}

GPtrArray *
form_parse (const char *form, gssize length, GError **error)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func ((GDestroyNotify) wipe_text);
  const char *end = form + (length < 0 ? (gssize) strlen (form) : length);
  for (const char *p = form; p < end;)
    {
      const char *stop = memchr (p, '&', (gsize) (end - p));
      stop = stop == NULL ? end : stop;
      const char *equals = memchr (p, '=', (gsize) (stop - p));
      equals = equals == NULL ? stop : equals;
      if (stop > p)
        {
          g_ptr_array_add (fields, unescape (p, (gsize) (equals - p)));
          g_ptr_array_add (fields, equals == stop
                                       ? g_strdup ("")
                                       : unescape (equals + 1, (gsize) (stop - equals) - 1));
          guint n = fields->len;
          if (fields->pdata[n - 1] == NULL || fields->pdata[n - 2] == NULL || n > 2 * MAX_FIELDS)
            {
              g_set_error_literal (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID,
                                   n > 2 * MAX_FIELDS ? "it has too many parameters"
                                                      : "it has parameters that are no UTF-8 text");
              return NULL;
            }
        }
      p = stop + 1;
    }
  return g_steal_pointer (&fields);
}

gboolean
form_find (const GPtrArray *form, const char *name, const char **value)
{
  *value = NULL;
  for (guint i = 0; i + 1 < form->len; i += 2)
    if (strcmp (form->pdata[i], name) == 0)
      {
        if (*value != NULL)
          return FALSE;
        *value = form->pdata[i + 1];
      }
  return TRUE;
}
