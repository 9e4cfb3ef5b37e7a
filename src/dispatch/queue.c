/* Which execution next.
 *
 * Every instance has a queue of its own, first come first served. Instances that
 * have something queued take turns, one execution a turn, so that one that is
 * flooded delays nobody else.
 */
#include "dispatch/private.h"

/* A worker that computes, or a start of one that was put off, tells nobody when it becomes free. */
#define RETRY_MS 5
/* Instances that can't go on are not all asked again with every execution that ends. */
#define MOST_BLOCKED 64

static void
enter_ring (Instance *instance)
{
  if (instance->is_in_ring)
    return;
  instance->is_in_ring = TRUE;
  g_queue_push_tail (&instance->dispatcher->ring, instance);
}

static void
entered (Execution *execution)
{
  execution->life = LIFE_QUEUED;
  execution->dispatcher->n_queued++;
  enter_ring (execution->deployment->instance);
}

void
queue_push (Execution *execution)
{
  execution->link.data = execution;
  g_queue_push_tail_link (&execution->deployment->instance->queue, &execution->link);
  entered (execution);
}

void
queue_push_front (Execution *execution)
{
  execution->link.data = execution;
  g_queue_push_head_link (&execution->deployment->instance->queue, &execution->link);
  entered (execution);
}

void
queue_remove (Execution *execution)
{
  g_queue_unlink (&execution->deployment->instance->queue, &execution->link);
  execution->dispatcher->n_queued--;
}

/* The first of an instance, if it may run and there is a worker for it. */
static gboolean
start_first (Dispatcher *dispatcher, Instance *instance)
{
  Execution *execution = g_queue_peek_head (&instance->queue);
  if (execution == NULL
      || instance->running >= execution->flow->endpoint.limits.value[LIMIT_CONCURRENCY])
    return FALSE;
  Worker *worker = pool_pick (dispatcher, execution);
  if (worker == NULL)
    return FALSE;
  queue_remove (execution);
  execution_start (execution, worker);
  return TRUE;
}

static gboolean
on_retry (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  g_clear_pointer (&dispatcher->retry, g_source_unref);
  queue_pump (dispatcher);
  return G_SOURCE_REMOVE;
}

void
queue_pump (Dispatcher *dispatcher)
{
  guint blocked = 0;
  while (!dispatcher->is_stopping && blocked < MOST_BLOCKED && blocked < dispatcher->ring.length)
    {
      Instance *instance = g_queue_pop_head (&dispatcher->ring);
      gboolean has_started = start_first (dispatcher, instance);
      blocked = has_started ? 0 : blocked + 1;
      if (g_queue_is_empty (&instance->queue))
        instance->is_in_ring = FALSE;
      else
        g_queue_push_tail (&dispatcher->ring, instance);
    }
  if (dispatcher->ring.length > 0 && dispatcher->retry == NULL && !dispatcher->is_stopping)
    dispatcher->retry = dispatcher_timer (RETRY_MS, on_retry, dispatcher);
}
