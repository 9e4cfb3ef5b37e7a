/* Connections as code sees them: configVars["Name"], and context.connections.
 *
 * `token` is read anew each time, so that a long execution has the newest one;
 * where there is none that can be used, reading it throws what a person must do. */
#include "flow/private.h"

#include <string.h>

typedef struct
{
  char *name;
  JSObjectRef resolve, reject; /* protected */
} FreshWaiter;

static json_t *
granted (FlowRun *run, const char *name)
{
  return run->start->grant == NULL ? NULL : json_object_get (run->start->grant->connections, name);
}

/* A JSON value in the realm; the text is wiped. */
static JSValueRef
to_js (JSContextRef ctx, json_t *json)
{
  char *text = json_dumps (json, JSON_COMPACT | JSON_ENCODE_ANY);
  JSValueRef value = text == NULL ? NULL : js_parse_json (ctx, text, strlen (text), NULL);
  if (text != NULL)
    secret_wipe (text, strlen (text));
  free (text);
  return value == NULL ? js_undefined (ctx) : value;
}

/* --- reading what may change --- */

/* The function's own name says which: "token Name" or "fields Name". */
static JSValueRef
read_member (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  FlowRun *run = realm_host_data (realm_of (ctx));
  JSValueRef of = js_get (ctx, function, "connection", NULL);
  JSValueRef what = js_get (ctx, function, "member", NULL);
  g_autofree char *name = js_to_display (ctx, of);
  g_autofree char *member = js_to_display (ctx, what);
  json_t *connection = granted (run, name);
  const char *problem = json_get_string (connection, "problem");
  JSObjectRef answer = js_object (ctx);
  json_t *value = json_object_get (connection, member);
  if (connection == NULL)
    problem = "the connection is not set any more";
  if (problem != NULL)
    js_set (ctx, answer, "problem", js_string (ctx, problem));
  else if (value != NULL)
    js_set (ctx, answer, "value", to_js (ctx, value));
  return answer;
}

static void
define_reader (FlowRun *run, JSObjectRef object, const char *name, const char *member)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef reader = js_function (ctx, member, read_member);
  JSValueRef exception = NULL;
  js_set (ctx, reader, "connection", js_string (ctx, name));
  js_set (ctx, reader, "member", js_string (ctx, member));
  JSValueRef arguments[] = { object, js_string (ctx, member), reader };
  flow_call_scripted (run, "defineReader", G_N_ELEMENTS (arguments), arguments, &exception);
}

/* --- configVars --- */

static JSObjectRef
make_connection (FlowRun *run, const char *name, json_t *connection)
{
  static const char *const plain[] = { "key", "configVarKey", "fields", "context" };
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_object (ctx);
  gboolean is_missing = json_get_bool (connection, "isMissing", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    {
      json_t *value = json_object_get (connection, plain[i]);
      if (value != NULL)
        js_set (ctx, object, plain[i], to_js (ctx, value));
    }
  if (is_missing)
    {
      js_set (ctx, object, "configVarKey", js_string (ctx, name));
      define_reader (run, object, name, "fields");
    }
  if (is_missing || json_get_bool (connection, "hasToken", FALSE))
    define_reader (run, object, name, "token");
  return object;
}

void
flow_connections_add (FlowRun *run, JSObjectRef config_vars)
{
  JSContextRef ctx = realm_context (run->realm);
  const char *name;
  json_t *connection;
  json_object_foreach (run->start->grant->connections, name, connection)
  {
    js_set (ctx, config_vars, name, make_connection (run, name, connection));
  }
}

/* --- context.connections --- */

static void
waiter_free (FlowRun *run, FreshWaiter *waiter)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueUnprotect (ctx, waiter->resolve);
  JSValueUnprotect (ctx, waiter->reject);
  g_free (waiter->name);
  g_free (waiter);
}

static void
reject_now (JSContextRef ctx, JSObjectRef reject, const char *message)
{
  JSValueRef argument = js_string (ctx, message);
  JSObjectCallAsFunction (ctx, reject, NULL, 1, &argument, NULL);
}

/* ask (name, resolve, reject) of context.js. */
static JSValueRef
ask_fresh (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  FlowRun *run = realm_host_data (realm_of (ctx));
  JSObjectRef resolve = n < 3 ? NULL : js_as_object (ctx, arguments[1]);
  JSObjectRef reject = n < 3 ? NULL : js_as_object (ctx, arguments[2]);
  if (resolve == NULL || reject == NULL || run->is_done)
    return js_undefined (ctx);
  g_autofree char *name = js_to_display (ctx, arguments[0]);
  if (run->sink->want_fresh == NULL || run->start->grant == NULL)
    reject_now (
        ctx, reject,
        "here connections come from --config and can't be refreshed: `tenon run` has no keeper");
  else if (granted (run, name) == NULL)
    {
      g_autofree char *message = g_strdup_printf ("there is no connection \"%s\"", name);
      reject_now (ctx, reject, message);
    }
  else
    {
      FreshWaiter *waiter = g_new (FreshWaiter, 1);
      waiter->name = g_steal_pointer (&name);
      waiter->resolve = resolve;
      waiter->reject = reject;
      JSValueProtect (ctx, resolve);
      JSValueProtect (ctx, reject);
      realm_pending_add (run->realm);
      g_queue_push_tail (&run->fresh_waiters, waiter);
      run->sink->want_fresh (run, waiter->name, run->user_data);
    }
  return js_undefined (ctx);
}

