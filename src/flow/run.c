/* One execution: the state machine. Steps are begun by advance(), a loop and not
 * a recursion, and each ends through one of the flow_step_* functions, at once or
 * from a later entry of the realm. */
#include "flow/private.h"

#include <string.h>
#include <sys/resource.h>

static void advance (FlowRun *run);

/* --- the end --- */

static guint64
resident_bytes (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (guint64) usage.ru_maxrss * 1024;
}

static void
finish (FlowRun *run, gboolean is_success, const HttpAnswer *answer, GBytes *error, Value *result)
{
  g_autoptr (GArray) states = is_success ? flow_states_to_save (run) : NULL;
  g_autoptr (Value) shown = result == NULL ? NULL : flow_redact_value (run, result);
  FlowEnd end = {
    .is_success = is_success,
    .answer = answer,
    .states = states,
    .error = error,
    .result = shown == NULL ? result : shown,
    .cpu_us = (guint64) realm_cpu_us (run->realm),
    .memory_bytes = resident_bytes (),
  };
  run->is_done = TRUE;
  run->sink->finished (run, &end, run->user_data);
}

static void
tell_step (FlowRun *run, Value *results, GBytes *error, GBytes *states)
{
  g_autoptr (Value) shown = flow_redact_value (run, results);
  g_autoptr (GBytes) sealed = shown == NULL ? NULL : flow_seal_results (run, run->path, results);
  FlowStepEnd end = {
    .path = run->path,
    .identifier = run->step->identifier,
    .name = run->step->name,
    .started_at_us = run->step_started_at_us,
    .ended_at_us = g_get_real_time (),
    .results = shown == NULL ? results : shown,
    .error = error,
    .states = states,
    .sealed = sealed,
  };
  run->sink->step (run, &end, run->user_data);
}

void
flow_fail (FlowRun *run, GBytes *error)
{
  if (!run->is_done)
    {
      GBytes *shown = flow_redact_json (run, error);
      if (shown != NULL)
        {
          g_bytes_unref (error);
          error = shown;
        }
      g_autofree char *message = flow_error_message (error);
      g_autofree char *line = run->step == NULL ? g_strdup (message)
                                                : g_strdup_printf ("Step \"%s\" failed: %s",
                                                                   run->step->name, message);
      g_autoptr (Value) nothing = value_new_undefined ();
      flow_log (run, LOG_ERROR, line);
      if (run->path != NULL)
        tell_step (run, nothing, error, NULL);
      finish (run, FALSE, NULL, error, nothing);
    }
  g_bytes_unref (error);
}

void
flow_reject (FlowRun *run, const char *message)
{
  g_autoptr (Value) nothing = value_new_undefined ();
  g_autofree char *shown = flow_redact_text (run, message);
  message = shown == NULL ? message : shown;
  GBytes *error = flow_error (run, "PayloadError", message);
  run->sink->rejected (run, message, run->user_data);
  finish (run, FALSE, NULL, error, nothing);
  g_bytes_unref (error);
}

/* What the caller of a flow that ran to its end gets. A flow of only a trigger answers with the
 * trigger's own response where it has one. */
static void
succeed (FlowRun *run)
{
  g_autofree char *message = NULL;
  StepRecord *record = g_ptr_array_index (run->records, run->records->len - 1);
  g_autoptr (HttpAnswer) answer
      = http_answer_of_outcome (run, run->last, record->results, &message);
  if (answer == NULL)
    flow_fail (run, flow_error (run, "ResultError", message));
  else
    finish (run, TRUE, answer, NULL, record->results);
}

/* --- log --- */

void
flow_log (FlowRun *run, LogLevel level, const char *text)
{
  g_autofree char *shown = flow_redact_text (run, text);
  run->sink->log (run, g_get_real_time (), level, run->step == NULL ? "" : run->step->identifier,
                  shown == NULL ? text : shown, run->user_data);
}

