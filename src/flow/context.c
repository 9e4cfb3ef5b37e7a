/* The first argument of every code block: spec/context.md names each property.
 *
 * Made with the engine's C calls and one JSON parse, since a realm is new for
 * every execution and each JavaScript function that runs in it would have to be
 * linked anew; the few parts that are JavaScript wait in context.js.
 */
#include "flow/private.h"

#include <string.h>

/* --- logger --- */

static JSValueRef
log_at (LogLevel level, JSContextRef ctx, size_t n, const JSValueRef arguments[])
{
  Realm *realm = realm_of (ctx);
  g_autofree char *text = runtime_format (realm, n, arguments);
  realm_host (realm)->log (realm, level, text, realm_host_data (realm));
  return js_undefined (ctx);
}

#define LOG_FUNCTION(name, level)                                                                  \
  static JSValueRef name (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object,         \
                          size_t n, const JSValueRef arguments[], JSValueRef *exception)           \
  {                                                                                                \
    return log_at (level, ctx, n, arguments);                                                      \
  }

LOG_FUNCTION (log_metric, LOG_METRIC)
LOG_FUNCTION (log_trace, LOG_TRACE)
LOG_FUNCTION (log_debug, LOG_DEBUG)
LOG_FUNCTION (log_info, LOG_INFO)
LOG_FUNCTION (log_warn, LOG_WARN)
LOG_FUNCTION (log_error, LOG_ERROR)

static const NativeFunction logger_functions[] = {
  { "metric", log_metric }, { "trace", log_trace }, { "debug", log_debug }, { "info", log_info },
  { "log", log_info },      { "warn", log_warn },   { "error", log_error },
};

static JSObjectRef
make_logger (JSContextRef ctx)
{
  JSObjectRef logger = js_object (ctx);
  for (guint i = 0; i < G_N_ELEMENTS (logger_functions); i++)
    js_set (ctx, logger, logger_functions[i].name,
            js_function (ctx, logger_functions[i].name, logger_functions[i].function));
  return logger;
}

/* --- the parts in JavaScript --- */

static JSValueRef
native_revive (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  FlowRun *run = realm_host_data (realm_of (ctx));
  double index = n == 1 ? JSValueToNumber (ctx, arguments[0], NULL) : -1;
  if (!(index >= 0 && index < run->records->len))
    return js_undefined (ctx);
  JSValueRef value = flow_revive (run, (guint) index, exception);
  return value == NULL ? js_undefined (ctx) : value;
}

/* context.js's object; NULL if user code has bent the language so far that it does not load. */
static JSObjectRef
scripted_parts (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  if (run->scripted != NULL)
    return run->scripted;
  JSObjectRef factory
      = js_as_object (ctx, engine_script_evaluate (run->program->context_script, ctx, &exception));
  if (factory == NULL)
    return NULL;
  JSValueRef revive = js_function (ctx, "revive", native_revive);
  run->scripted
      = js_as_object (ctx, JSObjectCallAsFunction (ctx, factory, NULL, 1, &revive, &exception));
  if (run->scripted != NULL)
    JSValueProtect (ctx, run->scripted);
  return run->scripted;
}

JSValueRef
flow_call_scripted (FlowRun *run, const char *name, size_t n, const JSValueRef arguments[],
                    JSValueRef *exception)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef parts = scripted_parts (run);
  JSObjectRef function = parts == NULL ? NULL : js_get_object (ctx, parts, name);
  if (function == NULL)
    {
      js_throw (ctx, exception, "%s is not available", name);
      return NULL;
    }
  return JSObjectCallAsFunction (ctx, function, NULL, n, arguments, exception);
}

static JSValueRef
invoke_flow (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  FlowRun *run = realm_host_data (realm_of (ctx));
  JSValueRef all[5] = { run->context };
  for (size_t i = 0; i < 4; i++)
    all[i + 1] = i < n ? arguments[i] : js_undefined (ctx);
  JSValueRef promise = flow_call_scripted (run, "invokeFlow", 5, all, exception);
  return promise == NULL ? js_undefined (ctx) : promise;
}

static JSValueRef
do_nothing (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  return js_undefined (ctx);
}

/* The SDK's helper object: switched off, as on the platform without its debug mode. */
static JSObjectRef
make_debug (JSContextRef ctx)
{
  static const char results[]
      = "{\"timeElapsed\":{\"marks\":{},\"measurements\":{}},\"memoryUsage\":[]}";
  JSObjectRef debug = js_object (ctx), time_elapsed = js_object (ctx);
  JSObjectRef nothing = js_function (ctx, "debug", do_nothing);
  js_set (ctx, time_elapsed, "mark", nothing);
  js_set (ctx, time_elapsed, "measure", nothing);
  js_set (ctx, debug, "enabled", js_bool (ctx, FALSE));
  js_set (ctx, debug, "timeElapsed", time_elapsed);
  js_set (ctx, debug, "memoryUsage", nothing);
  js_set (ctx, debug, "results", js_parse_json (ctx, results, strlen (results), NULL));
  return debug;
}

