/* The trigger's payload: spec/triggers-and-flows.md, "Trigger payload" and "Body
 * parsing". The server passes the body as it came; it is read here, in the
 * sandbox.
 *
 * The payload is put together as JSON text with its binary parts beside it, as
 * values travel, and becomes JavaScript objects only for who looks at it: every
 * property that is set in a fresh realm costs a new hidden class.
 */
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
  static const char *const text_types[] = { "application/xml",
                                            "application/csv",
                                            "application/x-www-form-urlencoded",
                                            "application/javascript",
                                            "application/x-ndjson",
                                            "application/yaml",
                                            "application/graphql",
                                            NULL };
  if (content_type == NULL || content_type[0] == '\0')
    return BODY_GUESS;
  g_autofree char *type = g_ascii_strdown (content_type, (gssize) strcspn (content_type, ";"));
  g_strstrip (type);

  if (strcmp (type, "application/json") == 0 || g_str_has_suffix (type, "+json"))
    return BODY_JSON;
  if (strcmp (type, "multipart/form-data") == 0)
    return BODY_MULTIPART;
  if (g_str_has_prefix (type, "text/") || g_str_has_suffix (type, "+xml")
      || g_strv_contains (text_types, type))
    return BODY_TEXT;
  return BODY_BINARY;
}

/* A payload being put together. */
typedef struct
{
  FlowRun *run;
  GString *json;
  GPtrArray *parts; /* of BinaryPart, or NULL */
  GBytes *raw;
  char *content_type; /* or NULL */
} Payload;

static void
payload_clear (Payload *payload)
{
  if (payload->json != NULL)
    g_string_free (payload->json, TRUE);
  g_clear_pointer (&payload->parts, g_ptr_array_unref);
  g_clear_pointer (&payload->raw, g_bytes_unref);
  g_free (payload->content_type);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Payload, payload_clear)

static void
add_part (Payload *payload, const char *pointer, GBytes *bytes)
{
  if (payload->parts == NULL)
    payload->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  g_ptr_array_add (payload->parts, binary_part_new (pointer, bytes));
  g_string_append (payload->json, "null");
}

/* --- the body --- */

#define MALFORMED_JSON "Received malformed JSON payload."

/* The engine decides what is JSON; the text itself is what travels. */
static gboolean
add_json_body (Payload *payload)
{
  static const char bom[] = "\xef\xbb\xbf";
  JSContextRef ctx = realm_context (payload->run->realm);
  JSValueRef exception = NULL, value = NULL;
  gsize length;
  const char *text = g_bytes_get_data (payload->raw, &length);

  if (length >= 3 && memcmp (text, bom, 3) == 0)
    {
      text += 3;
      length -= 3;
    }
  if (g_utf8_validate_len (text, length, NULL))
    value = js_parse_json (ctx, text, length, &exception);
  if (value == NULL || exception != NULL)
    {
      flow_reject (payload->run, MALFORMED_JSON);
      return FALSE;
    }
  g_string_append_len (payload->json, text, (gssize) length);
  return TRUE;
}

static gboolean
add_text_body (Payload *payload)
{
  gsize length;
  const char *text = g_bytes_get_data (payload->raw, &length);
  if (g_utf8_validate_len (text, length, NULL))
    flow_json_append_text (payload->json, text, length);
  else
    {
      /* Not UTF-8: the charset of old senders; every byte has a meaning in it. */
      gsize n = 0;
      g_autofree char *converted
          = g_convert (text, (gssize) length, "UTF-8", "ISO-8859-1", NULL, &n, NULL);
      flow_json_append_text (payload->json, converted == NULL ? "" : converted, n);
    }
  return TRUE;
}

/* The parts of a form as runtime_parse_multipart() has them, moved to where the body stands. */
static gboolean
add_multipart_body (Payload *payload)
{
  FlowRun *run = payload->run;
  g_autofree char *message = NULL;
  gboolean is_too_large;
  JSValueRef form
      = runtime_parse_multipart (run->realm, payload->raw, payload->content_type, &message);
  g_autoptr (Value) value
      = form == NULL ? NULL
                     : runtime_value_from_js (run->realm, form, G_MAXSIZE, &message, &is_too_large);
  if (value == NULL)
    {
      flow_reject (run, message == NULL ? "Received malformed multipart payload." : message);
      return FALSE;
    }
  for (guint i = 0; i < value_n_parts (value); i++)
    {
      const BinaryPart *part = value_part (value, i);
      g_autofree char *pointer = g_strconcat ("/body/data", part->pointer, NULL);
      add_part (payload, pointer, part->bytes);
      g_string_truncate (payload->json, payload->json->len - strlen ("null"));
    }
  GBytes *json = value_json (value);
  g_string_append_len (payload->json, g_bytes_get_data (json, NULL),
                       (gssize) g_bytes_get_size (json));
  return TRUE;
}

static gboolean
add_body (Payload *payload)
{
  BodyKind kind = body_kind (payload->content_type);
  gsize length;
  const char *data = g_bytes_get_data (payload->raw, &length);
  if (length == 0)
    {
      g_string_append (payload->json, "null");
      return TRUE;
    }
  if (kind == BODY_GUESS)
    kind = g_utf8_validate_len (data, length, NULL) ? BODY_TEXT : BODY_BINARY;
  switch (kind)
    {
    case BODY_JSON:
      return add_json_body (payload);
    case BODY_MULTIPART:
      return add_multipart_body (payload);
    case BODY_TEXT:
      return add_text_body (payload);
    default:
      add_part (payload, "/body/data", payload->raw);
      return TRUE;
    }
}