/* Cut where JavaScript would count `most` characters: UTF-16 units, a pair of them never parted. */
static char *
cut_line (const char *text, gint64 most)
{
  gint64 units = 0;
  const char *at = text;
  if ((gint64) strlen (text) <= most)
    return NULL;
  while (*at != '\0')
    {
      gint64 width = (guchar) *at >= 0xf0 ? 2 : 1;
      if (units + width > most)
        return g_strdup_printf ("%.*s… (cut)", (int) (at - text), text);
      units += width;
      at = g_utf8_next_char (at);
    }
  return NULL;
}

static void
realm_logged (Realm *realm, guint level, const char *text, gpointer host)
{
  FlowRun *run = host;
  const Limits *limits = &run->start->limits;
  if (run->is_done)
    return;
  /* Before it is cut: half a secret would not be found. */
  g_autofree char *shown = flow_redact_text (run, text);
  text = shown == NULL ? text : shown;
  g_autofree char *cut = cut_line (text, limits->value[LIMIT_LOG_LINE_CHARS]);
  const char *line = cut == NULL ? text : cut;
  gsize length = strlen (line);
  if (run->log_bytes + length > (gsize) limits->value[LIMIT_LOG_BYTES])
    {
      realm_hit_limit (realm, LIMIT_LOG_BYTES, NULL);
      return;
    }
  run->log_bytes += length;
  flow_log (run, (LogLevel) level, line);
}

/* --- what the realm tells --- */

static void
realm_uncaught (Realm *realm, JSValueRef error, gpointer host)
{
  FlowRun *run = host;
  if (!run->is_done)
    flow_fail (run, flow_error_thrown (run, error));
}

static void
realm_idle (Realm *realm, gpointer host)
{
  FlowRun *run = host;
  if (!run->is_done)
    flow_fail (run,
               flow_error (run, "DeadlockError",
                           "The execution can never finish: the code awaits a promise that "
                           "nothing will settle (no timer, request or other work is pending)"));
}

static void
realm_limit_hit (Realm *realm, LimitId limit, const char *detail, gpointer host)
{
  FlowRun *run = host;
  if (!run->is_done)
    flow_fail (run, flow_error_limit (run, limit, detail));
}

static void
realm_left (Realm *realm, gpointer host)
{
  FlowRun *run = host;
  if (!run->is_done)
    return;
  if (run->ended_early != NULL)
    *run->ended_early = TRUE;
  run->sink->over (run, run->user_data);
}

static const RealmHost realm_host_table
    = { realm_logged, realm_uncaught, realm_idle, realm_limit_hit, realm_left };

/* --- the end of a step --- */

static void
add_record (FlowRun *run, Value *results)
{
  /* A step that runs again (in a loop) replaces its result. */
  for (guint i = 0; i < run->records->len; i++)
    {
      const StepRecord *record = g_ptr_array_index (run->records, i);
      if (record->step == run->step)
        {
          g_ptr_array_remove_index (run->records, i);
          break;
        }
    }
  StepRecord *record = g_new0 (StepRecord, 1);
  record->step = run->step;
  record->results = value_ref (results);
  g_ptr_array_add (run->records, record);
}

static void
go_on (FlowRun *run)
{
  g_clear_pointer (&run->path, g_free);
  run->sequence->index++;
  run->is_waiting = FALSE;
  advance (run);
}

static void
set_last (FlowRun *run, StepOutcome *outcome)
{
  if (run->last != NULL)
    step_outcome_free (run, run->last);
  run->last = outcome;
}

/* The trigger's answer leaves before the steps run. */
static void
tell_response (FlowRun *run)
{
  run->sink->response (run, run->last->has_answer_parts ? run->last->answer : NULL, run->user_data);
}

