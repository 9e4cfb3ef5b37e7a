#include "definition/model.h"

#include <string.h>

const char *const input_type_names[]
    = { "value", "reference", "configVar", "template", "complex", NULL };
const char *const on_error_names[] = { "fail", "ignore", "retry", NULL };
const char *const endpoint_security_names[]
    = { "unsecured", "customer_optional", "customer_required", "organization", NULL };
const char *const data_type_names[]
    = { "string",         "number",    "boolean",  "picklist",   "code",
        "date",           "timestamp", "schedule", "connection", "objectSelection",
        "objectFieldMap", "jsonForm",  NULL };

int
name_index (const char *const *names, const char *name)
{
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], name) == 0)
      return i;
  return -1;
}

Input *
input_new (InputType type)
{
  Input *input = g_new0 (Input, 1);
  input->type = type;
  return input;
}

void
input_free (Input *input)
{
  g_free (input->key);
  if (input->name != NULL)
    input_free (input->name);
  g_free (input->text);
  g_strfreev (input->path);
  g_clear_pointer (&input->parts, g_ptr_array_unref);
  g_clear_pointer (&input->items, g_ptr_array_unref);
  json_decref (input->json);
  g_free (input);
}

Step *
step_new (void)
{
  Step *step = g_new0 (Step, 1);
  step->script = -1;
  step->inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) input_free);
  return step;
}

void
step_free (Step *step)
{
  g_free (step->name);
  g_free (step->identifier);
  g_free (step->description);
  g_free (step->stable_key);
  g_free (step->component);
  g_free (step->action);
  g_ptr_array_unref (step->inputs);
  json_decref (step->schedule);
  g_clear_pointer (&step->steps, g_ptr_array_unref);
  g_clear_pointer (&step->branches, g_ptr_array_unref);
  g_free (step);
}

Branch *
branch_new (void)
{
  Branch *branch = g_new0 (Branch, 1);
  branch->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
  return branch;
}

void
branch_free (Branch *branch)
{
  g_free (branch->name);
  g_ptr_array_unref (branch->steps);
  g_free (branch);
}

Flow *
flow_new (void)
{
  Flow *flow = g_new0 (Flow, 1);
  flow->security = ENDPOINT_CUSTOMER_OPTIONAL;
  flow->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
  return flow;
}

void
flow_free (Flow *flow)
{
  g_free (flow->name);
  g_free (flow->stable_key);
  g_free (flow->description);
  g_strfreev (flow->organization_api_keys);
  json_decref (flow->retry_config);
  json_decref (flow->queue_config);
  json_decref (flow->schemas);
  json_decref (flow->limits);
  json_decref (flow->extra);
  g_ptr_array_unref (flow->steps);
  g_free (flow);
}

ConfigVar *
config_var_new (void)
{
  return g_new0 (ConfigVar, 1);
}

void
config_var_free (ConfigVar *config_var)
{
  g_free (config_var->key);
  g_free (config_var->stable_key);
  g_free (config_var->description);
  g_free (config_var->data_type);
  g_free (config_var->collection_type);
  g_free (config_var->default_value);
  g_strfreev (config_var->pick_list);
  g_free (config_var->connection_key);
  json_decref (config_var->raw);
  g_free (config_var);
}

Script *
script_new (void)
{
  Script *script = g_new0 (Script, 1);
  script->first_line = 1;
  return script;
}

void
script_free (Script *script)
{
  g_free (script->name);
  g_free (script->step);
  g_free (script->code);
  g_free (script->source_map);
  g_free (script->source);
  g_free (script);
}

Version *
version_new (void)
{
  Version *version = g_atomic_rc_box_new0 (Version);
  version->config_vars = g_ptr_array_new_with_free_func ((GDestroyNotify) config_var_free);
  version->flows = g_ptr_array_new_with_free_func ((GDestroyNotify) flow_free);
  version->scripts = g_ptr_array_new_with_free_func ((GDestroyNotify) script_free);
  return version;
}

static void
version_clear (Version *version)
{
  g_free (version->name);
  g_free (version->description);
  g_free (version->external_version);
  g_ptr_array_unref (version->config_vars);
  g_ptr_array_unref (version->flows);
  g_ptr_array_unref (version->scripts);
  g_clear_pointer (&version->packages, script_free);
  json_decref (version->package_list);
  json_decref (version->limits);
  json_decref (version->extra);
}

Version *
version_ref (Version *version)
{
  return g_atomic_rc_box_acquire (version);
}

void
version_unref (Version *version)
{
  g_atomic_rc_box_release_full (version, (GDestroyNotify) version_clear);
}
