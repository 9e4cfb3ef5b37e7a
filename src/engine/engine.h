/* The engine: JavaScriptCore behind a small face. VM, realms, entering and
 * leaving them, and helpers for native functions.
 *
 * One VM a process, one thread. A realm is one JavaScript global object; all
 * realms of the VM share the heap, the microtask queue and the event loop
 * (GLib's default main context). The system realm never runs user code: pure
 * services of the runtime library (inspect, source maps, URL parsing) live
 * there, warm, with every intrinsic frozen.
 *
 * Rule of entry: whoever calls into JavaScript from the event loop (a timer, a
 * frame) does so between realm_enter() and realm_leave(). Leaving the outermost
 * entry drains microtasks, reports unhandled rejections and then tells the
 * host if the realm has nothing left that could wake it. Native functions
 * called by JavaScript are inside already.
 */
#pragma once

#include <JavaScriptCore/JavaScript.h>
#include "base/limits.h"

typedef struct Vm Vm;
typedef struct Realm Realm;

/* What an execution's owner hears of its realm. */
typedef struct
{
  /* A log line, formatted, not cut yet. level: LogLevel of worker/protocol.h. */
  void (*log) (Realm *realm, guint level, const char *text, gpointer host);
  /* An exception that nobody caught in a timer or another callback, or a rejection unhandled when microtasks
   * had been drained. The realm goes on unless the host ends it. */
  void (*uncaught) (Realm *realm, JSValueRef error, gpointer host);
  /* Microtasks drained and nothing pending (realm_pending_add): no JavaScript of this realm will ever run
   * again by itself. */
  void (*idle) (Realm *realm, gpointer host);
  /* A limit was hit and the realm terminated. `detail` in words, may be NULL. Runs at the end of the entry. */
  void (*limit_hit) (Realm *realm, LimitId limit, const char *detail, gpointer host);
  /* The last thing in every outermost entry, after the above; may be NULL. The realm may be freed here (and in no
   * other of these callbacks). */
  void (*left) (Realm *realm, gpointer host);
} RealmHost;

/* Sets the engine's options and makes the VM with its system realm. Once a process, after the last fork. */
Vm *vm_new (void);
Realm *vm_system_realm (Vm *vm);
JSContextGroupRef vm_group (Vm *vm);
void vm_collect_garbage (Vm *vm);

/* Where entries are announced (worker/protocol.h, WorkerPage); called with the realm's id and the time, and with
 * (0, 0) at the end. NULL = nobody watches. */
typedef void (*VmEntryFunc) (guint64 realm_id, gint64 now_us, gpointer user_data);
void vm_set_entry_func (Vm *vm, VmEntryFunc func, gpointer user_data);

/* A bare realm: language globals only. runtime_realm_new() makes one with the runtime library.
 * id: the execution's slot. host NULL for a realm without an owner. limits NULL = no limits. */
Realm *realm_new (Vm *vm, guint64 id, const RealmHost *host, gpointer host_data,
                  const Limits *limits);
/* Cancels its timers and pending operations; no callback of it runs afterwards. The heap is reclaimed later.
 * Must not be called between its enter and leave, except in host->left. */
void realm_free (Realm *realm);

Vm *realm_vm (Realm *realm);
guint64 realm_id (Realm *realm);
JSGlobalContextRef realm_context (Realm *realm);
JSObjectRef realm_global (Realm *realm);
const Limits *realm_limits (Realm *realm); /* NULL for the system realm */
gpointer realm_host_data (Realm *realm);
const RealmHost *realm_host (Realm *realm);
/* The realm of a native function's context: that of the function's own global object. */
Realm *realm_of (JSContextRef ctx);
/* Room for what the runtime keeps of a realm; freed with `destroy` in realm_free(). */
void realm_set_runtime_data (Realm *realm, gpointer data, GDestroyNotify destroy);
gpointer realm_runtime_data (Realm *realm);

void realm_enter (Realm *realm);
void realm_leave (Realm *realm);
/* Calls `function` inside its own enter and leave; an exception goes to host->uncaught. For event callbacks. */
void realm_call_event (Realm *realm, JSObjectRef function, JSObjectRef this_object, size_t n,
                       const JSValueRef arguments[]);

/* What a realm's own `process` does, in functions of the realm; each is protected until realm_free() or the next call.
 *
 * uncaught (error, promise): is asked before host->uncaught is told, with the rejected promise or undefined. Where it returns
 * true the author's code has dealt with the error, as a `catch` would have; what it throws is the uncaught error instead.
 *
 * tick (): runs after realm_request_tick(), when the JavaScript of a turn has returned and before its microtasks run. */
void realm_set_uncaught_function (Realm *realm, JSObjectRef function);
void realm_set_tick_function (Realm *realm, JSObjectRef function);
void realm_request_tick (Realm *realm);
/* Nobody caught it. promise NULL where it was thrown. Inside an entry. */
void realm_throw_uncaught (Realm *realm, JSValueRef error, JSValueRef promise);
/* Between two callbacks of one entry: runs what realm_leave() would, ticks and microtasks. No effect in an inner entry. */
void realm_checkpoint (Realm *realm);

/* An operation is under way that will call back into the realm (a timer, a request): keeps it from being
 * idle. Every add is matched by one remove. Unreferenced timers and the like simply do not add. */
