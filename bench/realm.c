/* What the runtime library costs a realm: made with all of its globals, beside a bare one of the
 * engine's; and the first touch of its globals in a realm, in a process that has met them before.
 * Prints JSON, µs of processor time, each of the round that was disturbed least. */
#include "runtime/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 15

static void
ignore_log (Realm *realm, guint level, const char *text, gpointer host)
{
}

static void
ignore_value (Realm *realm, JSValueRef error, gpointer host)
{
}

static void
ignore_idle (Realm *realm, gpointer host)
{
}

static void
ignore_limit (Realm *realm, LimitId limit, const char *detail, gpointer host)
{
}

static const RealmHost host = { ignore_log, ignore_value, ignore_idle, ignore_limit, NULL };

static double
cpu_us (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static double
bare (Vm *vm, EngineScript *unused, guint n)
{
  double before = cpu_us ();
  for (guint i = 0; i < n; i++)
    JSGlobalContextRelease (JSGlobalContextCreateInGroup (vm_group (vm), NULL));
  return (cpu_us () - before) / n;
}

static double
whole (Vm *vm, EngineScript *unused, guint n)
{
  double before = cpu_us ();
  for (guint i = 0; i < n; i++)
    realm_free (runtime_realm_new (vm, i + 1, &host, NULL, NULL, NULL));
  return (cpu_us () - before) / n;
}

/* Of the first touch alone: the realm is there already. */
static double
touch (Vm *vm, EngineScript *script, guint n)
{
  double spent = 0;
  for (guint i = 0; i < n; i++)
    {
      JSValueRef exception = NULL;
      Realm *realm = runtime_realm_new (vm, i + 1, &host, NULL, NULL, NULL);
      double before = cpu_us ();
      realm_enter (realm);
      engine_script_evaluate (script, realm_context (realm), &exception);
      g_assert (exception == NULL);
      realm_leave (realm);
      spent += cpu_us () - before;
      realm_free (realm);
    }
  return spent / n;
}

static double
least (double (*measure) (Vm *, EngineScript *, guint), Vm *vm, const char *source, guint n)
{
  EngineScript *script = source == NULL ? NULL : engine_script_new ("bench.js", source, -1);
  double best = measure (vm, script, n); /* warms up, too */
  for (int round = 0; round < ROUNDS; round++)
    best = MIN (best, measure (vm, script, n));
  g_clear_pointer (&script, engine_script_free);
  return best;
}

int
main (void)
{
  Vm *vm = vm_new ();
  runtime_init (vm, NULL);
  runtime_warm (vm);
  printf ("{\"bareUs\":%.1f", least (bare, vm, NULL, 200));
  printf (",\"wholeUs\":%.1f", least (whole, vm, NULL, 200));
  printf (",\"bufferUs\":%.1f", least (touch, vm, "Buffer.from('abc').toString('hex')", 20));
  printf (",\"fetchUs\":%.1f", least (touch, vm, "typeof fetch", 20));
  printf (",\"requestUs\":%.1f}\n",
          least (touch, vm, "new Request('http://127.0.0.1/').headers", 20));
  return EXIT_SUCCESS;
}
