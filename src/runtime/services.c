/* Services: pure functions of the system realm, loaded once a worker: some before the first execution, the others when
 * they are needed or the worker has nothing to do. */
#include "runtime/private.h"

#include <string.h>

static const struct
{
  const char *script, *function;
} table[SERVICE_COUNT] = {
  [SERVICE_INSPECT] = { "show", "inspect" },   [SERVICE_FORMAT] = { "show", "format" },
  [SERVICE_DESCRIBE] = { "show", "describe" }, [SERVICE_ADD_SOURCE] = { "show", "addSource" },
  [SERVICE_FROM_JS] = { "values", "fromJs" },  [SERVICE_PARSE_URL] = { "url", "parseUrl" },
  [SERVICE_SET_URL] = { "url", "setUrl" },
};

static JSObjectRef functions[SERVICE_COUNT]; /* protected; NULL = not loaded */

/* NULL with *exception, which is a limit's end of an execution, unless the library is broken. */
static JSObjectRef
load_script (Realm *realm, const char *name, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  const RuntimeScript *row = runtime_scripts;
  while (row->name != NULL && !(row->is_service && strcmp (row->name, name) == 0))
    row++;
  g_assert (row->name != NULL);

  g_autofree char *url = g_strconcat ("tenon:service/", name, NULL);
  EngineScript *script = engine_script_new (url, row->source, (gssize) row->length);
  JSObjectRef wrapper = js_as_object (ctx, engine_script_evaluate (script, ctx, exception));
  engine_script_free (script);
  JSObjectRef module = js_object (ctx), exports = js_object (ctx);
  js_set (ctx, module, "exports", exports);
  JSValueRef arguments[] = { runtime_native_object (realm), js_undefined (ctx), module, exports };
  if (wrapper != NULL)
    JSObjectCallAsFunction (ctx, wrapper, NULL, 4, arguments, exception);
  return *exception != NULL ? NULL : js_get_object (ctx, module, "exports");
}

/* A script's functions come together. */
static gboolean
load (Vm *vm, ServiceId id, JSValueRef *exception)
{
  Realm *realm = vm_system_realm (vm);
  JSContextRef ctx = realm_context (realm);
  JSObjectRef exports = load_script (realm, table[id].script, exception);
  for (ServiceId other = 0; exports != NULL && other < SERVICE_COUNT; other++)
    if (strcmp (table[other].script, table[id].script) == 0)
      {
        functions[other] = js_get_object (ctx, exports, table[other].function);
        JSValueProtect (ctx, functions[other]);
      }
  return exports != NULL;
}

JSValueRef
runtime_service_call (Vm *vm, ServiceId id, size_t n, const JSValueRef arguments[],
                      JSValueRef *exception)
{
  JSContextRef ctx = realm_context (vm_system_realm (vm));
  if (functions[id] == NULL && !load (vm, id, exception))
    return NULL;
  return JSObjectCallAsFunction (ctx, functions[id], NULL, n, arguments, exception);
}

static void
load_or_die (Vm *vm, ServiceId id)
{
  JSValueRef exception = NULL;
  if (load (vm, id, &exception))
    return;
  g_autofree char *text = js_to_display (realm_context (vm_system_realm (vm)), exception);
  g_error ("the runtime library's service \"%s\" does not load: %s", table[id].script, text);
}

void
runtime_services_init (Vm *vm)
{
  Realm *realm = vm_system_realm (vm);
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  realm_enter (realm);
  load_or_die (vm, SERVICE_FROM_JS);
  load_or_die (vm, SERVICE_DESCRIBE);
  JSObjectRef lockdown = load_script (realm, "lockdown", &exception);
  JSObjectCallAsFunction (ctx, lockdown, NULL, 0, NULL, &exception);
  g_assert (exception == NULL);
  realm_leave (realm);
}

void
runtime_warm (Vm *vm)
{
  Realm *realm = vm_system_realm (vm);
  realm_enter (realm);
  if (functions[SERVICE_PARSE_URL] == NULL)
    load_or_die (vm, SERVICE_PARSE_URL);
  realm_leave (realm);
}
