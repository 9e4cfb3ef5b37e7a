/* What a step gave, and the HTTP answer it makes: spec/code-component.md, "What
 * may be returned", and spec/triggers-and-flows.md, "Synchronous". */
#include "flow/private.h"

#include <math.h>
#include <string.h>

#define LEAST_STATUS 200
#define MOST_STATUS 599

StepOutcome *
step_outcome_new (FlowRun *run, JSValueRef results)
{
  StepOutcome *outcome = g_new0 (StepOutcome, 1);
  outcome->results = results;
  JSValueProtect (realm_context (run->realm), results);
  outcome->answer = http_answer_new (0);
  return outcome;
}

StepOutcome *
step_outcome_new_value (FlowRun *run, Value *value)
{
  StepOutcome *outcome = g_new0 (StepOutcome, 1);
  outcome->value = value_ref (value);
  outcome->answer = http_answer_new (0);
  return outcome;
}

void
step_outcome_free (FlowRun *run, StepOutcome *outcome)
{
  if (outcome->results != NULL)
    JSValueUnprotect (realm_context (run->realm), outcome->results);
  g_clear_pointer (&outcome->value, value_unref);
  http_answer_free (outcome->answer);
  g_free (outcome);
}

/* --- reading response properties --- */

/* RFC 9110 §5.5: no control characters but tab. */
static gboolean
is_field_value (const char *text)
{
  for (const guchar *c = (const guchar *) text; *c != '\0'; c++)
    if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
      return FALSE;
  return TRUE;
}

/* RFC 9110 §5.1: a token. */
static gboolean
is_field_name (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("!#$%&'*+-.^_`|~", *c) == NULL)
      return FALSE;
  return text[0] != '\0';
}

static gboolean
read_status (FlowRun *run, JSObjectRef object, HttpAnswer *answer, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef value = js_get (ctx, object, "statusCode", &exception);
  if (js_is_nullish (ctx, value))
    return exception == NULL;
  double number = JSValueToNumber (ctx, value, &exception);
  if (exception != NULL || number != floor (number) || number < LEAST_STATUS
      || number > MOST_STATUS)
    {
      g_autofree char *shown = js_to_display (ctx, value);
      *message = g_strdup_printf ("statusCode must be a whole number from %d to %d, not %.100s",
                                  LEAST_STATUS, MOST_STATUS, shown);
      return FALSE;
    }
  answer->status = (guint) number;
  return TRUE;
}

