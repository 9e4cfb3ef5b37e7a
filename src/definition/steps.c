/* The steps of a flow. Two passes: the first one learns every step's name, so that the second can
 * tell a reference to a later step from one to a step that does not exist. */
#include "definition/build.h"
#include "definition/schedule.h"
#include "definition/schema.h"

#include <string.h>

typedef struct
{
  Build *build;
  guint order;
  guint depth;
} Walk;

static void
step_entry_free (gpointer data)
{
  StepEntry *entry = data;
  g_free (entry->name);
  g_free (entry);
}

/* Component and action of a step; NULL where the step does not say. */
typedef struct
{
  char *component;
  char *action;
} ActionName;

static ActionName
split_action (const char *text)
{
  const char *dot = strrchr (text, '.');
  if (dot == NULL)
    return (ActionName){ NULL, g_strdup (text) };
  return (ActionName){ g_strndup (text, (gsize) (dot - text)), g_strdup (dot + 1) };
}

static ActionName
read_action_name (const Node *step, gboolean is_first)
{
  const Node *action = node_get (step, "action");
  if (action == NULL && node_get (step, "code") != NULL)
    return (ActionName){ g_strdup ("code"), g_strdup (is_first ? "runCodeTrigger" : "runCode") };
  if (node_is_scalar (action))
    return split_action (node_text (action));
  const Node *component = node_get (action, "component");
  const char *key = node_text (component);
  if (key == NULL)
    key = node_text (node_get (component, "key"));
  return (ActionName){ g_strdup (key), g_strdup (node_text (node_get (action, "key"))) };
}

static void
action_name_clear (ActionName *name)
{
  g_free (name->component);
  g_free (name->action);
}

static const Action *
find_action (const ActionName *name)
{
  return name->component == NULL || name->action == NULL
             ? NULL
             : action_find (name->component, name->action);
}

/* First pass. */

static void
learn_name (Walk *walk, const At *at, const char *name, gboolean is_first)
{
  Build *build = walk->build;
  g_autofree char *identifier = step_identifier (name);
  StepEntry *entry = g_hash_table_lookup (build->steps, identifier);
  At name_at;

  at_find (at, "name", &name_at);
  if (*identifier == '\0')
    report (&build->reporter, FAULT_ERROR, &name_at, "use letters of a-z or digits in it",
            "the name \"%s\" gives no identifier: code could not find the step's results", name);
  else if (g_utf8_strlen (name, -1) > MODEL_MAX_NAME_CHARS)
    report (&build->reporter, FAULT_ERROR, &name_at, NULL,
            "a step's name has at most %d characters", MODEL_MAX_NAME_CHARS);
  else if (entry != NULL)
    report (&build->reporter, FAULT_ERROR, &name_at, "rename one of the two",
            "two steps have the identifier \"%s\": this one and \"%s\" in line %u", identifier,
            entry->name, entry->line);
  if (entry != NULL || *identifier == '\0')
    return;
  ActionName action = read_action_name (at->node, is_first);
  const Action *known = find_action (&action);
  entry = g_new0 (StepEntry, 1);
  entry->order = walk->order;
  entry->line = name_at.node->line;
  entry->name = g_strdup (name);
  entry->is_known = known != NULL;
  entry->is_loop = known != NULL && known->is_loop;
  action_name_clear (&action);
  g_ptr_array_add (build->step_identifiers, g_strdup (identifier));
  g_hash_table_insert (build->steps, g_steal_pointer (&identifier), entry);
}

/* Both passes visit the same steps, in the same order, so that the numbers agree. */
typedef void (*StepVisit) (Walk *walk, const At *step, gboolean is_first, gpointer data);

static void
visit_steps (Walk *walk, const At *owner, gboolean is_flow, StepVisit visit, gpointer data)
{
  At steps;
  if (!at_find (owner, "steps", &steps))
    return;
  for (guint i = 0; i < node_n_items (steps.node); i++)
    {
      At step = at_item (&steps, i);
      if (step.node->kind == NODE_OBJECT)
        visit (walk, &step, is_flow && i == 0, data);
    }
}

