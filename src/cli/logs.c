/* `tenon logs [-f]`: log lines of the running server's executions. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/private.h"

#define POLL_US (300 * 1000)
#define PAGE "500"

typedef struct
{
  char *data, *instance, *execution;
  int most;
  gboolean is_json, is_following;
} LogsOptions;

static void
logs_options_clear (LogsOptions *options)
{
  g_free (options->data);
  g_free (options->instance);
  g_free (options->execution);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LogsOptions, logs_options_clear)

/* One page after `after` (-1 = the last lines). */
static json_t *
fetch_page (Client *client, const LogsOptions *options, gint64 after, GError **error)
{
  g_autofree char *from = g_strdup_printf ("%" G_GINT64_FORMAT, after);
  g_autofree char *most = g_strdup_printf ("%d", options->most);
  g_autofree char *query = client_query (
      "instance", options->instance, "execution", options->execution, "after",
      after < 0 ? NULL : from, "limit", after < 0 && options->most > 0 ? most : PAGE, NULL);
  g_autofree char *path = g_strconcat ("/api/v1/logs", query, NULL);
  return client_call (client, "GET", path, NULL, NULL, error);
}

static void
print_line (const json_t *line, const LogsOptions *options)
{
  if (options->is_json)
    {
      g_autofree char *text = json_print (line);
      puts (text);
      return;
    }
  const char *at = json_get_string (line, "at"), *level = json_get_string (line, "level");
  const char *flow = json_get_string (line, "flow"), *step = json_get_string (line, "step");
  const char *text = json_get_string (line, "text");
  g_autofree char *where = flow == NULL || step == NULL
                               ? g_strdup (step == NULL ? "" : step)
                               : g_strdup_printf ("%s%s%s", flow, *step == '\0' ? "" : "/", step);
  print_log_line (stdout, at == NULL ? "" : at, level == NULL ? "info" : level, where,
                  text == NULL ? "" : text);
}

static guint
print_page (const json_t *page, const LogsOptions *options)
{
  json_t *lines = json_object_get (page, "logs"), *line;
  size_t i;
  json_array_foreach (lines, i, line) print_line (line, options);
  fflush (stdout);
  return (guint) json_array_size (lines);
}

static int
follow (Client *client, const LogsOptions *options)
{
  g_autoptr (GError) error = NULL;
  gint64 after = -1;
  for (;;)
    {
      g_autoptr (json_t) page = fetch_page (client, options, after, &error);
      if (page == NULL)
        return failure (&command_logs, "%s", error->message);
      guint n = print_page (page, options);
      /* Before there is any line, the next page begins with the first. */
      after = json_get_int (page, "next", MAX (after, 0));
      if (!options->is_following || ferror (stdout))
        return EXIT_DONE;
      if (n == 0)
        g_usleep (POLL_US);
    }
}

static int
run (int argc, char **argv)
{
  g_auto (LogsOptions) o = { 0 };
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &o.is_following, "Wait for more, until interrupted",
      NULL },
    { "instance", 0, 0, G_OPTION_ARG_FILENAME, &o.instance, "Only of this instance", "NAME" },
    { "execution", 0, 0, G_OPTION_ARG_FILENAME, &o.execution, "Only of this execution", "ID" },
    { "most", 'n', 0, G_OPTION_ARG_INT, &o.most, "At first at most so many of the last lines",
      "N" },
    CLIENT_OPTIONS (&o.data, &o.is_json),
    { NULL },
  };
  switch (options_parse (&command_logs, entries, 0, 0, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (Client) client = client_new (o.data, &error);
  return client == NULL ? failure (&command_logs, "%s", error->message) : follow (client, &o);
}

const Command command_logs = {
  .name = "logs",
  .arguments = "",
  .summary = "Print what executions logged; -f waits for more",
  .text = "With --json each line is an object of its own.\n",
  .run = run,
};