/* --- the object --- */

static void
copy (FlowRun *run, JSObjectRef to, JSObjectRef from, const char *name)
{
  JSContextRef ctx = realm_context (run->realm);
  js_set (ctx, to, name, js_get (ctx, from, name, NULL));
}

static JSObjectRef
make_execution_frame (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef frame = js_object (ctx);
  JSValueRef started_at = js_get (ctx, run->run, "startedAt", NULL);
  js_set (ctx, frame, "invokedByExecutionJWT", js_string (ctx, ""));
  js_set (ctx, frame, "invokedByExecutionStartedAt", started_at);
  js_set (ctx, frame, "componentActionKey", js_string (ctx, run->step->action));
  copy (run, frame, run->run, "executionId");
  js_set (ctx, frame, "executionStartedAt", started_at);
  js_set (ctx, frame, "stepName", js_string (ctx, run->step->name));
  js_set (ctx, frame, "loopPath", js_string (ctx, ""));
  return frame;
}

/* What the instance has; the rest of its context document is for other readers. */
static const char *const instance_properties[]
    = { "configVars", "webhookUrls", "webhookApiKeys", "customer",    "instance",
        "user",       "integration", "flowSchemas",    "globalDebug", "runnerAllocatedMemoryMb" };
static const char *const execution_properties[]
    = { "executionId", "invokeUrl", "flow", "startedAt" };

JSObjectRef
flow_context (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef context = js_object (ctx);
  const char *step_id = run->step->stable_key;

  if (run->logger == NULL)
    {
      run->logger = make_logger (ctx);
      JSValueProtect (ctx, run->logger);
    }
  js_set (ctx, context, "logger", run->logger);
  for (guint i = 0; i < G_N_ELEMENTS (instance_properties); i++)
    copy (run, context, run->base, instance_properties[i]);
  for (guint i = 0; i < G_N_ELEMENTS (execution_properties); i++)
    copy (run, context, run->run, execution_properties[i]);
  flow_states_add (run, context);
  js_set (ctx, context, "stepId",
          js_string (ctx, step_id == NULL ? run->step->identifier : step_id));
  js_set (ctx, context, "executionFrame", make_execution_frame (run));
  js_set (ctx, context, "isSimulatedTestExecution", js_bool (ctx, FALSE));
  JSObjectRef batch = js_object (ctx);
  js_set (ctx, batch, "enabled", js_bool (ctx, FALSE));
  js_set (ctx, context, "batch", batch);
  js_set (ctx, context, "debug", make_debug (ctx));
  js_set (ctx, context, "invokeFlow", js_function (ctx, "invokeFlow", invoke_flow));
  js_set (ctx, context, "components", js_object (ctx));

  if (run->context != NULL)
    JSValueUnprotect (ctx, run->context);
  run->context = context;
  JSValueProtect (ctx, context);
  return context;
}

/* --- what they are made from --- */

/* spec/context.md: ISO 8601, milliseconds, UTC. */
static char *
iso_time (gint64 at_us)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int) (at_us % G_USEC_PER_SEC / 1000));
}

static JSObjectRef
make_run_object (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_object (ctx), flow = js_object (ctx);
  g_autofree char *started_at = iso_time (run->start->started_at_us);
  js_set (ctx, flow, "id", js_string (ctx, run->flow->stable_key));
  js_set (ctx, flow, "name", js_string (ctx, run->flow->name));
  js_set (ctx, flow, "stableId", js_string (ctx, run->flow->stable_key));
  js_set (ctx, object, "flow", flow);
  js_set (ctx, object, "executionId", js_string (ctx, run->start->execution_id));
  js_set (ctx, object, "invokeUrl", js_string (ctx, run->start->invoke_url));
  js_set (ctx, object, "startedAt", js_string (ctx, started_at));
  return object;
}

gboolean
flow_context_prepare (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef base
      = js_parse_json (ctx, run->program->context, strlen (run->program->context), &exception);
  if (exception != NULL)
    return FALSE;
  run->base = (JSObjectRef) base;
  JSValueProtect (ctx, run->base);
  run->run = make_run_object (run);
  JSValueProtect (ctx, run->run);
  return TRUE;
}

void
flow_context_clear (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef kept[] = { run->base, run->run, run->logger, run->context, run->scripted };
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    if (kept[i] != NULL)
      JSValueUnprotect (ctx, kept[i]);
}
