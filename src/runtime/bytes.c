/* What Buffer does with many bytes at once: text of its encodings to bytes and back, comparison, search. */
#include "runtime/private.h"

#include <string.h>

/* As runtime/modules/buffer.js numbers them. */
typedef enum
{
  ENCODING_UTF8,
  ENCODING_UTF16LE,
  ENCODING_LATIN1,
  ENCODING_ASCII,
  ENCODING_BASE64,
  ENCODING_BASE64URL,
  ENCODING_HEX,
} Encoding;

static const char base64_standard[]
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[]
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* --- bytes to text --- */

static JSValueRef
hex_text (JSContextRef ctx, const guint8 *data, gsize length)
{
  static const char digits[] = "0123456789abcdef";
  g_autofree guint8 *text = g_malloc (2 * length + 1);
  for (gsize i = 0; i < length; i++)
    {
      text[2 * i] = (guint8) digits[data[i] >> 4];
      text[2 * i + 1] = (guint8) digits[data[i] & 15];
    }
  return js_string_latin1 (ctx, text, 2 * length);
}

static JSValueRef
base64_text (JSContextRef ctx, const guint8 *data, gsize length, const char *alphabet,
             gboolean is_padded)
{
  g_autofree guint8 *text = g_malloc (length / 3 * 4 + 8);
  gsize at = 0, i = 0;
  for (; i + 2 < length; i += 3)
    {
      guint32 group = (guint32) data[i] << 16 | (guint32) data[i + 1] << 8 | data[i + 2];
      for (int shift = 18; shift >= 0; shift -= 6)
        text[at++] = (guint8) alphabet[group >> shift & 63];
    }
  gsize left = length - i;
  if (left > 0)
    {
      guint32 group = (guint32) data[i] << 16 | (left > 1 ? (guint32) data[i + 1] << 8 : 0);
      text[at++] = (guint8) alphabet[group >> 18 & 63];
      text[at++] = (guint8) alphabet[group >> 12 & 63];
      if (left > 1)
        text[at++] = (guint8) alphabet[group >> 6 & 63];
      for (gsize pad = left; is_padded && pad < 3; pad++)
        text[at++] = '=';
    }
  return js_string_latin1 (ctx, text, at);
}

static JSValueRef
ascii_text (JSContextRef ctx, const guint8 *data, gsize length)
{
  g_autofree guint8 *text = g_malloc (length + 1);
  for (gsize i = 0; i < length; i++)
    text[i] = data[i] & 0x7f;
  return js_string_latin1 (ctx, text, length);
}

static JSValueRef
utf16_text (JSContextRef ctx, const guint8 *data, gsize length)
{
  /* Copied: a view may begin at an odd address. */
  gsize units = length / 2;
  g_autofree gunichar2 *text = g_new (gunichar2, units + 1);
  for (gsize i = 0; i < units; i++)
    text[i] = (gunichar2) (data[2 * i] | data[2 * i + 1] << 8);
  return js_string_utf16 (ctx, text, units);
}

/* bytesToText (bytes, encoding, start, end): what lies outside of the bytes is left out */
static JSValueRef
bytes_to_text (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *data;
  gsize length;
  if (n < 4 || !js_get_bytes (ctx, arguments[0], &data, &length))
    return js_throw_code (ctx, exception, "TypeError", "ERR_INVALID_ARG_TYPE",
                          "argument must be a buffer");
  double start = JSValueToNumber (ctx, arguments[2], NULL);
  double end = JSValueToNumber (ctx, arguments[3], NULL);
  gsize from = start > 0 ? (gsize) MIN (start, (double) length) : 0;
  gsize to = end > 0 ? (gsize) MIN (end, (double) length) : 0;
  if (to <= from)
    return js_string (ctx, "");
  data += from;
  length = to - from;
  switch ((Encoding) JSValueToNumber (ctx, arguments[1], NULL))
    {
    case ENCODING_UTF16LE:
      return utf16_text (ctx, data, length);
    case ENCODING_LATIN1:
      return js_string_latin1 (ctx, data, length);
    case ENCODING_ASCII:
      return ascii_text (ctx, data, length);
    case ENCODING_BASE64:
      return base64_text (ctx, data, length, base64_standard, TRUE);
    case ENCODING_BASE64URL:
      return base64_text (ctx, data, length, base64_url, FALSE);
    case ENCODING_HEX:
      return hex_text (ctx, data, length);
    case ENCODING_UTF8:
    default:
      return runtime_decode_utf8 (ctx, (const char *) data, length);
    }
}

/* --- text to bytes --- */

