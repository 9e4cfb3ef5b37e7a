/* Text to bytes and back; time. */
#include "runtime/private.h"

#include <string.h>

static JSValueRef
utf8_encode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  gsize length;
  g_autofree char *text = n == 0 ? NULL : js_to_utf8 (ctx, arguments[0], &length, exception);
  if (text == NULL)
    return js_undefined (ctx);
  JSObjectRef array = js_uint8array (ctx, text, length, exception);
  return array == NULL ? js_undefined (ctx) : array;
}

/* The standard's decoder: each maximal part of a broken sequence becomes one U+FFFD. */
static void
append_lossy (GString *text, const char *data, gsize length)
{
  const char *end = data + length, *at = data;
  while (at < end)
    {
      const char *stop;
      if (g_utf8_validate_len (at, (gsize) (end - at), &stop))
        {
          g_string_append_len (text, at, end - at);
          return;
        }
      g_string_append_len (text, at, stop - at);
      if (*stop == '\0')
        {
          g_string_append_c (text, '\0');
          at = stop + 1;
          continue;
        }
      g_string_append (text, "\xef\xbf\xbd");
      const guchar *c = (const guchar *) stop;
      gsize left = (gsize) (end - stop), skip = 1;
      guint needs = c[0] >= 0xf0 && c[0] <= 0xf4  ? 3
                    : c[0] >= 0xe0 && c[0] < 0xf0 ? 2
                    : c[0] >= 0xc2 && c[0] < 0xe0 ? 1
                                                  : 0;
      guchar least = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
      guchar most = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
      while (skip <= needs && skip < left && c[skip] >= least && c[skip] <= most)
        {
          skip++;
          least = 0x80;
          most = 0xbf;
        }
      at = stop + skip;
    }
}

JSValueRef
runtime_decode_utf8 (JSContextRef ctx, const char *data, gsize length)
{
  if (g_utf8_validate_len (data, length, NULL))
    return js_string_n (ctx, data, length);
  g_autoptr (GString) text = g_string_sized_new (length);
  append_lossy (text, data, length);
  return js_string_n (ctx, text->str, text->len);
}

/* utf8Decode (bytes, isFatal): undefined where fatal and invalid */
static JSValueRef
utf8_decode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *data;
  gsize length;
  if (n < 2 || !js_get_bytes (ctx, arguments[0], &data, &length))
    return js_throw_type (ctx, exception, "bytes are expected");
  if (g_utf8_validate_len ((const char *) data, length, NULL))
    return js_string_n (ctx, (const char *) data, length);
  g_autoptr (GString) text = g_string_sized_new (length);
  append_lossy (text, (const char *) data, length);
  gboolean has_nul = memchr (data, '\0', length) != NULL;
  if (JSValueToBoolean (ctx, arguments[1]))
    {
      /* Only NULs, which GLib does not count as text, are no fault. */
      if (!has_nul || text->len != length || memcmp (text->str, data, length) != 0)
        return js_undefined (ctx);
    }
  return js_string_n (ctx, text->str, text->len);
}

static JSValueRef
native_btoa (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  JSStringRef string = n == 0 ? NULL : JSValueToStringCopy (ctx, arguments[0], exception);
  if (string == NULL)
    return js_undefined (ctx);
  gsize length = JSStringGetLength (string);
  const JSChar *units = JSStringGetCharactersPtr (string);
  g_autofree guchar *bytes = g_malloc (length + 1);
  gboolean is_latin1 = TRUE;
  for (gsize i = 0; i < length; i++)
    {
      is_latin1 = is_latin1 && units[i] <= 0xff;
      bytes[i] = (guchar) units[i];
    }
  JSStringRelease (string);
  if (!is_latin1)
    return js_undefined (ctx);
  g_autofree char *encoded = g_base64_encode (bytes, length);
  return js_string (ctx, encoded);
}

/* Infra standard, "forgiving-base64 decode". */
static JSValueRef
native_atob (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  gsize length;
  g_autofree char *given = n == 0 ? NULL : js_to_utf8 (ctx, arguments[0], &length, exception);
  if (given == NULL)
    return js_undefined (ctx);
  g_autoptr (GString) clean = g_string_sized_new (length);
  for (gsize i = 0; i < length; i++)
    if (strchr ("\t\n\f\r ", given[i]) == NULL || given[i] == '\0')
      g_string_append_c (clean, given[i]);
  if (clean->len % 4 == 0)
    for (int i = 0; i < 2 && clean->len > 0 && clean->str[clean->len - 1] == '='; i++)
      g_string_truncate (clean, clean->len - 1);
  if (clean->len % 4 == 1)
    return js_undefined (ctx);
  for (gsize i = 0; i < clean->len; i++)
    if (!g_ascii_isalnum (clean->str[i]) && clean->str[i] != '+' && clean->str[i] != '/')
      return js_undefined (ctx);
  while (clean->len % 4 != 0)
    g_string_append_c (clean, '=');
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode (clean->str, &size);
  return js_string_latin1 (ctx, bytes, size);
}

const NativeFunction text_natives[] = {
  { "utf8Encode", utf8_encode },
  { "utf8Decode", utf8_decode },
  { "btoa", native_btoa },
  { "atob", native_atob },
  { NULL, NULL },
};

/* --- time: the one layer through which code learns of it --- */

static JSValueRef
wall_ms (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
         const JSValueRef arguments[], JSValueRef *exception)
{
  return js_number (ctx, (double) g_get_real_time () / 1000);
}

static JSValueRef
monotonic_ms (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  return js_number (ctx, (double) g_get_monotonic_time () / 1000);
}

const NativeFunction time_natives[] = {
  { "wallMs", wall_ms },
  { "monotonicMs", monotonic_ms },
  { NULL, NULL },
};
