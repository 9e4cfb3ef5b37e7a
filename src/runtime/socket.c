/* A realm's connections and questions about names: what net, tls and dns start, told of as events.
 *
 * What JavaScript calls a connection is a number of the realm's own. As many may be open at once as requests may be
 * in flight (limit "requests").
 */
#include "runtime/private.h"

typedef enum
{
  EVENT_CONNECTED,
  EVENT_DATA,
  EVENT_EOF,
  EVENT_CREDIT,
  EVENT_END,
  EVENT_FAILED,
  EVENT_COUNT,
} Event;

typedef struct
{
  SocketTable *table;
  guint id;
  guint64 number;                     /* egress's */
  JSObjectRef listeners[EVENT_COUNT]; /* protected; NULL = none */
  gboolean is_referenced, is_ending;
} Socket;

struct SocketTable
{
  Realm *realm;
  GHashTable *sockets; /* id -> Socket */
  guint last_id;
};

static void
socket_free (gpointer data)
{
  Socket *socket = data;
  Realm *realm = socket->table->realm;
  for (guint i = 0; i < EVENT_COUNT; i++)
    if (socket->listeners[i] != NULL)
      JSValueUnprotect (realm_context (realm), socket->listeners[i]);
  if (socket->is_referenced)
    realm_pending_remove (realm);
  g_free (socket);
}

static void
socket_end (Socket *socket)
{
  g_hash_table_remove (socket->table->sockets, GUINT_TO_POINTER (socket->id));
}

/* --- events of egress --- */

static void
tell (Socket *socket, Event event, size_t n, const JSValueRef arguments[])
{
  Realm *realm = socket->table->realm;
  if (!realm_is_terminated (realm) && socket->listeners[event] != NULL)
    realm_call_event (realm, socket->listeners[event], NULL, n, arguments);
}

static void
on_connected (const char *address, guint family, guint own_port, gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  JSContextRef ctx = realm_context (realm);
  realm_enter (realm);
  const JSValueRef arguments[]
      = { js_string (ctx, address), js_number (ctx, family), js_number (ctx, own_port) };
  tell (socket, EVENT_CONNECTED, G_N_ELEMENTS (arguments), arguments);
  realm_leave (realm);
}

static void
on_data (GBytes *chunk, gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  JSValueRef exception = NULL;
  realm_enter (realm);
  JSValueRef array = js_uint8array_take (realm_context (realm), chunk, &exception);
  if (array != NULL)
    tell (socket, EVENT_DATA, 1, &array);
  realm_leave (realm);
}

static void
on_eof (gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  realm_enter (realm);
  tell (socket, EVENT_EOF, 0, NULL);
  realm_leave (realm);
}

static void
on_credit (guint32 bytes, gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  realm_enter (realm);
  JSValueRef count = js_number (realm_context (realm), bytes);
  tell (socket, EVENT_CREDIT, 1, &count);
  realm_leave (realm);
}

static void
on_end (gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  socket->is_ending = TRUE;
  realm_enter (realm);
  tell (socket, EVENT_END, 0, NULL);
  socket_end (socket);
  realm_leave (realm);
}

static void
on_failed (const char *code, const char *message, const char *host, guint port, gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  JSContextRef ctx = realm_context (realm);
  socket->is_ending = TRUE;
  realm_enter (realm);
  const JSValueRef arguments[] = { js_string (ctx, code), js_string (ctx, message),
                                   js_string (ctx, host), js_number (ctx, port) };
  tell (socket, EVENT_FAILED, G_N_ELEMENTS (arguments), arguments);
  socket_end (socket);
  realm_leave (realm);
}

static void
on_records (const char *json, gpointer user_data)
{
  Socket *socket = user_data;
  Realm *realm = socket->table->realm;
  socket->is_ending = TRUE;
  realm_enter (realm);
  JSValueRef text = js_string (realm_context (realm), json);
  tell (socket, EVENT_DATA, 1, &text);
  socket_end (socket);
  realm_leave (realm);
}

/* --- the table --- */

static SocketTable *
table_of (Realm *realm)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  if (runtime->sockets == NULL)
    {
      SocketTable *table = runtime->sockets = g_new0 (SocketTable, 1);
      table->realm = realm;
      table->sockets = g_hash_table_new_full (NULL, NULL, NULL, socket_free);
    }
  return runtime->sockets;
}

void
socket_table_free (SocketTable *table)
{
  GHashTableIter iter;
  gpointer socket;
  g_hash_table_iter_init (&iter, table->sockets);
  while (g_hash_table_iter_next (&iter, NULL, &socket))
    if (!((Socket *) socket)->is_ending)
      egress_client_cancel (runtime_egress (), ((Socket *) socket)->number);
  g_hash_table_unref (table->sockets);
  g_free (table);
}

static Socket *
find (JSContextRef ctx, size_t n, const JSValueRef arguments[])
{
  double id = n == 0 ? 0 : JSValueToNumber (ctx, arguments[0], NULL);
  Socket *socket = id >= 1 && id <= G_MAXUINT
                       ? g_hash_table_lookup (table_of (realm_of (ctx))->sockets,
                                              GUINT_TO_POINTER ((guint) id))
                       : NULL;
  return socket == NULL || socket->is_ending ? NULL : socket;
}