void realm_pending_add (Realm *realm);
void realm_pending_remove (Realm *realm);

/* Ends the realm: JavaScript running in it is terminated (it can't catch that), host->limit_hit is told. For a
 * native function that finds a limit passed. */
void realm_hit_limit (Realm *realm, LimitId limit, const char *detail);
gboolean realm_is_terminated (Realm *realm);
/* CPU time spent inside the realm's entries so far, µs. */
gint64 realm_cpu_us (Realm *realm);

/* Compiled once per realm, parsed once per VM: keep one EngineScript per source for the life of the VM. */
typedef struct EngineScript EngineScript;
/* `url` is what stack traces show. first_line from 1. */
EngineScript *engine_script_new (const char *url, const char *source, gssize length);
void engine_script_free (EngineScript *script);
const char *engine_script_url (EngineScript *script);
/* The completion value, or NULL with *exception. Inside an entry. */
JSValueRef engine_script_evaluate (EngineScript *script, JSContextRef ctx, JSValueRef *exception);

/* Waits for a value (a promise, a thenable, or any value): exactly one of the two runs, later, in an entry of
 * the realm, unless the realm ends before. Not affected by what user code did to Promise. */
typedef void (*RealmSettled) (Realm *realm, JSValueRef value, gboolean is_rejected,
                              gpointer user_data);
void realm_await (Realm *realm, JSValueRef value, RealmSettled settled, gpointer user_data);

/* --- native functions --- */

/* A native function for the runtime library: JavaScriptCore's own callback type. Tables end with a NULL name. */
typedef struct
{
  const char *name;
  JSObjectCallAsFunctionCallback function;
} NativeFunction;

/* --- values --- */

JSValueRef js_string (JSContextRef ctx, const char *utf8);                  /* NULL gives null */
JSValueRef js_string_n (JSContextRef ctx, const char *utf8, gsize length);  /* may hold NUL */
JSValueRef js_string_latin1 (JSContextRef ctx, const guint8 *bytes, gsize length);
JSValueRef js_string_utf16 (JSContextRef ctx, const gunichar2 *units, gsize length);
JSValueRef js_number (JSContextRef ctx, double number);
JSValueRef js_bool (JSContextRef ctx, gboolean value);
JSValueRef js_undefined (JSContextRef ctx);
JSValueRef js_null (JSContextRef ctx);
/* UTF-8 of ToString(value), lone surrogates replaced; NULL with *exception if that threw. Free with g_free. */
char *js_to_utf8 (JSContextRef ctx, JSValueRef value, gsize *length, JSValueRef *exception);
/* As above but never throws: "" where it would have. For log lines and messages. */
char *js_to_display (JSContextRef ctx, JSValueRef value);

JSObjectRef js_object (JSContextRef ctx);
JSObjectRef js_function (JSContextRef ctx, const char *name, JSObjectCallAsFunctionCallback callback);
/* A property's name: kept, since names are few and used over and over. JSStringRelease() it. */
JSStringRef js_name (const char *name);
JSValueRef js_get (JSContextRef ctx, JSObjectRef object, const char *name, JSValueRef *exception);
JSValueRef js_get_index (JSContextRef ctx, JSObjectRef object, guint index, JSValueRef *exception);
void js_set (JSContextRef ctx, JSObjectRef object, const char *name, JSValueRef value);
/* NULL if it is not an object (or the getter threw: the exception is dropped). */
JSObjectRef js_get_object (JSContextRef ctx, JSObjectRef object, const char *name);
JSObjectRef js_as_object (JSContextRef ctx, JSValueRef value); /* NULL if it is not an object */
/* Own enumerable properties with text keys; one whose getter throws is left out. */
void js_copy_properties (JSContextRef ctx, JSObjectRef from, JSObjectRef to);
gboolean js_is_nullish (JSContextRef ctx, JSValueRef value);
/* NULL with *exception where the text is not JSON. */
JSValueRef js_parse_json (JSContextRef ctx, const char *text, gsize length, JSValueRef *exception);

/* A view of the bytes of a typed array, DataView or ArrayBuffer: valid until JavaScript runs again. */
gboolean js_get_bytes (JSContextRef ctx, JSValueRef value, guint8 **data, gsize *length);
GBytes *js_copy_bytes (JSContextRef ctx, JSValueRef value); /* NULL if it is none of those */
/* A Uint8Array over a copy; and one over `bytes` itself (held, not copied: only for bytes nobody else reads). */
JSObjectRef js_uint8array (JSContextRef ctx, gconstpointer data, gsize length,
                           JSValueRef *exception);
JSObjectRef js_uint8array_take (JSContextRef ctx, GBytes *bytes, JSValueRef *exception);

/* Sets *exception to a new Error of the context's realm; returns undefined, for `return js_throw (…)`. */
JSValueRef js_throw (JSContextRef ctx, JSValueRef *exception, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
JSValueRef js_throw_type (JSContextRef ctx, JSValueRef *exception, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
JSValueRef js_throw_range (JSContextRef ctx, JSValueRef *exception, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* With `code` set on the error, as Node does ("ERR_INVALID_ARG_TYPE"). */
JSValueRef js_throw_code (JSContextRef ctx, JSValueRef *exception, const char *constructor,
                          const char *code, const char *format, ...) G_GNUC_PRINTF (5, 6);
