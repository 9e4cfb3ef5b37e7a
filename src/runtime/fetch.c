/* A realm's requests: what fetch.js starts, told of as events.
 *
 * So many of them are in flight at once (limit "requests"); the others wait
 * their turn, since code that maps fetch over a list is everyday code. A realm
 * with a request is not idle. What JavaScript calls a request is a number of the
 * realm's own, so that no realm can name another's.
 */
#include "runtime/private.h"

/* More than these waiting is not a list but a runaway loop. */
#define MOST_WAITING 10000

typedef enum
{
  EVENT_HEAD,
  EVENT_DATA,
  EVENT_END,
  EVENT_FAILED,
  EVENT_CREDIT, /* only of a body that is written in pieces */
  EVENT_COUNT,
} Event;

typedef struct
{
  FetchQueue *queue;
  guint id;
  guint64 number; /* egress's; 0 = waiting */
  gboolean is_ending;
  JSObjectRef listeners[EVENT_COUNT]; /* protected */
  char *method, *url;
  GPtrArray *headers;
  EgressRedirect redirect;
  GBytes *body;
  gboolean keeps_encoding;
  GPtrArray *pieces; /* of GBytes, written before the request began; NULL at its end = all of it */
} Fetch;

struct FetchQueue
{
  Realm *realm;
  GHashTable *fetches; /* id -> Fetch */
  GQueue waiting;      /* of Fetch */
  guint last_id, n_in_flight;
};

static RuntimeUnauthorized on_unauthorized;

void
runtime_on_unauthorized (RuntimeUnauthorized call)
{
  on_unauthorized = call;
}

static void
fetch_free (Fetch *fetch)
{
  Realm *realm = fetch->queue->realm;
  for (guint i = 0; i < EVENT_COUNT; i++)
    if (fetch->listeners[i] != NULL)
      JSValueUnprotect (realm_context (realm), fetch->listeners[i]);
  realm_pending_remove (realm);
  g_free (fetch->method);
  g_free (fetch->url);
  g_ptr_array_unref (fetch->headers);
  g_ptr_array_unref (fetch->pieces);
  if (fetch->body != NULL)
    g_bytes_unref (fetch->body);
  g_free (fetch);
}

static void start_waiting (FetchQueue *queue);

/* Out of the queue, whose next may start. */
static void
fetch_end (Fetch *fetch)
{
  FetchQueue *queue = fetch->queue;
  if (fetch->number == 0)
    g_queue_remove (&queue->waiting, fetch);
  else
    queue->n_in_flight--;
  g_hash_table_remove (queue->fetches, GUINT_TO_POINTER (fetch->id));
  start_waiting (queue);
}

/* --- events of egress --- */

static void
tell (Fetch *fetch, Event event, size_t n, const JSValueRef arguments[])
{
  Realm *realm = fetch->queue->realm;
  if (!realm_is_terminated (realm))
    realm_call_event (realm, fetch->listeners[event], NULL, n, arguments);
}

static JSValueRef
flat_headers (JSContextRef ctx, GPtrArray *headers)
{
  JSValueRef *values = g_new (JSValueRef, headers->len + 1);
  for (guint i = 0; i < headers->len; i++)
    values[i] = js_string (ctx, headers->pdata[i]);
  JSObjectRef array = JSObjectMakeArray (ctx, headers->len, values, NULL);
  g_free (values);
  return array;
}

static void
on_head (const EgressHead *head, gpointer user_data)
{
  Fetch *fetch = user_data;
  Realm *realm = fetch->queue->realm;
  JSContextRef ctx = realm_context (realm);
  realm_enter (realm);
  const JSValueRef arguments[]
      = { js_number (ctx, head->status), js_string (ctx, head->status_text),
          js_string (ctx, head->url), js_bool (ctx, head->was_redirected),
          flat_headers (ctx, head->headers) };
  /* After a redirect it is not known what of the headers the last request still had. */
  if (head->status == 401 && !head->was_redirected && on_unauthorized != NULL)
    on_unauthorized (realm, fetch->headers);
  tell (fetch, EVENT_HEAD, G_N_ELEMENTS (arguments), arguments);
  realm_leave (realm);
}

static void
on_data (GBytes *chunk, gpointer user_data)
{
  Fetch *fetch = user_data;
  Realm *realm = fetch->queue->realm;
  JSValueRef exception = NULL;
  realm_enter (realm);
  JSValueRef array = js_uint8array_take (realm_context (realm), chunk, &exception);
  if (array != NULL)
    tell (fetch, EVENT_DATA, 1, &array);
  realm_leave (realm);
}

static void
on_end (gpointer user_data)
{
  Fetch *fetch = user_data;
  Realm *realm = fetch->queue->realm;
  fetch->is_ending = TRUE;
  realm_enter (realm);
  tell (fetch, EVENT_END, 0, NULL);
  fetch_end (fetch);
  realm_leave (realm);
}

