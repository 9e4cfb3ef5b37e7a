/* Text between C (UTF-8) and the engine (Latin-1 or UTF-16). */
#include "engine/engine.h"

#include <string.h>

JSValueRef
js_string (JSContextRef ctx, const char *utf8)
{
  if (utf8 == NULL)
    return JSValueMakeNull (ctx);
  JSStringRef string = JSStringCreateWithUTF8CString (utf8);
  JSValueRef value = JSValueMakeString (ctx, string);
  JSStringRelease (string);
  return value;
}

JSValueRef
js_string_utf16 (JSContextRef ctx, const gunichar2 *units, gsize length)
{
  JSStringRef string = JSStringCreateWithCharacters (units, length);
  JSValueRef value = JSValueMakeString (ctx, string);
  JSStringRelease (string);
  return value;
}

JSValueRef
js_string_n (JSContextRef ctx, const char *utf8, gsize length)
{
  if (memchr (utf8, '\0', length) == NULL)
    {
      char small[256];
      if (length < sizeof small)
        {
          memcpy (small, utf8, length);
          small[length] = '\0';
          return js_string (ctx, small);
        }
      g_autofree char *copy = g_strndup (utf8, length);
      return js_string (ctx, copy);
    }
  glong n_units = 0;
  g_autofree gunichar2 *units = g_utf8_to_utf16 (utf8, (glong) length, NULL, &n_units, NULL);
  if (units == NULL || memchr (utf8, '\0', length) != NULL)
    {
      /* g_utf8_to_utf16 stops at a NUL: convert run by run. */
      g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (gunichar2));
      const char *end = utf8 + length;
      for (const char *at = utf8; at < end;)
        {
          gunichar2 nul = 0;
          const char *stop = memchr (at, '\0', (gsize) (end - at));
          gsize run = (gsize) ((stop == NULL ? end : stop) - at);
          g_autofree gunichar2 *part = g_utf8_to_utf16 (at, (glong) run, NULL, &n_units, NULL);
          if (part != NULL)
            g_array_append_vals (all, part, (guint) n_units);
          if (stop != NULL)
            g_array_append_val (all, nul);
          at += run + (stop != NULL);
        }
      return js_string_utf16 (ctx, (const gunichar2 *) (void *) all->data, all->len);
    }
  return js_string_utf16 (ctx, units, (gsize) n_units);
}

JSValueRef
js_string_latin1 (JSContextRef ctx, const guint8 *bytes, gsize length)
{
  g_autofree gunichar2 *units = g_new (gunichar2, MAX (length, 1));
  for (gsize i = 0; i < length; i++)
    units[i] = bytes[i];
  return js_string_utf16 (ctx, units, length);
}

/* How many UTF-16 units a UTF-8 text stands for. */
static gsize
count_units (const char *utf8, gsize length)
{
  gsize units = 0;
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = (guint8) utf8[i];
      units += (gsize) ((byte & 0xc0) != 0x80) + (gsize) (byte >= 0xf0);
    }
  return units;
}

/* The engine's own conversion stops at a lone surrogate; this one puts U+FFFD. */
static char *
convert_lossy (JSStringRef string, gsize *length)
{
  gsize n = JSStringGetLength (string);
  const JSChar *units = JSStringGetCharactersPtr (string);
  GString *text = g_string_sized_new (n + 16);
  for (gsize i = 0; i < n; i++)
    {
      gunichar c = units[i];
      if (c >= 0xd800 && c <= 0xdbff && i + 1 < n && units[i + 1] >= 0xdc00
          && units[i + 1] <= 0xdfff)
        c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
      else if (c >= 0xd800 && c <= 0xdfff)
        c = 0xfffd;
      char utf8[6];
      g_string_append_len (text, utf8, g_unichar_to_utf8 (c, utf8));
    }
  *length = text->len;
  return g_string_free (text, FALSE);
}

char *
js_to_utf8 (JSContextRef ctx, JSValueRef value, gsize *length, JSValueRef *exception)
{
  JSStringRef string = JSValueToStringCopy (ctx, value, exception);
  if (string == NULL)
    return NULL;

  gsize n_units = JSStringGetLength (string);
  gsize room = JSStringGetMaximumUTF8CStringSize (string);
  char *text = g_malloc (room);
  gsize n = JSStringGetUTF8CString (string, text, room);
  n = n > 0 ? n - 1 : 0;
  if (n != n_units && count_units (text, n) != n_units)
    {
      g_free (text);
      text = convert_lossy (string, &n);
    }
  else if (room > n + 4096)
    text = g_realloc (text, n + 1);
  JSStringRelease (string);
  if (length != NULL)
    *length = n;
  return text;
}

char *
js_to_display (JSContextRef ctx, JSValueRef value)
{
  JSValueRef exception = NULL;
  char *text = value == NULL ? NULL : js_to_utf8 (ctx, value, NULL, &exception);
  return text == NULL ? g_strdup ("") : text;
}
