/* A realm's life, and the rule of entry. */
#include "engine/jsc_private.h"
#include "engine/private.h"

/* There is one VM a process; native functions find their realm through it. */
static Vm *the_vm;

static JSValueRef
unhandled_rejection (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                     const JSValueRef arguments[], JSValueRef *exception)
{
  Realm *realm = the_vm->current;
  if (realm != NULL && n == 2)
    realm_throw_uncaught (realm, arguments[1], arguments[0]);
  return JSValueMakeUndefined (ctx);
}

/* The engine holds the callback strongly: one of the realm's own would keep the realm for ever. So
 * it is a function of the system realm, and who rejected is known from the entry, whose end drains
 * microtasks. */
static void
hear_rejections (Realm *realm)
{
  Vm *vm = realm->vm;
  if (vm->rejection_function == NULL)
    {
      JSGlobalContextRef ctx = vm->system->context;
      vm->rejection_function = JSObjectMakeFunctionWithCallback (ctx, NULL, unhandled_rejection);
      JSValueProtect (ctx, vm->rejection_function);
    }
  JSGlobalContextSetUnhandledRejectionCallback (realm->context, vm->rejection_function, NULL);
}

Realm *
realm_new (Vm *vm, guint64 id, const RealmHost *host, gpointer host_data, const Limits *limits)
{
  Realm *realm = g_new0 (Realm, 1);
  the_vm = vm;
  realm->vm = vm;
  realm->id = id;
  realm->host = host;
  realm->host_data = host_data;
  realm->has_limits = limits != NULL;
  if (limits != NULL)
    realm->limits = *limits;
  realm->started_at_us = g_get_monotonic_time ();
  realm->context = JSGlobalContextCreateInGroup (vm->group, NULL);
  g_hash_table_insert (vm->realms, (gpointer) realm->context, realm);

  JSLock (realm->context);
  realm_awaits_init (realm);
  if (host != NULL)
    hear_rejections (realm);
  JSUnlock (realm->context);
  return realm;
}

void
realm_free (Realm *realm)
{
  g_assert (realm->vm->current != realm);
  if (realm->runtime_destroy != NULL)
    realm->runtime_destroy (realm->runtime_data);
  realm_awaits_clear (realm);
  realm_set_uncaught_function (realm, NULL);
  realm_set_tick_function (realm, NULL);
  g_hash_table_remove (realm->vm->realms, realm->context);
  JSGlobalContextRelease (realm->context);
  g_free (realm->limit_detail);
  g_free (realm);
}

Vm *
realm_vm (Realm *realm)
{
  return realm->vm;
}

guint64
realm_id (Realm *realm)
{
  return realm->id;
}

JSGlobalContextRef
realm_context (Realm *realm)
{
  return realm->context;
}

JSObjectRef
realm_global (Realm *realm)
{
  return JSContextGetGlobalObject (realm->context);
}

const Limits *
realm_limits (Realm *realm)
{
  return realm->has_limits ? &realm->limits : NULL;
}

gpointer
realm_host_data (Realm *realm)
{
  return realm->host_data;
}

const RealmHost *
realm_host (Realm *realm)
{
  return realm->host;
}

Realm *
realm_of (JSContextRef ctx)
{
  return the_vm == NULL ? NULL
                        : g_hash_table_lookup (the_vm->realms, JSContextGetGlobalContext (ctx));
}

void
realm_set_runtime_data (Realm *realm, gpointer data, GDestroyNotify destroy)
{
  realm->runtime_data = data;
  realm->runtime_destroy = destroy;
}

gpointer
realm_runtime_data (Realm *realm)
{
  return realm->runtime_data;
}

void
realm_pending_add (Realm *realm)
{
  realm->pending++;
}

void
realm_pending_remove (Realm *realm)
{
  g_assert (realm->pending > 0);
  realm->pending--;
}

gboolean
realm_is_terminated (Realm *realm)
{
  return realm->is_terminated;
}

gint64
realm_cpu_us (Realm *realm)
{
  Vm *vm = realm->vm;
  return realm->cpu_us + (vm->current == realm ? thread_cpu_us () - vm->entry_cpu_us : 0);
}

void
realm_hit_limit (Realm *realm, LimitId limit, const char *detail)
{
  if (realm->is_terminated)
    return;
  realm->is_terminated = TRUE;
  realm->limit = limit;
  realm->limit_detail = g_strdup (detail);
  /* The clock's next shot ends the JavaScript; an immediate one, since the realm may loop. */
  JSContextGroupSetExecutionTimeLimit (realm->vm->group, 0, NULL, NULL);
}

/* --- what the realm's own process does --- */

static void
replace_function (Realm *realm, JSObjectRef *place, JSObjectRef function)
{
  if (function != NULL)
    JSValueProtect (realm->context, function);
  if (*place != NULL)
    JSValueUnprotect (realm->context, *place);
  *place = function;
}