static void
on_failed (const char *code, const char *message, const char *host, guint port, gpointer user_data)
{
  Fetch *fetch = user_data;
  Realm *realm = fetch->queue->realm;
  JSContextRef ctx = realm_context (realm);
  fetch->is_ending = TRUE;
  realm_enter (realm);
  const JSValueRef arguments[] = { js_string (ctx, code), js_string (ctx, message),
                                   js_string (ctx, host), js_number (ctx, port) };
  tell (fetch, EVENT_FAILED, G_N_ELEMENTS (arguments), arguments);
  fetch_end (fetch);
  realm_leave (realm);
}

static void
on_credit (guint32 bytes, gpointer user_data)
{
  Fetch *fetch = user_data;
  Realm *realm = fetch->queue->realm;
  realm_enter (realm);
  JSValueRef count = js_number (realm_context (realm), bytes);
  tell (fetch, EVENT_CREDIT, 1, &count);
  realm_leave (realm);
}

/* --- the queue --- */

static void
piece_free (gpointer piece)
{
  if (piece != NULL)
    g_bytes_unref (piece);
}

static void
send_piece (Fetch *fetch, GBytes *piece)
{
  if (piece != NULL)
    egress_client_write (runtime_egress (), fetch->number, piece);
  else
    egress_client_shut (runtime_egress (), fetch->number);
}

static void
start_one (Fetch *fetch)
{
  static const EgressCallbacks callbacks = { .head = on_head,
                                             .data = on_data,
                                             .end = on_end,
                                             .failed = on_failed,
                                             .credit = on_credit };
  FetchQueue *queue = fetch->queue;
  const Limits *limits = realm_limits (queue->realm);
  const EgressRequest request = {
    .method = fetch->method,
    .url = fetch->url,
    .headers = fetch->headers,
    .redirect = fetch->redirect,
    .most_body_bytes = limits == NULL ? G_MAXUINT64 : (guint64) limits->value[LIMIT_FETCH_BYTES],
    .body = fetch->body,
    .keeps_encoding = fetch->keeps_encoding,
    .has_more_body = fetch->listeners[EVENT_CREDIT] != NULL,
  };
  queue->n_in_flight++;
  fetch->number = egress_client_request (runtime_egress (), &request, &callbacks, fetch);
  g_clear_pointer (&fetch->body, g_bytes_unref);
  for (guint i = 0; i < fetch->pieces->len; i++)
    send_piece (fetch, fetch->pieces->pdata[i]);
  g_ptr_array_set_size (fetch->pieces, 0);
}

static void
start_waiting (FetchQueue *queue)
{
  const Limits *limits = realm_limits (queue->realm);
  guint most = limits == NULL ? G_MAXUINT : (guint) limits->value[LIMIT_REQUESTS];
  while (queue->n_in_flight < most && !g_queue_is_empty (&queue->waiting))
    start_one (g_queue_pop_head (&queue->waiting));
}

static FetchQueue *
queue_of (Realm *realm)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  if (runtime->fetches == NULL)
    {
      FetchQueue *queue = runtime->fetches = g_new0 (FetchQueue, 1);
      queue->realm = realm;
      queue->fetches = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) fetch_free);
      g_queue_init (&queue->waiting);
    }
  return runtime->fetches;
}

void
fetch_queue_free (FetchQueue *queue)
{
  GHashTableIter iter;
  gpointer fetch;
  g_hash_table_iter_init (&iter, queue->fetches);
  while (g_hash_table_iter_next (&iter, NULL, &fetch))
    if (((Fetch *) fetch)->number != 0)
      egress_client_cancel (runtime_egress (), ((Fetch *) fetch)->number);
  g_queue_clear (&queue->waiting);
  g_hash_table_unref (queue->fetches);
  g_free (queue);
}

/* --- natives --- */

static gboolean
read_headers (JSContextRef ctx, Fetch *fetch, JSValueRef value, JSValueRef *exception)
{
  JSObjectRef array = js_as_object (ctx, value);
  guint n = array == NULL ? 0
                          : (guint) JSValueToNumber (ctx, js_get (ctx, array, "length", exception),
                                                     exception);
  for (guint i = 0; i < n && *exception == NULL; i++)
    {
      JSValueRef item = js_get_index (ctx, array, i, exception);
      char *text = item == NULL ? NULL : js_to_utf8 (ctx, item, NULL, exception);
      if (text != NULL)
        g_ptr_array_add (fetch->headers, text);
    }
  return *exception == NULL;
}

static gboolean
read_fetch (JSContextRef ctx, Fetch *fetch, const JSValueRef arguments[], JSValueRef *exception)
{
  fetch->method = js_to_utf8 (ctx, arguments[0], NULL, exception);
  fetch->url = fetch->method == NULL ? NULL : js_to_utf8 (ctx, arguments[1], NULL, exception);
  if (fetch->url == NULL || !read_headers (ctx, fetch, arguments[2], exception))
    return FALSE;
  double redirect = JSValueToNumber (ctx, arguments[3], NULL);
  fetch->redirect = redirect == 1   ? EGRESS_REDIRECT_ERROR
                    : redirect == 2 ? EGRESS_REDIRECT_MANUAL
                                    : EGRESS_REDIRECT_FOLLOW;
  fetch->body = js_copy_bytes (ctx, arguments[4]);
  for (guint i = 0; i < EVENT_COUNT; i++)
    {
      fetch->listeners[i] = js_as_object (ctx, arguments[5 + i]);
      if (fetch->listeners[i] == NULL && i != EVENT_CREDIT)
        return FALSE;
    }
  fetch->keeps_encoding = JSValueToBoolean (ctx, arguments[5 + EVENT_COUNT]);
  return TRUE;
}

