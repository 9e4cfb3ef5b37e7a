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

static JSValueRef
make_log_function (Realm *realm, guint index, gpointer unused)
{
  const NativeFunction *row = &logger_functions[index];
  return js_function (realm_context (realm), row->name, row->function);
}

static JSObjectRef
make_logger (FlowRun *run)
{
  const char *names[G_N_ELEMENTS (logger_functions)];
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    names[i] = logger_functions[i].name;
  return runtime_lazy_object (run->realm, G_N_ELEMENTS (names), names, make_log_function, NULL,
                              NULL);
}

/* --- the parts in JavaScript --- */

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
  JSValueRef fetch = runtime_global (run->realm, "fetch", &exception);
  run->scripted = fetch == NULL ? NULL
                                : js_as_object (ctx, JSObjectCallAsFunction (ctx, factory, NULL, 1,
                                                                             &fetch, &exception));
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

static JSObjectRef
make_execution_frame (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef frame = js_object (ctx);
  g_autofree char *at = flow_iso_time (run->start->started_at_us);
  JSValueRef started_at = js_string (ctx, at);
  js_set (ctx, frame, "invokedByExecutionJWT", js_string (ctx, ""));
  js_set (ctx, frame, "invokedByExecutionStartedAt", started_at);
  js_set (ctx, frame, "componentActionKey", js_string (ctx, run->step->action));
  js_set (ctx, frame, "executionId", js_string (ctx, run->start->execution_id));
  js_set (ctx, frame, "executionStartedAt", started_at);
  js_set (ctx, frame, "stepName", js_string (ctx, run->step->name));
  js_set (ctx, frame, "loopPath", js_string (ctx, ""));
  return frame;
}

/* The document and the execution's own object are parsed at their first use. */
static JSObjectRef
instance_object (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  if (run->base == NULL)
    {
      const char *text = run->program->context;
      JSObjectRef object = js_as_object (ctx, js_parse_json (ctx, text, strlen (text), NULL));
      run->base = object == NULL ? js_object (ctx) : object;
      JSValueProtect (ctx, run->base);
      JSObjectRef config_vars
          = run->start->grant == NULL ? NULL : js_get_object (ctx, run->base, "configVars");
      if (config_vars != NULL)
        flow_connections_add (run, config_vars);
    }
  return run->base;
}

JSValueRef
flow_config_vars (FlowRun *run)
{
  return js_get (realm_context (run->realm), instance_object (run), "configVars", NULL);
}

static JSObjectRef
execution_object (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  if (run->run == NULL)
    {
      g_autofree char *started_at = flow_iso_time (run->start->started_at_us);
      g_autofree char *flow = flow_object_text (run);
      run->run = js_object (ctx);
      JSValueProtect (ctx, run->run);
      js_set (ctx, run->run, "flow", js_parse_json (ctx, flow, strlen (flow), NULL));
      js_set (ctx, run->run, "executionId", js_string (ctx, run->start->execution_id));
      js_set (ctx, run->run, "invokeUrl", js_string (ctx, run->start->invoke_url));
      js_set (ctx, run->run, "startedAt", js_string (ctx, started_at));
    }
  return run->run;
}

static void
add_invoke_properties (FlowRun *run, JSObjectRef to)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef instance = instance_object (run);
  js_set (ctx, to, "webhookUrls", js_get (ctx, instance, "webhookUrls", NULL));
  js_set (ctx, to, "webhookApiKeys", js_get (ctx, instance, "webhookApiKeys", NULL));
  js_set (ctx, to, "executionId", js_string (ctx, run->start->execution_id));
  js_set (ctx, to, "executionFrame", make_execution_frame (run));
}

static JSValueRef
invoke_flow (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  FlowRun *run = realm_host_data (realm_of (ctx));
  /* It needs more than the caller may have taken. */
  JSObjectRef whole = js_object (ctx);
  add_invoke_properties (run, whole);
  JSValueRef all[5] = { whole };
  for (size_t i = 0; i < 4; i++)
    all[i + 1] = i < n ? arguments[i] : js_undefined (ctx);
  JSValueRef promise = flow_call_scripted (run, "invokeFlow", 5, all, exception);
  return promise == NULL ? js_undefined (ctx) : promise;
}

