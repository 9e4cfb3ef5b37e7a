/* Waiting for a promise from C: by the realm's own Promise.prototype.then, taken
 * before any code of the author's has run, with two native functions that carry
 * the Await. (An async function of ours in each realm did the same at five times
 * the price: it is linked anew in each.) */
#include "engine/private.h"

typedef struct Await Await;

typedef struct
{
  Await *await;
  gboolean is_rejection;
} Reaction;

struct Await
{
  Realm *realm;
  RealmSettled settled;
  gpointer user_data;
  Reaction reactions[2];
  JSObjectRef functions[2]; /* protected while outstanding */
};

static void
await_release (Await *await)
{
  for (guint i = 0; i < G_N_ELEMENTS (await->functions); i++)
    {
      JSObjectSetPrivate (await->functions[i], NULL);
      JSValueUnprotect (await->realm->context, await->functions[i]);
    }
  g_free (await);
}

static JSValueRef
await_called (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Reaction *reaction = JSObjectGetPrivate (function);
  if (reaction == NULL || n < 1)
    return JSValueMakeUndefined (ctx);

  Await ended = *reaction->await;
  gboolean is_rejected = reaction->is_rejection;
  g_ptr_array_remove_fast (ended.realm->awaits, reaction->await);
  if (!ended.realm->is_terminated)
    ended.settled (ended.realm, arguments[0], is_rejected, ended.user_data);
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
  JSContextRef ctx = realm->context;
  JSObjectRef promise = js_get_object (ctx, JSContextGetGlobalObject (ctx), "Promise");
  realm->promise_prototype = js_get_object (ctx, promise, "prototype");
  realm->promise_then = js_get_object (ctx, realm->promise_prototype, "then");
  JSValueProtect (ctx, realm->promise_prototype);
  JSValueProtect (ctx, realm->promise_then);
  realm->awaits = g_ptr_array_new_with_free_func ((GDestroyNotify) await_release);
}

void
realm_awaits_clear (Realm *realm)
{
  g_ptr_array_unref (realm->awaits);
  JSValueUnprotect (realm->context, realm->promise_prototype);
  JSValueUnprotect (realm->context, realm->promise_then);
}

static Await *
await_new (Realm *realm, RealmSettled settled, gpointer user_data)
{
  Await *await = g_new (Await, 1);
  await->realm = realm;
  await->settled = settled;
  await->user_data = user_data;
  for (guint i = 0; i < G_N_ELEMENTS (await->functions); i++)
    {
      await->reactions[i] = (Reaction){ await, i == 1 };
      await->functions[i]
          = JSObjectMake (realm->context, realm->vm->await_class, &await->reactions[i]);
      JSValueProtect (realm->context, await->functions[i]);
    }
  g_ptr_array_add (realm->awaits, await);
  return await;
}

/* FALSE when it is no promise, or one whose constructor throws. */
static gboolean
then (Realm *realm, JSObjectRef promise, const Await *await)
{
  JSValueRef exception = NULL;
  JSObjectCallAsFunction (realm->context, realm->promise_then, promise,
                          G_N_ELEMENTS (await->functions), (const JSValueRef *) await->functions,
                          &exception);
  return exception == NULL;
}

/* A promise of the realm that follows the value, as `await` makes one of it. */
static JSObjectRef
promise_of (Realm *realm, JSValueRef value)
{
  JSObjectRef resolve = NULL, reject = NULL;
  JSObjectRef promise = JSObjectMakeDeferredPromise (realm->context, &resolve, &reject, NULL);
  if (promise != NULL)
    JSObjectCallAsFunction (realm->context, resolve, NULL, 1, &value, NULL);
  return promise;
}

void
realm_await (Realm *realm, JSValueRef value, RealmSettled settled, gpointer user_data)
{
  JSContextRef ctx = realm->context;
  Await *await = await_new (realm, settled, user_data);
  JSObjectRef object = js_as_object (ctx, value);
  if (object != NULL
      && JSValueIsStrictEqual (ctx, JSObjectGetPrototype (ctx, object), realm->promise_prototype)
      && then (realm, object, await))
    return;
  /* Not a promise of this realm, or a bent one. Where even a new one is bent, or memory is out, nothing settles:
   * the host finds the realm idle. */
  JSObjectRef promise = promise_of (realm, value);
  if (promise != NULL)
    then (realm, promise, await);
}
