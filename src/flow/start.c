#include "flow/flow.h"

void
flow_resumed_free (FlowResumed *resumed)
{
  g_free (resumed->path);
  g_clear_pointer (&resumed->results, value_unref);
  g_clear_pointer (&resumed->error, g_bytes_unref);
  g_clear_pointer (&resumed->states, g_bytes_unref);
  g_clear_pointer (&resumed->sealed, g_bytes_unref);
  g_free (resumed);
}

void
flow_start_free (FlowStart *start)
{
  g_free (start->execution_id);
  g_free (start->invoke_url);
  g_clear_pointer (&start->payload, value_unref);
  g_clear_pointer (&start->states, g_bytes_unref);
  g_clear_pointer (&start->mocks, g_bytes_unref);
  g_clear_pointer (&start->resumed, g_ptr_array_unref);
  g_clear_pointer (&start->grant, flow_grant_free);
  g_free (start->problem);
  g_free (start);
}