static int
base64_value (JSChar c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Of either alphabet; what is of neither is skipped, and the padding ends it. */
static gsize
base64_bytes (const JSChar *units, gsize length, guint8 *bytes)
{
  guint32 group = 0;
  guint bits = 0;
  gsize at = 0;
  for (gsize i = 0; i < length && units[i] != '='; i++)
    {
      int value = base64_value (units[i]);
      if (value < 0)
        continue;
      group = group << 6 | (guint32) value;
      bits += 6;
      if (bits >= 8)
        {
          bits -= 8;
          bytes[at++] = (guint8) (group >> bits);
        }
    }
  return at;
}

static int
hex_value (JSChar c)
{
  return c < 128 ? g_ascii_xdigit_value ((gchar) c) : -1;
}

/* As far as there are pairs of digits. */
static gsize
hex_bytes (const JSChar *units, gsize length, guint8 *bytes)
{
  gsize at = 0;
  for (gsize i = 0; i + 1 < length; i += 2)
    {
      int high = hex_value (units[i]), low = hex_value (units[i + 1]);
      if (high < 0 || low < 0)
        break;
      bytes[at++] = (guint8) (high << 4 | low);
    }
  return at;
}

static gsize
bytes_of_units (Encoding encoding, const JSChar *units, gsize length, guint8 *bytes)
{
  switch (encoding)
    {
    case ENCODING_BASE64:
    case ENCODING_BASE64URL:
      return base64_bytes (units, length, bytes);
    case ENCODING_HEX:
      return hex_bytes (units, length, bytes);
    case ENCODING_UTF16LE:
      for (gsize i = 0; i < length; i++)
        {
          bytes[2 * i] = (guint8) units[i];
          bytes[2 * i + 1] = (guint8) (units[i] >> 8);
        }
      return 2 * length;
    case ENCODING_LATIN1:
    case ENCODING_ASCII:
    case ENCODING_UTF8:
    default:
      for (gsize i = 0; i < length; i++)
        bytes[i] = (guint8) units[i];
      return length;
    }
}

/* textToBytes (text, encoding): a Uint8Array */
static JSValueRef
text_to_bytes (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  JSObjectRef array;
  if (n < 2)
    return js_undefined (ctx);
  Encoding encoding = (Encoding) JSValueToNumber (ctx, arguments[1], NULL);
  if (encoding == ENCODING_UTF8)
    {
      gsize length;
      g_autofree char *text = js_to_utf8 (ctx, arguments[0], &length, exception);
      array = text == NULL ? NULL : js_uint8array (ctx, text, length, exception);
      return array == NULL ? js_undefined (ctx) : array;
    }
  JSStringRef string = JSValueToStringCopy (ctx, arguments[0], exception);
  if (string == NULL)
    return js_undefined (ctx);
  gsize length = JSStringGetLength (string);
  g_autofree guint8 *bytes = g_malloc (2 * length + 1);
  gsize size = bytes_of_units (encoding, JSStringGetCharactersPtr (string), length, bytes);
  JSStringRelease (string);
  array = js_uint8array (ctx, bytes, size, exception);
  return array == NULL ? js_undefined (ctx) : array;
}

/* --- comparison and search --- */

/* compareBytes (a, b): -1, 0 or 1 */
static JSValueRef
compare_bytes (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *a, *b;
  gsize a_length, b_length;
  if (n < 2 || !js_get_bytes (ctx, arguments[0], &a, &a_length)
      || !js_get_bytes (ctx, arguments[1], &b, &b_length))
    return js_throw_type (ctx, exception, "bytes are expected");
  gsize common = MIN (a_length, b_length);
  int order = common == 0 ? 0 : memcmp (a, b, common);
  if (order == 0)
    order = (a_length > b_length) - (a_length < b_length);
  return js_number (ctx, (order > 0) - (order < 0));
}

/* Where `needle` begins, at a multiple of `step`, at `from` or after it (before it, searching backwards); or -1. */
static gssize
find (const guint8 *hay, gsize hay_length, const guint8 *needle, gsize needle_length, gsize from,
      gboolean is_forward, gsize step)
{
  if (needle_length == 0 || needle_length > hay_length)
    return -1;
  gsize last = hay_length - needle_length;
  if (!is_forward)
    {
      gsize at = MIN (from, last);
      for (at -= at % step;; at -= step)
        {
          if (memcmp (hay + at, needle, needle_length) == 0)
            return (gssize) at;
          if (at < step)
            return -1;
        }
    }
  for (gsize at = from; at <= last; at++)
    {
      const guint8 *found = memmem (hay + at, hay_length - at, needle, needle_length);
      if (found == NULL)
        return -1;
      at = (gsize) (found - hay);
      if (at % step == 0)
        return (gssize) at;
    }
  return -1;
}

/* findBytes (hay, needle, from, isForward, step) */
static JSValueRef
find_bytes (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *hay, *needle;
  gsize hay_length, needle_length;
  if (n < 5 || !js_get_bytes (ctx, arguments[0], &hay, &hay_length)
      || !js_get_bytes (ctx, arguments[1], &needle, &needle_length))
    return js_throw_type (ctx, exception, "bytes are expected");
  double from = JSValueToNumber (ctx, arguments[2], NULL);
  if (!(from >= 0 && from <= (double) hay_length))
    return js_number (ctx, -1);
  gsize step = JSValueToNumber (ctx, arguments[4], NULL) == 2 ? 2 : 1;
  return js_number (ctx, (double) find (hay, hay_length, needle, needle_length, (gsize) from,
                                        JSValueToBoolean (ctx, arguments[3]), step));
}

const NativeFunction bytes_natives[] = {
  { "bytesToText", bytes_to_text },
  { "textToBytes", text_to_bytes },
  { "compareBytes", compare_bytes },
  { "findBytes", find_bytes },
  { NULL, NULL },
};
