/* One execution's life.
 *
 *     accepted -> QUEUED -> RUNNING -> ENDED
 *                   ^          |
 *                   +----------+  its worker died under it
 *
 * What is kept in memory while it lives is what a second try needs: the payload
 * and the steps that have ended. A try that ended because the execution itself
 * broke the worker counts against LIMIT_ATTEMPTS; one that a neighbour broke does
 * not, but has a bound too.
 */
#include "dispatch/private.h"

#include <string.h>

#include "dispatch/limit_error.h"

#define MOST_INTERRUPTIONS 50

Execution *
execution_ref (Execution *execution)
{
  execution->refs++;
  return execution;
}

void
execution_unref (Execution *execution)
{
  if (--execution->refs > 0)
    return;
  g_clear_pointer (&execution->deployment, deployment_unref);
  g_clear_pointer (&execution->payload, value_unref);
  g_clear_pointer (&execution->steps, g_ptr_array_unref);
  g_clear_pointer (&execution->answer, answer_unref);
  g_free (execution->invoke_url);
  g_free (execution);
}

/* With one reference, the table's. */
Execution *
execution_new (Dispatcher *dispatcher, FlowEntry *flow)
{
  Execution *execution = g_new0 (Execution, 1);
  execution->refs = 1;
  execution->dispatcher = dispatcher;
  execution->slot = ++dispatcher->last_slot;
  execution->flow = flow;
  execution->deployment = deployment_ref (flow->deployment);
  g_hash_table_insert (dispatcher->executions, &execution->slot, execution);
  return execution;
}

void
execution_drop_if_over (Execution *execution)
{
  if (execution->life == LIFE_ENDED && execution->done == NULL && execution->dispatcher != NULL)
    g_hash_table_remove (execution->dispatcher->executions, &execution->slot);
}

/* --- on disk --- */

static Answer *
answer_new_unavailable (const char *message)
{
  Answer *answer = answer_new_error (503, message);
  answer->headers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (answer->headers, g_strdup ("Retry-After"));
  g_ptr_array_add (answer->headers, g_strdup ("5"));
  return answer;
}

static void
insert_failed (Execution *execution, const GError *error)
{
  g_autofree char *message
      = g_strdup_printf ("The execution could not be stored: %s", error->message);
  execution->dispatcher->counts.store_errors++;
  /* A synchronous caller has its answer anyway; only the record of it is lost. */
  if (execution->is_synchronous)
    return;
  g_clear_pointer (&execution->answer, answer_unref);
  caller_answer (execution, answer_new_unavailable (message));
  if (execution->life != LIFE_QUEUED)
    return;
  queue_remove (execution);
  execution->life = LIFE_ENDED;
  execution_drop_if_over (execution);
}

static void
on_inserted (const GError *error, gpointer user_data)
{
  g_autoptr (Execution) execution = user_data;
  if (execution->dispatcher == NULL)
    return;
  execution->is_durable = TRUE;
  if (error != NULL)
    insert_failed (execution, error);
  else
    caller_deliver (execution);
}

void
execution_insert (Execution *execution)
{
  StoreExecution row = {
    .id = execution->id,
    .instance_id = execution->deployment->instance->stored->id,
    .version_id = execution->deployment->version_id,
    .flow = execution->flow->endpoint.flow->stable_key,
    .invoke_type = execution->invoke_type,
    .is_synchronous = execution->is_synchronous,
    .payload_kind = execution->payload_kind,
    .invoke_url = execution->invoke_url,
    .payload = execution->payload,
    .created_at_us = execution->created_at_us,
  };
  store_execution_insert (execution->dispatcher->store, &row,
                          execution->is_synchronous ? STORE_RELAXED : STORE_DURABLE, on_inserted,
                          execution_ref (execution));
}

/* --- running --- */

static void
write_steps (FrameWriter *frame, GPtrArray *steps)
{
  frame_write_u32 (frame, steps == NULL ? 0 : steps->len);
  for (guint i = 0; steps != NULL && i < steps->len; i++)
    {
      const StoreStep *step = steps->pdata[i];
      frame_write_string (frame, step->path);
      frame_write_value (frame, step->results);
      frame_write_gbytes (frame, step->error);
      frame_write_gbytes (frame, step->states);
      frame_write_gbytes (frame, step->sealed);
    }
}

