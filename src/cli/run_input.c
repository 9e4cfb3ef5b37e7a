#include "cli/run_input.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/private.h"
#include "definition/model.h"

/* --- the payload --- */

static const char *
type_by_name (const char *file)
{
  static const struct
  {
    const char *suffix, *type;
  } types[] = {
    { ".json", "application/json" }, { ".csv", "text/csv" },   { ".xml", "application/xml" },
    { ".txt", "text/plain" },        { ".html", "text/html" }, { ".pdf", "application/pdf" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (file, types[i].suffix))
      return types[i].type;
  return NULL;
}

/* As a fault: `message` is json_parse()'s, "line 1, column 5: …". */
static void
print_not_json (const char *file, const char *message)
{
  const char *column = strstr (message, "column "), *what = strstr (message, ": ");
  guint64 at_line = g_ascii_strtoull (message + strlen ("line "), NULL, 10);
  guint64 at_column = column == NULL ? 1 : g_ascii_strtoull (column + strlen ("column "), NULL, 10);
  fprintf (stderr, "%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ": error: this is not JSON: %s\n",
           file, at_line, at_column, what == NULL ? message : what + 2);
}

/* NULL after a fault was printed: a .json that is none. */
static const char *
content_type_of (const char *file, GBytes *body)
{
  const char *by_name = type_by_name (file);
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) json = NULL;

  if (by_name != NULL && strcmp (by_name, "application/json") != 0)
    return by_name;
  json = json_parse_bytes (body, &error);
  if (json != NULL)
    return "application/json";
  if (by_name != NULL)
    {
      print_not_json (file, error->message);
      return NULL;
    }
  return g_utf8_validate_len (data == NULL ? "" : data, size, NULL) ? "text/plain"
                                                                    : "application/octet-stream";
}

Value *
run_payload_of_body (const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = file == NULL ? g_bytes_new (NULL, 0) : input_read (file, &error);
  if (body == NULL)
    {
      fprintf (stderr, "%s: error: %s\n", file, error->message);
      return NULL;
    }
  const char *type = file == NULL ? NULL : content_type_of (file, body);
  if (file != NULL && type == NULL)
    return NULL;
  g_autoptr (json_t) request
      = json_pack ("{s:{}, s:{}, s:s, s:s?, s:n}", "headers", "queryParameters", "pathFragment", "",
                   "contentType", type, "rawBody");
  if (type != NULL)
    json_object_set_new (json_object_get (request, "headers"), "Content-Type", json_string (type));
  g_autoptr (GBytes) json = json_print_bytes (request);
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  g_ptr_array_add (parts, binary_part_new ("/rawBody", body));
  return value_new (json, parts);
}

Value *
run_payload_of_object (const char *file)
{
  g_autoptr (json_t) payload = input_load_object (
      file, "with --full-payload the file is the whole payload, {\"body\": {\"data\": …}, …}");
  if (payload == NULL)
    return NULL;
  g_autofree char *text = json_print (payload);
  return value_new_json (text);
}

/* --- the context --- */

char *
run_invoke_url (const Flow *flow)
{
  g_autofree char *name = g_uri_escape_string (flow->name, NULL, FALSE);
  return g_strdup_printf ("http://localhost/trigger/%s", name);
}

GBytes *
run_context (const Version *version, json_t *config_vars, const Limits *limits)
{
  g_autoptr (json_t) context = json_pack (
      "{s:O, s:{s:s, s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s}, "
      "s:{}, "
      "s:{}, s:b, s:I}",
      "configVars", config_vars, "customer", "id", "testCustomerId", "externalId",
      "testCustomerExternalId", "name", "Test Customer", "instance", "id", "testInstanceId", "name",
      "Test Instance", "user", "id", "testUserId", "email", "testUserEmail@example.com", "name",
      "Test User", "externalId", "testUserExternalId", "integration", "id", "testIntegrationId",
      "name", version->name, "versionSequenceId", "testIntegrationVersionSequenceId",
      "externalVersion", version->external_version == NULL ? "" : version->external_version,
      "webhookUrls", "webhookApiKeys", "globalDebug", FALSE, "runnerAllocatedMemoryMb",
      (json_int_t) limits->value[LIMIT_MEMORY_MB]);
  for (guint i = 0; i < version->flows->len; i++)
    {
      const Flow *flow = version->flows->pdata[i];
      g_autofree char *url = run_invoke_url (flow);
      json_object_set_new (json_object_get (context, "webhookUrls"), flow->name, json_string (url));
      json_object_set_new (json_object_get (context, "webhookApiKeys"), flow->name, json_array ());
    }
  return json_print_bytes (context);
}

/* --- results of steps that are not to run --- */

static void
collect_identifiers (GPtrArray *steps, GPtrArray *identifiers)
{
  for (guint i = 0; steps != NULL && i < steps->len; i++)
    {
      const Step *step = steps->pdata[i];
      g_ptr_array_add (identifiers, step->identifier);
      collect_identifiers (step->steps, identifiers);
      for (guint b = 0; step->branches != NULL && b < step->branches->len; b++)
        collect_identifiers (((Branch *) step->branches->pdata[b])->steps, identifiers);
    }
}