static void
learn_step (Walk *walk, const At *at, gboolean is_first, gpointer data)
{
  At branches;
  const char *name = node_text (node_get (at->node, "name"));
  walk->order++;
  if (name != NULL)
    learn_name (walk, at, name, is_first);
  if (walk->depth >= MODEL_MAX_DEPTH || walk->order > MODEL_MAX_STEPS)
    return;
  walk->depth++;
  visit_steps (walk, at, FALSE, learn_step, NULL);
  if (at_find (at, "branches", &branches))
    for (guint i = 0; i < node_n_items (branches.node); i++)
      {
        At branch = at_item (&branches, i);
        visit_steps (walk, &branch, FALSE, learn_step, NULL);
      }
  walk->depth--;
}

/* Second pass. */

static ErrorConfig
read_error_config (const Node *config)
{
  const char *type = node_text (node_get (config, "errorHandlerType"));
  int on_error = type == NULL ? -1 : name_index (on_error_names, type);
  return (ErrorConfig){
    .on_error = on_error < 0 ? ON_ERROR_FAIL : (OnError) on_error,
    .max_attempts = (guint) CLAMP (node_integer (node_get (config, "maxAttempts"), 0), 0, 5),
    .delay_seconds = (guint) CLAMP (node_integer (node_get (config, "delaySeconds"), 0), 0, 60),
    .uses_exponential_backoff = node_bool (node_get (config, "usesExponentialBackoff"), FALSE),
    .ignores_final_error = node_bool (node_get (config, "ignoreFinalError"), FALSE),
  };
}

static void
report_unknown_action (Build *build, const At *at, const ActionName *name)
{
  g_autofree char *full = g_strconcat (name->component, ".", name->action, NULL);
  g_autofree char *near = report_suggest (&build->reporter, full, action_names ());
  report_key (&build->reporter, FAULT_WARNING, at, near,
              "Tenon does not have component %s action %s; running into this step fails it unless "
              "--mock supplies its result",
              name->component, name->action);
}

/* Takes over `name`. */
static const Action *
read_action (Build *build, const At *at, gboolean is_first, Step *step)
{
  At place;
  ActionName name = read_action_name (at->node, is_first);
  const Action *action = find_action (&name);
  gboolean has_place = at_find (at, "action", &place);

  if (name.component != NULL && name.action != NULL)
    {
      if (action == NULL)
        report_unknown_action (build, has_place ? &place : at, &name);
    }
  else if (!has_place)
    report (&build->reporter, FAULT_ERROR, at, "write action: code.runCode, or code: |",
            "the step has no action");
  else if (node_is_scalar (place.node))
    report (&build->reporter, FAULT_ERROR, &place, "write it as component.action: code.runCode",
            "the action \"%s\" does not name its component", name.action);
  step->is_known = action != NULL;
  step->component = name.component != NULL ? name.component : g_strdup ("");
  step->action = name.action != NULL ? name.action : g_strdup ("");
  return action;
}

static void
check_trigger (Build *build, const At *at, gboolean is_first, Step *step, const Action *action)
{
  At flag;
  gboolean has_flag = at_find (at, "isTrigger", &flag);
  gboolean says_trigger = has_flag && node_bool (flag.node, FALSE);
  At place = *at;

  at_find (at, "action", &place);
  step->is_trigger = is_first;
  if (is_first && has_flag && !says_trigger)
    report (&build->reporter, FAULT_ERROR, &flag, "put the trigger first, or remove the key",
            "the first step of a flow is its trigger");
  else if (!is_first && says_trigger)
    report (&build->reporter, FAULT_ERROR, &flag, "move it to the top of the flow",
            "only the first step of a flow can be its trigger");
  if (action == NULL || action->is_trigger == is_first)
    return;
  if (is_first)
    report (&build->reporter, FAULT_ERROR, &place,
            "begin the flow with code.runCodeTrigger or webhook-triggers.webhook",
            "%s.%s is not a trigger, and the first step of a flow must be one", action->component,
            action->action);
  else
    report (&build->reporter, FAULT_ERROR, &place, "begin a flow of its own with it",
            "%s.%s is a trigger: it can only be the first step of a flow", action->component,
            action->action);
}

static void
check_schedule_value (Build *build, const At *schedule, const At *value)
{
  const char *text = node_text (value->node), *problem;
  if (text == NULL)
    return;
  if (g_strcmp0 (node_text (node_get (schedule->node, "type")), "configVar") == 0)
    check_config_var_name (build, value, text, 0);
  else if ((problem = schedule_cron_problem (text)) != NULL)
    report (&build->reporter, FAULT_ERROR, value, "such as */5 8-16 * * 1-5", "%s", problem);
}

