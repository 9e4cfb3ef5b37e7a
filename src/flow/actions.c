/* The actions that Tenon has: a row here, a file of its own, and a row in
 * definition/action_table.c. */
#include "flow/private.h"

#include <string.h>

static const FlowAction actions[] = {
  { "code", "runCode", code_block_action },
  { "code", "runCodeTrigger", code_block_trigger },
  { "webhook-triggers", "webhook", webhook_trigger },
};

const FlowAction *
flow_action_find (const Step *step)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_strcmp0 (actions[i].component, step->component) == 0
        && g_strcmp0 (actions[i].action, step->action) == 0)
      return &actions[i];
  return NULL;
}