/* Of a flow, ending with NULL; the texts are the flow's. */
static GPtrArray *
identifiers_of (const Flow *flow)
{
  GPtrArray *identifiers = g_ptr_array_new ();
  collect_identifiers (flow->steps, identifiers);
  g_ptr_array_add (identifiers, NULL);
  return identifiers;
}

/* A result, or {results: result} as stepResults has it. */
static json_t *
unwrap (json_t *given)
{
  json_t *results = json_object_get (given, "results");
  return results == NULL ? given : results;
}

/* The identifier meant by `name`: as it is, or a step's display name. NULL after printing a fault.
 */
static char *
find_step (const char *file, GPtrArray *identifiers, const char *name)
{
  const char *const *known = (const char *const *) identifiers->pdata;
  g_autofree char *identifier = step_identifier (name);
  if (g_strv_contains (known, name))
    return g_strdup (name);
  if (g_strv_contains (known, identifier))
    return g_steal_pointer (&identifier);
  const char *near = fault_suggest (identifier, known);
  g_autofree char *all = g_strjoinv (", ", (char **) identifiers->pdata);
  g_autofree char *hint = near == NULL ? g_strdup_printf ("; the steps are %s", all)
                                       : g_strdup_printf ("; did you mean \"%s\"?", near);
  g_autofree char *message
      = g_strdup_printf ("%s: error: the flow has no step \"%s\"%s\n", file, name, hint);
  print_safely (stderr, message);
  return NULL;
}

gboolean
run_add_mocks (const char *file, const Flow *flow, json_t *mocks)
{
  g_autoptr (json_t) given = input_load_object (file, "results by step, \"getDataFromApi\": …");
  g_autoptr (GPtrArray) identifiers = identifiers_of (flow);
  const char *name;
  json_t *result;
  gboolean is_good = given != NULL;
  json_object_foreach (given, name, result)
  {
    g_autofree char *identifier = find_step (file, identifiers, name);
    if (identifier == NULL)
      is_good = FALSE;
    else
      json_object_set (mocks, identifier, unwrap (result));
  }
  return is_good;
}

/* A name that becomes this identifier: "getDataFromApi" is that of "get Data From Api". A version
 * has steps' names, and the worker makes their identifiers anew. */
static char *
name_of_identifier (const char *identifier)
{
  GString *name = g_string_new (NULL);
  for (const char *at = identifier; *at != '\0'; at++)
    {
      if (g_ascii_isupper (*at))
        g_string_append_c (name, ' ');
      g_string_append_c (name, *at);
    }
  return g_string_free (name, FALSE);
}

/* A step that only has its result. `given` is an identifier or a step's name. */
static Step *
step_of_result (const char *given)
{
  Step *step = step_new ();
  step->name = name_of_identifier (given);
  step->identifier = step_identifier (step->name);
  if (strcmp (step->identifier, given) != 0)
    {
      g_free (step->name);
      g_free (step->identifier);
      step->name = g_strdup (given);
      step->identifier = step_identifier (given);
    }
  step->description = g_strdup ("");
  step->component = g_strdup ("given");
  step->action = g_strdup ("result");
  return step;
}

/* FALSE after printing a fault. */
static gboolean
add_given_step (const char *file, const char *name, Flow *flow, json_t *result, json_t *mocks)
{
  const Step *trigger = flow->steps->pdata[0];
  const Step *action = flow->steps->len > 1 ? flow->steps->pdata[flow->steps->len - 1] : NULL;
  g_autoptr (Step) step = step_of_result (name);
  g_autofree char *identifier = g_strdup (step->identifier);

  if (*identifier == '\0' || (action != NULL && strcmp (identifier, action->identifier) == 0))
    {
      g_autofree char *message = g_strdup_printf (
          "%s: error: \"%s\" is %s\n", file, name,
          *identifier == '\0' ? "no step's name"
                              : "the step that is to run; --step-results is for those before it");
      print_safely (stderr, message);
      return FALSE;
    }
  if (strcmp (identifier, trigger->identifier) != 0 && action != NULL)
    g_ptr_array_insert (flow->steps, (gint) flow->steps->len - 1, g_steal_pointer (&step));
  json_object_set (mocks, identifier, unwrap (result));
  return TRUE;
}

gboolean
run_add_step_results (const char *file, Version *version, Flow *flow, json_t *mocks)
{
  gboolean is_of_one_file = version->definition_version == 0;
  if (!is_of_one_file)
    return run_add_mocks (file, flow, mocks);
  g_autoptr (json_t) given = input_load_object (file, "results by step, \"getDataFromApi\": …");
  const char *name;
  json_t *result;
  gboolean is_good = given != NULL;
  json_object_foreach (given, name, result)
  {
    if (!add_given_step (file, name, flow, result, mocks))
      is_good = FALSE;
  }
  return is_good;
}
