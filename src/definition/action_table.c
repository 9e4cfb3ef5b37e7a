#include "definition/action_table.h"

#include <string.h>

static const ActionInput code_inputs[] = {
  { "code", ACTION_INPUT_CODE, TRUE, NULL, "the code to be executed" },
  { 0 },
};

static const ActionInput webhook_inputs[] = {
  { "statusCode", ACTION_INPUT_VALUE, FALSE, "200", "status of the answer to the caller" },
  { "contentType", ACTION_INPUT_VALUE, FALSE, "application/json", "content type of the answer" },
  { "body", ACTION_INPUT_VALUE, FALSE, NULL,
    "body of the answer; none: `{\"executionId\":\"…\"}`" },
  { "headers", ACTION_INPUT_KEY_VALUE_LIST, FALSE, NULL, "headers of the answer" },
  { 0 },
};

static const Action actions[] = {
  { .component = "code",
    .action = "runCodeTrigger",
    .label = "Code Block Trigger",
    .is_trigger = TRUE,
    .inputs = code_inputs },
  { .component = "code", .action = "runCode", .label = "Code Block", .inputs = code_inputs },
  { .component = "webhook-triggers",
    .action = "webhook",
    .label = "Webhook",
    .is_trigger = TRUE,
    .inputs = webhook_inputs },
};

const Action *
action_nth (guint index)
{
  return index < G_N_ELEMENTS (actions) ? &actions[index] : NULL;
}

const Action *
action_find (const char *component, const char *action)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (strcmp (actions[i].component, component) == 0 && strcmp (actions[i].action, action) == 0)
      return &actions[i];
  return NULL;
}

const ActionInput *
action_input (const Action *action, const char *key)
{
  for (const ActionInput *input = action->inputs; input->key != NULL; input++)
    if (strcmp (input->key, key) == 0)
      return input;
  return NULL;
}

const char *const *
action_names (void)
{
  static const char *names[G_N_ELEMENTS (actions) + 1];
  static gsize is_made;
  if (g_once_init_enter (&is_made))
    {
      for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
        names[i] = g_strconcat (actions[i].component, ".", actions[i].action, NULL);
      g_once_init_leave (&is_made, 1);
    }
  return names;
}
