/* The VM: options, the realms' table, the system realm, and the engine's own
 * clock, which is the gentle way to end a runaway program.
 *
 * The clock fires every few milliseconds of an entry, at the engine's safe
 * points. It never fires between microtasks and comes late inside native code;
 * whoever watches the process from outside deals with those.
 */
#include "engine/jsc_private.h"
#include "engine/private.h"

#include <jsc/jsc.h>
#include <time.h>
#include <unistd.h>

#define WATCHDOG_SECONDS 0.010

gint64
thread_cpu_us (void)
{
  struct timespec now;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Which limit the current realm is past, or -1. */
static int
passed_limit (Realm *realm)
{
  if (!realm->has_limits)
    return -1;
  if (g_get_monotonic_time () - realm->started_at_us > realm->limits.value[LIMIT_WALL_MS] * 1000)
    return LIMIT_WALL_MS;
  if (realm_cpu_us (realm) > realm->limits.value[LIMIT_CPU_MS] * 1000)
    return LIMIT_CPU_MS;
  return -1;
}

static bool
watchdog_fired (JSContextRef ctx, void *data)
{
  Vm *vm = data;
  Realm *realm = vm->current;
  if (realm == NULL)
    return false;
  if (!realm->is_terminated)
    {
      int limit = passed_limit (realm);
      if (limit < 0)
        {
          vm_arm_watchdog (vm);
          return false;
        }
      realm->is_terminated = TRUE;
      realm->limit = (LimitId) limit;
    }
  return true;
}

void
vm_arm_watchdog (Vm *vm)
{
  JSContextGroupSetExecutionTimeLimit (vm->group, WATCHDOG_SECONDS, watchdog_fired, vm);
}

/* The engine reads its options once, before the first VM. */
static void
set_options (void)
{
  /* The engine walks the environment for options, and clearenv() leaves no array to walk. */
  static char *empty_environment[] = { NULL };
  if (environ == NULL)
    environ = empty_environment;
  /* Node has them; a worker holds one instance's code only, so timing attacks find nothing foreign.
   */
  jsc_options_set_boolean ("useSharedArrayBuffer", TRUE);
  /* A worker shares its processor with many: a collector on a thread of its own makes the one that runs
   * JavaScript wait for its turn (docs/performance.md). */
  jsc_options_set_boolean ("useConcurrentGC", FALSE);
  jsc_options_set_uint ("numberOfGCMarkers", 1);
  /* The clock is looked at by the code itself. Otherwise a thread interrupts the one that runs JavaScript with
   * signals, every time. */
  jsc_options_set_boolean ("usePollingTraps", TRUE);
  /* Services of the system realm see objects of many realms. The collector would throw their compiled code away with
   * each realm that it has met, and it would be compiled again and again. */
  jsc_options_set_boolean ("forceCodeBlockLiveness", TRUE);
}

Vm *
vm_new (void)
{
  set_options ();
  JSRemoteInspectorDisableAutoStart ();
  JSRemoteInspectorSetInspectionEnabledByDefault (false);
  Vm *vm = g_new0 (Vm, 1);
  vm->group = JSContextGroupCreate ();
  vm->realms = g_hash_table_new (NULL, NULL);
  vm->nothing = engine_script_new ("tenon:engine", "0", -1);
  vm->await_class = await_class_new ();
  vm->system = realm_new (vm, 0, NULL, NULL, NULL);
  vm_arm_watchdog (vm);
  return vm;
}

Realm *
vm_system_realm (Vm *vm)
{
  return vm->system;
}

JSContextGroupRef
vm_group (Vm *vm)
{
  return vm->group;
}

void
vm_collect_garbage (Vm *vm)
{
  JSGarbageCollect (vm->system->context);
}

void
vm_set_entry_func (Vm *vm, VmEntryFunc func, gpointer user_data)
{
  vm->entry_func = func;
  vm->entry_data = user_data;
}
