/* Objects whose members are made when somebody asks for them.
 *
 * A trigger's payload has some twenty members, each a hidden class and objects of
 * its own in a fresh realm, and most code looks at one or two. The first look at a
 * member makes it an ordinary property; whoever asks for all names (keys, spread,
 * JSON) has all of them made.
 */
#include "runtime/private.h"

#include <string.h>

typedef struct
{
  JSGlobalContextRef context; /* of its realm, which it keeps in memory; the caller may be another's */
  guint n, n_pending;
  JSStringRef *names; /* NULL where the member is made, set or deleted */
  RuntimeMake make;
  gpointer data;
  GDestroyNotify destroy;
} Lazy;

static int
find_pending (const Lazy *lazy, JSStringRef name)
{
  if (lazy == NULL || lazy->n_pending == 0)
    return -1;
  for (guint i = 0; i < lazy->n; i++)
    if (lazy->names[i] != NULL && JSStringIsEqual (lazy->names[i], name))
      return (int) i;
  return -1;
}

static void
settle (Lazy *lazy, guint index)
{
  JSStringRelease (lazy->names[index]);
  lazy->names[index] = NULL;
  lazy->n_pending--;
}

/* Makes a member an ordinary property, which the engine finds by itself from then on. An object that was
 * frozen first takes none: there the value made is returned, and made again at the next look. */
static JSValueRef
make_member (JSObjectRef object, Lazy *lazy, guint index)
{
  JSContextRef ctx = lazy->context;
  Realm *realm = realm_of (ctx);
  JSStringRef name = JSStringRetain (lazy->names[index]);
  settle (lazy, index);
  JSValueRef made = realm == NULL ? NULL : lazy->make (realm, index, lazy->data);
  if (made == NULL) /* the execution is over, or the engine out of memory */
    made = JSValueMakeUndefined (ctx);
  JSObjectSetProperty (ctx, object, name, made, kJSPropertyAttributeNone, NULL);
  if (!JSObjectHasProperty (ctx, object, name))
    {
      lazy->names[index] = JSStringRetain (name);
      lazy->n_pending++;
    }
  else
    made = NULL;
  JSStringRelease (name);
  return made;
}

static JSValueRef
get_property (JSContextRef ctx, JSObjectRef object, JSStringRef name, JSValueRef *exception)
{
  Lazy *lazy = JSObjectGetPrivate (object);
  int index = find_pending (lazy, name);
  return index < 0 ? NULL : make_member (object, lazy, (guint) index);
}

static bool
set_property (JSContextRef ctx, JSObjectRef object, JSStringRef name, JSValueRef value,
              JSValueRef *exception)
{
  Lazy *lazy = JSObjectGetPrivate (object);
  int index = find_pending (lazy, name);
  if (index >= 0)
    settle (lazy, (guint) index);
  return false; /* and the engine sets it */
}

static bool
delete_property (JSContextRef ctx, JSObjectRef object, JSStringRef name, JSValueRef *exception)
{
  Lazy *lazy = JSObjectGetPrivate (object);
  int index = find_pending (lazy, name);
  if (index >= 0)
    settle (lazy, (guint) index);
  return false;
}

static void
get_names (JSContextRef ctx, JSObjectRef object, JSPropertyNameAccumulatorRef names)
{
  Lazy *lazy = JSObjectGetPrivate (object);
  for (guint i = 0; lazy != NULL && i < lazy->n; i++)
    if (lazy->names[i] != NULL && make_member (object, lazy, i) != NULL)
      JSPropertyNameAccumulatorAddName (names, lazy->names[i]);
}

static void
finalize (JSObjectRef object)
{
  Lazy *lazy = JSObjectGetPrivate (object);
  for (guint i = 0; i < lazy->n; i++)
    if (lazy->names[i] != NULL)
      JSStringRelease (lazy->names[i]);
  if (lazy->destroy != NULL)
    lazy->destroy (lazy->data);
  g_free (lazy->names);
  g_free (lazy);
}

static JSClassRef
lazy_class (void)
{
  static JSClassRef class;
  if (class == NULL)
    {
      JSClassDefinition definition = kJSClassDefinitionEmpty;
      definition.className = "Object";
      definition.attributes = kJSClassAttributeNoAutomaticPrototype;
      definition.getProperty = get_property;
      definition.setProperty = set_property;
      definition.deleteProperty = delete_property;
      definition.getPropertyNames = get_names;
      definition.finalize = finalize;
      class = JSClassCreate (&definition);
    }
  return class;
}