void
flow_step_succeed (FlowRun *run, StepOutcome *outcome)
{
  g_autofree char *message = NULL;
  gboolean is_too_large = FALSE;
  g_autoptr (GBytes) states = NULL;
  g_autoptr (Value) results
      = outcome->value != NULL
            ? value_ref (outcome->value)
            : runtime_value_from_js (run->realm, outcome->results,
                                     (gsize) run->start->limits.value[LIMIT_RESULT_BYTES], &message,
                                     &is_too_large);
  if (results == NULL || !flow_states_changed (run, &states, &message))
    {
      step_outcome_free (run, outcome);
      if (is_too_large)
        flow_step_fail (run, flow_error_limit (run, LIMIT_RESULT_BYTES, NULL));
      else
        flow_step_fail_message (run, "%s", message);
      return;
    }
  set_last (run, outcome);
  add_record (run, results);
  tell_step (run, results, NULL, states);
  if (run->step->is_trigger)
    tell_response (run);
  go_on (run);
}

/* --- failing, retrying, ignoring: spec/triggers-and-flows.md, "Step errors" --- */

static gboolean
retry_now (gpointer data)
{
  FlowRun *run = data;
  Realm *realm = run->realm;
  run->retry_timer = 0;
  realm_pending_remove (realm);
  realm_enter (realm);
  run->is_waiting = FALSE;
  advance (run);
  realm_leave (realm);
  return G_SOURCE_REMOVE;
}

static gboolean
may_retry (FlowRun *run)
{
  const ErrorConfig *config = &run->step->error_config;
  return config->on_error == ON_ERROR_RETRY && run->attempt <= config->max_attempts;
}

static void
retry_later (FlowRun *run, GBytes *error)
{
  const ErrorConfig *config = &run->step->error_config;
  guint delay = config->delay_seconds;
  if (config->uses_exponential_backoff)
    delay <<= run->attempt - 1;
  g_autofree char *message = flow_error_message (error);
  g_autofree char *line
      = g_strdup_printf ("Step \"%s\" failed and is tried again in %u s (%u of %u): %s",
                         run->step->name, delay, run->attempt, config->max_attempts, message);
  flow_log (run, LOG_WARN, line);
  realm_pending_add (run->realm);
  run->retry_timer = g_timeout_add (delay * 1000, retry_now, run);
}

/* The flow goes on; later steps find `results.error`. */
static void
ignore_error (FlowRun *run, GBytes *error)
{
  g_autoptr (GBytes) shown = flow_redact_json (run, error);
  error = shown == NULL ? error : shown;
  g_autofree char *message = flow_error_message (error);
  g_autofree char *line
      = g_strdup_printf ("Step \"%s\" failed, which is ignored: %s", run->step->name, message);
  g_autofree char *text = g_strdup_printf ("{\"error\":%.*s}", (int) g_bytes_get_size (error),
                                           (const char *) g_bytes_get_data (error, NULL));
  g_autoptr (Value) results = value_new_json (text);
  flow_log (run, LOG_WARN, line);
  set_last (run, step_outcome_new_value (run, results));
  add_record (run, results);
  tell_step (run, results, error, NULL);
  go_on (run);
}

void
flow_step_fail (FlowRun *run, GBytes *error)
{
  const ErrorConfig *config = &run->step->error_config;
  if (run->is_done || realm_is_terminated (run->realm))
    {
      g_bytes_unref (error); /* limit_hit() comes and tells more */
      return;
    }
  if (may_retry (run))
    {
      retry_later (run, error);
      g_bytes_unref (error);
    }
  else if (config->on_error == ON_ERROR_IGNORE
           || (config->on_error == ON_ERROR_RETRY && config->ignores_final_error))
    {
      ignore_error (run, error);
      g_bytes_unref (error);
    }
  else
    flow_fail (run, error);
}

void
flow_step_fail_message (FlowRun *run, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  flow_step_fail (run, flow_error (run, "Error", message));
}

void
flow_step_fail_thrown (FlowRun *run, JSValueRef error)
{
  if (run->is_done || realm_is_terminated (run->realm))
    return;
  flow_step_fail (run, flow_error_thrown (run, error));
}

/* --- the beginning of a step --- */