void
realm_set_uncaught_function (Realm *realm, JSObjectRef function)
{
  replace_function (realm, &realm->uncaught_function, function);
}

void
realm_set_tick_function (Realm *realm, JSObjectRef function)
{
  replace_function (realm, &realm->tick_function, function);
}

void
realm_request_tick (Realm *realm)
{
  realm->wants_tick = TRUE;
}

void
realm_throw_uncaught (Realm *realm, JSValueRef error, JSValueRef promise)
{
  JSContextRef ctx = realm->context;
  if (realm->host == NULL || realm->is_terminated)
    return;
  if (realm->uncaught_function != NULL)
    {
      JSValueRef exception = NULL;
      JSValueRef arguments[] = { error, promise == NULL ? JSValueMakeUndefined (ctx) : promise };
      JSValueRef answer = JSObjectCallAsFunction (ctx, realm->uncaught_function, NULL,
                                                  G_N_ELEMENTS (arguments), arguments, &exception);
      if (answer != NULL && JSValueToBoolean (ctx, answer))
        return;
      if (exception != NULL)
        error = exception;
    }
  if (!realm->is_terminated)
    realm->host->uncaught (realm, error, realm->host_data);
}

static void
run_ticks (Realm *realm)
{
  JSValueRef exception = NULL;
  realm->wants_tick = FALSE;
  if (realm->is_terminated || realm->tick_function == NULL)
    return;
  JSObjectCallAsFunction (realm->context, realm->tick_function, NULL, 0, NULL, &exception);
  if (exception != NULL)
    realm_throw_uncaught (realm, exception, NULL);
}

/* Still inside for the microtasks, which the engine runs at the unlocking: a native function that they call may enter and leave.
 * Ticks that they asked for run after them, and then theirs. */
static void
drain (Realm *realm)
{
  for (;;)
    {
      if (realm->wants_tick)
        run_ticks (realm);
      JSUnlock (realm->context);
      if (!realm->wants_tick || realm->is_terminated)
        return;
      JSLock (realm->context);
    }
}

void
realm_checkpoint (Realm *realm)
{
  if (realm->vm->depth != 1)
    return;
  drain (realm);
  JSLock (realm->context);
}

/* --- entries --- */

void
realm_enter (Realm *realm)
{
  Vm *vm = realm->vm;
  if (vm->depth++ > 0)
    {
      g_assert (vm->current == realm);
      return;
    }
  vm->current = realm;
  vm->entered_at_us = g_get_monotonic_time ();
  vm->entry_cpu_us = thread_cpu_us ();
  if (vm->entry_func != NULL && realm->id != 0)
    vm->entry_func (realm->id, vm->entered_at_us, vm->entry_data);
  JSLock (realm->context);
}

/* A termination that struck between calls (in a microtask) stays pending in the VM and would end
 * the next realm's JavaScript: let it strike here. */
static void
absorb_termination (Vm *vm)
{
  for (int i = 0; i < 3; i++)
    {
      JSValueRef exception = NULL;
      engine_script_evaluate (vm->nothing, vm->system->context, &exception);
      if (exception == NULL)
        break;
    }
  vm_arm_watchdog (vm);
}

static void
tell_host (Realm *realm)
{
  if (realm->host == NULL)
    return;
  if (realm->is_terminated)
    {
      if (!realm->is_limit_told)
        {
          realm->is_limit_told = TRUE;
          realm->host->limit_hit (realm, realm->limit, realm->limit_detail, realm->host_data);
        }
    }
  else if (realm->pending == 0)
    realm->host->idle (realm, realm->host_data);
}

void
realm_leave (Realm *realm)
{
  Vm *vm = realm->vm;
  g_assert (vm->depth > 0 && vm->current == realm);
  if (vm->depth > 1)
    {
      vm->depth--;
      return;
    }
  drain (realm);
  vm->depth = 0;
  realm->cpu_us += thread_cpu_us () - vm->entry_cpu_us;
  vm->current = NULL;
  if (realm->is_terminated)
    absorb_termination (vm);
  if (vm->entry_func != NULL && realm->id != 0)
    vm->entry_func (0, 0, vm->entry_data);
  tell_host (realm);
  if (realm->host != NULL && realm->host->left != NULL)
    realm->host->left (realm, realm->host_data);
}

void
realm_call_event (Realm *realm, JSObjectRef function, JSObjectRef this_object, size_t n,
                  const JSValueRef arguments[])
{
  JSValueRef exception = NULL;
  realm_enter (realm);
  if (!realm->is_terminated)
    {
      JSObjectCallAsFunction (realm->context, function, this_object, n, arguments, &exception);
      if (exception != NULL)
        realm_throw_uncaught (realm, exception, NULL);
    }
  realm_leave (realm);
}
