/* The JSON is put together as text: what the worker wrote goes in unread, so that no number passes
 * through a parser that knows only 64 bits. */
#include "cli/run_report.h"

#include <string.h>

#include "base/json.h"
#include "dispatch/limit_error.h"
#include "dispatch/message.h"
#include "worker/protocol.h"

struct RunReport
{
  char *execution_id;
  gboolean is_synchronous;
  gsize most_result_bytes;
  RunReportLog on_log;
  gpointer user_data;

  gint64 began_at_us, ended_at_us; /* monotonic */
  gboolean is_over, has_succeeded;
  GPtrArray *steps;   /* of StoreStep, the last of each identifier */
  GHashTable *states; /* name -> GBytes */
  GString *logs;      /* members of a JSON array */
  Answer *trigger_answer, *answer;
  json_t *error;
};

RunReport *
run_report_new (const char *execution_id, gboolean is_synchronous, gsize most_result_bytes,
                RunReportLog on_log, gpointer user_data)
{
  RunReport *report = g_new0 (RunReport, 1);
  report->execution_id = g_strdup (execution_id);
  report->is_synchronous = is_synchronous;
  report->most_result_bytes = most_result_bytes;
  report->on_log = on_log;
  report->user_data = user_data;
  report->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) store_step_free);
  report->states
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  report->logs = g_string_new (NULL);
  run_report_begin (report);
  return report;
}

void
run_report_free (RunReport *report)
{
  g_free (report->execution_id);
  g_ptr_array_unref (report->steps);
  g_hash_table_unref (report->states);
  g_string_free (report->logs, TRUE);
  g_clear_pointer (&report->trigger_answer, answer_unref);
  g_clear_pointer (&report->answer, answer_unref);
  json_decref (report->error);
  g_free (report);
}

void
run_report_begin (RunReport *report)
{
  report->began_at_us = g_get_monotonic_time ();
}

static void
end (RunReport *report)
{
  report->is_over = TRUE;
  report->ended_at_us = g_get_monotonic_time ();
}

/* --- text --- */

static void
append_string (GString *json, const char *text)
{
  g_autoptr (json_t) string = json_string (text);
  g_autofree char *quoted = string == NULL ? g_strdup ("\"\"") : json_print (string);
  g_string_append (json, quoted);
}

static void
append_bytes (GString *json, GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  g_string_append_len (json, text, (gssize) size);
}

static void
append_value (GString *json, Value *value)
{
  g_autofree char *text = value == NULL ? g_strdup ("null") : value_to_json (value);
  g_string_append (json, text);
}

/* --- frames --- */

static const char *
level_name (guint8 level)
{
  static const char *const names[]
      = { "trace", "debug", "info", "warn", "error", "fatal", "metric" };
  return level < G_N_ELEMENTS (names) ? names[level] : "info";
}

static void
add_log_line (RunReport *report, const StoreLogLine *line)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (line->at_us / G_USEC_PER_SEC);
  g_autofree char *day = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  const char *level = level_name (line->level);
  int ms = (int) (line->at_us % G_USEC_PER_SEC / 1000);

  if (report->logs->len > 0)
    g_string_append_c (report->logs, ',');
  g_string_append_printf (report->logs, "{\"at\":\"%s.%03dZ\",\"level\":\"%s\",\"step\":", day, ms,
                          level);
  append_string (report->logs, line->step);
  g_string_append (report->logs, ",\"text\":");
  append_string (report->logs, line->text);
  g_string_append_c (report->logs, '}');

  if (report->on_log != NULL)
    {
      g_autoptr (GDateTime) local = g_date_time_to_local (seconds);
      g_autofree char *clock = g_date_time_format (local, "%H:%M:%S");
      g_autofree char *time = g_strdup_printf ("%s.%03d", clock, ms);
      report->on_log (time, level, line->step, line->text, report->user_data);
    }
}

