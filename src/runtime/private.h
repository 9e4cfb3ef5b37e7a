/* What the files of the runtime share. */
#pragma once

#include "base/json.h"
#include "runtime/runtime.h"
#include "runtime/scripts.h"

/* The tables of native functions, one per file. */
extern const NativeFunction console_natives[], timer_natives[], text_natives[], bytes_natives[], time_natives[],
    fetch_natives[], decode_natives[], random_natives[], hash_natives[], kdf_natives[], cipher_natives[],
    form_natives[], plain_natives[], idna_natives[], url_natives[], zlib_natives[], module_natives[], key_natives[], sign_natives[], x509_natives[], socket_natives[], tls_natives[];

/* natives.c: the function of a name, or NULL. */
JSObjectCallAsFunctionCallback runtime_native_find (const char *name);
/* An object whose properties are the native functions, each made at its first use. */
JSObjectRef runtime_native_object (Realm *realm);

/* services.c: a function of the system realm. */
typedef enum
{
  SERVICE_INSPECT,
  SERVICE_FORMAT,
  SERVICE_DESCRIBE,
  SERVICE_ADD_SOURCE,
  SERVICE_FROM_JS,
  SERVICE_PARSE_URL,
  SERVICE_SET_URL,
  SERVICE_COUNT,
} ServiceId;

void runtime_services_init (Vm *vm);
/* Calls it with values of any realm. NULL with *exception. */
JSValueRef runtime_service_call (Vm *vm, ServiceId id, size_t n, const JSValueRef arguments[],
                                 JSValueRef *exception);

/* modules.c: what a realm has of the library. */
typedef struct TimerQueue TimerQueue;
typedef struct FetchQueue FetchQueue;
typedef struct SocketTable SocketTable;
typedef struct
{
  Realm *realm;
  JSObjectRef require; /* protected */
  TimerQueue *timers;  /* NULL = none set yet */
  FetchQueue *fetches; /* NULL = none made yet */
  SocketTable *sockets; /* NULL = none opened yet */
  EgressClient *egress;
  RuntimePackages *packages;    /* or NULL */
  JSObjectRef buffer_prototype; /* Buffer.prototype, or its stand-in; protected; NULL = neither */
  gboolean has_buffer;          /* the buffer module is loaded */
  gboolean *has_global;         /* by index of runtime_globals */
  gboolean may_have_bytes;      /* its code may have made typed arrays or ArrayBuffers */
  JSObjectRef marked[3];        /* plain.c; protected */
} RuntimeRealm;

/* plain.c: data that JSON says in full, by the engine's own stringify. NULL = there may be something else, or too
 * much: walk it. */
Value *runtime_plain_value (Realm *realm, JSValueRef value, gsize most_bytes);
/* Bytes are being looked at: TRUE if that is for runtime_plain_value(), which then gives up. */
gboolean runtime_plain_meets_bytes (void);
void runtime_plain_clear (RuntimeRealm *runtime);
gboolean runtime_surface_has_bytes (const RuntimeSurface *surface); /* globals.c; NULL = TRUE */

/* text.c: a string of bytes, by the standard's decoder of UTF-8. */
JSValueRef runtime_decode_utf8 (JSContextRef ctx, const char *data, gsize length);

/* globals.c: defines those of the surface that the realm has not got yet; NULL = all. */
void runtime_define_globals (RuntimeRealm *runtime, const RuntimeSurface *surface);
RuntimeSurface *runtime_surface_of_module (const RuntimeScript *script);

/* value.c: one member of a Value that is an object, with its binary parts. NULL with *exception. */
JSValueRef runtime_value_member_to_js (Realm *realm, Value *value, const JsonMember *member,
                                       JSValueRef *exception);

/* lazy_buffer.c */
void runtime_lazy_buffer_loaded (Realm *realm, JSValueRef exports);
void runtime_lazy_buffer_load (Realm *realm);
void runtime_lazy_buffer_clear (RuntimeRealm *runtime);

/* The exports of a module, evaluated at the first call. NULL with *exception. */
JSValueRef runtime_module (Realm *realm, const char *name, JSValueRef *exception);
EgressClient *runtime_egress (void);

/* packages.c: *is_there is FALSE where the version has no package of that name; NULL with *exception where it could
 * not be loaded. */
JSValueRef runtime_package (Realm *realm, const char *name, gboolean *is_there,
                            JSValueRef *exception);

/* timers.c */
void timer_queue_free (TimerQueue *queue);

/* fetch.c */
void fetch_queue_free (FetchQueue *queue);

/* socket.c */
void socket_table_free (SocketTable *table);

/* tls.c: the realm waits for nothing any more. */
void runtime_tls_forget (Realm *realm);
