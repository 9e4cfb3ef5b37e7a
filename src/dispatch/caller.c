/* Who waits for an answer.
 *
 * The answer leaves when it is known and what it promises is true: an asynchronous
 * one not before the execution is on disk, a synchronous one not before states that
 * changed are. All deadlines are in one list by time with one timer: a timer each
 * would cost more than the rest of a small execution's way through here.
 */
#include "dispatch/private.h"

static gboolean on_deadline (gpointer user_data);

/* --- the list of deadlines --- */

static gboolean
call_function (GSource *source, GSourceFunc func, gpointer user_data)
{
  return func (user_data);
}

/* Fires at its ready time and never else. */
static GSourceFuncs alarm_funcs = { .dispatch = call_function };

static void
arm (Dispatcher *dispatcher)
{
  Execution *first = g_queue_peek_head (&dispatcher->waiting);
  if (dispatcher->deadline == NULL)
    {
      dispatcher->deadline = g_source_new (&alarm_funcs, sizeof (GSource));
      g_source_set_callback (dispatcher->deadline, on_deadline, dispatcher, NULL);
      g_source_attach (dispatcher->deadline, dispatcher->host->context);
    }
  g_source_set_ready_time (dispatcher->deadline, first == NULL ? -1 : first->deadline_us);
}

/* Most flows have the same limit, so the place is nearly always the end. */
static void
insert_by_deadline (Dispatcher *dispatcher, Execution *execution)
{
  GList *after = dispatcher->waiting.tail;
  while (after != NULL && ((Execution *) after->data)->deadline_us > execution->deadline_us)
    after = after->prev;
  if (after == NULL)
    g_queue_push_head_link (&dispatcher->waiting, &execution->deadline_link);
  else
    g_queue_insert_after_link (&dispatcher->waiting, after, &execution->deadline_link);
}

static void
stop_waiting (Execution *execution)
{
  if (!execution->is_waited_for)
    return;
  execution->is_waited_for = FALSE;
  g_queue_unlink (&execution->dispatcher->waiting, &execution->deadline_link);
}

/* The timer is left as it is when the first goes: it finds nothing to do, and goes on to the next.
 */
static gboolean
on_deadline (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  gint64 now_us = g_get_monotonic_time ();
  Execution *execution;
  while ((execution = g_queue_peek_head (&dispatcher->waiting)) != NULL
         && execution->deadline_us <= now_us)
    {
      g_autofree char *message = NULL;
      stop_waiting (execution);
      dispatcher->counts.late++;
      if (!execution->is_synchronous)
        {
          caller_answer (execution, answer_new_default ());
          continue;
        }
      message = g_strdup_printf (
          "Execution %s did not end within the %" G_GINT64_FORMAT
          " ms that a synchronous caller waits (limit \"syncMs\"). It goes on; ask for its result "
          "by its id, or call the flow asynchronously.",
          execution->id.text, execution->flow->endpoint.limits.value[LIMIT_SYNC_MS]);
      execution->waits_for_store = FALSE;
      caller_answer (execution, answer_new_error (504, message));
    }
  arm (dispatcher);
  return G_SOURCE_CONTINUE;
}

/* --- the answer --- */

void
caller_expect (Execution *execution, WebhookDone done, gpointer user_data, gint64 timeout_ms)
{
  Dispatcher *dispatcher = execution->dispatcher;
  execution->done = done;
  execution->user_data = user_data;
  execution->deadline_us = g_get_monotonic_time () + timeout_ms * 1000;
  execution->deadline_link.data = execution;
  execution->is_waited_for = TRUE;
  gboolean was_empty = g_queue_is_empty (&dispatcher->waiting);
  insert_by_deadline (dispatcher, execution);
  if (was_empty || dispatcher->waiting.head == &execution->deadline_link)
    arm (dispatcher);
}

void
caller_answer (Execution *execution, Answer *answer)
{
  if (execution->answer == NULL)
    execution->answer = answer;
  else
    answer_unref (answer);
  caller_deliver (execution);
}

void
caller_deliver (Execution *execution)
{
  gboolean is_promised
      = execution->is_synchronous ? !execution->waits_for_store : execution->is_durable;
  if (execution->done == NULL || execution->answer == NULL || !is_promised)
    return;
  g_autoptr (GBytes) default_body = NULL;
  g_autoptr (Execution) hold = execution_ref (execution);
  WebhookAnswer view = answer_view (execution->answer, execution->id.text, &default_body);
  WebhookDone done = execution->done;
  caller_forget (execution);
  done (execution->id.text, &view, NULL, execution->user_data);
}

void
caller_forget (Execution *execution)
{
  execution->done = NULL;
  stop_waiting (execution);
  execution_drop_if_over (execution);
}