/* An earlier try of the execution has ended this step: take its result. */
static gboolean
take_resumed (FlowRun *run)
{
  FlowResumed *resumed
      = run->resumed == NULL ? NULL : g_hash_table_lookup (run->resumed, run->path);
  if (resumed == NULL)
    return FALSE;
  g_autoptr (Value) opened = NULL;
  if (resumed->sealed != NULL && g_bytes_get_size (resumed->sealed) > 0)
    {
      opened = flow_open_results (run, resumed->path, resumed->sealed);
      if (opened == NULL)
        {
          flow_fail (
              run,
              flow_error (
                  run, "ResumeError",
                  "The results of a step that ended before the interruption held a secret, and "
                  "what was sealed of them does not open"));
          return TRUE;
        }
    }
  Value *results = opened == NULL ? resumed->results : opened;
  flow_states_restore (run, resumed->states);
  set_last (run, step_outcome_new_value (run, results));
  add_record (run, results);
  if (run->step->is_trigger)
    tell_response (run);
  go_on (run);
  return TRUE;
}

static gboolean
take_mock (FlowRun *run)
{
  json_t *mock = json_object_get (run->mocks, run->step->identifier);
  if (mock == NULL)
    return FALSE;
  g_autofree char *text = json_print (mock);
  g_autoptr (Value) value = value_new_json (text);
  flow_step_succeed (run, step_outcome_new_value (run, value));
  return TRUE;
}

static void
begin_step (FlowRun *run)
{
  Sequence *sequence = run->sequence;
  run->step = g_ptr_array_index (sequence->steps, sequence->index);
  run->is_waiting = TRUE;
  if (run->path == NULL)
    {
      run->path = g_strdup_printf ("%s%u", sequence->prefix, sequence->index);
      run->attempt = 0;
    }
  run->attempt++;
  run->step_started_at_us = g_get_real_time ();
  if (take_resumed (run) || take_mock (run))
    return;

  const FlowAction *action = flow_action_find (run->step);
  if (action != NULL)
    action->run (run);
  else
    flow_step_fail_message (run,
                            "Tenon does not have the action \"%s\" of the component \"%s\"; give a "
                            "result for \"%s\" with --mock to run without it",
                            run->step->action, run->step->component, run->step->identifier);
}

static void
sequence_pop (FlowRun *run)
{
  Sequence *ended = run->sequence;
  run->sequence = ended->parent;
  g_free (ended->prefix);
  g_free (ended);
}

static void
advance (FlowRun *run)
{
  if (run->is_advancing)
    return;
  run->is_advancing = TRUE;
  while (!run->is_done && !run->is_waiting && !realm_is_terminated (run->realm))
    {
      if (run->sequence->index < run->sequence->steps->len)
        begin_step (run);
      else
        {
          sequence_pop (run);
          if (run->sequence == NULL)
            succeed (run);
        }
    }
  run->is_advancing = FALSE;
}

/* --- the beginning of a run --- */

#ifdef TENON_TEST_HOOKS
static NativeFunction test_hooks[4];

void
flow_add_test_hook (const char *name, JSObjectCallAsFunctionCallback function)
{
  guint i = 0;
  while (test_hooks[i].name != NULL)
    g_assert (++i < G_N_ELEMENTS (test_hooks));
  test_hooks[i] = (NativeFunction){ name, function };
}

static void
install_test_hooks (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  for (guint i = 0; i < G_N_ELEMENTS (test_hooks) && test_hooks[i].name != NULL; i++)
    js_set (ctx, realm_global (run->realm), test_hooks[i].name,
            js_function (ctx, test_hooks[i].name, test_hooks[i].function));
}
#endif

static void
index_resumed (FlowRun *run)
{
  GPtrArray *resumed = run->start->resumed;
  if (resumed == NULL || resumed->len == 0)
    return;
  run->resumed = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < resumed->len; i++)
    {
      FlowResumed *step = g_ptr_array_index (resumed, i);
      g_hash_table_insert (run->resumed, step->path, step);
    }
}

