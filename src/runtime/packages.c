/* The npm packages of a version, in a realm: one script, evaluated at the first
 * request for any of them, which exports a function for each name.
 */
#include "runtime/private.h"

#include <string.h>

#define WRAPPER_HEAD "(function (exports, require, module, __filename, __dirname) {"
#define WRAPPER_TAIL "\n})"

struct RuntimePackages
{
  EngineScript *script;
  RuntimeSurface *surface;
};

RuntimePackages *
runtime_packages_new (Vm *vm, const char *name, const char *code, const char *source_map)
{
  RuntimePackages *packages = g_new0 (RuntimePackages, 1);
  g_autofree char *source = g_strconcat (WRAPPER_HEAD, code, WRAPPER_TAIL, NULL);
  packages->script = engine_script_new (name, source, -1);
  packages->surface = runtime_surface_new ();
  runtime_surface_add (packages->surface, code, strlen (code));
  runtime_add_source (vm, name, name, source_map, source_map == NULL ? code : NULL,
                      strlen (WRAPPER_HEAD), 1, 0);
  return packages;
}

void
runtime_packages_free (RuntimePackages *packages)
{
  engine_script_free (packages->script);
  runtime_surface_free (packages->surface);
  g_free (packages);
}

void
runtime_realm_set_packages (Realm *realm, RuntimePackages *packages)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  runtime->packages = packages;
}

/* The table of functions, kept where only C sees it. */
static JSObjectRef
table_of (Realm *realm, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  RuntimeRealm *runtime = realm_runtime_data (realm);
  JSObjectRef table = js_get_object (ctx, runtime->require, "packages");
  if (table != NULL)
    return table;
  runtime->may_have_bytes = TRUE;
  runtime_define_globals (runtime, runtime->packages->surface);
  JSObjectRef wrapper
      = js_as_object (ctx, engine_script_evaluate (runtime->packages->script, ctx, exception));
  if (wrapper == NULL)
    return NULL;
  JSObjectRef module = js_object (ctx), exports = js_object (ctx);
  js_set (ctx, module, "exports", exports);
  JSValueRef arguments[] = { exports, runtime_require_function (realm), module,
                             js_string (ctx, engine_script_url (runtime->packages->script)),
                             js_string (ctx, "/node_modules") };
  if (JSObjectCallAsFunction (ctx, wrapper, exports, G_N_ELEMENTS (arguments), arguments, exception)
      == NULL)
    return NULL;
  table = js_get_object (ctx, module, "exports");
  if (table != NULL)
    js_set (ctx, runtime->require, "packages", table);
  return table;
}

JSValueRef
runtime_package (Realm *realm, const char *name, gboolean *is_there, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  RuntimeRealm *runtime = realm_runtime_data (realm);
  *is_there = FALSE;
  if (runtime->packages == NULL)
    return NULL;
  JSObjectRef table = table_of (realm, exception);
  JSObjectRef make = table == NULL ? NULL : js_get_object (ctx, table, name);
  *is_there = table == NULL || make != NULL;
  return make == NULL ? NULL : JSObjectCallAsFunction (ctx, make, NULL, 0, NULL, exception);
}
