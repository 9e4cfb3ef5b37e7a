/* Buffers that cost nothing until they are looked at.
 *
 * Every webhook's payload has its raw body as a Buffer, and few code blocks look
 * at it; loading the buffer module into each realm would cost more than the rest
 * of the execution. So such a Buffer is a Uint8Array whose prototype is a stand-in:
 * the first property asked of it loads the module and puts Buffer.prototype behind
 * the stand-in, for all that were made before.
 */
#include "runtime/private.h"

#include <string.h>

/* What a Uint8Array answers by itself, and what is asked of every value that is awaited. */
static gboolean
needs_no_buffer (JSStringRef name)
{
  static const char *const names[]
      = { "length", "byteLength", "byteOffset", "buffer", "then", NULL };
  for (guint i = 0; names[i] != NULL; i++)
    if (JSStringIsEqualToUTF8CString (name, names[i]))
      return TRUE;
  return FALSE;
}

static JSValueRef
get_property (JSContextRef ctx, JSObjectRef stand_in, JSStringRef name, JSValueRef *exception)
{
  Realm *realm = JSObjectGetPrivate (stand_in);
  JSValueRef ignored = NULL;
  if (realm != NULL && !needs_no_buffer (name)
      && !(JSStringIsEqualToUTF8CString (name, "toJSON") && runtime_plain_meets_bytes ()))
    {
      JSObjectSetPrivate (stand_in, NULL);
      runtime_module (realm, "buffer", &ignored); /* ends in runtime_lazy_buffer_loaded() */
    }
  return NULL; /* the prototype answers */
}

static JSClassRef
stand_in_class (void)
{
  static JSClassRef class;
  if (class == NULL)
    {
      JSClassDefinition definition = kJSClassDefinitionEmpty;
      definition.className = "Uint8Array"; /* what Object.prototype.toString says of the array */
      definition.attributes = kJSClassAttributeNoAutomaticPrototype;
      definition.getProperty = get_property;
      class = JSClassCreate (&definition);
    }
  return class;
}

void
runtime_lazy_buffer_loaded (Realm *realm, JSValueRef exports)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  JSContextRef ctx = realm_context (realm);
  JSObjectRef buffer = js_as_object (ctx, exports) == NULL
                           ? NULL
                           : js_get_object (ctx, (JSObjectRef) exports, "Buffer");
  JSObjectRef prototype = buffer == NULL ? NULL : js_get_object (ctx, buffer, "prototype");
  if (prototype == NULL)
    return;
  runtime->has_buffer = TRUE;
  if (runtime->buffer_prototype != NULL)
    {
      JSObjectSetPrivate (runtime->buffer_prototype, NULL);
      JSObjectSetPrototype (ctx, runtime->buffer_prototype, prototype);
      JSValueUnprotect (ctx, runtime->buffer_prototype);
    }
  runtime->buffer_prototype = prototype;
  JSValueProtect (ctx, prototype);
}

void
runtime_lazy_buffer_clear (RuntimeRealm *runtime)
{
  if (runtime->buffer_prototype == NULL)
    return;
  if (!runtime->has_buffer)
    JSObjectSetPrivate (runtime->buffer_prototype, NULL);
  JSValueUnprotect (realm_context (runtime->realm), runtime->buffer_prototype);
}

/* The module, if a Buffer has been made: what is shown to people must look like one. */
void
runtime_lazy_buffer_load (Realm *realm)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  JSValueRef ignored = NULL;
  if (runtime != NULL && runtime->buffer_prototype != NULL && !runtime->has_buffer)
    runtime_module (realm, "buffer", &ignored);
}

JSValueRef
runtime_buffer (Realm *realm, GBytes *bytes, JSValueRef *exception)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  JSContextRef ctx = realm_context (realm);
  runtime->may_have_bytes = TRUE;
  JSObjectRef array
      = js_uint8array (ctx, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), exception);
  if (array == NULL)
    return NULL;
  if (runtime->buffer_prototype == NULL)
    {
      runtime->buffer_prototype = JSObjectMake (ctx, stand_in_class (), realm);
      JSValueProtect (ctx, runtime->buffer_prototype);
      JSObjectSetPrototype (ctx, runtime->buffer_prototype, JSObjectGetPrototype (ctx, array));
    }
  JSObjectSetPrototype (ctx, array, runtime->buffer_prototype);
  return array;
}