static gboolean
read_content_type (FlowRun *run, JSObjectRef object, HttpAnswer *answer, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef value = js_get (ctx, object, "contentType", &exception);
  if (js_is_nullish (ctx, value))
    return exception == NULL;
  g_autofree char *text = js_to_display (ctx, value);
  if (!JSValueIsString (ctx, value) || !is_field_value (text))
    {
      *message = g_strdup_printf ("contentType must be a media type such as \"text/csv\", not "
                                  "%.100s",
                                  text);
      return FALSE;
    }
  if (text[0] != '\0')
    answer->content_type = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
read_header (FlowRun *run, JSObjectRef headers, JSStringRef key, HttpAnswer *answer, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  g_autofree char *name = js_to_display (ctx, JSValueMakeString (ctx, key));
  JSValueRef value = JSObjectGetProperty (ctx, headers, key, &exception);
  if (js_is_nullish (ctx, value))
    return TRUE;
  g_autofree char *text = js_to_display (ctx, value);
  if (JSValueIsObject (ctx, value) || !is_field_name (name) || !is_field_value (text))
    {
      *message = g_strdup_printf ("the header \"%.100s\" can't be sent: a name is a token, a value "
                                  "a text without line breaks (RFC 9110 section 5)",
                                  name);
      return FALSE;
    }
  g_ptr_array_add (answer->headers, g_steal_pointer (&name));
  g_ptr_array_add (answer->headers, g_steal_pointer (&text));
  return TRUE;
}

static gboolean
read_headers (FlowRun *run, JSObjectRef object, HttpAnswer *answer, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef value = js_get (ctx, object, "headers", &exception);
  if (js_is_nullish (ctx, value))
    return exception == NULL;
  JSObjectRef headers = js_as_object (ctx, value);
  if (headers == NULL)
    {
      *message = g_strdup ("headers must be an object of header name to text");
      return FALSE;
    }
  gboolean is_good = TRUE;
  JSPropertyNameArrayRef names = JSObjectCopyPropertyNames (ctx, headers);
  for (size_t i = 0; i < JSPropertyNameArrayGetCount (names) && is_good; i++)
    is_good
        = read_header (run, headers, JSPropertyNameArrayGetNameAtIndex (names, i), answer, message);
  JSPropertyNameArrayRelease (names);
  return is_good;
}

/* Content type and bytes for a value as a body: text as it is, binary with its own type, anything
 * else as JSON. An explicit content type wins. */
static gboolean
body_of_value (FlowRun *run, JSValueRef value, HttpAnswer *answer, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_as_object (ctx, value);
  guint8 *data;
  gsize length;
  g_autofree char *own_type = NULL;

  if (object != NULL)
    {
      /* {data: Buffer, contentType} */
      JSObjectRef inner = js_get_object (ctx, object, "data");
      if (inner != NULL && js_get_bytes (ctx, inner, &data, &length))
        {
          JSValueRef exception = NULL;
          JSValueRef type = js_get (ctx, object, "contentType", &exception);
          if (!js_is_nullish (ctx, type))
            own_type = js_to_display (ctx, type);
          value = inner;
        }
    }
  if (js_get_bytes (ctx, value, &data, &length))
    {
      answer->body = g_bytes_new (data, length);
      if (answer->content_type == NULL)
        answer->content_type = own_type != NULL && is_field_value (own_type)
                                   ? g_steal_pointer (&own_type)
                                   : g_strdup ("application/octet-stream");
      return TRUE;
    }
  if (JSValueIsString (ctx, value))
    {
      gsize n;
      char *text = js_to_utf8 (ctx, value, &n, NULL);
      answer->body = g_bytes_new_take (text, n);
      if (answer->content_type == NULL)
        answer->content_type = g_strdup ("text/plain; charset=utf-8");
      return TRUE;
    }
  gboolean is_too_large;
  g_autoptr (Value) json = runtime_value_from_js (
      run->realm, value, (gsize) run->start->limits.value[LIMIT_RESULT_BYTES], message,
      &is_too_large);
  if (json == NULL)
    return FALSE;
  g_autofree char *text = value_to_json (json);
  answer->body = g_bytes_new (text, strlen (text));
  if (answer->content_type == NULL)
    answer->content_type = g_strdup ("application/json");
  return TRUE;
}

HttpAnswer *
http_answer_from_js (FlowRun *run, JSObjectRef object, char **message)
{
  g_autoptr (HttpAnswer) answer = http_answer_new (0);
  if (read_status (run, object, answer, message) && read_content_type (run, object, answer, message)
      && read_headers (run, object, answer, message))
    return g_steal_pointer (&answer);
  if (*message == NULL)
    *message = g_strdup ("a property of the response threw when it was read");
  return NULL;
}

/* `body` of a response object, where there is one. */
static gboolean
read_body (FlowRun *run, JSObjectRef object, HttpAnswer *answer, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef body = js_get (ctx, object, "body", &exception);
  if (js_is_nullish (ctx, body))
    return TRUE;
  return body_of_value (run, body, answer, message);
}

static JSValueRef
outcome_results (FlowRun *run, StepOutcome *outcome)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  if (outcome->results != NULL)
    return outcome->results;
  JSValueRef value = value_is_undefined (outcome->value)
                         ? NULL
                         : runtime_value_to_js (run->realm, outcome->value, &exception);
  return value == NULL ? js_null (ctx) : value;
}

/* What is sent as it is stored: anything but text and bytes, which stand for themselves in a body.
 */
static gboolean
is_json_body (Value *stored)
{
  GBytes *json = value_json (stored);
  return json != NULL && value_n_parts (stored) == 0
         && *(const char *) g_bytes_get_data (json, NULL) != '"';
}

