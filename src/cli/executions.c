/* `tenon executions list` and `tenon executions show ID`. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/private.h"

typedef struct
{
  char *data, *instance, *flow, *status, *before;
  int most;
  gboolean is_json;
} ExecutionsOptions;

static void
executions_options_clear (ExecutionsOptions *options)
{
  char *texts[]
      = { options->data, options->instance, options->flow, options->status, options->before };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ExecutionsOptions, executions_options_clear)

static Style
status_style (const char *status)
{
  if (g_strcmp0 (status, "failed") == 0)
    return STYLE_RED;
  return g_strcmp0 (status, "succeeded") == 0 ? STYLE_GREEN : STYLE_YELLOW;
}

static char *
duration_text (const json_t *object)
{
  json_t *ms = json_object_get (object, "durationMs");
  return json_is_number (ms) ? g_strdup_printf ("%.1f ms", json_number_value (ms)) : g_strdup ("");
}

/* --- list --- */

static void
print_list (const json_t *answer)
{
  g_autoptr (Table) table = table_new ((const char *const[]){ "ID", "STATUS", "INSTANCE", "FLOW",
                                                              "STARTED", "TOOK", "ERROR", NULL });
  json_t *executions = json_object_get (answer, "executions"), *execution;
  size_t i;
  if (json_array_size (executions) == 0)
    {
      puts ("No executions.");
      return;
    }
  json_array_foreach (executions, i, execution)
  {
    const char *started = json_get_string (execution, "startedAt");
    const char *message = json_get_string (json_object_get (execution, "error"), "message");
    g_autofree char *duration = duration_text (execution);
    g_autofree char *line = g_strdup (message == NULL ? "" : message);
    line[strcspn (line, "\n")] = '\0';
    const char *cells[] = {
      json_get_string (execution, "id"),
      json_get_string (execution, "status"),
      json_get_string (execution, "instance"),
      json_get_string (execution, "flow"),
      started == NULL ? json_get_string (execution, "createdAt") : started,
      duration,
      line,
    };
    table_add (table, cells);
  }
  table_print (table);
  const char *next = json_get_string (answer, "next");
  if (next != NULL)
    printf ("\nOlder ones: tenon executions list --before %s\n", next);
}

static char *
list_path (const ExecutionsOptions *options)
{
  g_autofree char *most = g_strdup_printf ("%d", options->most);
  g_autofree char *query = client_query ("instance", options->instance, "flow", options->flow,
                                         "status", options->status, "before", options->before,
                                         "limit", options->most > 0 ? most : NULL, NULL);
  return g_strconcat ("/api/v1/executions", query, NULL);
}

/* --- show --- */

static void
print_value (const char *title, const json_t *value)
{
  if (value == NULL || json_is_null (value))
    return;
  g_autofree char *text = json_print_pretty (value);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  printf ("%s%s%s\n", style_on (stdout, STYLE_DIM), title, style_off (stdout));
  for (char **line = lines; *line != NULL; line++)
    {
      fputs ("    ", stdout);
      print_safely (stdout, *line);
      fputc ('\n', stdout);
    }
}

static void
print_step (const json_t *step)
{
  const char *name = json_get_string (step, "name"),
             *identifier = json_get_string (step, "identifier");
  g_autofree char *duration = duration_text (step);
  fputs (style_on (stdout, STYLE_BOLD), stdout);
  print_safely (stdout, name == NULL ? "" : name);
  printf ("%s (", style_off (stdout));
  print_safely (stdout, identifier == NULL ? "" : identifier);
  printf (") %s%s\n", duration, json_object_get (step, "error") == NULL ? "" : "  failed");
  print_value ("  results", json_object_get (step, "results"));
}

static void
print_line (const json_t *line)
{
  const char *at = json_get_string (line, "at"), *level = json_get_string (line, "level");
  const char *step = json_get_string (line, "step"), *text = json_get_string (line, "text");
  print_log_line (stdout, at == NULL ? "" : at, level == NULL ? "info" : level,
                  step == NULL ? "" : step, text == NULL ? "" : text);
}

static void
print_execution (const json_t *execution)
{
  const char *status = json_get_string (execution, "status");
  const char *instance = json_get_string (execution, "instance");
  const char *flow = json_get_string (execution, "flow"), *id = json_get_string (execution, "id");
  g_autofree char *duration = duration_text (execution);
  json_t *part;
  size_t i;
  printf ("%s %s%s%s  %s\n", id == NULL ? "" : id, style_on (stdout, status_style (status)),
          status == NULL ? "" : status, style_off (stdout), duration);
  g_autofree char *where
      = g_strdup_printf ("instance %s, flow %s, created %s\n\n", instance == NULL ? "" : instance,
                         flow == NULL ? "" : flow, json_get_string (execution, "createdAt"));
  print_safely (stdout, where);
  json_array_foreach (json_object_get (execution, "steps"), i, part) print_step (part);
  json_array_foreach (json_object_get (execution, "logs"), i, part)
  {
    if (i == 0)
      fputc ('\n', stdout);
    print_line (part);
  }
  if (json_get_bool (execution, "logsTruncated", FALSE))
    printf ("… more with `tenon logs --execution %s`\n", id);
  json_t *error = json_object_get (execution, "error");
  if (json_is_object (error))
    {
      fputc ('\n', stdout);
      print_execution_error (stdout, error);
    }
}

/* --- both --- */

static int
call (const ExecutionsOptions *options, const char *path, void (*print) (const json_t *answer))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Client) client = client_new (options->data, &error);
  g_autoptr (json_t) answer
      = client == NULL ? NULL : client_call (client, "GET", path, NULL, NULL, &error);
  if (answer == NULL)
    return failure (&command_executions, "%s", error->message);
  if (options->is_json)
    print_json (answer);
  else
    print (answer);
  return EXIT_DONE;
}

static int
show (const ExecutionsOptions *options, const char *id)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *path = g_strconcat ("/api/v1/executions/", escaped, NULL);
  return call (options, path, print_execution);
}

static int
run (int argc, char **argv)
{
  g_auto (ExecutionsOptions) o = { 0 };
  const GOptionEntry entries[] = {
    { "instance", 0, 0, G_OPTION_ARG_FILENAME, &o.instance, "list: only of this instance", "NAME" },
    { "flow", 0, 0, G_OPTION_ARG_FILENAME, &o.flow, "list: only of this flow", "NAME" },
    { "status", 0, 0, G_OPTION_ARG_FILENAME, &o.status,
      "list: queued, running, succeeded or failed", "STATUS" },
    { "before", 0, 0, G_OPTION_ARG_FILENAME, &o.before, "list: only older ones than this", "ID" },
    { "most", 'n', 0, G_OPTION_ARG_INT, &o.most, "list: at most so many", "N" },
    CLIENT_OPTIONS (&o.data, &o.is_json),
    { NULL },
  };
  switch (options_parse (&command_executions, entries, 1, 2, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  if (strcmp (argv[1], "show") == 0 && argc == 3)
    return show (&o, argv[2]);
  g_autofree char *path = list_path (&o);
  if (strcmp (argv[1], "list") == 0 && argc == 2)
    return call (&o, path, print_list);
  return usage_error (&command_executions,
                      "it is `tenon executions list` or `tenon executions show ID`");
}

const Command command_executions = {
  .name = "executions",
  .arguments = "list | show ID",
  .summary = "Look back at what the server has run",
  .run = run,
};