/* NULL where no more may be open, with the limit said in *exception. */
static Socket *
add (JSContextRef ctx, JSValueRef *exception)
{
  Realm *realm = realm_of (ctx);
  SocketTable *table = table_of (realm);
  const Limits *limits = realm_limits (realm);
  if (limits != NULL
      && g_hash_table_size (table->sockets) >= (guint) limits->value[LIMIT_REQUESTS])
    {
      js_throw_code (ctx, exception, "Error", "EMFILE",
                     "more than %d connections are open at once (limit \"requests\")",
                     (int) limits->value[LIMIT_REQUESTS]);
      return NULL;
    }
  Socket *socket = g_new0 (Socket, 1);
  socket->table = table;
  socket->id = ++table->last_id;
  socket->is_referenced = TRUE;
  realm_pending_add (realm);
  g_hash_table_insert (table->sockets, GUINT_TO_POINTER (socket->id), socket);
  return socket;
}

static void
listen_to (JSContextRef ctx, Socket *socket, Event event, JSValueRef listener)
{
  socket->listeners[event] = js_as_object (ctx, listener);
  if (socket->listeners[event] != NULL)
    JSValueProtect (ctx, socket->listeners[event]);
}

/* --- natives --- */

/* socketConnect (host, port, onConnected, onData, onEof, onCredit, onEnd, onFailed): its id, or undefined where there
 * is no egress */
static JSValueRef
socket_connect (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  static const EgressCallbacks callbacks = { .connected = on_connected,
                                             .data = on_data,
                                             .eof = on_eof,
                                             .credit = on_credit,
                                             .end = on_end,
                                             .failed = on_failed };
  if (n != 2 + EVENT_COUNT || runtime_egress () == NULL)
    return js_undefined (ctx);
  g_autofree char *host = js_to_utf8 (ctx, arguments[0], NULL, exception);
  guint port = (guint) JSValueToNumber (ctx, arguments[1], NULL);
  Socket *socket = host == NULL ? NULL : add (ctx, exception);
  if (socket == NULL)
    return js_undefined (ctx);
  for (guint i = 0; i < EVENT_COUNT; i++)
    listen_to (ctx, socket, (Event) i, arguments[2 + i]);
  socket->number = egress_client_connect (runtime_egress (), host, port & 0xffff, 0, &callbacks,
                                          socket);
  return js_number (ctx, socket->id);
}

/* dnsResolve (name, EgressQueryKind, onRecords (JSON text), onFailed): its id, or undefined */
static JSValueRef
dns_resolve (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  static const EgressCallbacks callbacks = { .records = on_records, .failed = on_failed };
  if (n != 4 || runtime_egress () == NULL)
    return js_undefined (ctx);
  g_autofree char *name = js_to_utf8 (ctx, arguments[0], NULL, exception);
  double kind = JSValueToNumber (ctx, arguments[1], NULL);
  Socket *socket = name == NULL || !(kind >= 0 && kind < EGRESS_QUERY_COUNT) ? NULL
                                                                             : add (ctx, exception);
  if (socket == NULL)
    return js_undefined (ctx);
  listen_to (ctx, socket, EVENT_DATA, arguments[2]);
  listen_to (ctx, socket, EVENT_FAILED, arguments[3]);
  socket->number = egress_client_resolve (runtime_egress (), name, (EgressQueryKind) kind,
                                          &callbacks, socket);
  return js_number (ctx, socket->id);
}

/* socketWrite (id, bytes): at most EGRESS_WINDOW_BYTES that are not credited yet */
static JSValueRef
socket_write (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Socket *socket = n < 2 ? NULL : find (ctx, n, arguments);
  g_autoptr (GBytes) chunk = socket == NULL ? NULL : js_copy_bytes (ctx, arguments[1]);
  if (chunk != NULL && g_bytes_get_size (chunk) > 0)
    egress_client_write (runtime_egress (), socket->number, chunk);
  return js_undefined (ctx);
}

/* socketShut (id): nothing more is written */
static JSValueRef
socket_shut (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Socket *socket = find (ctx, n, arguments);
  if (socket != NULL)
    egress_client_shut (runtime_egress (), socket->number);
  return js_undefined (ctx);
}

/* socketHold (id, is held) */
static JSValueRef
socket_hold (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Socket *socket = n < 2 ? NULL : find (ctx, n, arguments);
  if (socket != NULL)
    egress_client_hold (runtime_egress (), socket->number, JSValueToBoolean (ctx, arguments[1]));
  return js_undefined (ctx);
}

/* socketRefer (id, is referenced): whether the execution waits for it */
static JSValueRef
socket_refer (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Socket *socket = n < 2 ? NULL : find (ctx, n, arguments);
  gboolean is_referenced = n > 1 && JSValueToBoolean (ctx, arguments[1]);
  if (socket == NULL || socket->is_referenced == is_referenced)
    return js_undefined (ctx);
  socket->is_referenced = is_referenced;
  if (is_referenced)
    realm_pending_add (realm_of (ctx));
  else
    realm_pending_remove (realm_of (ctx));
  return js_undefined (ctx);
}

/* socketClose (id): no event of it comes any more */
static JSValueRef
socket_close (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Socket *socket = find (ctx, n, arguments);
  if (socket != NULL)
    {
      egress_client_cancel (runtime_egress (), socket->number);
      socket_end (socket);
    }
  return js_undefined (ctx);
}

const NativeFunction socket_natives[] = {
  { "socketConnect", socket_connect },
  { "socketWrite", socket_write },
  { "socketShut", socket_shut },
  { "socketHold", socket_hold },
  { "socketRefer", socket_refer },
  { "socketClose", socket_close },
  { "dnsResolve", dns_resolve },
  { NULL, NULL },
};
