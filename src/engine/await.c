/* Waiting for a promise from C: the bootstrap's async function awaits the value
 * and calls a native function object that carries the Await. */
#include "engine/private.h"

typedef struct
{
  Realm *realm;
  RealmSettled settled;
  gpointer user_data;
  JSObjectRef function; /* protected while outstanding */
} Await;

static void
await_release (Await *await)
{
  JSObjectSetPrivate (await->function, NULL);
  JSValueUnprotect (await->realm->context, await->function);
  g_free (await);
}

static JSValueRef
await_called (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Await *await = JSObjectGetPrivate (function);
  if (await == NULL || n != 2)
    return JSValueMakeUndefined (ctx);

  Await ended = *await;
  g_ptr_array_remove_fast (ended.realm->awaits, await);
  if (!ended.realm->is_terminated)
    ended.settled (ended.realm, arguments[0], JSValueToBoolean (ctx, arguments[1]),
                   ended.user_data);
  return JSValueMakeUndefined (ctx);
}

JSClassRef
await_class_new (void)
{
  JSClassDefinition definition = kJSClassDefinitionEmpty;
  definition.className = "Settled";
  definition.attributes = kJSClassAttributeNoAutomaticPrototype;
  definition.callAsFunction = await_called;
  return JSClassCreate (&definition);
}

void
realm_awaits_init (Realm *realm)
{
  JSValueRef function = engine_script_evaluate (realm->vm->bootstrap, realm->context, NULL);
  realm->await_function = (JSObjectRef) function;
  JSValueProtect (realm->context, function);
  realm->awaits = g_ptr_array_new_with_free_func ((GDestroyNotify) await_release);
}

void
realm_awaits_clear (Realm *realm)
{
  g_ptr_array_unref (realm->awaits);
  JSValueUnprotect (realm->context, realm->await_function);
}

void
realm_await (Realm *realm, JSValueRef value, RealmSettled settled, gpointer user_data)
{
  Await *await = g_new (Await, 1);
  await->realm = realm;
  await->settled = settled;
  await->user_data = user_data;
  await->function = JSObjectMake (realm->context, realm->vm->await_class, await);
  JSValueProtect (realm->context, await->function);
  g_ptr_array_add (realm->awaits, await);

  JSValueRef arguments[] = { value, await->function };
  JSObjectCallAsFunction (realm->context, realm->await_function, NULL, 2, arguments, NULL);
}