static GBytes *
start_frame (Execution *execution)
{
  FrameWriter *frame = frame_writer_new (WORKER_START, execution->slot);
  frame_write_string (frame, execution->id.text);
  frame_write_u32 (frame, execution->flow->index);
  frame_write_u8 (frame, execution->invoke_type);
  frame_write_u8 (frame, execution->is_synchronous);
  frame_write_i64 (frame, execution->started_at_us);
  frame_write_string (frame, execution->invoke_url);
  frame_write_u8 (frame, execution->payload_kind);
  frame_write_value (frame, execution->payload);
  frame_write_gbytes (frame, states_for (execution->flow));
  frame_write_gbytes (frame, execution->flow->limits_json);
  frame_write_gbytes (frame, NULL); /* mocks */
  write_steps (frame, execution->steps);
  return frame_writer_end (frame);
}

void
execution_start (Execution *execution, Worker *worker)
{
  Dispatcher *dispatcher = execution->dispatcher;
  execution->life = LIFE_RUNNING;
  execution->started_at_us = g_get_real_time ();
  execution->log_bytes = 0;
  execution->deployment->instance->running++;
  dispatcher->n_running++;
  store_execution_started (dispatcher->store, &execution->id, execution->attempts + 1,
                           execution->started_at_us);
  g_autoptr (GBytes) frame = start_frame (execution);
  pool_add_execution (worker, execution);
  if (execution->deployment->needs_grants)
    worker_process_grant (worker->process, execution->slot, execution->id.text);
  worker_process_run (worker->process, execution->slot, frame, &execution->flow->endpoint.limits);
}

void
execution_leave_worker (Execution *execution)
{
  if (execution->worker == NULL)
    return;
  if (execution->deployment->needs_grants && execution->worker->process != NULL)
    worker_process_revoke (execution->worker->process, execution->slot);
  pool_remove_execution (execution->worker, execution);
  execution->deployment->instance->running--;
  execution->dispatcher->n_running--;
}

void
execution_restore_step (Execution *execution, StoreStep *step)
{
  if (strchr (step->path, '/') == NULL)
    execution->top_steps = (guint) MIN (g_ascii_strtoull (step->path, NULL, 10), G_MAXINT) + 1;
  if (execution->steps == NULL)
    execution->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) store_step_free);
  g_ptr_array_add (execution->steps, step);
}

void
execution_add_step (Execution *execution, StoreStep *step)
{
  store_step_put (execution->dispatcher->store, &execution->id, step);
  execution_restore_step (execution, step);
}

/* The step that it was in, by those that have ended. */
static const Step *
current_step (Execution *execution)
{
  GPtrArray *steps = execution->flow->endpoint.flow->steps;
  return execution->top_steps < steps->len ? steps->pdata[execution->top_steps] : NULL;
}

static void
clear_line (gpointer line)
{
  store_log_line_clear (line);
}

void
execution_log (Execution *execution, LogLevel level, const char *text)
{
  const Step *step = current_step (execution);
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (StoreLogLine));
  StoreLogLine line = {
    .at_us = g_get_real_time (),
    .level = (guint8) level,
    .step = g_strdup (step == NULL ? "" : step->identifier),
    .text = g_strdup (text),
  };
  g_array_set_clear_func (lines, clear_line);
  g_array_append_val (lines, line);
  store_log_append (execution->dispatcher->store, &execution->id, lines);
}

void
execution_run_again (Execution *execution, const char *why)
{
  g_autofree char *line = NULL;
  gint64 most = execution->flow->endpoint.limits.value[LIMIT_ATTEMPTS];
  execution_leave_worker (execution);
  if (execution->attempts >= most)
    {
      line = g_strdup_printf (
          "The execution was given up after %u attempts (limit \"attempts\"), each "
          "of which ended its worker; the last: %s",
          execution->attempts, why);
      queue_push_front (execution);
      execution_fail (execution, "WorkerError", line, LIMIT_ATTEMPTS);
      return;
    }
  if (execution->interruptions > MOST_INTERRUPTIONS)
    {
      line = g_strdup_printf ("The execution was given up after its worker had ended %u times for "
                              "reasons of others; the "
                              "last: %s",
                              execution->interruptions, why);
      queue_push_front (execution);
      execution_fail (execution, "WorkerError", line, -1);
      return;
    }
  execution->dispatcher->counts.run_again++;
  line = g_strdup_printf ("The execution is taken up again: %s", why);
  execution_log (execution, LOG_WARN, line);
  queue_push_front (execution);
}

