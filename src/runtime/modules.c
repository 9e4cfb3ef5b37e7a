/* Modules and globals of a realm, evaluated at their first use.
 *
 * Which globals a realm has, and how they load, is in globals.c.
 */
#include "runtime/private.h"

#include <string.h>

typedef struct
{
  EngineScript *script; /* NULL = not used yet */
  RuntimeSurface *surface;
  gboolean is_public;
} Module;

static GHashTable *modules; /* name -> Module */
static EgressClient *the_egress;

static void
load_table (void)
{
  if (modules != NULL)
    return;
  modules = g_hash_table_new (g_str_hash, g_str_equal);
  for (const RuntimeScript *row = runtime_scripts; row->name != NULL; row++)
    {
      if (row->is_service)
        continue;
      Module *module = g_new0 (Module, 1);
      module->is_public = row->is_public;
      g_hash_table_insert (modules, (gpointer) row->name, module);
    }
}

static const RuntimeScript *
find_script (const char *name)
{
  for (const RuntimeScript *row = runtime_scripts; row->name != NULL; row++)
    if (!row->is_service && strcmp (row->name, name) == 0)
      return row;
  return NULL;
}

static const Module *
module_of (const char *name)
{
  Module *module = g_hash_table_lookup (modules, name);
  if (module->script == NULL)
    {
      const RuntimeScript *row = find_script (name);
      /* Packages tell Node's own modules in a stack by "node:" (agent-base: by "node:https:"). */
      g_autofree char *url = g_strconcat (module->is_public ? "tenon:node:" : "tenon:", name, NULL);
      module->script = engine_script_new (url, row->source, (gssize) row->length);
      module->surface = runtime_surface_of_module (row);
    }
  return module;
}

/* --- require --- */

/* Exports are kept on an object that only C sees. */
static JSObjectRef
loaded_modules (Realm *realm)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  return js_as_object (realm_context (realm),
                       js_get (realm_context (realm), runtime->require, "loaded", NULL));
}

static JSValueRef internal_require (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object,
                                    size_t n, const JSValueRef arguments[], JSValueRef *exception);

static JSValueRef
evaluate_module (Realm *realm, JSObjectRef loaded, const char *name, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  const Module *source = module_of (name);
  ((RuntimeRealm *) realm_runtime_data (realm))->may_have_bytes = TRUE;
  runtime_define_globals (realm_runtime_data (realm), source->surface);
  JSObjectRef wrapper = js_as_object (ctx, engine_script_evaluate (source->script, ctx, exception));
  if (wrapper == NULL)
    return NULL;
  JSObjectRef module = js_object (ctx), exports = js_object (ctx);
  js_set (ctx, module, "exports", exports);
  js_set (ctx, loaded, name, module); /* before it runs: modules may require each other */
  JSValueRef arguments[] = { runtime_native_object (realm),
                             js_function (ctx, "require", internal_require), module, exports };
  if (JSObjectCallAsFunction (ctx, wrapper, exports, 4, arguments, exception) == NULL)
    return NULL;
  JSValueRef made = js_get (ctx, module, "exports", exception);
  if (strcmp (name, "buffer") == 0)
    runtime_lazy_buffer_loaded (realm, made);
  return made;
}

JSValueRef
runtime_module (Realm *realm, const char *name, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  JSObjectRef loaded = loaded_modules (realm);
  JSObjectRef module = js_get_object (ctx, loaded, name);
  return module != NULL ? js_get (ctx, module, "exports", exception)
                        : evaluate_module (realm, loaded, name, exception);
}

static JSValueRef
internal_require (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                  const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *name = n == 0 ? NULL : js_to_display (ctx, arguments[0]);
  if (name == NULL || !g_hash_table_contains (modules, name))
    return js_throw (ctx, exception, "the runtime library has no module \"%s\"", name);
  JSValueRef exports = runtime_module (realm_of (ctx), name, exception);
  return exports == NULL ? js_undefined (ctx) : exports;
}

/* Node's require, for code blocks and packages: the library's public modules, with or without `node:`, then the
 * version's packages. */
static JSValueRef
public_require (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *given = n == 0 ? g_strdup ("") : js_to_display (ctx, arguments[0]);
  const char *name = g_str_has_prefix (given, "node:") ? given + strlen ("node:") : given;
  const Module *module = g_hash_table_lookup (modules, name);
  gboolean is_there = TRUE;
  JSValueRef exports = module != NULL && module->is_public
                           ? runtime_module (realm_of (ctx), name, exception)
                           : runtime_package (realm_of (ctx), given, &is_there, exception);
  if (!is_there)
    return js_throw_code (ctx, exception, "Error", "MODULE_NOT_FOUND",
                          "Cannot find module '%s': a code block may require Node's modules that "
                          "docs/runtime-api.md lists, npm packages as \"name@version\", and files "
                          "of its integration, by a text that is written out",
                          given);
  return exports == NULL ? js_undefined (ctx) : exports;
}

JSObjectRef
runtime_require_function (Realm *realm)
{
  return js_function (realm_context (realm), "require", public_require);
}

/* moduleNames (): those that code may require */
static JSValueRef
module_names (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const RuntimeScript *row = runtime_scripts; row->name != NULL; row++)
    if (row->is_public)
      g_ptr_array_add (names, (gpointer) js_string (ctx, row->name));
  JSObjectRef array
      = JSObjectMakeArray (ctx, names->len, (const JSValueRef *) names->pdata, exception);
  return array == NULL ? js_undefined (ctx) : array;
}

const NativeFunction module_natives[] = {
  { "moduleNames", module_names },
  { "publicRequire", public_require },
  { NULL, NULL },
};

/* --- realms --- */

static void
runtime_realm_free (gpointer data)
{
  RuntimeRealm *runtime = data;
  runtime_lazy_buffer_clear (runtime);
  runtime_plain_clear (runtime);
  g_clear_pointer (&runtime->timers, timer_queue_free);
  g_clear_pointer (&runtime->fetches, fetch_queue_free);
  g_clear_pointer (&runtime->sockets, socket_table_free);
  runtime_tls_forget (runtime->realm);
  JSValueUnprotect (realm_context (runtime->realm), runtime->require);
  g_free (runtime->has_global);
  g_free (runtime);
}

Realm *
runtime_realm_new (Vm *vm, guint64 id, const RealmHost *host, gpointer host_data,
                   const Limits *limits, const RuntimeSurface *surface)
{
  Realm *realm = realm_new (vm, id, host, host_data, limits);
  JSContextRef ctx = realm_context (realm);
  RuntimeRealm *runtime = g_new0 (RuntimeRealm, 1);
  load_table ();
  runtime->realm = realm;
  runtime->require = js_function (ctx, "require", internal_require);
  JSValueProtect (ctx, runtime->require);
  js_set (ctx, runtime->require, "loaded", js_object (ctx));
  realm_set_runtime_data (realm, runtime, runtime_realm_free);
  runtime->may_have_bytes = runtime_surface_has_bytes (surface);
  runtime_define_globals (runtime, surface);
  return realm;
}

EgressClient *
runtime_egress (void)
{
  return the_egress;
}

void
runtime_init (Vm *vm, EgressClient *egress)
{
  the_egress = egress;
  load_table ();
  runtime_services_init (vm);
}
