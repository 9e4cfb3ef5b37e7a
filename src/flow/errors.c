/* Errors as the store and the API keep them: {name, message, stack, step,
 * stepName, limit?, cause?, location?}. */
#include "flow/private.h"

static GBytes *
finish_error (FlowRun *run, json_t *error)
{
  if (run->step != NULL)
    {
      json_object_set_new (error, "step", json_string (run->step->identifier));
      json_object_set_new (error, "stepName", json_string (run->step->name));
    }
  GBytes *bytes = json_print_bytes (error);
  json_decref (error);
  return bytes;
}

GBytes *
flow_error (FlowRun *run, const char *name, const char *message)
{
  g_autofree char *stack = g_strdup_printf ("%s: %s", name, message);
  return finish_error (
      run, json_pack ("{s:s, s:s, s:s}", "name", name, "message", message, "stack", stack));
}

GBytes *
flow_error_limit (FlowRun *run, LimitId limit, const char *detail)
{
  const LimitInfo *info = limit_info (limit);
  g_autofree char *message = g_strdup_printf (
      "The execution was stopped at its limit \"%s\": %s, %" G_GINT64_FORMAT
      " %s.%s%s Raise it with `limits: {%s: …}` in the integration or its flow, or with --limit "
      "%s=….",
      info->name, info->what, run->start->limits.value[limit], info->unit,
      detail == NULL ? "" : " ", detail == NULL ? "" : detail, info->name, info->name);
  json_t *error = json_pack ("{s:s, s:s, s:s, s:s}", "name", "LimitError", "message", message,
                             "stack", message, "limit", info->name);
  return finish_error (run, error);
}

GBytes *
flow_error_thrown (FlowRun *run, JSValueRef thrown)
{
  g_autofree char *text = runtime_describe_error (run->realm, thrown);
  g_autoptr (GError) error = NULL;
  json_t *json = json_parse (text, -1, &error);
  if (!json_is_object (json))
    {
      g_clear_pointer (&json, json_decref);
      json = json_pack ("{s:s, s:s, s:s}", "name", "Error", "message", "an unprintable error",
                        "stack", "");
    }
  return finish_error (run, json);
}

char *
flow_error_message (GBytes *error)
{
  g_autoptr (json_t) json = json_parse_bytes (error, NULL);
  const char *message = json_get_string (json, "message");
  return g_strdup (message == NULL ? "unknown error" : message);
}