/* --- the end --- */

static void
on_finish_stored (const GError *error, gpointer user_data)
{
  g_autoptr (Execution) execution = user_data;
  if (execution->dispatcher == NULL)
    return;
  if (error != NULL)
    execution->dispatcher->counts.store_errors++;
  if (!execution->waits_for_store)
    return;
  execution->waits_for_store = FALSE;
  if (error != NULL && execution->done != NULL)
    {
      g_autofree char *message = g_strdup_printf (
          "The state that the execution changed could not be stored: %s", error->message);
      g_clear_pointer (&execution->answer, answer_unref);
      execution->answer = answer_new_error (500, message);
    }
  caller_deliver (execution);
}

static void
store_finish (Execution *execution, GBytes *error, GPtrArray *states, guint64 cpu_us,
              guint64 memory_bytes)
{
  gboolean has_states = states != NULL && states->len > 0;
  StoreFinish finish = {
    .status = error == NULL ? EXECUTION_SUCCEEDED : EXECUTION_FAILED,
    .ended_at_us = g_get_real_time (),
    .error = error,
    .http_status = execution->answer == NULL ? 0 : execution->answer->status,
    .cpu_us = cpu_us,
    .memory_bytes = memory_bytes,
  };
  DispatcherCounts *counts = &execution->dispatcher->counts;
  counts->succeeded += error == NULL;
  counts->failed += error != NULL;
  counts->duration_us += (guint64) MAX (finish.ended_at_us - execution->created_at_us, 0);
  store_execution_finish (execution->dispatcher->store, &execution->id, &finish, states,
                          has_states ? STORE_DURABLE : STORE_RELAXED, on_finish_stored,
                          execution_ref (execution));
}

/* Replaces *error and *answer where the states don't fit. */
static gboolean
keep_states (Execution *execution, GPtrArray *states, GBytes **error, Answer **answer)
{
  if (states == NULL || states->len == 0 || states_change (execution->flow, states))
    return TRUE;
  /* The platform's own words: spec/triggers-and-flows.md, "State". */
  g_autofree char *message = g_strdup_printf (
      "Unable to complete execution, persisted state exceeded maximum limit of %" G_GINT64_FORMAT
      " bytes.",
      execution->flow->endpoint.limits.value[LIMIT_STATE_BYTES]);
  *error = execution_error_json ("LimitError", message, LIMIT_STATE_BYTES, NULL, NULL);
  if (*answer != NULL)
    answer_unref (*answer);
  *answer = answer_new_error (400, message);
  execution_log (execution, LOG_ERROR, message);
  return FALSE;
}

void
execution_finish (Execution *execution, GBytes *error, GPtrArray *states, Answer *answer,
                  guint64 cpu_us, guint64 memory_bytes)
{
  g_autoptr (Execution) hold = execution_ref (execution);
  g_autoptr (GPtrArray) owned_states = states;
  g_autoptr (GBytes) state_error = NULL;
  if (!keep_states (execution, states, &state_error, &answer))
    {
      error = state_error;
      states = NULL;
    }
  if (execution->life == LIFE_QUEUED)
    queue_remove (execution);
  execution_leave_worker (execution);
  execution->life = LIFE_ENDED;
  g_clear_pointer (&execution->steps, g_ptr_array_unref);
  execution->waits_for_store = execution->is_synchronous && states != NULL && states->len > 0;
  if (execution->answer == NULL)
    execution->answer = answer;
  else if (answer != NULL)
    answer_unref (answer);
  store_finish (execution, error, states, cpu_us, memory_bytes);
  caller_deliver (execution);
  execution_drop_if_over (execution);
}

void
execution_fail (Execution *execution, const char *name, const char *message, int limit)
{
  const Step *step = current_step (execution);
  g_autoptr (GBytes) error
      = execution_error_json (name, message, limit, step == NULL ? NULL : step->identifier,
                              step == NULL ? NULL : step->name);
  g_autofree char *line = step == NULL
                              ? g_strdup (message)
                              : g_strdup_printf ("Step \"%s\" failed: %s", step->name, message);
  execution_log (execution, LOG_ERROR, line);
  execution_finish (execution, error, NULL, answer_new_error (400, message), 0, 0);
}
