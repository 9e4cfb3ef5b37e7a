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

/* How many of the bytes, from the first, are ASCII: eight at a time. */
static gsize
ascii_run (const char *utf8, gsize length)
{
  gsize n = 0;
  for (guint64 eight; n + sizeof eight <= length; n += sizeof eight)
    {
      memcpy (&eight, utf8 + n, sizeof eight);
      if ((eight & G_GUINT64_CONSTANT (0x8080808080808080)) != 0)
        break;
    }
  while (n < length && (guint8) utf8[n] < 0x80)
    n++;
  return n;
}

/* One character of several bytes (RFC 3629); how many bytes it has, 0 where they are no character.
 */
static gsize
take_character (const guint8 *at, gsize left, gunichar *character)
{
  static const gunichar least[] = { 0, 0, 0x80, 0x800, 0x10000 };
  gsize n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
  if (at[0] < 0xc2 || at[0] > 0xf4 || n > left)
    return 0;
  gunichar c = at[0] & (0x7f >> n);
  for (gsize i = 1; i < n; i++)
    {
      if ((at[i] & 0xc0) != 0x80)
        return 0;
      c = c << 6 | (at[i] & 0x3f);
    }
  *character = c;
  return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

static gsize
put_units (JSChar *to, gunichar c)
{
  if (c < 0x10000)
    {
      to[0] = (JSChar) c;
      return 1;
    }
  to[0] = (JSChar) (0xd800 + ((c - 0x10000) >> 10));
  to[1] = (JSChar) (0xdc00 + (c & 0x3ff));
  return 2;
}

static JSStringRef
string_of_ascii (const char *text, gsize length)
{
  char small[256];
  if (length < sizeof small)
    {
      memcpy (small, text, length);
      small[length] = '\0';
      return JSStringCreateWithUTF8CString (small);
    }
  g_autofree char *copy = g_strndup (text, length);
  return JSStringCreateWithUTF8CString (copy);
}

/* The engine's own conversion goes one character at a time and stops at a NUL. */
JSStringRef
js_string_of_utf8 (const char *utf8, gsize length, gboolean *is_valid)
{
  gsize at = ascii_run (utf8, length), n = 0;
  *is_valid = TRUE;
  if (at == length && memchr (utf8, '\0', length) == NULL)
    return string_of_ascii (utf8, length);

  g_autofree JSChar *units = g_new (JSChar, MAX (length, 1));
  for (at = 0; at < length;)
    {
      gsize run = ascii_run (utf8 + at, length - at);
      for (gsize i = 0; i < run; i++)
        units[n + i] = (guint8) utf8[at + i];
      n += run;
      at += run;
      if (at == length)
        break;
      gunichar c = 0xfffd;
      gsize size = take_character ((const guint8 *) utf8 + at, length - at, &c);
      *is_valid &= size > 0;
      n += put_units (units + n, size > 0 ? c : 0xfffd);
      at += MAX (size, 1);
    }
  return JSStringCreateWithCharacters (units, n);
}

JSValueRef
js_string_n (JSContextRef ctx, const char *utf8, gsize length)
{
  gboolean is_valid;
  JSStringRef string = js_string_of_utf8 (utf8, length, &is_valid);
  JSValueRef value = JSValueMakeString (ctx, string);
  JSStringRelease (string);
  return value;
}

JSValueRef
js_string_latin1 (JSContextRef ctx, const guint8 *bytes, gsize length)
{
  g_autofree gunichar2 *units = g_new (gunichar2, MAX (length, 1));
  for (gsize i = 0; i < length; i++)
    units[i] = bytes[i];
  return js_string_utf16 (ctx, units, length);
}

/* A character from the first of the units, U+FFFD for half of a pair. */
static gunichar
character_of_units (const JSChar *units, gsize left, gsize *taken)
{
  gunichar c = units[0];
  *taken = 1;
  if (c < 0xd800 || c > 0xdfff)
    return c;
  if (c > 0xdbff || left < 2 || units[1] < 0xdc00 || units[1] > 0xdfff)
    return 0xfffd;
  *taken = 2;
  return 0x10000 + ((c - 0xd800) << 10) + (units[1] - 0xdc00u);
}

/* Eight ASCII units at a time, where there are so many. */
static gsize
narrow_run (const JSChar *units, gsize n, char *to)
{
  gsize i = 0;
  for (; i + 8 <= n; i += 8)
    {
      JSChar all = 0;
      for (gsize k = 0; k < 8; k++)
        all |= units[i + k];
      if (all >= 0x80)
        break;
      for (gsize k = 0; k < 8; k++)
        to[i + k] = (char) units[i + k];
    }
  for (; i < n && units[i] < 0x80; i++)
    to[i] = (char) units[i];
  return i;
}

char *
js_utf8_of_string (JSStringRef string, gsize *length)
{
  gsize n = JSStringGetLength (string), size = 0, taken;
  const JSChar *units = JSStringGetCharactersPtr (string);
  gsize room = 3 * n + 1; /* what is not written costs nothing */
  char *text = g_malloc (room);
  for (gsize i = 0; i < n;)
    {
      gsize run = narrow_run (units + i, n - i, text + size);
      i += run;
      size += run;
      if (i == n)
        break;
      size
          += (gsize) g_unichar_to_utf8 (character_of_units (units + i, n - i, &taken), text + size);
      i += taken;
    }
  text[size] = '\0';
  *length = size;
  return room > size + 4096 ? g_realloc (text, size + 1) : text;
}

char *
js_to_utf8 (JSContextRef ctx, JSValueRef value, gsize *length, JSValueRef *exception)
{
  gsize ignored;
  JSStringRef string = JSValueToStringCopy (ctx, value, exception);
  if (string == NULL)
    return NULL;
  char *text = js_utf8_of_string (string, length == NULL ? &ignored : length);
  JSStringRelease (string);
  return text;
}

char *
js_to_display (JSContextRef ctx, JSValueRef value)
{
  JSValueRef exception = NULL;
  char *text = value == NULL ? NULL : js_to_utf8 (ctx, value, NULL, &exception);
  return text == NULL ? g_strdup ("") : text;
}
