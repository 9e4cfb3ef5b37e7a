/* Text to bytes and back; time. */
#include "runtime/private.h"

#include <string.h>

/* Whether all are below `most` + 1, which is a power of two. */
static gboolean
are_below (const JSChar *units, gsize n, JSChar most)
{
  JSChar all = 0;
  for (gsize i = 0; i < n; i++)
    all |= units[i];
  return all <= most;
}

static JSValueRef
narrow (JSContextRef ctx, const JSChar *units, gsize n, JSValueRef *exception)
{
  JSObjectRef array = JSObjectMakeTypedArray (ctx, kJSTypedArrayTypeUint8Array, n, exception);
  guint8 *bytes = array == NULL ? NULL : JSObjectGetTypedArrayBytesPtr (ctx, array, exception);
  for (gsize i = 0; bytes != NULL && i < n; i++)
    bytes[i] = (guint8) units[i];
  return array == NULL ? js_undefined (ctx) : array;
}

static JSValueRef
utf8_encode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  JSStringRef string = n == 0 ? NULL : JSValueToStringCopy (ctx, arguments[0], exception);
  if (string == NULL)
    return js_undefined (ctx);
  gsize length = JSStringGetLength (string);
  const JSChar *units = JSStringGetCharactersPtr (string);
  JSValueRef ascii
      = are_below (units, length, 0x7f) ? narrow (ctx, units, length, exception) : NULL;
  JSStringRelease (string);
  if (ascii != NULL)
    return ascii;
  g_autofree char *text = js_to_utf8 (ctx, arguments[0], &length, exception);
  JSObjectRef array = text == NULL ? NULL : js_uint8array (ctx, text, length, exception);
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

/* Text without NUL that the engine may convert as it is. */
static gboolean
is_plain_text (const char *data, gsize length)
{
  guint8 high = 0;
  gboolean has_nul = FALSE;
  for (gsize i = 0; i < length; i++)
    {
      high |= (guint8) data[i];
      has_nul |= data[i] == '\0';
    }
  return !has_nul && (high < 0x80 || g_utf8_validate_len (data, length, NULL));
}

JSValueRef
runtime_decode_utf8 (JSContextRef ctx, const char *data, gsize length)
{
  if (is_plain_text (data, length))
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
  if (is_plain_text ((const char *) data, length))
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

/* latin1Encode (text, isStrict): a byte for each UTF-16 unit, its lower half; undefined where
 * strict and one is over 0xff */
static JSValueRef
latin1_encode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  JSStringRef string = n < 2 ? NULL : JSValueToStringCopy (ctx, arguments[0], exception);
  if (string == NULL)
    return js_undefined (ctx);
  gsize length = JSStringGetLength (string);
  const JSChar *units = JSStringGetCharactersPtr (string);
  gboolean is_wrong = JSValueToBoolean (ctx, arguments[1]) && !are_below (units, length, 0xff);
  JSValueRef bytes = is_wrong ? js_undefined (ctx) : narrow (ctx, units, length, exception);
  JSStringRelease (string);
  return bytes;
}

/* latin1Decode (bytes, mask): a character for each byte and the mask (0xff; Buffer's "ascii" is
 * 0x7f) */
static JSValueRef
latin1_decode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *data;
  gsize length;
  if (n < 2 || !js_get_bytes (ctx, arguments[0], &data, &length))
    return js_throw_type (ctx, exception, "bytes are expected");
  JSChar mask = JSValueToNumber (ctx, arguments[1], exception) == 0x7f ? 0x7f : 0xff;
  g_autofree JSChar *units = g_new (JSChar, MAX (length, 1));
  for (gsize i = 0; i < length; i++)
    units[i] = data[i] & mask;
  return js_string_utf16 (ctx, units, length);
}

const NativeFunction text_natives[] = {
  { "utf8Encode", utf8_encode },
  { "utf8Decode", utf8_decode },
  { "latin1Encode", latin1_encode },
  { "latin1Decode", latin1_decode },
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