/* fetchStart (method, url, [name, value, …], redirect, body or null, onHead, onData, onEnd, onFailed, onCredit or
 * undefined, keepsEncoding): its id, or undefined where there is no egress. With onCredit the body is what
 * fetchWrite() gives, until fetchShut(). */
static JSValueRef
fetch_start (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Realm *realm = realm_of (ctx);
  if (n != 6 + EVENT_COUNT || runtime_egress () == NULL)
    return js_undefined (ctx);

  FetchQueue *queue = queue_of (realm);
  Fetch *fetch = g_new0 (Fetch, 1);
  fetch->queue = queue;
  fetch->headers = g_ptr_array_new_with_free_func (g_free);
  fetch->pieces = g_ptr_array_new_with_free_func (piece_free);
  gboolean is_good = read_fetch (ctx, fetch, arguments, exception);
  for (guint i = 0; i < EVENT_COUNT; i++)
    if (fetch->listeners[i] != NULL)
      JSValueProtect (ctx, fetch->listeners[i]);
  realm_pending_add (realm);
  if (!is_good)
    {
      fetch_free (fetch);
      return js_undefined (ctx);
    }

  fetch->id = ++queue->last_id;
  g_hash_table_insert (queue->fetches, GUINT_TO_POINTER (fetch->id), fetch);
  g_queue_push_tail (&queue->waiting, fetch);
  start_waiting (queue);
  if (g_queue_get_length (&queue->waiting) > MOST_WAITING)
    realm_hit_limit (realm, LIMIT_REQUESTS,
                     "10000 more requests were waiting for those in flight to end");
  return js_number (ctx, fetch->id);
}

static Fetch *
find_fetch (JSContextRef ctx, JSValueRef value)
{
  FetchQueue *queue = queue_of (realm_of (ctx));
  double id = JSValueToNumber (ctx, value, NULL);
  return id >= 1 && id <= G_MAXUINT
             ? g_hash_table_lookup (queue->fetches, GUINT_TO_POINTER ((guint) id))
             : NULL;
}

/* fetchCancel (id): no event of it comes any more */
static JSValueRef
fetch_cancel (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  Fetch *fetch = n == 0 ? NULL : find_fetch (ctx, arguments[0]);
  if (fetch != NULL && !fetch->is_ending)
    {
      if (fetch->number != 0)
        egress_client_cancel (runtime_egress (), fetch->number);
      fetch_end (fetch);
    }
  return js_undefined (ctx);
}

static void
add_piece (Fetch *fetch, GBytes *piece)
{
  if (fetch->number == 0)
    g_ptr_array_add (fetch->pieces, piece);
  else
    {
      send_piece (fetch, piece);
      piece_free (piece);
    }
}

/* fetchWrite (id, bytes): at most EGRESS_WINDOW_BYTES that are not credited yet */
static JSValueRef
fetch_write (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Fetch *fetch = n < 2 ? NULL : find_fetch (ctx, arguments[0]);
  GBytes *piece = fetch == NULL ? NULL : js_copy_bytes (ctx, arguments[1]);
  if (piece != NULL && !fetch->is_ending && fetch->listeners[EVENT_CREDIT] != NULL)
    add_piece (fetch, piece);
  else if (piece != NULL)
    g_bytes_unref (piece);
  return js_undefined (ctx);
}

/* fetchShut (id): the body is whole */
static JSValueRef
fetch_shut (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  Fetch *fetch = n < 1 ? NULL : find_fetch (ctx, arguments[0]);
  if (fetch != NULL && !fetch->is_ending && fetch->listeners[EVENT_CREDIT] != NULL)
    add_piece (fetch, NULL);
  return js_undefined (ctx);
}

/* fetchHold (id, isHeld): nobody reads what comes */
static JSValueRef
fetch_hold (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  Fetch *fetch = n < 2 ? NULL : find_fetch (ctx, arguments[0]);
  if (fetch != NULL && fetch->number != 0 && !fetch->is_ending)
    egress_client_hold (runtime_egress (), fetch->number, JSValueToBoolean (ctx, arguments[1]));
  return js_undefined (ctx);
}

const NativeFunction fetch_natives[] = {
  { "fetchWrite", fetch_write },
  { "fetchShut", fetch_shut },
  { "fetchHold", fetch_hold },
  { "fetchStart", fetch_start },
  { "fetchCancel", fetch_cancel },
  { NULL, NULL },
};
