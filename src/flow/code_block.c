/* The Code component: spec/code-component.md. A block is a CommonJS module whose
 * exported function is called with (context, payload) as a trigger and
 * (context, stepResults) as an action. */
#include "flow/private.h"

#include <string.h>

static JSObjectRef
as_function (JSContextRef ctx, JSValueRef value)
{
  JSObjectRef object = js_as_object (ctx, value);
  return object != NULL && JSObjectIsFunction (ctx, object) ? object : NULL;
}

/* module.exports itself, or its `default`: what `exports.default = …`, and `export default` after
 * bundling, leave there. */
static JSObjectRef
exported_function (FlowRun *run, JSObjectRef module)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef exports = js_get (ctx, module, "exports", &exception);
  JSObjectRef function = as_function (ctx, exports);
  if (function == NULL && js_as_object (ctx, exports) != NULL)
    function = as_function (ctx, js_get (ctx, (JSObjectRef) exports, "default", &exception));
  return function;
}

/* Runs the module's text, once an execution. NULL when the step has failed. */
static JSObjectRef
load_module (FlowRun *run, guint index)
{
  const Script *script = g_ptr_array_index (run->program->version->scripts, index);
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  if (run->modules[index] != NULL)
    return run->modules[index];

  EngineScript *source = g_ptr_array_index (run->program->scripts, index);
  JSObjectRef wrapper = js_as_object (ctx, engine_script_evaluate (source, ctx, &exception));
  if (wrapper != NULL)
    {
      JSObjectRef module = js_object (ctx), exports = js_object (ctx);
      js_set (ctx, module, "exports", exports);
      JSValueRef arguments[] = { exports, runtime_require_function (run->realm), module,
                                 js_string (ctx, script->name), js_string (ctx, ".") };
      JSObjectCallAsFunction (ctx, wrapper, exports, G_N_ELEMENTS (arguments), arguments,
                              &exception);
      if (exception == NULL)
        run->modules[index] = exported_function (run, module);
    }
  if (exception != NULL)
    flow_step_fail_thrown (run, exception);
  else if (run->modules[index] == NULL)
    flow_step_fail_message (run,
                            "%s exports no function: assign one to module.exports, or use "
                            "`export default`",
                            script->name);
  else
    JSValueProtect (ctx, run->modules[index]);
  return run->modules[index];
}

static void
block_settled (Realm *realm, JSValueRef value, gboolean is_rejected, gpointer data)
{
  FlowRun *run = data;
  g_autofree char *message = NULL;
  if (run->is_done)
    return;
  if (is_rejected)
    {
      flow_step_fail_thrown (run, value);
      return;
    }
  StepOutcome *outcome = run->step->is_trigger ? step_outcome_from_trigger (run, value, &message)
                                               : step_outcome_from_action (run, value, &message);
  if (outcome == NULL)
    flow_step_fail_message (run, "%s", message);
  else
    flow_step_succeed (run, outcome);
}

static void
call_block (FlowRun *run, JSValueRef second)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueProtect (ctx, second);
  JSObjectRef function = load_module (run, (guint) run->step->script);
  if (function != NULL)
    {
      JSValueRef arguments[] = { flow_context (run), second };
      JSValueRef returned = JSObjectCallAsFunction (ctx, function, NULL, 2, arguments, &exception);
      if (returned == NULL)
        flow_step_fail_thrown (run, exception);
      else
        realm_await (run->realm, returned, block_settled, run);
    }
  JSValueUnprotect (ctx, second);
}

void
code_block_action (FlowRun *run)
{
  call_block (run, flow_step_results (run));
}

void
code_block_trigger (FlowRun *run)
{
  JSValueRef exception = NULL;
  g_autoptr (Value) payload = flow_payload (run);
  if (payload == NULL)
    return;
  JSValueRef value = flow_payload_to_js (run, payload, &exception);
  if (value == NULL)
    flow_step_fail_thrown (run, exception);
  else
    call_block (run, value);
}
