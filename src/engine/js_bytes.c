/* Bytes between C and the engine's buffers. */
#include "engine/engine.h"

#include <string.h>

static gboolean
data_view_bytes (JSContextRef ctx, JSObjectRef view, guint8 **data, gsize *length)
{
  JSObjectRef buffer = js_get_object (ctx, view, "buffer");
  JSValueRef exception = NULL;
  if (buffer == NULL
      || JSValueGetTypedArrayType (ctx, buffer, NULL) != kJSTypedArrayTypeArrayBuffer)
    return FALSE;

  double offset = JSValueToNumber (ctx, js_get (ctx, view, "byteOffset", &exception), &exception);
  double size = JSValueToNumber (ctx, js_get (ctx, view, "byteLength", &exception), &exception);
  gsize whole = JSObjectGetArrayBufferByteLength (ctx, buffer, NULL);
  guint8 *start = JSObjectGetArrayBufferBytesPtr (ctx, buffer, NULL);
  /* The properties can be shadowed by user code: only the buffer's own length is trusted. */
  if (exception != NULL || !(offset >= 0) || !(size >= 0) || offset + size > (double) whole)
    return FALSE;
  *data = start + (gsize) offset;
  *length = (gsize) size;
  return TRUE;
}

gboolean
js_get_bytes (JSContextRef ctx, JSValueRef value, guint8 **data, gsize *length)
{
  static guint8 nothing;
  JSObjectRef object = js_as_object (ctx, value);
  if (object == NULL)
    return FALSE;

  JSTypedArrayType type = JSValueGetTypedArrayType (ctx, value, NULL);
  if (type == kJSTypedArrayTypeNone)
    return data_view_bytes (ctx, object, data, length);
  if (type == kJSTypedArrayTypeArrayBuffer)
    {
      *data = JSObjectGetArrayBufferBytesPtr (ctx, object, NULL);
      *length = JSObjectGetArrayBufferByteLength (ctx, object, NULL);
    }
  else
    {
      /* The pointer is that of the whole buffer. */
      guint8 *start = JSObjectGetTypedArrayBytesPtr (ctx, object, NULL);
      *length = JSObjectGetTypedArrayByteLength (ctx, object, NULL);
      *data = start == NULL ? NULL : start + JSObjectGetTypedArrayByteOffset (ctx, object, NULL);
    }
  if (*data == NULL)
    {
      *data = &nothing;
      *length = 0;
    }
  return TRUE;
}

GBytes *
js_copy_bytes (JSContextRef ctx, JSValueRef value)
{
  guint8 *data;
  gsize length;
  return js_get_bytes (ctx, value, &data, &length) ? g_bytes_new (data, length) : NULL;
}

static void
release_bytes (void *data, void *bytes)
{
  g_bytes_unref (bytes);
}

JSObjectRef
js_uint8array_take (JSContextRef ctx, GBytes *bytes, JSValueRef *exception)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (bytes, &length);
  if (length == 0)
    return JSObjectMakeTypedArray (ctx, kJSTypedArrayTypeUint8Array, 0, exception);
  return JSObjectMakeTypedArrayWithBytesNoCopy (ctx, kJSTypedArrayTypeUint8Array, (void *) data,
                                                length, release_bytes, g_bytes_ref (bytes),
                                                exception);
}

JSObjectRef
js_uint8array (JSContextRef ctx, gconstpointer data, gsize length, JSValueRef *exception)
{
  JSObjectRef array = JSObjectMakeTypedArray (ctx, kJSTypedArrayTypeUint8Array, length, exception);
  if (array != NULL && length > 0)
    memcpy (JSObjectGetTypedArrayBytesPtr (ctx, array, NULL), data, length);
  return array;
}
