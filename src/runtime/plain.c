/* Plain data as text, by the engine's own JSON.stringify.
 *
 * Most results are plain data, and the engine is many times quicker than the walk
 * of services/values.js. But stringify drops functions in silence and writes
 * bytes as lists of numbers. So while it runs, functions and bytes have a toJSON
 * that tells of them, and then it is the walk's turn.
 */
#include "runtime/private.h"

#include <string.h>

#define MOST_DEPTH 1000 /* as the walk has it: who reads the text has bounds too */

static gboolean is_under_way, has_met_other;

gboolean
runtime_plain_meets_bytes (void)
{
  has_met_other = TRUE;
  return is_under_way;
}

static JSValueRef
native_is_passed_on (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                     const JSValueRef arguments[], JSValueRef *exception)
{
  return js_bool (ctx, runtime_plain_meets_bytes ());
}

const NativeFunction plain_natives[]
    = { { "isPassedOn", native_is_passed_on }, { NULL, NULL } };

/* --- the marks --- */

/* One function for all realms: what is between set and delete is the engine's. */
static JSValueRef
mark_function (Realm *realm)
{
  static JSObjectRef mark;
  if (mark == NULL)
    {
      JSContextRef its = realm_context (vm_system_realm (realm_vm (realm)));
      mark = js_function (its, NULL, native_is_passed_on);
      JSValueProtect (its, mark);
    }
  return mark;
}

static void
keep_prototype (RuntimeRealm *runtime, guint index, JSObjectRef of)
{
  JSContextRef ctx = realm_context (runtime->realm);
  JSObjectRef prototype
      = of == NULL ? NULL : js_as_object (ctx, JSObjectGetPrototype (ctx, of));
  runtime->marked[index] = prototype;
  if (prototype != NULL)
    JSValueProtect (ctx, prototype);
}

/* How many there are: bytes cost, so that they are left out while none can be there. */
static guint
prepare_prototypes (RuntimeRealm *runtime)
{
  JSContextRef ctx = realm_context (runtime->realm);
  JSValueRef exception = NULL;
  if (runtime->marked[0] == NULL)
    keep_prototype (runtime, 0, runtime->require);
  if (!runtime->may_have_bytes)
    return 1;
  if (runtime->marked[1] == NULL)
    {
      JSObjectRef bytes = JSObjectMakeTypedArray (ctx, kJSTypedArrayTypeUint8Array, 0, &exception);
      JSObjectRef buffer
          = bytes == NULL ? NULL : JSObjectGetTypedArrayBuffer (ctx, bytes, &exception);
      keep_prototype (runtime, 1, bytes);
      keep_prototype (runtime, 2, buffer);
    }
  return G_N_ELEMENTS (runtime->marked);
}

void
runtime_plain_clear (RuntimeRealm *runtime)
{
  for (guint i = 0; i < G_N_ELEMENTS (runtime->marked); i++)
    if (runtime->marked[i] != NULL)
      JSValueUnprotect (realm_context (runtime->realm), runtime->marked[i]);
}

/* FALSE if one has a toJSON of the author's own already. */
static gboolean
may_mark (RuntimeRealm *runtime, guint n, JSStringRef name)
{
  JSContextRef ctx = realm_context (runtime->realm);
  for (guint i = 0; i < n; i++)
    if (runtime->marked[i] == NULL || JSObjectHasProperty (ctx, runtime->marked[i], name))
      return FALSE;
  return TRUE;
}

static JSStringRef
stringify (RuntimeRealm *runtime, JSValueRef value)
{
  JSContextRef ctx = realm_context (runtime->realm);
  JSStringRef name = js_name ("toJSON"), text = NULL;
  JSValueRef exception = NULL, mark = mark_function (runtime->realm);
  guint n = prepare_prototypes (runtime);
  if (may_mark (runtime, n, name))
    {
      for (guint i = 0; i < n; i++)
        JSObjectSetProperty (ctx, runtime->marked[i], name, mark, kJSPropertyAttributeDontEnum,
                             NULL);
      is_under_way = TRUE;
      has_met_other = FALSE;
      text = JSValueCreateJSONString (ctx, value, 0, &exception);
      is_under_way = FALSE;
      for (guint i = 0; i < n; i++)
        JSObjectDeleteProperty (ctx, runtime->marked[i], name, NULL);
    }
  JSStringRelease (name);
  if (text != NULL && (has_met_other || exception != NULL))
    {
      JSStringRelease (text);
      text = NULL;
    }
  return text;
}

/* --- the text --- */

static gboolean
is_too_deep (const char *text, gsize length)
{
  guint depth = 0;
  gboolean is_string = FALSE;
  if (length < 2 * MOST_DEPTH)
    return FALSE;
  for (gsize i = 0; i < length && depth <= MOST_DEPTH; i++)
    {
      if (text[i] == '"')
        is_string = !is_string;
      else if (is_string)
        i += text[i] == '\\';
      else if (text[i] == '{' || text[i] == '[')
        depth++;
      else if (text[i] == '}' || text[i] == ']')
        depth--;
    }
  return depth > MOST_DEPTH;
}

Value *
runtime_plain_value (Realm *realm, JSValueRef value, gsize most_bytes)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  JSStringRef string = runtime == NULL ? NULL : stringify (runtime, value);
  if (string == NULL)
    return NULL;
  gsize room = JSStringGetMaximumUTF8CStringSize (string);
  char *text = g_malloc (room);
  gsize length = JSStringGetUTF8CString (string, text, room) - 1;
  JSStringRelease (string);
  if (length > most_bytes || is_too_deep (text, length))
    {
      g_free (text);
      return NULL;
    }
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_realloc (text, length + 1), length);
  return value_new (bytes, NULL);
}