typedef enum
{
  OF_INSTANCE,  /* a member of the instance's context document */
  OF_EXECUTION, /* a member of run->run */
  OF_STATE,
  MADE, /* by make_property() */
} Origin;

static const struct
{
  const char *name;
  Origin origin;
} properties[] = {
  { "logger", MADE },
  { "configVars", OF_INSTANCE },
  { "instanceState", OF_STATE },
  { "crossFlowState", OF_STATE },
  { "integrationState", OF_STATE },
  { "executionState", OF_STATE },
  { "stepId", MADE },
  { "executionId", OF_EXECUTION },
  { "webhookUrls", OF_INSTANCE },
  { "webhookApiKeys", OF_INSTANCE },
  { "invokeUrl", OF_EXECUTION },
  { "customer", OF_INSTANCE },
  { "instance", OF_INSTANCE },
  { "user", OF_INSTANCE },
  { "integration", OF_INSTANCE },
  { "flow", OF_EXECUTION },
  { "startedAt", OF_EXECUTION },
  { "executionFrame", MADE },
  { "flowSchemas", OF_INSTANCE },
  { "isSimulatedTestExecution", MADE },
  { "batch", MADE },
  { "globalDebug", OF_INSTANCE },
  { "runnerAllocatedMemoryMb", OF_INSTANCE },
  { "debug", MADE },
  { "invokeFlow", MADE },
  { "components", MADE },
  { "connections", MADE },
};

static JSValueRef
make_property (FlowRun *run, const char *name)
{
  JSContextRef ctx = realm_context (run->realm);
  const char *step_id = run->step->stable_key;
  if (strcmp (name, "logger") == 0)
    return make_logger (run);
  if (strcmp (name, "stepId") == 0)
    return js_string (ctx, step_id == NULL ? run->step->identifier : step_id);
  if (strcmp (name, "executionFrame") == 0)
    return make_execution_frame (run);
  if (strcmp (name, "isSimulatedTestExecution") == 0)
    return js_bool (ctx, FALSE);
  if (strcmp (name, "debug") == 0)
    return make_debug (ctx);
  if (strcmp (name, "invokeFlow") == 0)
    return js_function (ctx, "invokeFlow", invoke_flow);
  if (strcmp (name, "connections") == 0)
    return flow_connections_object (run);
  JSObjectRef object = js_object (ctx); /* components: none */
  if (strcmp (name, "batch") == 0)
    js_set (ctx, object, "enabled", js_bool (ctx, FALSE));
  return object;
}

static void
add_property (FlowRun *run, JSObjectRef context, guint index)
{
  JSContextRef ctx = realm_context (run->realm);
  const char *name = properties[index].name;
  JSValueRef value = NULL;
  switch (properties[index].origin)
    {
    case OF_INSTANCE:
      value = js_get (ctx, instance_object (run), name, NULL);
      break;
    case OF_EXECUTION:
      value = js_get (ctx, execution_object (run), name, NULL);
      break;
    case OF_STATE:
      value = flow_state (run, (StateId) flow_state_find (name));
      break;
    case MADE:
      value = make_property (run, name);
      break;
    }
  js_set (ctx, context, name, value);
}

JSObjectRef
flow_context (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  const GPtrArray *wanted = run->program->context_names[run->step->script];
  JSObjectRef context = js_object (ctx);
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    if (wanted == NULL || g_strv_contains ((const char *const *) wanted->pdata, properties[i].name))
      add_property (run, context, i);

  if (run->context != NULL)
    JSValueUnprotect (ctx, run->context);
  run->context = context;
  JSValueProtect (ctx, context);
  return context;
}

void
flow_context_clear (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef kept[] = { run->base, run->run, run->context, run->scripted };
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    if (kept[i] != NULL)
      JSValueUnprotect (ctx, kept[i]);
}
