/* Freeing what the store's face passes around. */
#include "store/store.h"

G_DEFINE_QUARK (store - error - quark, store_error)

const char *
execution_status_name (ExecutionStatus status)
{
  static const char *const names[] = { "queued", "running", "succeeded", "failed" };
  return names[status];
}

void
store_instance_free (StoreInstance *instance)
{
  g_free (instance->id);
  g_free (instance->name);
  g_free (instance->integration);
  g_free (instance->version_id);
  g_clear_pointer (&instance->config, json_decref);
  g_clear_pointer (&instance->endpoints, json_decref);
  g_clear_pointer (&instance->meta, json_decref);
  g_free (instance);
}

void
store_execution_free (StoreExecution *execution)
{
  g_free (execution->instance_id);
  g_free (execution->version_id);
  g_free (execution->flow);
  g_free (execution->invoke_url);
  g_clear_pointer (&execution->payload, value_unref);
  g_free (execution);
}

void
store_step_free (StoreStep *step)
{
  g_free (step->path);
  g_free (step->identifier);
  g_free (step->name);
  g_clear_pointer (&step->results, value_unref);
  g_clear_pointer (&step->error, g_bytes_unref);
  g_clear_pointer (&step->states, g_bytes_unref);
  g_clear_pointer (&step->sealed, g_bytes_unref);
  g_free (step);
}

void
store_connection_free (StoreConnection *connection)
{
  g_free (connection->id);
  g_free (connection->instance_id);
  g_free (connection->name);
  g_clear_pointer (&connection->public, g_bytes_unref);
  g_clear_pointer (&connection->fields, g_bytes_unref);
  g_clear_pointer (&connection->token, g_bytes_unref);
  g_free (connection);
}

void
store_log_line_clear (StoreLogLine *line)
{
  g_free (line->step);
  g_free (line->text);
}

void
store_state_free (StoreState *state)
{
  g_free (state->scope);
  g_free (state->owner);
  g_clear_pointer (&state->json, g_bytes_unref);
  g_free (state);
}
