/* The plain webhook trigger: passes the payload on, and answers an asynchronous
 * caller as its inputs say (spec/definition-yaml.md, "Components seen"). */
#include "flow/private.h"

#include <string.h>

/* {statusCode, contentType, headers, body} of the inputs as an object, for the common reader. */
static JSObjectRef
response_object (FlowRun *run, gboolean *is_given, char **message)
{
  static const char *const keys[] = { "statusCode", "contentType", "body" };
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_object (ctx);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *text = flow_input_text (run, keys[i], NULL, message);
      if (*message != NULL)
        return NULL;
      if (text == NULL)
        continue;
      js_set (ctx, object, keys[i], js_string (ctx, text));
      *is_given = TRUE;
    }
  return object;
}

/* The key/value list of the headers input. */
static gboolean
add_headers (FlowRun *run, HttpAnswer *answer, char **message)
{
  const Input *input = flow_step_input (run->step, "headers");
  if (input == NULL || input->type != INPUT_COMPLEX || input->items == NULL)
    return TRUE;
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_object (ctx), headers = js_object (ctx);
  for (guint i = 0; i < input->items->len; i++)
    {
      const Input *item = g_ptr_array_index (input->items, i);
      JSValueRef value = flow_input_value (run, item, message);
      if (value == NULL)
        return FALSE;
      if (item->key != NULL)
        js_set (ctx, headers, item->key, value);
    }
  js_set (ctx, object, "headers", headers);
  g_autoptr (HttpAnswer) read = http_answer_from_js (run, object, message);
  if (read == NULL)
    return FALSE;
  while (read->headers->len > 0)
    g_ptr_array_add (answer->headers, g_ptr_array_steal_index (read->headers, 0));
  return TRUE;
}

static gboolean
has_response_inputs (const Step *step)
{
  return flow_step_input (step, "statusCode") != NULL
         || flow_step_input (step, "contentType") != NULL || flow_step_input (step, "body") != NULL
         || flow_step_input (step, "headers") != NULL;
}

void
webhook_trigger (FlowRun *run)
{
  g_autofree char *message = NULL;
  JSContextRef ctx = realm_context (run->realm);
  gboolean is_given = FALSE;
  g_autoptr (Value) payload = flow_payload (run);
  if (payload == NULL)
    return;

  StepOutcome *outcome = step_outcome_new_value (run, payload);
  if (!has_response_inputs (run->step))
    {
      flow_step_succeed (run, outcome);
      return;
    }
  JSObjectRef response = response_object (run, &is_given, &message);
  HttpAnswer *answer = response == NULL ? NULL : http_answer_from_js (run, response, &message);
  if (answer != NULL && add_headers (run, answer, &message))
    {
      JSValueRef exception = NULL;
      JSValueRef body = js_get (ctx, response, "body", &exception);
      if (!js_is_nullish (ctx, body))
        {
          gsize length;
          char *text = js_to_utf8 (ctx, body, &length, NULL);
          answer->body = g_bytes_new_take (text, length);
        }
      outcome->has_answer_parts = is_given || answer->headers->len > 0;
      if (answer->status == 0)
        answer->status = 200;
      http_answer_free (outcome->answer);
      outcome->answer = answer;
      flow_step_succeed (run, outcome);
      return;
    }
  if (answer != NULL)
    http_answer_free (answer);
  step_outcome_free (run, outcome);
  flow_step_fail_message (run, "%s", message == NULL ? "the response does not read" : message);
}
