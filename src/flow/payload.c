/* The trigger's payload from a request: spec/triggers-and-flows.md, "Trigger
 * payload" and "Body parsing". The server passes the body as it came; it is
 * parsed here, in the sandbox. */
#include "flow/private.h"

#include <string.h>

typedef enum
{
  BODY_JSON,
  BODY_MULTIPART,
  BODY_TEXT,
  BODY_BINARY,
  BODY_GUESS,
} BodyKind;

/* RFC 9110 §8.3: type and subtype are compared without case, parameters follow a semicolon. */
static BodyKind
body_kind (const char *content_type)
{
  if (content_type == NULL || content_type[0] == '\0')
    return BODY_GUESS;
  g_auto (GStrv) parts = g_strsplit (content_type, ";", 2);
  g_autofree char *type = g_ascii_strdown (g_strstrip (parts[0]), -1);

  if (strcmp (type, "application/json") == 0 || g_str_has_suffix (type, "+json"))
    return BODY_JSON;
  if (strcmp (type, "multipart/form-data") == 0)
    return BODY_MULTIPART;
  if (g_str_has_prefix (type, "text/") || g_str_has_suffix (type, "+xml")
      || strcmp (type, "application/xml") == 0 || strcmp (type, "application/csv") == 0
      || strcmp (type, "application/x-www-form-urlencoded") == 0
      || strcmp (type, "application/javascript") == 0 || strcmp (type, "application/x-ndjson") == 0
      || strcmp (type, "application/yaml") == 0 || strcmp (type, "application/graphql") == 0)
    return BODY_TEXT;
  return BODY_BINARY;
}

#define MALFORMED_JSON "Received malformed JSON payload."

static JSValueRef
parse_json_body (FlowRun *run, GBytes *body)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL, value = NULL;
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  static const char bom[] = "\xef\xbb\xbf";

  if (length >= 3 && memcmp (text, bom, 3) == 0)
    {
      text += 3;
      length -= 3;
    }
  if (g_utf8_validate_len (text, length, NULL))
    value = js_parse_json (ctx, text, length, &exception);
  if (value == NULL || exception != NULL)
    {
      flow_reject (run, MALFORMED_JSON);
      return NULL;
    }
  return value;
}

static JSValueRef
parse_text_body (FlowRun *run, GBytes *body)
{
  JSContextRef ctx = realm_context (run->realm);
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  if (g_utf8_validate_len (text, length, NULL) || memchr (text, '\0', length) != NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);
      return js_string (ctx, valid);
    }
  /* Not UTF-8: the charset of old senders; every byte has a meaning in it. */
  return js_string_latin1 (ctx, (const guint8 *) text, length);
}

static JSValueRef
parse_body (FlowRun *run, GBytes *body, const char *content_type)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  if (length == 0)
    return js_null (ctx);

  switch (body_kind (content_type))
    {
    case BODY_JSON:
      return parse_json_body (run, body);
    case BODY_MULTIPART:
      {
        g_autofree char *message = NULL;
        JSValueRef parts = runtime_parse_multipart (run->realm, body, content_type, &message);
        if (parts == NULL)
          flow_reject (run, message == NULL ? "Received malformed multipart payload." : message);
        return parts;
      }
    case BODY_TEXT:
      return parse_text_body (run, body);
    case BODY_GUESS:
      if (g_utf8_validate_len (data, length, NULL))
        return parse_text_body (run, body);
      break;
    case BODY_BINARY:
      break;
    }
  return runtime_buffer (run->realm, body, &exception);
}

/* {data, contentType} */
static JSObjectRef
body_pair (FlowRun *run, JSValueRef data, const char *content_type)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef pair = js_object (ctx);
  js_set (ctx, pair, "data", data);
  if (content_type != NULL)
    js_set (ctx, pair, "contentType", js_string (ctx, content_type));
  return pair;
}

/* Adds what the request does not say; a full payload of `tenon run` may say all of it itself. */
static void
complete (FlowRun *run, JSObjectRef payload, const char *name, JSObjectRef from)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  JSValueRef given = js_get (ctx, payload, name, &exception);
  if (js_is_nullish (ctx, given))
    js_set (ctx, payload, name, js_get (ctx, from, name, &exception));
}

static JSValueRef
complete_payload (FlowRun *run, JSObjectRef payload)
{
  static const char *const of_instance[]
      = { "webhookUrls", "webhookApiKeys", "customer",   "instance",
          "user",        "integration",    "globalDebug" };
  static const char *const of_execution[] = { "invokeUrl", "executionId", "flow", "startedAt" };
  for (guint i = 0; i < G_N_ELEMENTS (of_instance); i++)
    complete (run, payload, of_instance[i], run->base);
  for (guint i = 0; i < G_N_ELEMENTS (of_execution); i++)
    complete (run, payload, of_execution[i], run->run);
  flow_headers_any_case (run, payload);
  return payload;
}

static GBytes *
raw_body_part (Value *payload)
{
  for (guint i = 0; i < value_n_parts (payload); i++)
    if (strcmp (value_part (payload, i)->pointer, "/rawBody") == 0)
      return g_bytes_ref (value_part (payload, i)->bytes);
  return g_bytes_new (NULL, 0);
}

static JSValueRef
payload_of_request (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  GBytes *json = value_json (run->start->payload);
  JSObjectRef request
      = json == NULL ? NULL
                     : js_as_object (ctx, js_parse_json (ctx, g_bytes_get_data (json, NULL),
                                                         g_bytes_get_size (json), &exception));
  if (request == NULL)
    {
      flow_step_fail_message (run, "the request's description is not a JSON object");
      return NULL;
    }
  g_autoptr (GBytes) bytes = raw_body_part (run->start->payload);
  JSValueRef type = js_get (ctx, request, "contentType", &exception);
  g_autofree char *content_type = js_is_nullish (ctx, type) ? NULL : js_to_display (ctx, type);

  JSValueRef data = parse_body (run, bytes, content_type);
  if (data == NULL)
    return NULL;
  JSValueRef raw = runtime_buffer (run->realm, bytes, &exception);
  if (raw == NULL)
    {
      flow_step_fail_thrown (run, exception);
      return NULL;
    }
  js_set (ctx, request, "rawBody", body_pair (run, raw, content_type));
  js_set (ctx, request, "body", body_pair (run, data, content_type));
  return complete_payload (run, request);
}

/* No request: spec/triggers-and-flows.md, "Observed in captured payloads". */
static JSObjectRef
empty_request (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef request = js_object (ctx);
  js_set (ctx, request, "headers", js_object (ctx));
  js_set (ctx, request, "queryParameters", js_null (ctx));
  js_set (ctx, request, "rawBody", body_pair (run, js_null (ctx), NULL));
  js_set (ctx, request, "body", body_pair (run, js_null (ctx), NULL));
  js_set (ctx, request, "pathFragment", js_string (ctx, ""));
  return request;
}

JSValueRef
flow_payload (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  if (run->start->payload_kind == PAYLOAD_REQUEST)
    return payload_of_request (run);

  JSObjectRef payload = empty_request (run);
  if (run->start->payload_kind == PAYLOAD_FULL)
    {
      JSObjectRef given
          = js_as_object (ctx, runtime_value_to_js (run->realm, run->start->payload, &exception));
      if (given == NULL)
        {
          flow_step_fail_message (run, "the payload is not an object");
          return NULL;
        }
      js_copy_properties (ctx, given, payload);
    }
  return complete_payload (run, payload);
}
