/* The object that modules know as `native`. */
#include "runtime/private.h"

#include <string.h>

static const NativeFunction *const tables[]
    = { console_natives, timer_natives, text_natives, decode_natives, time_natives,   fetch_natives,
        random_natives,  hash_natives,  kdf_natives,  cipher_natives, form_natives,
        plain_natives,   idna_natives,  url_natives, zlib_natives,
        module_natives,  key_natives,   sign_natives, x509_natives, socket_natives,
        tls_natives,     bytes_natives };

JSObjectCallAsFunctionCallback
runtime_native_find (const char *name)
{
  static GHashTable *by_name;
  if (by_name == NULL)
    {
      by_name = g_hash_table_new (g_str_hash, g_str_equal);
      for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
        for (const NativeFunction *row = tables[i]; row->name != NULL; row++)
          g_hash_table_insert (by_name, (gpointer) row->name, (gpointer) row);
    }
  const NativeFunction *row = g_hash_table_lookup (by_name, name);
  return row == NULL ? NULL : row->function;
}

static JSValueRef
get_native (JSContextRef ctx, JSObjectRef object, JSStringRef name, JSValueRef *exception)
{
  char text[64];
  if (JSStringGetUTF8CString (name, text, sizeof text) < 2)
    return NULL;
  if (strcmp (text, "version") == 0)
    return js_string (ctx, TENON_VERSION);
  JSObjectCallAsFunctionCallback function = runtime_native_find (text);
  return function == NULL ? NULL : js_function (ctx, text, function);
}

JSObjectRef
runtime_native_object (Realm *realm)
{
  static JSClassRef class;
  if (class == NULL)
    {
      JSClassDefinition definition = kJSClassDefinitionEmpty;
      definition.className = "native";
      definition.attributes = kJSClassAttributeNoAutomaticPrototype;
      definition.getProperty = get_native;
      class = JSClassCreate (&definition);
    }
  return JSObjectMake (realm_context (realm), class, NULL);
}
