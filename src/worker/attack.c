/* The test hook of debug builds: a global function of every code block that runs
 * native code in its worker, after the sandbox is on. tests/attack/ calls it. */
#include "worker/private.h"

#ifdef TENON_TEST_HOOKS

#  include "sandbox/sandbox.h"

/* tenonAttack () gives the names; tenonAttack (name) tries one: {wasRefused, detail}. */
static JSValueRef
tenon_attack (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  if (n == 0)
    {
      g_autofree char *names = g_strjoinv ("\n", (char **) attack_names ());
      return js_string (ctx, names);
    }
  g_autofree char *name = js_to_display (ctx, arguments[0]);
  g_autofree char *detail = NULL;
  gboolean was_refused = attack_run (name, &detail);
  JSObjectRef result = js_object (ctx);
  js_set (ctx, result, "wasRefused", js_bool (ctx, was_refused));
  js_set (ctx, result, "detail", js_string (ctx, detail == NULL ? "" : detail));
  return result;
}

/* tenonFrame (type, stream, bytes): a frame of the test's own making, to the server. */
static JSValueRef
tenon_frame (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  guint8 *data;
  gsize length;
  if (n != 3 || !js_get_bytes (ctx, arguments[2], &data, &length))
    return js_throw_type (ctx, exception, "tenonFrame (type, stream, bytes)");
  double type = JSValueToNumber (ctx, arguments[0], exception);
  double stream = JSValueToNumber (ctx, arguments[1], exception);
  worker_send_raw ((guint16) type, (guint64) stream, data, length);
  return js_undefined (ctx);
}

void
worker_add_test_hooks (void)
{
  flow_add_test_hook ("tenonAttack", tenon_attack);
  flow_add_test_hook ("tenonFrame", tenon_frame);
}

#endif
