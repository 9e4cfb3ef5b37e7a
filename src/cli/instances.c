/* `tenon instances`, `tenon pause`, `tenon resume`. */
#include <stdio.h>

#include "base/json.h"
#include "cli/private.h"

typedef struct
{
  char *data;
  gboolean is_json;
} InstanceOptions;

static void
print_instances (const json_t *answer)
{
  g_autoptr (Table) table = table_new (
      (const char *const[]){ "INSTANCE", "INTEGRATION", "VERSION", "STATE", "FLOW", "URL", NULL });
  size_t i, k;
  json_t *instance, *flow;
  json_t *instances = json_object_get (answer, "instances");
  if (json_array_size (instances) == 0)
    {
      puts ("There is no instance yet; `tenon deploy TARGET` makes one.");
      return;
    }
  json_array_foreach (instances, i, instance)
  {
    json_t *version = json_object_get (instance, "version");
    g_autofree char *sequence
        = json_is_object (version)
              ? g_strdup_printf ("%" G_GINT64_FORMAT, json_get_int (version, "sequence", 0))
              : (version == NULL ? g_strdup ("") : json_print (version));
    json_array_foreach (json_object_get (instance, "flows"), k, flow)
    {
      const char *cells[] = {
        k == 0 ? json_get_string (instance, "name") : "",
        k == 0 ? json_get_string (instance, "integration") : "",
        k == 0 ? sequence : "",
        k != 0 ? "" : (json_get_bool (instance, "isPaused", FALSE) ? "paused" : "active"),
        json_get_string (flow, "name"),
        json_get_string (flow, "url"),
      };
      table_add (table, cells);
    }
  }
  table_print (table);
}

static int
call (const Command *command, const InstanceOptions *options, const char *method, const char *path,
      void (*print) (const json_t *answer))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Client) client = client_new (options->data, &error);
  g_autoptr (json_t) answer
      = client == NULL ? NULL : client_call (client, method, path, NULL, NULL, &error);
  if (answer == NULL)
    return failure (command, "%s", error->message);
  if (options->is_json)
    print_json (answer);
  else
    print (answer);
  return EXIT_DONE;
}

static ParseResult
parse (const Command *command, guint n_arguments, InstanceOptions *o, int *argc, char ***argv)
{
  const GOptionEntry entries[] = { CLIENT_OPTIONS (&o->data, &o->is_json), { NULL } };
  return options_parse (command, entries, n_arguments, n_arguments, argc, argv);
}

static int
run_instances (int argc, char **argv)
{
  InstanceOptions o = { 0 };
  ParseResult parsed = parse (&command_instances, 0, &o, &argc, &argv);
  g_autofree char *data = o.data;
  if (parsed != PARSE_GO_ON)
    return parsed == PARSE_HELP ? EXIT_DONE : EXIT_WRONG;
  return call (&command_instances, &o, "GET", "/api/v1/instances", print_instances);
}

static void
print_paused (const json_t *answer)
{
  puts ("Paused: its webhooks are answered 503 until `tenon resume`.");
}

static void
print_resumed (const json_t *answer)
{
  puts ("Resumed.");
}

static int
set_paused (const Command *command, const char *what, int argc, char **argv,
            void (*print) (const json_t *answer))
{
  InstanceOptions o = { 0 };
  ParseResult parsed = parse (command, 1, &o, &argc, &argv);
  g_autofree char *data = o.data;
  if (parsed != PARSE_GO_ON)
    return parsed == PARSE_HELP ? EXIT_DONE : EXIT_WRONG;
  g_autofree char *name = g_uri_escape_string (argv[1], NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/api/v1/instances/%s/%s", name, what);
  return call (command, &o, "POST", path, print);
}

static int
run_pause (int argc, char **argv)
{
  return set_paused (&command_pause, "pause", argc, argv, print_paused);
}

static int
run_resume (int argc, char **argv)
{
  return set_paused (&command_resume, "resume", argc, argv, print_resumed);
}

const Command command_instances = {
  .name = "instances",
  .arguments = "",
  .summary = "List the server's instances and their webhook URLs",
  .run = run_instances,
};

const Command command_pause = {
  .name = "pause",
  .arguments = "INSTANCE",
  .summary = "Answer an instance's webhooks with 503 for now",
  .text = "Executions that run or wait go on.\n",
  .run = run_pause,
};

const Command command_resume = {
  .name = "resume",
  .arguments = "INSTANCE",
  .summary = "Take a paused instance's webhooks again",
  .run = run_resume,
};
