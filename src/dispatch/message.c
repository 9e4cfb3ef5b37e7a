#include "dispatch/message.h"

#include <string.h>

#include "dispatch/json_scan.h"

/* Longer ones are not made by anything of ours; they would be kept for ever. */
#define MOST_PATH 512
#define MOST_NAME 65536
/* A worker's clock is the machine's; what is further off would only confuse who reads it. */
#define MOST_CLOCK_SKEW_US ((gint64) 7 * 24 * 3600 * 1000000)

static gboolean
check (gboolean is_good, const Frame *frame, const char *what, GError **error)
{
  if (!is_good)
    g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED, "a frame of type %u has %s",
                 frame->type, what);
  return is_good;
}

/* Either empty, and then NULL, or an object. */
static gboolean
take_json_object (GBytes **bytes, const Frame *frame, const char *what, GError **error)
{
  if (g_bytes_get_size (*bytes) == 0)
    {
      g_clear_pointer (bytes, g_bytes_unref);
      return TRUE;
    }
  return check (json_scan_object_bytes (*bytes), frame, what, error);
}

static gint64
plausible_time (gint64 at_us)
{
  gint64 now_us = g_get_real_time ();
  gboolean is_plausible
      = at_us <= now_us + MOST_CLOCK_SKEW_US && at_us >= now_us - 60 * MOST_CLOCK_SKEW_US;
  return is_plausible ? at_us : now_us;
}

char *
message_read_text (const Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  g_autofree char *text = frame_read_text (&reader);
  return frame_reader_end (&reader, error) ? g_steal_pointer (&text) : NULL;
}

gboolean
message_read_response (const Frame *frame, Answer **answer, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  g_autoptr (Answer) read = frame_read_bool (&reader) ? answer_read (&reader) : NULL;
  if (!frame_reader_end (&reader, error))
    return FALSE;
  *answer = g_steal_pointer (&read);
  return TRUE;
}

static gboolean
is_step_path (const char *path)
{
  gsize length = strlen (path);
  return length > 0 && length <= MOST_PATH && strspn (path, "0123456789/") == length;
}

StoreStep *
message_read_step (const Frame *frame, gsize most_bytes, gboolean *is_too_large, GError **error)
{
  FrameReader reader;
  g_autoptr (StoreStep) step = g_new0 (StoreStep, 1);
  frame_reader_init (&reader, frame);
  *is_too_large = FALSE;
  step->path = frame_read_text (&reader);
  step->identifier = frame_read_text (&reader);
  step->name = frame_read_text (&reader);
  step->started_at_us = plausible_time (frame_read_i64 (&reader));
  step->ended_at_us = plausible_time (frame_read_i64 (&reader));
  step->results = frame_read_value (&reader);
  step->error = frame_read_gbytes (&reader);
  step->states = frame_read_gbytes (&reader);
  step->sealed = frame_read_gbytes (&reader);
  if (!frame_reader_end (&reader, error)
      || !check (is_step_path (step->path), frame, "a path that no step has", error)
      || !check (strlen (step->identifier) <= MOST_NAME && strlen (step->name) <= MOST_NAME, frame,
                 "a name that is too long", error)
      || !take_json_object (&step->error, frame, "an error that is not a JSON object", error)
      || !take_json_object (&step->states, frame, "states that are not a JSON object", error))
    return NULL;
  if (g_bytes_get_size (step->sealed) == 0)
    g_clear_pointer (&step->sealed, g_bytes_unref);
  if (value_size (step->results) > most_bytes
      || (step->sealed != NULL && g_bytes_get_size (step->sealed) > most_bytes))
    {
      *is_too_large = TRUE;
      return NULL;
    }
  GBytes *json = value_json (step->results);
  if (!check (json == NULL || json_scan_bytes (json), frame, "results that are not JSON", error))
    return NULL;
  return g_steal_pointer (&step);
}

static void
clear_line (gpointer line)
{
  store_log_line_clear (line);
}

GArray *
message_read_log (const Frame *frame, gsize *text_bytes, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  guint32 n = frame_read_count (&reader, 17);
  g_autoptr (GArray) lines = g_array_sized_new (FALSE, FALSE, sizeof (StoreLogLine), n);
  g_array_set_clear_func (lines, clear_line);
  *text_bytes = 0;
  for (guint32 i = 0; i < n && !reader.has_failed; i++)
    {
      StoreLogLine line = { 0 };
      line.at_us = plausible_time (frame_read_i64 (&reader));
      line.level = frame_read_u8 (&reader);
      line.step = frame_read_text (&reader);
      line.text = frame_read_text (&reader);
      if (line.level > LOG_METRIC || line.step == NULL || strlen (line.step) > MOST_NAME)
        reader.has_failed = TRUE;
      *text_bytes += line.text == NULL ? 0 : strlen (line.text);
      g_array_append_val (lines, line);
    }
  return frame_reader_end (&reader, error) ? g_steal_pointer (&lines) : NULL;
}

void
finished_message_clear (FinishedMessage *message)
{
  g_clear_pointer (&message->answer, answer_unref);
  g_clear_pointer (&message->states, g_ptr_array_unref);
  g_clear_pointer (&message->error, g_bytes_unref);
}

static gboolean
is_kept_state (const char *name)
{
  static const char *const names[]
      = { "instanceState", "crossFlowState", "integrationState", NULL };
  return g_strv_contains (names, name);
}

static void
read_states (FrameReader *reader, FinishedMessage *message)
{
  guint32 n = frame_read_count (reader, 8);
  message->states = g_ptr_array_new_with_free_func ((GDestroyNotify) store_state_free);
  if (n > 3)
    reader->has_failed = TRUE;
  for (guint32 i = 0; i < n && !reader->has_failed; i++)
    {
      StoreState *state = g_new0 (StoreState, 1);
      state->scope = frame_read_text (reader);
      state->json = frame_read_gbytes (reader);
      g_ptr_array_add (message->states, state);
    }
}

static gboolean
check_states (const Frame *frame, GPtrArray *states, GError **error)
{
  for (guint i = 0; i < states->len; i++)
    {
      const StoreState *state = states->pdata[i];
      if (!check (is_kept_state (state->scope) && json_scan_object_bytes (state->json), frame,
                  "a state that there is not, or that is not a JSON object", error))
        return FALSE;
      for (guint k = 0; k < i; k++)
        if (!check (strcmp (((StoreState *) states->pdata[k])->scope, state->scope) != 0, frame,
                    "a state twice", error))
          return FALSE;
    }
  return TRUE;
}

gboolean
message_read_finished (const Frame *frame, FinishedMessage *message, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  message->is_success = frame_read_bool (&reader);
  if (frame_read_bool (&reader))
    message->answer = answer_read (&reader);
  read_states (&reader, message);
  message->error = frame_read_gbytes (&reader);
  /* For `tenon run`; the store has it as the last step's. */
  g_autoptr (Value) result = frame_read_value (&reader);
  message->cpu_us = frame_read_u64 (&reader);
  message->memory_bytes = frame_read_u64 (&reader);
  return frame_reader_end (&reader, error)
         && take_json_object (&message->error, frame, "an error that is not a JSON object", error)
         && check (message->is_success == (message->error == NULL), frame,
                   "success with an error, or failure without", error)
         && check_states (frame, message->states, error);
}