/* --- the whole --- */

static void
add_content_type (Payload *payload)
{
  if (payload->content_type != NULL)
    {
      g_string_append (payload->json, ",\"contentType\":");
      flow_json_append_text (payload->json, payload->content_type, strlen (payload->content_type));
    }
  g_string_append_c (payload->json, '}');
}

static void
add_property (Payload *payload, const char *name, const char *text)
{
  g_string_append_printf (payload->json, ",\"%s\":", name);
  flow_json_append_text (payload->json, text, strlen (text));
}

/* What is the instance's and the execution's own. */
static void
add_surroundings (Payload *payload)
{
  FlowRun *run = payload->run;
  g_autofree char *started_at = flow_iso_time (run->start->started_at_us);
  g_string_append (payload->json, run->program->payload_tail);
  add_property (payload, "invokeUrl", run->start->invoke_url);
  add_property (payload, "executionId", run->start->execution_id);
  add_property (payload, "startedAt", started_at);
  g_string_append (payload->json, ",\"flow\":");
  g_autofree char *flow = flow_object_text (run);
  g_string_append (payload->json, flow);
  g_string_append_c (payload->json, '}');
}

static Value *
end_payload (Payload *payload)
{
  g_autoptr (GBytes) json = g_string_free_to_bytes (g_steal_pointer (&payload->json));
  return value_new (json, g_steal_pointer (&payload->parts));
}

static char *
request_content_type (const char *json, gsize length)
{
  static const char name[] = "contentType";
  guint n = 0;
  g_autofree JsonMember *members = json_split_object (json, length, &n);
  for (guint i = n; i > 0; i--)
    {
      const JsonMember *member = &members[i - 1];
      if (member->name_length != strlen (name) || memcmp (member->name, name, strlen (name)) != 0)
        continue;
      g_autoptr (json_t) text = json_parse (member->text, (gssize) member->text_length, NULL);
      return g_strdup (json_string_value (text));
    }
  return NULL;
}

static Value *
payload_of_request (FlowRun *run)
{
  GBytes *request = value_json (run->start->payload);
  gsize length;
  const char *text = request == NULL ? NULL : g_bytes_get_data (request, &length);
  if (text == NULL || length < 2 || text[length - 1] != '}')
    {
      flow_step_fail_message (run, "the request's description is not a JSON object");
      return NULL;
    }
  g_auto (Payload) payload = { .run = run };
  payload.content_type = request_content_type (text, length);
  for (guint i = 0; i < value_n_parts (run->start->payload); i++)
    if (strcmp (value_part (run->start->payload, i)->pointer, "/rawBody") == 0)
      payload.raw = g_bytes_ref (value_part (run->start->payload, i)->bytes);
  if (payload.raw == NULL)
    payload.raw = g_bytes_new (NULL, 0);

  payload.json = g_string_sized_new (length + 2 * g_bytes_get_size (payload.raw) + 1024);
  g_string_append_len (payload.json, text, (gssize) length - 1);
  g_string_append (payload.json, length > 2 ? ",\"rawBody\":{\"data\":" : "\"rawBody\":{\"data\":");
  add_part (&payload, "/rawBody/data", payload.raw);
  add_content_type (&payload);
  g_string_append (payload.json, ",\"body\":{\"data\":");
  if (!add_body (&payload))
    return NULL;
  add_content_type (&payload);
  add_surroundings (&payload);
  return end_payload (&payload);
}

/* No request: spec/triggers-and-flows.md, "Observed in captured payloads". */
static Value *
payload_of_nothing (FlowRun *run)
{
  g_auto (Payload) payload = { .run = run };
  payload.json
      = g_string_new ("{\"headers\":{},\"queryParameters\":null,\"rawBody\":{\"data\":null},"
                      "\"body\":{\"data\":null},\"pathFragment\":\"\"");
  add_surroundings (&payload);
  return end_payload (&payload);
}

/* `tenon run --full-payload`: what it says wins. */
static Value *
payload_of_file (FlowRun *run)
{
  g_autoptr (Value) nothing = payload_of_nothing (run);
  g_autoptr (json_t) whole = json_parse_bytes (value_json (nothing), NULL);
  GBytes *bytes = value_json (run->start->payload);
  g_autoptr (json_t) given = bytes == NULL ? NULL : json_parse_bytes (bytes, NULL);
  if (!json_is_object (given))
    {
      flow_step_fail_message (run, "the payload is not a JSON object");
      return NULL;
    }
  json_object_update (whole, given);
  g_autoptr (GBytes) json = json_print_bytes (whole);
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  for (guint i = 0; i < value_n_parts (run->start->payload); i++)
    {
      const BinaryPart *part = value_part (run->start->payload, i);
      g_ptr_array_add (parts, binary_part_new (part->pointer, part->bytes));
    }
  return value_new (json, parts);
}

Value *
flow_payload (FlowRun *run)
{
  switch (run->start->payload_kind)
    {
    case PAYLOAD_REQUEST:
      return payload_of_request (run);
    case PAYLOAD_FULL:
      return payload_of_file (run);
    case PAYLOAD_NONE:
      break;
    }
  return payload_of_nothing (run);
}
