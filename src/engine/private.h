/* What the files of the engine share. */
#pragma once

#include "engine/engine.h"

struct Vm
{
  JSContextGroupRef group;
  Realm *system;
  GHashTable *realms; /* JSGlobalContextRef -> Realm, borrowed */
  Realm *current;     /* of the outermost entry, NULL outside */
  guint depth;
  gint64 entry_cpu_us;
  gint64 entered_at_us;
  VmEntryFunc entry_func;
  gpointer entry_data;
  EngineScript *nothing; /* `0` */
  JSClassRef await_class;
  JSObjectRef rejection_function; /* of the system realm; protected */
};

struct Realm
{
  Vm *vm;
  guint64 id;
  JSGlobalContextRef context;
  const RealmHost *host;
  gpointer host_data;
  Limits limits;
  gboolean has_limits;
  gpointer runtime_data;
  GDestroyNotify runtime_destroy;
  JSObjectRef promise_prototype, promise_then; /* as they were before the author's code ran */
  GPtrArray *awaits;                           /* of Await: outstanding */
  JSObjectRef uncaught_function; /* of the realm, protected, or NULL */
  JSObjectRef tick_function;     /* likewise */
  gboolean wants_tick;
  guint pending;
  gint64 started_at_us; /* monotonic */
  gint64 cpu_us;        /* of ended entries */
  gboolean is_terminated;
  LimitId limit;
  char *limit_detail;
  gboolean is_limit_told;
};

/* Arms the engine's own clock; see watchdog.c. */
void vm_arm_watchdog (Vm *vm);
gint64 thread_cpu_us (void);

/* await.c */
void realm_awaits_init (Realm *realm);
void realm_awaits_clear (Realm *realm);
JSClassRef await_class_new (void);
