/* What workers say of their executions. A frame that does not read ends its worker. */
#include "dispatch/message.h"
#include "dispatch/private.h"

#include "dispatch/limit_error.h"

/* What the worker's own accounting may count otherwise than ours does. */
#define SLACK_BYTES ((gsize) 1 << 20)

static void
took_rejection (WorkerProcess *process, Execution *execution, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = message_read_text (frame, &error);
  if (message == NULL)
    {
      worker_process_condemn (process, error->message);
      return;
    }
  execution->dispatcher->counts.rejected++;
  caller_answer (execution, answer_new_error (400, message));
}

static void
took_response (WorkerProcess *process, Execution *execution, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  Answer *answer = NULL;
  if (!message_read_response (frame, &answer, &error))
    {
      worker_process_condemn (process, error->message);
      return;
    }
  /* A synchronous caller waits for the end (spec/triggers-and-flows.md, "Synchronous"). */
  if (execution->is_synchronous)
    g_clear_pointer (&answer, answer_unref);
  else
    caller_answer (execution, answer == NULL ? answer_new_default () : answer);
}

/* The worker should have kept to it: it is not one of ours any more. */
static void
passed_limit (WorkerProcess *process, Execution *execution, LimitId limit)
{
  g_autofree char *message
      = limit_message (limit, -1, execution->flow->endpoint.limits.value[limit]);
  worker_process_end_run (process, execution->slot);
  execution_fail (execution, "LimitError", message, (int) limit);
  worker_process_condemn (process, message);
}

static void
took_step (WorkerProcess *process, Execution *execution, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  gboolean is_too_large;
  gsize most = (gsize) execution->flow->endpoint.limits.value[LIMIT_RESULT_BYTES] + SLACK_BYTES;
  StoreStep *step = message_read_step (frame, most, &is_too_large, &error);
  if (step != NULL)
    execution_add_step (execution, step);
  else if (is_too_large)
    passed_limit (process, execution, LIMIT_RESULT_BYTES);
  else
    worker_process_condemn (process, error->message);
}

static void
took_log (WorkerProcess *process, Execution *execution, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  gsize text_bytes;
  g_autoptr (GArray) lines = message_read_log (frame, &text_bytes, &error);
  if (lines == NULL)
    {
      worker_process_condemn (process, error->message);
      return;
    }
  execution->log_bytes += text_bytes;
  if (execution->log_bytes
      > (gsize) execution->flow->endpoint.limits.value[LIMIT_LOG_BYTES] + SLACK_BYTES)
    passed_limit (process, execution, LIMIT_LOG_BYTES);
  else
    store_log_append (execution->dispatcher->store, &execution->id, lines);
}

static void
took_end (WorkerProcess *process, Execution *execution, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  g_auto (FinishedMessage) message = { 0 };
  if (!message_read_finished (frame, &message, &error))
    {
      /* For the process this was its last frame, so its death will not be laid at its door. */
      execution->attempts++;
      execution->is_alone = TRUE;
      worker_process_condemn (process, error->message);
      return;
    }
  Answer *answer = g_steal_pointer (&message.answer);
  if (!message.is_success)
    {
      g_autofree char *text = execution_error_message (message.error);
      g_clear_pointer (&answer, answer_unref);
      answer = answer_new_error (400, text);
    }
  else if (answer == NULL)
    answer = answer_new_default ();
  execution_finish (execution, message.error, g_steal_pointer (&message.states), answer,
                    message.cpu_us, message.memory_bytes);
}

/* The version does not load in the worker: it never will in another either. */
static void
took_unfit (WorkerProcess *process, Worker *worker, Frame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = message_read_text (frame, &error);
  g_autofree char *message = g_strdup_printf ("The integration can't be run: %s",
                                              text == NULL ? "no reason given" : text);
  g_autoptr (GPtrArray) executions
      = g_ptr_array_new_with_free_func ((GDestroyNotify) execution_unref);
  for (guint i = 0; i < worker->executions->len; i++)
    g_ptr_array_add (executions, execution_ref (worker->executions->pdata[i]));
  for (guint i = 0; i < executions->len; i++)
    {
      Execution *execution = executions->pdata[i];
      worker_process_end_run (process, execution->slot);
      execution_fail (execution, "VersionError", message, -1);
    }
  worker_process_condemn (process, message);
}

static Execution *
find_execution (Worker *worker, guint64 slot)
{
  Execution *execution = g_hash_table_lookup (worker->dispatcher->executions, &slot);
  return execution != NULL && execution->worker == worker ? execution : NULL;
}

void
worker_frame (WorkerProcess *process, Frame *frame, gpointer user_data)
{
  Worker *worker = user_data;
  Dispatcher *dispatcher = worker->dispatcher;
  if (frame->type == WORKER_UNFIT)
    {
      took_unfit (process, worker, frame);
      return;
    }
  g_autoptr (Execution) execution = NULL;
  Execution *found = find_execution (worker, frame->stream);
  if (found == NULL)
    return;
  execution = execution_ref (found);
  pool_feel_pressure (dispatcher, g_bytes_get_size (frame->body));
  switch (frame->type)
    {
    case EXECUTION_REJECTED:
      took_rejection (process, execution, frame);
      break;
    case EXECUTION_RESPONSE:
      took_response (process, execution, frame);
      break;
    case EXECUTION_STEP:
      took_step (process, execution, frame);
      break;
    case EXECUTION_LOG:
      took_log (process, execution, frame);
      break;
    case EXECUTION_FINISHED:
      took_end (process, execution, frame);
      queue_pump (dispatcher);
      break;
    default:
      break;
    }
}