static gboolean
take_log (RunReport *report, const Frame *frame, GError **error)
{
  gsize text_bytes;
  g_autoptr (GArray) lines = message_read_log (frame, &text_bytes, error);
  if (lines == NULL)
    return FALSE;
  for (guint i = 0; i < lines->len; i++)
    add_log_line (report, &g_array_index (lines, StoreLogLine, i));
  return TRUE;
}

/* executionState is the run's own: no other frame has it. */
static void
take_execution_state (RunReport *report, GBytes *states)
{
  g_autoptr (json_t) object = states == NULL ? NULL : json_parse_bytes (states, NULL);
  json_t *state = json_object_get (object, "executionState");
  if (json_is_object (state))
    g_hash_table_replace (report->states, g_strdup ("executionState"), json_print_bytes (state));
}

static void
remove_step (RunReport *report, const char *identifier)
{
  for (guint i = 0; i < report->steps->len; i++)
    {
      const StoreStep *step = report->steps->pdata[i];
      if (strcmp (step->identifier, identifier) == 0)
        {
          g_ptr_array_remove_index (report->steps, i);
          return;
        }
    }
}

static gboolean
take_step (RunReport *report, const Frame *frame, GError **error)
{
  gboolean is_too_large;
  StoreStep *step = message_read_step (frame, report->most_result_bytes, &is_too_large, error);
  if (step == NULL)
    {
      if (is_too_large)
        g_set_error (error, FRAME_ERROR, FRAME_ERROR_TOO_LARGE,
                     "a step's result is larger than its limit");
      return FALSE;
    }
  take_execution_state (report, step->states);
  remove_step (report, step->identifier); /* it ran again, in a loop */
  g_ptr_array_add (report->steps, step);
  return TRUE;
}

static gboolean
take_finished (RunReport *report, const Frame *frame, GError **error)
{
  g_auto (FinishedMessage) message = { 0 };
  if (!message_read_finished (frame, &message, error))
    return FALSE;
  for (guint i = 0; i < message.states->len; i++)
    {
      const StoreState *state = message.states->pdata[i];
      g_hash_table_replace (report->states, g_strdup (state->scope), g_bytes_ref (state->json));
    }
  report->answer = g_steal_pointer (&message.answer);
  report->has_succeeded = message.is_success;
  if (message.error != NULL)
    report->error = json_parse_bytes (message.error, NULL);
  end (report);
  return TRUE;
}

gboolean
run_report_take (RunReport *report, const Frame *frame, GError **error)
{
  g_autofree char *text = NULL;
  switch (frame->type)
    {
    case EXECUTION_RESPONSE:
      g_clear_pointer (&report->trigger_answer, answer_unref);
      if (!message_read_response (frame, &report->trigger_answer, error))
        return FALSE;
      if (report->trigger_answer == NULL)
        report->trigger_answer = answer_new_default ();
      return TRUE;
    case EXECUTION_STEP:
      return take_step (report, frame, error);
    case EXECUTION_LOG:
      return take_log (report, frame, error);
    case EXECUTION_FINISHED:
      return take_finished (report, frame, error);
    case WORKER_UNFIT:
      text = message_read_text (frame, error);
      if (text != NULL)
        run_report_fail (report, text, -1);
      return text != NULL;
    default: /* EXECUTION_REJECTED: EXECUTION_FINISHED follows with the same message */
      return TRUE;
    }
}

void
run_report_fail (RunReport *report, const char *reason, int limit)
{
  g_autoptr (GBytes) error
      = execution_error_json (limit >= 0 ? "LimitError" : "WorkerError", reason, limit, NULL, NULL);
  json_decref (report->error);
  report->error = json_parse_bytes (error, NULL);
  report->has_succeeded = FALSE;
  end (report);
}

/* --- looking at it --- */

gboolean
run_report_is_over (RunReport *report)
{
  return report->is_over;
}

gboolean
run_report_has_succeeded (RunReport *report)
{
  return report->has_succeeded;
}

double
run_report_duration_ms (RunReport *report)
{
  return (double) (report->ended_at_us - report->began_at_us) / 1000;
}

json_t *
run_report_error (RunReport *report)
{
  return report->error;
}

