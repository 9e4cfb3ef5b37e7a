/* Helpers that make native functions short. */
#include "engine/engine.h"

#include <string.h>

JSValueRef
js_number (JSContextRef ctx, double number)
{
  return JSValueMakeNumber (ctx, number);
}

JSValueRef
js_bool (JSContextRef ctx, gboolean value)
{
  return JSValueMakeBoolean (ctx, value);
}

JSValueRef
js_undefined (JSContextRef ctx)
{
  return JSValueMakeUndefined (ctx);
}

JSValueRef
js_null (JSContextRef ctx)
{
  return JSValueMakeNull (ctx);
}

JSObjectRef
js_object (JSContextRef ctx)
{
  return JSObjectMake (ctx, NULL, NULL);
}

JSObjectRef
js_function (JSContextRef ctx, const char *name, JSObjectCallAsFunctionCallback callback)
{
  JSStringRef string = name == NULL ? NULL : JSStringCreateWithUTF8CString (name);
  JSObjectRef function = JSObjectMakeFunctionWithCallback (ctx, string, callback);
  if (string != NULL)
    JSStringRelease (string);
  return function;
}

/* Names of properties are few and used over and over: their strings are kept. */
#define KEPT_NAMES 1024
#define KEPT_NAME_LENGTH 64

JSStringRef
js_name (const char *name)
{
  static GHashTable *names;
  if (names == NULL)
    names = g_hash_table_new (g_str_hash, g_str_equal);
  JSStringRef string = g_hash_table_lookup (names, name);
  if (string != NULL)
    return JSStringRetain (string);
  string = JSStringCreateWithUTF8CString (name);
  if (g_hash_table_size (names) < KEPT_NAMES && strlen (name) < KEPT_NAME_LENGTH)
    g_hash_table_insert (names, g_strdup (name), JSStringRetain (string));
  return string;
}

JSValueRef
js_get (JSContextRef ctx, JSObjectRef object, const char *name, JSValueRef *exception)
{
  JSStringRef key = js_name (name);
  JSValueRef value = JSObjectGetProperty (ctx, object, key, exception);
  JSStringRelease (key);
  return value;
}

JSValueRef
js_get_index (JSContextRef ctx, JSObjectRef object, guint index, JSValueRef *exception)
{
  return JSObjectGetPropertyAtIndex (ctx, object, index, exception);
}

void
js_set (JSContextRef ctx, JSObjectRef object, const char *name, JSValueRef value)
{
  JSStringRef key = js_name (name);
  JSObjectSetProperty (ctx, object, key, value, kJSPropertyAttributeNone, NULL);
  JSStringRelease (key);
}

JSObjectRef
js_as_object (JSContextRef ctx, JSValueRef value)
{
  return value != NULL && JSValueIsObject (ctx, value) ? (JSObjectRef) value : NULL;
}

JSObjectRef
js_get_object (JSContextRef ctx, JSObjectRef object, const char *name)
{
  JSValueRef exception = NULL;
  return js_as_object (ctx, js_get (ctx, object, name, &exception));
}

gboolean
js_is_nullish (JSContextRef ctx, JSValueRef value)
{
  return value == NULL || JSValueIsUndefined (ctx, value) || JSValueIsNull (ctx, value);
}

/* JSON.parse taken from the realm may be bent by user code; the C API's is the engine's own, but
 * says nothing of the error. */
JSValueRef
js_parse_json (JSContextRef ctx, const char *text, gsize length, JSValueRef *exception)
{
  g_autofree char *copy = g_strndup (text, length);
  JSStringRef string = JSStringCreateWithUTF8CString (copy);
  JSValueRef value
      = memchr (text, '\0', length) == NULL ? JSValueMakeFromJSONString (ctx, string) : NULL;
  JSStringRelease (string);
  if (value == NULL)
    js_throw (ctx, exception, "the text is not JSON");
  return value;
}

void
js_copy_properties (JSContextRef ctx, JSObjectRef from, JSObjectRef to)
{
  JSPropertyNameArrayRef names = JSObjectCopyPropertyNames (ctx, from);
  for (size_t i = 0; i < JSPropertyNameArrayGetCount (names); i++)
    {
      JSStringRef key = JSPropertyNameArrayGetNameAtIndex (names, i);
      JSValueRef exception = NULL;
      JSValueRef value = JSObjectGetProperty (ctx, from, key, &exception);
      if (exception == NULL)
        JSObjectSetProperty (ctx, to, key, value, kJSPropertyAttributeNone, NULL);
    }
  JSPropertyNameArrayRelease (names);
}

/* --- errors --- */

static JSValueRef
construct_error (JSContextRef ctx, const char *constructor, const char *message)
{
  JSValueRef text = js_string (ctx, message), ignored = NULL;
  JSObjectRef function = strcmp (constructor, "Error") == 0
                             ? NULL
                             : js_get_object (ctx, JSContextGetGlobalObject (ctx), constructor);
  JSValueRef error = function != NULL && JSObjectIsConstructor (ctx, function)
                         ? JSObjectCallAsConstructor (ctx, function, 1, &text, &ignored)
                         : NULL;
  return error != NULL ? error : JSObjectMakeError (ctx, 1, &text, &ignored);
}

static JSValueRef G_GNUC_PRINTF (5, 0)
throw_va (JSContextRef ctx, JSValueRef *exception, const char *constructor, const char *code,
          const char *format, va_list arguments)
{
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  if (exception != NULL)
    {
      *exception = construct_error (ctx, constructor, message);
      JSObjectRef error = js_as_object (ctx, *exception);
      if (code != NULL && error != NULL)
        js_set (ctx, error, "code", js_string (ctx, code));
    }
  return JSValueMakeUndefined (ctx);
}

#define THROW(constructor, code)                                                                   \
  va_list arguments;                                                                               \
  va_start (arguments, format);                                                                    \
  JSValueRef result = throw_va (ctx, exception, constructor, code, format, arguments);             \
  va_end (arguments);                                                                              \
  return result

JSValueRef
js_throw (JSContextRef ctx, JSValueRef *exception, const char *format, ...)
{
  THROW ("Error", NULL);
}

JSValueRef
js_throw_type (JSContextRef ctx, JSValueRef *exception, const char *format, ...)
{
  THROW ("TypeError", NULL);
}

JSValueRef
js_throw_range (JSContextRef ctx, JSValueRef *exception, const char *format, ...)
{
  THROW ("RangeError", NULL);
}

JSValueRef
js_throw_code (JSContextRef ctx, JSValueRef *exception, const char *constructor, const char *code,
               const char *format, ...)
{
  THROW (constructor, code);
}