static gboolean
prepare (FlowRun *run, char **message)
{
  g_autoptr (GError) error = NULL;
#ifdef TENON_TEST_HOOKS
  install_test_hooks (run);
#endif
  if (run->start->problem != NULL)
    {
      *message = g_strdup (run->start->problem);
      return FALSE;
    }
  if (g_bytes_get_size (run->start->mocks) > 0)
    run->mocks = json_parse_bytes (run->start->mocks, &error);
  if (error != NULL || !flow_states_load (run, &error))
    {
      *message = g_strdup (error->message);
      return FALSE;
    }
  index_resumed (run);
  return TRUE;
}

static void
record_free (gpointer data)
{
  StepRecord *record = data;
  value_unref (record->results);
  g_free (record);
}

FlowRun *
flow_run_start (FlowProgram *program, FlowStart *start, const FlowSink *sink, gpointer user_data)
{
  g_autofree char *message = NULL;
  gboolean has_ended = FALSE;
  FlowRun *run = g_new0 (FlowRun, 1);
  run->program = program;
  run->start = start;
  run->flow = g_ptr_array_index (program->version->flows, start->flow_index);
  run->sink = sink;
  run->user_data = user_data;
  run->records = g_ptr_array_new_with_free_func (record_free);
  run->modules = g_new0 (JSObjectRef, program->version->scripts->len);
  run->sequence = g_new0 (Sequence, 1);
  run->sequence->steps = run->flow->steps;
  run->sequence->prefix = g_strdup ("");
  run->realm = runtime_realm_new (program->vm, start->slot, &realm_host_table, run, &start->limits,
                                  program->surface);
  runtime_realm_set_packages (run->realm, program->packages);

  Realm *realm = run->realm;
  realm_enter (realm);
  if (prepare (run, &message))
    advance (run);
  else
    flow_fail (run, flow_error (run, "Error", message));
  run->ended_early = &has_ended;
  realm_leave (realm);
  if (has_ended)
    return NULL; /* and the run is gone */
  run->ended_early = NULL;
  return run;
}

guint64 *
flow_run_slot_key (FlowRun *run)
{
  return &run->start->slot;
}

guint64
flow_run_slot (FlowRun *run)
{
  return run->start->slot;
}

void
flow_run_cancel (FlowRun *run, int limit, const char *message)
{
  if (run->is_done)
    return;
  flow_fail (run, limit >= 0 ? flow_error_limit (run, (LimitId) limit, message)
                             : flow_error (run, "CanceledError", message));
  run->sink->over (run, run->user_data);
}

void
flow_run_check_clock (FlowRun *run, gint64 now_us)
{
  gint64 age_us = now_us - run->start->started_at_us;
  if (age_us > run->start->limits.value[LIMIT_WALL_MS] * 1000)
    flow_run_cancel (run, LIMIT_WALL_MS, NULL);
}

static void
release_values (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  for (guint i = 0; i < run->program->version->scripts->len; i++)
    if (run->modules[i] != NULL)
      JSValueUnprotect (ctx, run->modules[i]);
  for (guint i = 0; i < run->records->len; i++)
    {
      StepRecord *record = g_ptr_array_index (run->records, i);
      if (record->value != NULL)
        JSValueUnprotect (ctx, record->value);
    }
  if (run->last != NULL)
    step_outcome_free (run, run->last);
  flow_states_clear (run);
  flow_connections_clear (run);
  flow_context_clear (run);
}

void
flow_run_free (FlowRun *run)
{
  if (run->retry_timer != 0)
    {
      g_source_remove (run->retry_timer);
      realm_pending_remove (run->realm);
    }
  release_values (run);
  realm_free (run->realm);
  while (run->sequence != NULL)
    sequence_pop (run);
  g_ptr_array_unref (run->records);
  g_clear_pointer (&run->resumed, g_hash_table_unref);
  g_clear_pointer (&run->mocks, json_decref);
  g_free (run->modules);
  g_free (run->path);
  flow_start_free (run->start);
  g_free (run);
}
