/* The library's globals in a realm: accessors that load their module at the first
 * touch and leave the value in their place.
 *
 * Each costs about a microsecond to define, for every execution anew, and most
 * programs touch one or two. So a realm gets those that its scripts mention, and
 * a module of the library those that it mentions, when it is evaluated. Code that
 * could reach a global without saying its name gets all.
 */
#include "runtime/private.h"

#include <string.h>

struct RuntimeSurface
{
  gboolean *wanted;   /* by index of runtime_globals */
  gboolean has_bytes; /* something that can make typed arrays is mentioned */
};

static EngineScript *bootstrap;
/* name -> index + 1; EVERYTHING for words that name the global object, BYTES for those that make typed arrays */
static GHashTable *indices;
static guint n_globals;

#define EVERYTHING 0
#define BYTES G_MAXUINT

/* (load, names): a global's accessor loads its module once. What a module exports under the global's
 * name is meant, else the module itself (console, process). WebAssembly is the engine's, extended. */
static const char bootstrap_source[]
    = "(load, names) => {"
      "  const define = Object.defineProperty, has = Object.hasOwn, target = globalThis;"
      "  const settle = (name, value) => define(target, name,"
      "    { value, writable: true, enumerable: false, configurable: true });"
      "  const descriptor = { enumerable: false, configurable: true, get: undefined, set: "
      "undefined };"
      "  for (let i = 0; i < names.length; i += 2) {"
      "    const name = names[i], module = names[i + 1];"
      "    const own = name === 'WebAssembly' ? target[name] : undefined;"
      "    descriptor.get = () => {"
      "      const exports = load(module);"
      "      const value = own ? exports.extend(own) : has(exports, name) ? exports[name] : exports;"
      "      settle(name, value);"
      "      return value;"
      "    };"
      "    descriptor.set = (value) => settle(name, value);"
      "    define(target, name, descriptor);"
      "  }"
      "}";

static void
load_table (void)
{
  static const char *const ways_to_all[] = { "globalThis", "global", "eval", "Function" };
  static const char *const bytes[]
      = { "Uint8Array",   "Uint8ClampedArray", "Int8Array",    "Uint16Array",    "Int16Array",
          "Uint32Array",  "Int32Array",        "Float16Array", "Float32Array",   "Float64Array",
          "BigInt64Array", "BigUint64Array",   "ArrayBuffer",  "SharedArrayBuffer" };
  if (indices != NULL)
    return;
  indices = g_hash_table_new (g_str_hash, g_str_equal);
  bootstrap = engine_script_new ("tenon:bootstrap", bootstrap_source, -1);
  while (runtime_globals[n_globals].name != NULL)
    {
      g_hash_table_insert (indices, (gpointer) runtime_globals[n_globals].name,
                           GUINT_TO_POINTER (n_globals + 1));
      n_globals++;
    }
  for (guint i = 0; i < G_N_ELEMENTS (ways_to_all); i++)
    g_hash_table_insert (indices, (gpointer) ways_to_all[i], GUINT_TO_POINTER (EVERYTHING));
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    g_hash_table_insert (indices, (gpointer) bytes[i], GUINT_TO_POINTER (BYTES));
}

/* --- which ones a text mentions --- */

RuntimeSurface *
runtime_surface_new (void)
{
  load_table ();
  RuntimeSurface *surface = g_new0 (RuntimeSurface, 1);
  surface->wanted = g_new0 (gboolean, n_globals);
  return surface;
}

void
runtime_surface_free (RuntimeSurface *surface)
{
  g_free (surface->wanted);
  g_free (surface);
}

static void
want_all (RuntimeSurface *surface)
{
  for (guint i = 0; i < n_globals; i++)
    surface->wanted[i] = TRUE;
  surface->has_bytes = TRUE;
}

gboolean
runtime_surface_has_bytes (const RuntimeSurface *surface)
{
  return surface == NULL || surface->has_bytes;
}

static gboolean
is_word_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '$';
}

static void
add_word (RuntimeSurface *surface, const char *word, gsize length, gboolean is_library)
{
  char copy[64];
  gpointer found;
  if (length >= sizeof copy)
    return;
  memcpy (copy, word, length);
  copy[length] = '\0';
  if (!g_hash_table_lookup_extended (indices, copy, NULL, &found))
    return;
  if (GPOINTER_TO_UINT (found) == BYTES)
    surface->has_bytes = TRUE;
  else if (GPOINTER_TO_UINT (found) != EVERYTHING)
    {
      surface->wanted[GPOINTER_TO_UINT (found) - 1] = TRUE;
      surface->has_bytes |= strcmp (copy, "WebAssembly") == 0; /* its memories are some */
    }
  else if (!is_library)
    want_all (surface);
}

/* Words of comments and strings are taken as well: too many are only slower. A name may be spelt with
 * escapes (ECMA-262 §12.7), which is left to the whole set. */
static void
add_words (RuntimeSurface *surface, const char *text, gsize length, gboolean is_library)
{
  const char *end = text + length;
  while (text < end)
    {
      const char *word = text;
      while (text < end && is_word_char (*text))
        text++;
      if (text > word)
        add_word (surface, word, (gsize) (text - word), is_library);
      else if (*text++ == '\\' && text < end && *text == 'u' && !is_library)
        want_all (surface);
    }
}

void
runtime_surface_add (RuntimeSurface *surface, const char *text, gsize length)
{
  add_words (surface, text, length, FALSE);
}

RuntimeSurface *
runtime_surface_of_module (const RuntimeScript *script)
{
  RuntimeSurface *surface = runtime_surface_new ();
  add_words (surface, script->source, script->length, TRUE);
  return surface;
}

/* --- in a realm --- */

static JSStringRef
list_missing (RuntimeRealm *runtime, const RuntimeSurface *surface)
{
  g_autoptr (GString) json = g_string_new ("[");
  for (guint i = 0; i < n_globals; i++)
    {
      if (runtime->has_global[i] || (surface != NULL && !surface->wanted[i]))
        continue;
      runtime->has_global[i] = TRUE;
      g_string_append_printf (json, "%s\"%s\",\"%s\"", json->len > 1 ? "," : "",
                              runtime_globals[i].name, runtime_globals[i].module);
    }
  g_string_append_c (json, ']');
  return json->len == 2 ? NULL : JSStringCreateWithUTF8CString (json->str);
}

void
runtime_define_globals (RuntimeRealm *runtime, const RuntimeSurface *surface)
{
  JSContextRef ctx = realm_context (runtime->realm);
  load_table ();
  if (runtime->has_global == NULL)
    runtime->has_global = g_new0 (gboolean, n_globals);
  JSStringRef list = list_missing (runtime, surface); /* one text: cheaper than a string a name */
  if (list == NULL)
    return;
  JSObjectRef define = js_as_object (ctx, engine_script_evaluate (bootstrap, ctx, NULL));
  JSValueRef arguments[] = { runtime->require, JSValueMakeFromJSONString (ctx, list) };
  JSObjectCallAsFunction (ctx, define, NULL, 2, arguments, NULL);
  JSStringRelease (list);
}

JSValueRef
runtime_global (Realm *realm, const char *name, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  gpointer index = g_hash_table_lookup (indices, name);
  g_assert (index != NULL);
  const RuntimeGlobal *row = &runtime_globals[GPOINTER_TO_UINT (index) - 1];
  JSObjectRef exports = js_as_object (ctx, runtime_module (realm, row->module, exception));
  JSValueRef value = exports == NULL ? NULL : js_get (ctx, exports, name, exception);
  return value == NULL || JSValueIsUndefined (ctx, value) ? exports : value;
}
