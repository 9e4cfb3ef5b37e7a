#include "dispatch/limit_error.h"

#include "base/json.h"

char *
limit_message (LimitId limit, gint64 used, gint64 allowed)
{
  const LimitInfo *info = limit_info (limit);
  g_autofree char *measured
      = used < 0 ? g_strdup ("")
                 : g_strdup_printf (" (it used %" G_GINT64_FORMAT " %s)", used, info->unit);
  /* The same words as the worker's own (flow/errors.c): who asks does not care which side saw it.
   */
  return g_strdup_printf ("The execution was stopped at its limit \"%s\": %s, %" G_GINT64_FORMAT
                          " %s%s. Raise it with `limits: {%s: …}` in the integration or its flow, "
                          "or with --limit %s=….",
                          info->name, info->what, allowed, info->unit, measured, info->name,
                          info->name);
}

static void
set_text (json_t *object, const char *key, const char *text)
{
  if (text != NULL)
    json_object_set_new (object, key, json_string (text));
}

GBytes *
execution_error_json (const char *name, const char *message, int limit, const char *step,
                      const char *step_name)
{
  g_autoptr (json_t) error = json_object ();
  g_autofree char *stack = g_strdup_printf ("%s: %s", name, message);
  set_text (error, "name", name);
  set_text (error, "message", message);
  set_text (error, "stack", stack);
  set_text (error, "step", step);
  set_text (error, "stepName", step_name);
  if (limit >= 0)
    set_text (error, "limit", limit_info ((LimitId) limit)->name);
  return json_print_bytes (error);
}

char *
execution_error_message (GBytes *error)
{
  g_autoptr (json_t) json = error == NULL ? NULL : json_parse_bytes (error, NULL);
  const char *message = json_get_string (json, "message");
  return g_strdup (message == NULL ? "The execution failed." : message);
}