Value *
run_report_result (RunReport *report)
{
  if (!report->has_succeeded || report->steps->len == 0)
    return NULL;
  return ((StoreStep *) report->steps->pdata[report->steps->len - 1])->results;
}

const Answer *
run_report_answer (RunReport *report)
{
  return report->is_synchronous ? report->answer : report->trigger_answer;
}

static void
append_header (GString *json, gboolean is_first, const char *name, const char *value)
{
  if (!is_first)
    g_string_append_c (json, ',');
  append_string (json, name);
  g_string_append_c (json, ':');
  append_string (json, value);
}

static void
append_body (GString *json, GBytes *body)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  if (size == 0 || (g_utf8_validate_len (data, size, NULL) && memchr (data, 0, size) == NULL))
    {
      g_autofree char *text = g_strndup (data == NULL ? "" : data, size);
      append_string (json, text);
      return;
    }
  g_autofree char *base64 = g_base64_encode ((const guchar *) data, size);
  g_string_append_printf (json, "{\"type\":\"Buffer\",\"encoding\":\"base64\",\"data\":\"%s\"}",
                          base64);
}

static void
append_response (GString *json, RunReport *report)
{
  const Answer *answer = run_report_answer (report);
  g_autoptr (GBytes) default_body = NULL;
  if (answer == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  WebhookAnswer view = answer_view (answer, report->execution_id, &default_body);
  g_string_append_printf (json, "{\"statusCode\":%u,\"contentType\":", view.status);
  if (view.content_type == NULL)
    g_string_append (json, "null");
  else
    append_string (json, view.content_type);
  g_string_append (json, ",\"headers\":{");
  for (guint i = 0; view.headers != NULL && i + 1 < view.headers->len; i += 2)
    append_header (json, i == 0, view.headers->pdata[i], view.headers->pdata[i + 1]);
  g_string_append (json, "},\"body\":");
  if (view.body == NULL)
    g_string_append (json, "null");
  else
    append_body (json, view.body);
  g_string_append_c (json, '}');
}

static void
append_step_results (GString *json, RunReport *report)
{
  g_string_append_c (json, '{');
  for (guint i = 0; i < report->steps->len; i++)
    {
      const StoreStep *step = report->steps->pdata[i];
      if (i > 0)
        g_string_append_c (json, ',');
      append_string (json, step->identifier);
      g_string_append (json, ":{\"results\":");
      append_value (json, step->results);
      g_string_append_c (json, '}');
    }
  g_string_append_c (json, '}');
}

static void
append_states (GString *json, RunReport *report)
{
  static const char *const names[]
      = { "executionState", "instanceState", "crossFlowState", "integrationState" };
  g_string_append_c (json, '{');
  for (guint i = 0, n = 0; i < G_N_ELEMENTS (names); i++)
    {
      GBytes *state = g_hash_table_lookup (report->states, names[i]);
      if (state == NULL)
        continue;
      if (n++ > 0)
        g_string_append_c (json, ',');
      append_string (json, names[i]);
      g_string_append_c (json, ':');
      append_bytes (json, state);
    }
  g_string_append_c (json, '}');
}

char *
run_report_to_json (RunReport *report)
{
  GString *json = g_string_new ("{\"status\":");
  char duration[G_ASCII_DTOSTR_BUF_SIZE];
  append_string (json, report->has_succeeded ? "succeeded" : "failed");
  g_string_append (json, ",\"result\":");
  append_value (json, run_report_result (report));
  g_string_append (json, ",\"response\":");
  append_response (json, report);
  g_string_append (json, ",\"stepResults\":");
  append_step_results (json, report);
  g_string_append_printf (json, ",\"logs\":[%s],\"state\":", report->logs->str);
  append_states (json, report);
  g_autofree char *error = report->error == NULL ? NULL : json_print (report->error);
  g_string_append_printf (
      json, ",\"error\":%s,\"durationMs\":%s,\"executionId\":", error == NULL ? "null" : error,
      g_ascii_formatd (duration, sizeof duration, "%.3f", run_report_duration_ms (report)));
  append_string (json, report->execution_id);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}
