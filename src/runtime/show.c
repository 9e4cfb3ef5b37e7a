/* Values shown to people: console lines, inspect, described errors. */
#include "runtime/private.h"

#include <string.h>

static gboolean
is_plain (JSContextRef ctx, JSValueRef value)
{
  JSType type = JSValueGetType (ctx, value);
  return type == kJSTypeString || type == kJSTypeNumber || type == kJSTypeBoolean
         || type == kJSTypeUndefined || type == kJSTypeNull;
}

/* Most lines are a text, or a text and a few plain values: no JavaScript is needed for those. */
static char *
format_plain (JSContextRef ctx, size_t n, const JSValueRef arguments[])
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (size_t i = 0; i < n; i++)
    {
      if (!is_plain (ctx, arguments[i]))
        return NULL;
      g_autofree char *text = js_to_display (ctx, arguments[i]);
      if (i == 0 && n > 1 && strchr (text, '%') != NULL)
        return NULL;
      if (i > 0)
        g_string_append_c (line, ' ');
      /* The one number that String() and inspect write differently. */
      gboolean is_negative_zero = JSValueIsNumber (ctx, arguments[i]) && strcmp (text, "0") == 0
                                  && 1 / JSValueToNumber (ctx, arguments[i], NULL) < 0;
      g_string_append (line, is_negative_zero ? "-0" : text);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

char *
runtime_format (Realm *realm, size_t n, const JSValueRef arguments[])
{
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  char *plain = format_plain (ctx, n, arguments);
  if (plain != NULL)
    return plain;
  runtime_lazy_buffer_load (realm);
  JSValueRef line
      = runtime_service_call (realm_vm (realm), SERVICE_FORMAT, n, arguments, &exception);
  return line == NULL ? g_strdup ("(a value that can't be shown)") : js_to_display (ctx, line);
}

static JSValueRef
native_format (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *text = runtime_format (realm_of (ctx), n, arguments);
  return js_string (ctx, text);
}

static JSValueRef
native_inspect (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  JSValueRef shown
      = runtime_service_call (realm_vm (realm_of (ctx)), SERVICE_INSPECT, n, arguments, exception);
  return shown == NULL ? js_undefined (ctx) : shown;
}

static void
tell (Realm *realm, JSValueRef level, const char *text)
{
  const RealmHost *host = realm_host (realm);
  if (host != NULL)
    host->log (realm, (guint) JSValueToNumber (realm_context (realm), level, NULL), text,
               realm_host_data (realm));
}

/* log (level, text) */
static JSValueRef
native_log (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *text = n < 2 ? g_strdup ("") : js_to_display (ctx, arguments[1]);
  if (n > 0)
    tell (realm_of (ctx), arguments[0], text);
  return js_undefined (ctx);
}

/* consoleLog (level, indent, …values) */
static JSValueRef
native_console_log (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                    const JSValueRef arguments[], JSValueRef *exception)
{
  if (n < 2)
    return js_undefined (ctx);
  Realm *realm = realm_of (ctx);
  g_autofree char *indent = js_to_display (ctx, arguments[1]);
  g_autofree char *line = runtime_format (realm, n - 2, arguments + 2);
  if (indent[0] != '\0')
    {
      g_autofree char *joint = g_strconcat ("\n", indent, NULL);
      g_auto (GStrv) lines = g_strsplit (line, "\n", -1);
      g_autofree char *body = g_strjoinv (joint, lines);
      g_free (line);
      line = g_strconcat (indent, body, NULL);
    }
  tell (realm, arguments[0], line);
  return js_undefined (ctx);
}

const NativeFunction console_natives[] = {
  { "format", native_format },
  { "inspect", native_inspect },
  { "log", native_log },
  { "consoleLog", native_console_log },
  { NULL, NULL },
};

/* --- errors --- */

void
runtime_add_source (Vm *vm, const char *url, const char *name, const char *source_map,
                    const char *source, guint prefix_chars, guint first_line, guint first_column)
{
  Realm *realm = vm_system_realm (vm);
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  realm_enter (realm);
  JSValueRef arguments[] = { js_string (ctx, url),          js_string (ctx, name),
                             js_string (ctx, source_map),   js_string (ctx, source),
                             js_number (ctx, prefix_chars), js_number (ctx, MAX (first_line, 1)),
                             js_number (ctx, first_column) };
  runtime_service_call (vm, SERVICE_ADD_SOURCE, G_N_ELEMENTS (arguments), arguments, &exception);
  realm_leave (realm);
}

char *
runtime_describe_error (Realm *realm, JSValueRef error)
{
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  JSValueRef text
      = runtime_service_call (realm_vm (realm), SERVICE_DESCRIBE, 1, &error, &exception);
  if (text == NULL || !JSValueIsString (ctx, text))
    return g_strdup ("{\"name\":\"Error\",\"message\":\"an error that can't be shown\","
                     "\"stack\":\"\"}");
  return js_to_display (ctx, text);
}