HttpAnswer *
http_answer_of_outcome (FlowRun *run, StepOutcome *outcome, Value *stored, char **message)
{
  g_autoptr (HttpAnswer) answer = http_answer_new (200);
  const HttpAnswer *given = outcome->answer;
  if (given->status != 0)
    answer->status = given->status;
  answer->content_type = g_strdup (given->content_type);
  for (guint i = 0; i < given->headers->len; i++)
    g_ptr_array_add (answer->headers, g_strdup (g_ptr_array_index (given->headers, i)));
  if (given->body != NULL)
    answer->body = g_bytes_ref (given->body);
  else if (is_json_body (stored))
    {
      answer->body = g_bytes_ref (value_json (stored));
      if (answer->content_type == NULL)
        answer->content_type = g_strdup ("application/json");
    }
  else if (!body_of_value (run, outcome_results (run, outcome), answer, message))
    return NULL;
  return g_steal_pointer (&answer);
}

/* --- what code blocks return --- */

static gboolean
is_bytes (JSContextRef ctx, JSValueRef value)
{
  guint8 *data;
  gsize length;
  return js_get_bytes (ctx, value, &data, &length);
}

/* Binary data travels with its type: {data, contentType}. */
static JSValueRef
with_content_type (FlowRun *run, JSValueRef data, const char *content_type)
{
  JSContextRef ctx = realm_context (run->realm);
  if (!is_bytes (ctx, data))
    return data;
  JSObjectRef pair = js_object (ctx);
  js_set (ctx, pair, "data", data);
  js_set (ctx, pair, "contentType",
          js_string (ctx, content_type == NULL ? "application/octet-stream" : content_type));
  return pair;
}

/* The object that a code block returned, or NULL: nothing at all is a null result; something else
 * than an object is most likely a forgotten wrapper. */
static JSObjectRef
returned_object (FlowRun *run, JSValueRef returned, const char *shape)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef object = js_as_object (ctx, returned);
  if (object == NULL && !js_is_nullish (ctx, returned))
    {
      g_autofree char *line = g_strdup_printf (
          "Step \"%s\" returned a bare value, which is dropped: return %s instead", run->step->name,
          shape);
      flow_log (run, LOG_WARN, line);
    }
  return object;
}

StepOutcome *
step_outcome_from_action (FlowRun *run, JSValueRef returned, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSObjectRef object = returned_object (run, returned, "{ data: … }");
  if (object == NULL)
    return step_outcome_new (run, js_null (ctx));

  HttpAnswer *answer = http_answer_from_js (run, object, message);
  if (answer == NULL)
    return NULL;
  JSValueRef data = js_get (ctx, object, "data", &exception);
  if (exception != NULL)
    data = js_undefined (ctx);
  gboolean has_data = data != NULL && !JSValueIsUndefined (ctx, data);
  if (!has_data && !read_body (run, object, answer, message))
    {
      http_answer_free (answer);
      return NULL;
    }
  flow_states_merge (run, object);
  StepOutcome *outcome = step_outcome_new (
      run, has_data ? with_content_type (run, data, answer->content_type) : js_null (ctx));
  http_answer_free (outcome->answer);
  outcome->answer = answer;
  return outcome;
}

StepOutcome *
step_outcome_from_trigger (FlowRun *run, JSValueRef returned, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSObjectRef object = returned_object (run, returned, "{ payload, response }");
  if (object == NULL)
    return step_outcome_new (run, js_null (ctx));

  JSValueRef payload = js_get (ctx, object, "payload", &exception);
  if (payload == NULL || JSValueIsUndefined (ctx, payload))
    payload = js_null (ctx);
  StepOutcome *outcome = step_outcome_new (run, with_content_type (run, payload, NULL));

  JSValueRef response = js_get (ctx, object, "response", &exception);
  if (!js_is_nullish (ctx, response))
    {
      JSObjectRef fields = js_as_object (ctx, response);
      HttpAnswer *answer = NULL;
      if (fields == NULL)
        *message = g_strdup ("response must be an object {statusCode, contentType, headers, body}");
      else
        answer = http_answer_from_js (run, fields, message);
      if (answer == NULL || !read_body (run, fields, answer, message))
        {
          if (answer != NULL)
            http_answer_free (answer);
          step_outcome_free (run, outcome);
          return NULL;
        }
      http_answer_free (outcome->answer);
      outcome->answer = answer;
      outcome->has_answer_parts = TRUE;
      if (answer->status == 0)
        answer->status = 200;
    }
  flow_states_merge (run, object);
  return outcome;
}
