/* Timers: one queue a realm, ordered by time and then by when they were set, and
 * one GLib source for the next of them. A timer of 0 ms (setImmediate) runs in
 * the next turn of the loop. Referenced timers keep the realm from being idle. */
#include "runtime/private.h"

typedef struct
{
  guint id;
  gint64 due_us;
  JSObjectRef callback; /* protected */
  gboolean is_referenced;
} Timer;

struct TimerQueue
{
  Realm *realm;
  GSequence *timers; /* of Timer, in order */
  GHashTable *by_id; /* id -> GSequenceIter */
  guint last_id;
  GSource *source;
  gboolean is_running;
};

static gint
compare (gconstpointer a, gconstpointer b, gpointer unused)
{
  const Timer *x = a, *y = b;
  if (x->due_us != y->due_us)
    return x->due_us < y->due_us ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

static void
timer_free (TimerQueue *queue, Timer *timer)
{
  JSValueUnprotect (realm_context (queue->realm), timer->callback);
  if (timer->is_referenced)
    realm_pending_remove (queue->realm);
  g_free (timer);
}

static void
schedule (TimerQueue *queue)
{
  GSequenceIter *first = g_sequence_get_begin_iter (queue->timers);
  gint64 due = g_sequence_iter_is_end (first) ? -1 : ((Timer *) g_sequence_get (first))->due_us;
  if (!queue->is_running)
    g_source_set_ready_time (queue->source, due);
}

static Timer *
take_due (TimerQueue *queue, gint64 now_us, guint most_id)
{
  GSequenceIter *first = g_sequence_get_begin_iter (queue->timers);
  if (g_sequence_iter_is_end (first))
    return NULL;
  Timer *timer = g_sequence_get (first);
  /* One that was set by a timer of this turn waits for the next. */
  if (timer->due_us > now_us || timer->id > most_id)
    return NULL;
  g_hash_table_remove (queue->by_id, GUINT_TO_POINTER (timer->id));
  g_sequence_remove (first);
  return timer;
}

/* The realm may be freed in the call: the queue is then gone too. */
static gboolean
run_due (gpointer data)
{
  TimerQueue *queue = data;
  Realm *realm = queue->realm;
  RuntimeRealm *runtime = realm_runtime_data (realm);
  gint64 now_us = g_get_monotonic_time ();
  guint most_id = queue->last_id;
  Timer *timer;

  realm_enter (realm);
  queue->is_running = TRUE;
  while (!realm_is_terminated (realm) && (timer = take_due (queue, now_us, most_id)) != NULL)
    {
      JSValueRef exception = NULL;
      JSObjectRef callback = timer->callback;
      JSContextRef ctx = realm_context (realm);
      JSValueProtect (ctx, callback);
      timer_free (queue, timer);
      JSObjectCallAsFunction (ctx, callback, NULL, 0, NULL, &exception);
      JSValueUnprotect (ctx, callback);
      if (exception != NULL)
        realm_throw_uncaught (realm, exception, NULL);
      realm_checkpoint (realm);
    }
  queue->is_running = FALSE;
  if (runtime->timers == queue)
    schedule (queue);
  realm_leave (realm);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

static TimerQueue *
queue_of (Realm *realm)
{
  RuntimeRealm *runtime = realm_runtime_data (realm);
  if (runtime->timers == NULL)
    {
      TimerQueue *queue = runtime->timers = g_new0 (TimerQueue, 1);
      queue->realm = realm;
      queue->timers = g_sequence_new (NULL);
      queue->by_id = g_hash_table_new (NULL, NULL);
      queue->source = g_source_new (&source_funcs, sizeof (GSource));
      g_source_set_callback (queue->source, run_due, queue, NULL);
      g_source_attach (queue->source, NULL);
    }
  return runtime->timers;
}

void
timer_queue_free (TimerQueue *queue)
{
  GSequenceIter *first;
  while (!g_sequence_iter_is_end (first = g_sequence_get_begin_iter (queue->timers)))
    {
      timer_free (queue, g_sequence_get (first));
      g_sequence_remove (first);
    }
  g_sequence_free (queue->timers);
  g_hash_table_unref (queue->by_id);
  g_source_destroy (queue->source);
  g_source_unref (queue->source);
  g_free (queue);
}

/* setTimer (callback, ms, isReferenced): its id */
static JSValueRef
set_timer (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  Realm *realm = realm_of (ctx);
  TimerQueue *queue = queue_of (realm);
  const Limits *limits = realm_limits (realm);
  if (n != 3)
    return js_undefined (ctx);
  if (limits != NULL && g_sequence_get_length (queue->timers) >= (gint) limits->value[LIMIT_TIMERS])
    {
      realm_hit_limit (realm, LIMIT_TIMERS, NULL);
      return js_throw (ctx, exception, "too many timers");
    }
  Timer *timer = g_new (Timer, 1);
  timer->id = ++queue->last_id;
  timer->due_us
      = g_get_monotonic_time () + (gint64) (JSValueToNumber (ctx, arguments[1], NULL) * 1000);
  timer->callback = (JSObjectRef) arguments[0];
  timer->is_referenced = JSValueToBoolean (ctx, arguments[2]);
  JSValueProtect (ctx, timer->callback);
  if (timer->is_referenced)
    realm_pending_add (realm);
  GSequenceIter *iter = g_sequence_insert_sorted (queue->timers, timer, compare, NULL);
  g_hash_table_insert (queue->by_id, GUINT_TO_POINTER (timer->id), iter);
  schedule (queue);
  return js_number (ctx, timer->id);
}

static GSequenceIter *
find (JSContextRef ctx, TimerQueue *queue, JSValueRef id)
{
  double number = JSValueToNumber (ctx, id, NULL);
  return number >= 1 && number <= G_MAXUINT
             ? g_hash_table_lookup (queue->by_id, GUINT_TO_POINTER ((guint) number))
             : NULL;
}

static JSValueRef
clear_timer (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  TimerQueue *queue = queue_of (realm_of (ctx));
  GSequenceIter *iter = n == 0 ? NULL : find (ctx, queue, arguments[0]);
  if (iter != NULL)
    {
      Timer *timer = g_sequence_get (iter);
      g_hash_table_remove (queue->by_id, GUINT_TO_POINTER (timer->id));
      g_sequence_remove (iter);
      timer_free (queue, timer);
      schedule (queue);
    }
  return js_undefined (ctx);
}

/* referTimer (id, isReferenced) */
static JSValueRef
refer_timer (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Realm *realm = realm_of (ctx);
  GSequenceIter *iter = n < 2 ? NULL : find (ctx, queue_of (realm), arguments[0]);
  if (iter != NULL)
    {
      Timer *timer = g_sequence_get (iter);
      gboolean is_referenced = JSValueToBoolean (ctx, arguments[1]);
      if (is_referenced && !timer->is_referenced)
        realm_pending_add (realm);
      else if (!is_referenced && timer->is_referenced)
        realm_pending_remove (realm);
      timer->is_referenced = is_referenced;
    }
  return js_undefined (ctx);
}

/* A native that takes one function. */
static JSObjectRef
function_argument (JSContextRef ctx, size_t n, const JSValueRef arguments[])
{
  JSObjectRef function = n == 0 ? NULL : js_as_object (ctx, arguments[0]);
  return function != NULL && JSObjectIsFunction (ctx, function) ? function : NULL;
}

/* setUncaughtFunction (function), setTickFunction (function), requestTick (): realm_set_uncaught_function() and its neighbours */
static JSValueRef
set_uncaught_function (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                       const JSValueRef arguments[], JSValueRef *exception)
{
  realm_set_uncaught_function (realm_of (ctx), function_argument (ctx, n, arguments));
  return js_undefined (ctx);
}

static JSValueRef
set_tick_function (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                   const JSValueRef arguments[], JSValueRef *exception)
{
  realm_set_tick_function (realm_of (ctx), function_argument (ctx, n, arguments));
  return js_undefined (ctx);
}

static JSValueRef
request_tick (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
              const JSValueRef arguments[], JSValueRef *exception)
{
  realm_request_tick (realm_of (ctx));
  return js_undefined (ctx);
}

/* throwUncaught (error): as if thrown where nobody catches */
static JSValueRef
throw_uncaught (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  realm_throw_uncaught (realm_of (ctx), n == 0 ? js_undefined (ctx) : arguments[0], NULL);
  return js_undefined (ctx);
}

const NativeFunction timer_natives[] = {
  { "setUncaughtFunction", set_uncaught_function },
  { "setTickFunction", set_tick_function },
  { "requestTick", request_tick },
  { "throwUncaught", throw_uncaught },
  { "setTimer", set_timer },
  { "clearTimer", clear_timer },
  { "referTimer", refer_timer },
  { NULL, NULL },
};