static JSValueRef
refresh (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
         const JSValueRef arguments[], JSValueRef *exception)
{
  FlowRun *run = realm_host_data (realm_of (ctx));
  JSValueRef all[]
      = { js_function (ctx, "ask", ask_fresh), n < 1 ? js_undefined (ctx) : arguments[0] };
  JSValueRef promise = flow_call_scripted (run, "refresh", G_N_ELEMENTS (all), all, exception);
  return promise == NULL ? js_undefined (ctx) : promise;
}

JSObjectRef
flow_connections_object (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_object (ctx);
  js_set (ctx, object, "refresh", js_function (ctx, "refresh", refresh));
  return object;
}

/* Those that wait for this connection, out of the queue. */
static GQueue
take_waiters (FlowRun *run, const char *name)
{
  GQueue taken = G_QUEUE_INIT;
  for (GList *l = run->fresh_waiters.head, *next; l != NULL; l = next)
    {
      FreshWaiter *waiter = l->data;
      next = l->next;
      if (strcmp (waiter->name, name) != 0)
        continue;
      g_queue_delete_link (&run->fresh_waiters, l);
      g_queue_push_tail (&taken, waiter);
    }
  return taken;
}

/* `problem` NULL = they get the connection. */
static void
settle (FlowRun *run, const char *name, const char *problem)
{
  GQueue waiters = take_waiters (run, name);
  if (waiters.length == 0)
    return;
  JSContextRef ctx = realm_context (run->realm);
  Realm *realm = run->realm;
  FreshWaiter *waiter;
  realm_enter (realm);
  JSObjectRef config_vars = js_as_object (ctx, flow_config_vars (run));
  while ((waiter = g_queue_pop_head (&waiters)) != NULL)
    {
      JSValueRef connection
          = config_vars == NULL ? js_undefined (ctx) : js_get (ctx, config_vars, name, NULL);
      if (problem != NULL)
        reject_now (ctx, waiter->reject, problem);
      else
        JSObjectCallAsFunction (ctx, waiter->resolve, NULL, 1, &connection, NULL);
      realm_pending_remove (realm);
      waiter_free (run, waiter);
    }
  realm_leave (realm); /* the run may be gone */
}

void
flow_run_renew (FlowRun *run, const char *connection, const char *json, gsize length)
{
  if (run->is_done || run->start->grant == NULL)
    return;
  flow_grant_renew (run->start->grant, connection, json, length);
  settle (run, connection, json_get_string (granted (run, connection), "problem"));
}

void
flow_run_deny (FlowRun *run, const char *connection, const char *message)
{
  if (!run->is_done)
    settle (run, connection, message);
}

/* Whether the text stands in the value of a header: name and value in turn. */
static gboolean
is_in_headers (GPtrArray *headers, const char *text)
{
  for (guint i = 1; i < headers->len; i += 2)
    if (strstr (headers->pdata[i], text) != NULL)
      return TRUE;
  return FALSE;
}

static void
tell_rejected (FlowRun *run, const char *connection, const char *token)
{
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, (const guchar *) token, -1);
  g_checksum_get_digest (checksum, digest, &length);
  run->sink->token_rejected (run, connection, digest, run->user_data);
}

/* Only present tokens: a request that was sent with an older one says nothing of them. */
void
flow_connections_unauthorized (Realm *realm, GPtrArray *headers)
{
  FlowRun *run = realm_host_data (realm);
  const char *name;
  json_t *connection;
  if (run->is_done || run->start->grant == NULL || run->sink->token_rejected == NULL)
    return;
  json_object_foreach (run->start->grant->connections, name, connection)
  {
    const char *token = json_get_string (json_object_get (connection, "token"), "access_token");
    if (token != NULL && *token != '\0' && is_in_headers (headers, token))
      tell_rejected (run, name, token);
  }
}

void
flow_connections_clear (FlowRun *run)
{
  FreshWaiter *waiter;
  while ((waiter = g_queue_pop_head (&run->fresh_waiters)) != NULL)
    {
      realm_pending_remove (run->realm);
      waiter_free (run, waiter);
    }
}