static void
read_schedule (Build *build, const At *at, Step *step)
{
  At schedule, value, meta, zone;
  if (!at_find (at, "schedule", &schedule) || schedule.node->kind != NODE_OBJECT)
    return;
  step->schedule = node_to_json (schedule.node);
  if (at_find (&schedule, "value", &value))
    check_schedule_value (build, &schedule, &value);
  if (at_find (&schedule, "meta", &meta) && at_find (&meta, "timeZone", &zone)
      && node_text (zone.node) != NULL && !schedule_zone_exists (node_text (zone.node)))
    report (&build->reporter, FAULT_ERROR, &zone, "such as Europe/Berlin, or empty for UTC",
            "there is no time zone \"%s\"", node_text (zone.node));
}

static void build_step (Walk *walk, const At *at, gboolean is_first, gpointer steps);

static void
build_branches (Walk *walk, const At *at, Step *step)
{
  At branches;
  if (!at_find (at, "branches", &branches) || branches.node->kind != NODE_LIST)
    return;
  step->branches = g_ptr_array_new_with_free_func ((GDestroyNotify) branch_free);
  for (guint i = 0; i < node_n_items (branches.node); i++)
    {
      At item = at_item (&branches, i);
      Branch *branch = branch_new ();
      const char *name = node_text (node_get (item.node, "name"));
      branch->name = g_strdup (name == NULL ? "" : name);
      g_ptr_array_add (step->branches, branch);
      visit_steps (walk, &item, FALSE, build_step, branch->steps);
    }
}

static void
build_body (Walk *walk, const At *at, Step *step, const Action *action)
{
  At steps;
  if (!at_find (at, "steps", &steps) && !at_find (at, "branches", &steps))
    return;
  if (walk->depth >= MODEL_MAX_DEPTH)
    {
      report_key (&walk->build->reporter, FAULT_ERROR, &steps, NULL,
                  "steps nest deeper than %d levels", MODEL_MAX_DEPTH);
      return;
    }
  if (action != NULL && !action->is_loop && !action->is_branch)
    report_key (&walk->build->reporter, FAULT_WARNING, &steps, NULL,
                "%s.%s runs no steps of its own; these will not run", step->component,
                step->action);
  walk->depth++;
  if (at_find (at, "steps", &steps) && steps.node->kind == NODE_LIST)
    {
      step->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
      visit_steps (walk, at, FALSE, build_step, step->steps);
    }
  build_branches (walk, at, step);
  walk->depth--;
}

static gboolean
count_step (Build *build, const At *at)
{
  if (++build->n_steps == MODEL_MAX_STEPS + 1)
    report (&build->reporter, FAULT_ERROR, at, NULL, "the definition has more than %d steps",
            MODEL_MAX_STEPS);
  return build->n_steps <= MODEL_MAX_STEPS;
}

static Step *
step_from_node (const Node *node)
{
  Step *step = step_new ();
  const char *name = node_text (node_get (node, "name"));
  const char *description = node_text (node_get (node, "description"));
  step->name = g_strdup (name == NULL ? "" : name);
  step->identifier = step_identifier (step->name);
  step->description = g_strdup (description == NULL ? "" : description);
  step->stable_key = g_strdup (node_text (node_get (node, "stableKey")));
  step->error_config = read_error_config (node_get (node, "errorConfig"));
  step->line = node->line;
  step->column = node->column;
  return step;
}

/* `data`: the array that the step is added to. */
static void
build_step (Walk *walk, const At *at, gboolean is_first, gpointer data)
{
  guint order = ++walk->order;
  if (!count_step (walk->build, at))
    return;
  Step *step = step_from_node (at->node);
  g_ptr_array_add (data, step);
  const Action *action = read_action (walk->build, at, is_first, step);
  check_trigger (walk->build, at, is_first, step, action);
  read_schedule (walk->build, at, step);
  build_inputs (walk->build, at, step, action, order);
  build_body (walk, at, step, action);
}

void
build_steps (Build *build, const At *flow, GPtrArray *steps)
{
  Walk first = { .build = build }, second = { .build = build };
  build->steps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, step_entry_free);
  build->step_identifiers = g_ptr_array_new_with_free_func (g_free);
  visit_steps (&first, flow, TRUE, learn_step, NULL);
  g_ptr_array_add (build->step_identifiers, NULL);
  visit_steps (&second, flow, TRUE, build_step, steps);
  g_clear_pointer (&build->steps, g_hash_table_unref);
  g_clear_pointer (&build->step_identifiers, g_ptr_array_unref);
}
