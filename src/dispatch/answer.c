#include "dispatch/answer.h"

#include <string.h>

#include "base/json.h"

#define LEAST_STATUS 200
#define MOST_STATUS 599
#define MOST_HEADERS 1000

static void
answer_clear (gpointer data)
{
  Answer *answer = data;
  g_free (answer->content_type);
  g_clear_pointer (&answer->headers, g_ptr_array_unref);
  g_clear_pointer (&answer->body, g_bytes_unref);
}

Answer *
answer_ref (Answer *answer)
{
  return g_rc_box_acquire (answer);
}

void
answer_unref (Answer *answer)
{
  g_rc_box_release_full (answer, answer_clear);
}

Answer *
answer_new_default (void)
{
  Answer *answer = g_rc_box_new0 (Answer);
  answer->status = 200;
  return answer;
}

Answer *
answer_new_error (guint status, const char *message)
{
  Answer *answer = g_rc_box_new0 (Answer);
  g_autoptr (json_t) body = json_object ();
  json_object_set_new (body, "error", json_string (message));
  answer->status = status;
  answer->content_type = g_strdup ("application/json");
  answer->body = json_print_bytes (body);
  return answer;
}

/* RFC 9110 §5.1 and §5.5. The worker checks the same; but a worker is believed nothing, and a line
 * break here would let it write answers of its own. */
static gboolean
is_field_name (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("!#$%&'*+-.^_`|~", *c) == NULL)
      return FALSE;
  return text[0] != '\0';
}

static gboolean
is_field_value (const char *text)
{
  for (const guchar *c = (const guchar *) text; *c != '\0'; c++)
    if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
      return FALSE;
  return TRUE;
}

static void
read_headers (FrameReader *reader, Answer *answer)
{
  guint32 n = frame_read_count (reader, 8);
  if (n > MOST_HEADERS)
    reader->has_failed = TRUE;
  if (n > 0)
    answer->headers = g_ptr_array_new_with_free_func (g_free);
  for (guint32 i = 0; i < n && !reader->has_failed; i++)
    {
      g_autofree char *name = frame_read_text (reader);
      g_autofree char *value = frame_read_text (reader);
      if (name == NULL || value == NULL || !is_field_name (name) || !is_field_value (value))
        {
          reader->has_failed = TRUE;
          return;
        }
      g_ptr_array_add (answer->headers, g_steal_pointer (&name));
      g_ptr_array_add (answer->headers, g_steal_pointer (&value));
    }
}

Answer *
answer_read (FrameReader *reader)
{
  g_autoptr (Answer) answer = g_rc_box_new0 (Answer);
  answer->status = frame_read_u32 (reader);
  answer->content_type = frame_read_string (reader);
  read_headers (reader, answer);
  gboolean has_body = frame_read_bool (reader);
  g_autoptr (GBytes) body = frame_read_gbytes (reader);
  if (has_body && body != NULL)
    answer->body = g_steal_pointer (&body);
  if (answer->status < LEAST_STATUS || answer->status > MOST_STATUS
      || (answer->content_type != NULL && !is_field_value (answer->content_type)))
    reader->has_failed = TRUE;
  return reader->has_failed ? NULL : g_steal_pointer (&answer);
}

WebhookAnswer
answer_view (const Answer *answer, const char *execution_id, GBytes **default_body)
{
  WebhookAnswer view = {
    .status = answer->status,
    .content_type = answer->content_type,
    .headers = answer->headers,
    .body = answer->body,
  };
  *default_body = NULL;
  if (view.body == NULL)
    {
      char *text = g_strdup_printf ("{\"executionId\":\"%s\"}", execution_id);
      view.body = *default_body = g_bytes_new_take (text, strlen (text));
      view.content_type = "application/json";
    }
  return view;
}

/* --- the plain webhook trigger --- */

static const Input *
find_input (const Step *step, const char *key)
{
  for (guint i = 0; i < step->inputs->len; i++)
    {
      const Input *input = step->inputs->pdata[i];
      if (g_strcmp0 (input->key, key) == 0)
        return input;
    }
  return NULL;
}

/* FALSE if it depends on the run; *text NULL = not given. */
static gboolean
plain_text (const Step *step, const char *key, const char **text)
{
  const Input *input = find_input (step, key);
  *text = NULL;
  if (input == NULL)
    return TRUE;
  if (input->type != INPUT_VALUE)
    return FALSE;
  if (!input->is_null && input->text != NULL && input->text[0] != '\0')
    *text = input->text;
  return TRUE;
}

static gboolean
plain_status (const Step *step, Answer *answer)
{
  const char *text;
  guint64 status;
  if (!plain_text (step, "statusCode", &text))
    return FALSE;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, LEAST_STATUS, MOST_STATUS, &status, NULL))
    return FALSE;
  answer->status = (guint) status;
  return TRUE;
}

static gboolean
plain_headers (const Step *step, Answer *answer)
{
  const Input *input = find_input (step, "headers");
  if (input == NULL
      || (input->type == INPUT_VALUE && (input->text == NULL || input->text[0] == '\0')))
    return TRUE;
  if (input->type != INPUT_COMPLEX || input->items == NULL)
    return FALSE;
  for (guint i = 0; i < input->items->len; i++)
    {
      const Input *item = input->items->pdata[i];
      if (item->type != INPUT_VALUE || item->name != NULL || item->is_null || item->key == NULL
          || item->text == NULL || !is_field_name (item->key) || !is_field_value (item->text))
        return FALSE;
      if (answer->headers == NULL)
        answer->headers = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (answer->headers, g_strdup (item->key));
      g_ptr_array_add (answer->headers, g_strdup (item->text));
    }
  return TRUE;
}

Answer *
answer_of_trigger (const Step *trigger)
{
  const char *content_type, *body;
  g_autoptr (Answer) answer = answer_new_default ();
  if (g_strcmp0 (trigger->component, "webhook-triggers") != 0
      || g_strcmp0 (trigger->action, "webhook") != 0)
    return NULL;
  if (!plain_status (trigger, answer) || !plain_text (trigger, "contentType", &content_type)
      || !plain_text (trigger, "body", &body) || !plain_headers (trigger, answer)
      || (content_type != NULL && !is_field_value (content_type)))
    return NULL;
  answer->content_type = g_strdup (content_type);
  if (body != NULL)
    answer->body = g_bytes_new (body, strlen (body));
  return g_steal_pointer (&answer);
}