/* Objects of a class have its name as their tag, which plain ones have not: it is hidden by a property. The
 * engine's function and the symbol are the system realm's: well-known symbols are the same in all. */
void
runtime_hide_class (JSContextRef ctx, JSObjectRef object)
{
  static JSObjectRef define;
  static JSValueRef tag, hidden;
  Realm *system = vm_system_realm (realm_vm (realm_of (ctx)));
  JSContextRef its = realm_context (system);
  if (define == NULL)
    {
      JSObjectRef global = realm_global (system);
      static const char descriptor[] = "{\"value\":null,\"enumerable\":false,\"configurable\":true}";
      define = js_get_object (its, js_get_object (its, global, "Object"), "defineProperty");
      tag = js_get (its, js_get_object (its, global, "Symbol"), "toStringTag", NULL);
      hidden = js_parse_json (its, descriptor, strlen (descriptor), NULL);
      JSValueProtect (its, define);
      JSValueProtect (its, tag);
      JSValueProtect (its, hidden);
    }
  JSValueRef arguments[] = { object, tag, hidden };
  JSObjectCallAsFunction (its, define, NULL, G_N_ELEMENTS (arguments), arguments, NULL);
}

JSObjectRef
runtime_lazy_object (Realm *realm, guint n, const char *const *names, RuntimeMake make,
                     gpointer data, GDestroyNotify destroy)
{
  Lazy *lazy = g_new (Lazy, 1);
  *lazy = (Lazy){ realm_context (realm), n, n, g_new (JSStringRef, n), make, data, destroy };
  for (guint i = 0; i < n; i++)
    lazy->names[i] = js_name (names[i]);
  JSObjectRef object = JSObjectMake (lazy->context, lazy_class (), lazy);
  runtime_hide_class (lazy->context, object);
  return object;
}

/* --- a Value's object --- */

typedef struct
{
  Value *value;
  RuntimeMemberMade made;
  JsonMember *members;
} LazyValue;

static void
lazy_value_free (gpointer data)
{
  LazyValue *lazy = data;
  value_unref (lazy->value);
  g_free (lazy->members);
  g_free (lazy);
}

static JSValueRef
make_value_member (Realm *realm, guint index, gpointer data)
{
  LazyValue *lazy = data;
  const JsonMember *member = &lazy->members[index];
  JSValueRef exception = NULL;
  JSValueRef made = runtime_value_member_to_js (realm, lazy->value, member, &exception);
  if (made != NULL && lazy->made != NULL)
    lazy->made (realm, member->name, member->name_length, made);
  return made;
}

/* Names that a JSON pointer spells otherwise, or that mean something else when they are set. */
static gboolean
is_plain_name (const JsonMember *member)
{
  static const char proto[] = "__proto__";
  return memchr (member->name, '/', member->name_length) == NULL
         && memchr (member->name, '~', member->name_length) == NULL
         && !(member->name_length == strlen (proto)
              && memcmp (member->name, proto, strlen (proto)) == 0);
}

JSValueRef
runtime_value_to_lazy_js (Realm *realm, Value *value, RuntimeMemberMade made)
{
  GBytes *json = value_json (value);
  gsize length;
  guint n = 0;
  const char *text = json == NULL ? NULL : g_bytes_get_data (json, &length);
  JsonMember *members = text == NULL ? NULL : json_split_object (text, length, &n);
  for (guint i = 0; i < n; i++)
    if (members != NULL && !is_plain_name (&members[i]))
      g_clear_pointer (&members, g_free);
  if (members == NULL)
    return NULL;
  LazyValue *lazy = g_new (LazyValue, 1);
  *lazy = (LazyValue){ value_ref (value), made, members };
  g_autofree char **names = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    names[i] = g_strndup (members[i].name, members[i].name_length);
  JSObjectRef object = runtime_lazy_object (realm, n, (const char *const *) names,
                                            make_value_member, lazy, lazy_value_free);
  for (guint i = 0; i < n; i++)
    g_free (names[i]);
  return object;
}
