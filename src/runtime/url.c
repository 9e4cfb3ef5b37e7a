/* URLs: realms ask the system realm's parser, with texts; and the encoding of forms
 * (https://url.spec.whatwg.org/#application/x-www-form-urlencoded). */
#include "runtime/private.h"

#include <string.h>

/* A text or null comes back. What the service throws (its stack is full) is its realm's own, which
 * user code must not get hold of. */
static JSValueRef
ask (JSContextRef ctx, ServiceId id, size_t n, const JSValueRef arguments[], JSValueRef *exception)
{
  JSValueRef thrown = NULL;
  for (size_t i = 0; i < n; i++)
    if (!JSValueIsString (ctx, arguments[i]) && !JSValueIsUndefined (ctx, arguments[i]))
      return js_throw (ctx, exception, "the URL parser takes texts");
  JSValueRef text
      = runtime_service_call (realm_vm (realm_of (ctx)), id, n, arguments, &thrown);
  if (thrown != NULL)
    return js_throw (ctx, exception, "the URL can't be read: the stack is full");
  return text != NULL && JSValueIsString (ctx, text) ? text : js_null (ctx);
}

static JSValueRef
parse_url (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  return ask (ctx, SERVICE_PARSE_URL, MIN (n, 2), arguments, exception);
}

static JSValueRef
set_url (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
         const JSValueRef arguments[], JSValueRef *exception)
{
  return ask (ctx, SERVICE_SET_URL, MIN (n, 3), arguments, exception);
}

/* --- forms --- */

static gboolean
stays_itself (guchar c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("*-._", c) != NULL);
}

static JSValueRef
form_encode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  static const char digits[] = "0123456789ABCDEF";
  gsize length;
  g_autofree char *text = n == 0 ? NULL : js_to_utf8 (ctx, arguments[0], &length, exception);
  if (text == NULL)
    return js_undefined (ctx);
  g_autoptr (GString) encoded = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length; i++)
    {
      guchar c = (guchar) text[i];
      if (stays_itself (c))
        g_string_append_c (encoded, (char) c);
      else if (c == ' ')
        g_string_append_c (encoded, '+');
      else
        {
          const char escape[] = { '%', digits[c >> 4], digits[c & 15] };
          g_string_append_len (encoded, escape, sizeof escape);
        }
    }
  return js_string (ctx, encoded->str);
}

static JSValueRef
form_decode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  gsize length, size = 0;
  g_autofree char *text = n == 0 ? NULL : js_to_utf8 (ctx, arguments[0], &length, exception);
  if (text == NULL)
    return js_undefined (ctx);
  for (gsize i = 0; i < length; i++)
    {
      gboolean is_escape = text[i] == '%' && i + 2 < length && g_ascii_isxdigit (text[i + 1])
                           && g_ascii_isxdigit (text[i + 2]);
      if (is_escape)
        {
          text[size++] = (char) (g_ascii_xdigit_value (text[i + 1]) << 4
                                 | g_ascii_xdigit_value (text[i + 2]));
          i += 2;
        }
      else
        text[size++] = text[i] == '+' ? ' ' : text[i];
    }
  return runtime_decode_utf8 (ctx, text, size);
}

const NativeFunction url_natives[] = {
  { "parseUrl", parse_url },
  { "setUrl", set_url },
  { "formEncode", form_encode },
  { "formDecode", form_decode },
  { NULL, NULL },
};
