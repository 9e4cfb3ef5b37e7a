/* Random numbers: the one layer through which code gets them. */
#include "runtime/crypto.h"

#include <openssl/rand.h>

/* randomFill (buffer or view): fills it. FALSE where there are no random numbers to be had. */
static JSValueRef
random_fill (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *data;
  gsize length;
  crypto_init ();
  if (n == 0 || !js_get_bytes (ctx, arguments[0], &data, &length))
    return js_throw_type (ctx, exception, "bytes are expected");
  while (length > 0)
    {
      int part = (int) MIN (length, 1U << 30);
      if (RAND_bytes (data, part) != 1)
        return throw_openssl (ctx, exception, "no random numbers");
      data += part;
      length -= (gsize) part;
    }
  return js_undefined (ctx);
}

/* randomBytes (count): a Uint8Array */
static JSValueRef
random_bytes (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  double count = argument_number (ctx, n, arguments, 0, 0);
  if (!(count >= 0 && count <= G_MAXINT32))
    return js_throw_range (ctx, exception, "The value of \"size\" is out of range.");
  JSObjectRef array
      = JSObjectMakeTypedArray (ctx, kJSTypedArrayTypeUint8Array, (gsize) count, exception);
  if (array == NULL || *exception != NULL)
    return js_undefined (ctx);
  JSValueRef argument = array;
  random_fill (ctx, function, this_object, 1, &argument, exception);
  return array;
}

/* RFC 9562 §5.4 */
static JSValueRef
random_uuid (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  static const char digits[] = "0123456789abcdef";
  guint8 bytes[16];
  char text[37], *at = text;
  crypto_init ();
  if (RAND_bytes (bytes, sizeof bytes) != 1)
    return throw_openssl (ctx, exception, "no random numbers");
  bytes[6] = (guint8) ((bytes[6] & 0x0f) | 0x40);
  bytes[8] = (guint8) ((bytes[8] & 0x3f) | 0x80);
  for (guint i = 0; i < sizeof bytes; i++)
    {
      if (i == 4 || i == 6 || i == 8 || i == 10)
        *at++ = '-';
      *at++ = digits[bytes[i] >> 4];
      *at++ = digits[bytes[i] & 15];
    }
  return js_string_n (ctx, text, at - text);
}

const NativeFunction random_natives[] = {
  { "randomFill", random_fill },
  { "randomBytes", random_bytes },
  { "randomUuid", random_uuid },
  { NULL, NULL },
};
