/* `tenon connections`: list, show, set, authorize, refresh, delete. Secrets leave this process
 * sealed to the keeper's key only. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "cli/connection_fields.h"
#include "cli/private.h"
#include "keeper/jwe.h"

typedef struct
{
  char *data, *instance, *file;
  gboolean is_json, opens, does_not_wait;
  Client *client;
} Options;

static void
options_clear (Options *options)
{
  g_clear_pointer (&options->client, client_free);
  g_free (options->data);
  g_free (options->instance);
  g_free (options->file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static const char *
instance_of (const Options *options)
{
  return options->instance == NULL ? "default" : options->instance;
}

/* "/api/v1/instances/I/connections[/NAME[/VERB]]" */
static char *
path_of (const char *instance, const char *name, const char *verb)
{
  g_autofree char *instance_part = g_uri_escape_string (instance, NULL, FALSE);
  g_autofree char *name_part = name == NULL ? NULL : g_uri_escape_string (name, NULL, FALSE);
  return g_strconcat ("/api/v1/instances/", instance_part, "/connections",
                      name_part == NULL ? "" : "/", name_part == NULL ? "" : name_part,
                      verb == NULL ? "" : "/", verb == NULL ? "" : verb, NULL);
}

/* Prints what is wrong, and what is wrong with each field; the exit status. */
static int
report (const json_t *problem, const GError *error)
{
  json_t *faults = json_object_get (problem, "faults"), *fault;
  size_t i;
  json_array_foreach (faults, i, fault)
  {
    const char *message = json_get_string (fault, "message");
    const char *hint = json_get_string (fault, "hint");
    fputs ("error: ", stderr);
    print_safely (stderr, message == NULL ? "a fault without a message" : message);
    fputc ('\n', stderr);
    if (hint != NULL)
      {
        fputs ("  ", stderr);
        print_safely (stderr, hint);
        fputc ('\n', stderr);
      }
  }
  failure (&command_connections, "%s", error->message);
  return json_array_size (faults) > 0 ? EXIT_WRONG : EXIT_FAILED;
}

/* --- list --- */

static Style
status_style (const char *status)
{
  if (g_strcmp0 (status, "active") == 0)
    return STYLE_GREEN;
  return g_strcmp0 (status, "failed") == 0 || g_strcmp0 (status, "error") == 0 ? STYLE_RED
                                                                               : STYLE_YELLOW;
}

static gboolean
append_list (const Options *options, const char *instance, json_t *all, GError **error)
{
  g_autofree char *path = path_of (instance, NULL, NULL);
  g_autoptr (json_t) answer = client_call (options->client, "GET", path, NULL, NULL, error);
  json_array_extend (all, json_object_get (answer, "connections"));
  return answer != NULL;
}

static json_t *
fetch_list (const Options *options, GError **error)
{
  g_autoptr (json_t) all = json_array ();
  size_t i;
  json_t *instance;
  if (options->instance != NULL)
    return append_list (options, options->instance, all, error) ? g_steal_pointer (&all) : NULL;
  g_autoptr (json_t) answer
      = client_call (options->client, "GET", "/api/v1/instances", NULL, NULL, error);
  if (answer == NULL)
    return NULL;
  json_array_foreach (json_object_get (answer, "instances"), i, instance)
  {
    const char *name = json_get_string (instance, "name");
    if (name != NULL && !append_list (options, name, all, error))
      return NULL;
  }
  return g_steal_pointer (&all);
}

static void
print_list (const json_t *connections)
{
  g_autoptr (Table) table = table_new (
      (const char *const[]){ "INSTANCE", "CONNECTION", "TYPE", "STATUS", "EXPIRES", "", NULL });
  json_t *connection;
  size_t i;
  if (json_array_size (connections) == 0)
    {
      puts ("No connections.");
      return;
    }
  json_array_foreach ((json_t *) connections, i, connection)
  {
    const char *expires = json_get_string (json_object_get (connection, "token"), "expiresAt");
    const char *message = json_get_string (connection, "statusMessage");
    const char *cells[] = {
      json_get_string (connection, "instance"), json_get_string (connection, "name"),
      json_get_string (connection, "type"),     json_get_string (connection, "status"),
      expires == NULL ? "" : expires,           message == NULL ? "" : message,
    };
    table_add (table, cells);
  }
  table_print (table);
}

static int
list (const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) connections = fetch_list (options, &error);
  if (connections == NULL)
    return report (NULL, error);
  if (options->is_json)
    {
      g_autoptr (json_t) answer = json_pack ("{s:O}", "connections", connections);
      print_json (answer);
    }
  else
    print_list (connections);
  return EXIT_DONE;
}

/* --- show --- */

static void
print_line (const char *label, const char *text)
{
  printf ("  %-16s ", label);
  print_safely (stdout, text);
  fputc ('\n', stdout);
}

static void
print_field (const char *key, const json_t *field)
{
  const json_t *value = json_object_get (field, "value");
  const char *at = json_get_string (field, "changedAt");
  const char *fingerprint = json_get_string (field, "fingerprint");
  g_autofree char *text = value == NULL || json_is_null (value) ? NULL
                          : json_is_string (value) ? g_strdup (json_string_value (value))
                                                   : json_print (value);
  if (text != NULL)
    print_line (key, text);
  else if (json_get_bool (field, "isSet", FALSE))
    {
      g_autofree char *set
          = g_strdup_printf ("(set%s%s, fingerprint %s)", at == NULL ? "" : " ",
                             at == NULL ? "" : at, fingerprint == NULL ? "?" : fingerprint);
      print_line (key, set);
    }
  else
    print_line (key, "(not set)");
}

static void
print_token (const json_t *token)
{
  static const char *const rows[][2] = { { "obtainedAt", "token since" },
                                         { "expiresAt", "expires" },
                                         { "refreshAt", "next refresh" },
                                         { "scope", "scope" },
                                         { "fingerprint", "fingerprint" } };
  if (!json_is_object (token))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (json_get_string (token, rows[i][0]) != NULL)
      print_line (rows[i][1], json_get_string (token, rows[i][0]));
  print_line ("refresh token", json_get_bool (token, "hasRefreshToken", FALSE) ? "yes" : "no");
}

static void
print_connection (const json_t *connection)
{
  const char *name = json_get_string (connection, "name"), *key;
  const char *status = json_get_string (connection, "status");
  const char *message = json_get_string (connection, "statusMessage");
  const char *type = json_get_string (connection, "type");
  json_t *value;
  fputs (style_on (stdout, STYLE_BOLD), stdout);
  print_safely (stdout, name == NULL ? "" : name);
  printf ("%s (", style_off (stdout));
  print_safely (stdout, type == NULL ? "" : type);
  printf ("): %s%s%s", style_on (stdout, status_style (status)), status == NULL ? "" : status,
          style_off (stdout));
  if (message != NULL)
    {
      fputs (", ", stdout);
      print_safely (stdout, message);
    }
  fputc ('\n', stdout);
  json_object_foreach (json_object_get (connection, "fields"), key, value) print_field (key, value);
  json_object_foreach (json_object_get (connection, "options"), key, value)
  {
    g_autofree char *text
        = json_is_string (value) ? g_strdup (json_string_value (value)) : json_print (value);
    print_line (key, text);
  }
  print_token (json_object_get (connection, "token"));
}

static int
print_answer (const Options *options, const json_t *answer)
{
  const json_t *connection = json_object_get (answer, "connection"), *warning;
  size_t i;
  json_array_foreach (json_object_get (answer, "warnings"), i, warning)
  {
    fputs ("warning: ", stderr);
    print_safely (stderr, json_is_string (warning) ? json_string_value (warning) : "");
    fputc ('\n', stderr);
  }
  if (options->is_json)
    print_json (connection == NULL ? answer : connection);
  else if (connection != NULL)
    print_connection (connection);
  return EXIT_DONE;
}

static json_t *
fetch (const Options *options, const char *name, GError **error)
{
  g_autofree char *path = path_of (instance_of (options), name, NULL);
  return client_call (options->client, "GET", path, NULL, NULL, error);
}

static int
show (const Options *options, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) connection = fetch (options, name, &error);
  if (connection == NULL)
    return report (NULL, error);
  g_autoptr (json_t) answer = json_pack ("{s:O}", "connection", connection);
  return print_answer (options, answer);
}

/* --- set --- */

/* {jwe?, options?}; NULL with an error. */
static json_t *
sealed_document (const Options *options, const char *name, const json_t *fields,
                 const json_t *settings, GError **error)
{
  g_autoptr (json_t) document = json_object ();
  if (json_object_size (settings) > 0)
    json_object_set (document, "options", (json_t *) settings);
  if (json_object_size (fields) == 0)
    return g_steal_pointer (&document);
  g_autoptr (json_t) keys
      = client_call (options->client, "GET", "/api/v1/keys/connections", NULL, NULL, error);
  if (keys == NULL)
    return NULL;
  g_autofree char *context = g_strconcat (instance_of (options), "/", name, NULL);
  char *plain = json_print (fields);
  g_autofree char *jwe = jwe_seal (keys, context, plain, strlen (plain), error);
  secret_text_free (plain);
  if (jwe == NULL)
    return NULL;
  json_object_set_new (document, "jwe", json_string (jwe));
  return g_steal_pointer (&document);
}

static int
set (const Options *options, const char *name, char **assignments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) problem = NULL;
  g_autoptr (json_t) fields = json_object (), settings = json_object ();
  g_autoptr (json_t) connection = fetch (options, name, &error);
  if (connection == NULL)
    return report (NULL, error);
  if (!connection_fields_read (connection, assignments, options->file, fields, settings, &error))
    return usage_error (&command_connections, "%s", error->message);
  if (json_object_size (fields) + json_object_size (settings) == 0)
    return usage_error (&command_connections, "nothing to set: give FIELD=VALUE or --file");
  g_autoptr (json_t) document = sealed_document (options, name, fields, settings, &error);
  if (document == NULL)
    return report (NULL, error);
  g_autofree char *path = path_of (instance_of (options), name, NULL);
  g_autoptr (json_t) answer
      = client_call (options->client, "PUT", path, document, &problem, &error);
  return answer == NULL ? report (problem, error) : print_answer (options, answer);
}

/* --- refresh, delete --- */

static int
call (const Options *options, const char *method, const char *name, const char *verb)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) problem = NULL;
  g_autofree char *path = path_of (instance_of (options), name, verb);
  g_autoptr (json_t) answer = client_call (options->client, method, path, NULL, &problem, &error);
  return answer == NULL ? report (problem, error) : print_answer (options, answer);
}

/* --- authorize --- */

static void
open_browser (const char *url)
{
  const char *argv[] = { "xdg-open", url, NULL };
  g_autoptr (GError) error = NULL;
  if (!g_spawn_async (NULL, (char **) argv, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, NULL, &error))
    fprintf (stderr, "No browser could be opened: %s\n", error->message);
}

/* Changes with every token and with every try that gave none. */
static char *
state_of (const json_t *connection)
{
  const json_t *token = json_object_get (connection, "token");
  const char *fingerprint = json_get_string (token, "fingerprint");
  const char *obtained = json_get_string (token, "obtainedAt");
  const char *message = json_get_string (connection, "statusMessage");
  return g_strdup_printf ("%s %s %s", fingerprint == NULL ? "" : fingerprint,
                          obtained == NULL ? "" : obtained, message == NULL ? "" : message);
}

static int
wait_until_connected (const Options *options, const char *name, const char *before,
                      const char *expires_at)
{
  g_autoptr (GDateTime) expires
      = expires_at == NULL ? NULL : g_date_time_new_from_iso8601 (expires_at, NULL);
  gint64 until = expires == NULL ? 0 : g_date_time_to_unix (expires);
  while (g_get_real_time () / G_USEC_PER_SEC <= until + 15)
    {
      g_usleep (G_USEC_PER_SEC / 2);
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) connection = fetch (options, name, &error);
      if (connection == NULL)
        return report (NULL, error);
      g_autofree char *now = state_of (connection);
      if (strcmp (now, before) == 0)
        continue;
      g_autoptr (json_t) answer = json_pack ("{s:O}", "connection", connection);
      print_answer (options, answer);
      return g_strcmp0 (json_get_string (connection, "status"), "active") == 0 ? EXIT_DONE
                                                                               : EXIT_FAILED;
    }
  return failure (&command_connections, "nobody has opened the link in time; ask for a new one");
}

static int
authorize (const Options *options, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) connection = fetch (options, name, &error);
  if (connection == NULL)
    return report (NULL, error);
  g_autofree char *path = path_of (instance_of (options), name, "authorize");
  g_autofree char *before = state_of (connection);
  g_autoptr (json_t) answer = client_call (options->client, "POST", path, NULL, NULL, &error);
  if (answer == NULL)
    return report (NULL, error);
  const char *url = json_get_string (answer, "url");
  const char *expires_at = json_get_string (answer, "expiresAt");
  if (options->opens && url != NULL)
    open_browser (url);
  if (options->does_not_wait && options->is_json)
    print_json (answer);
  else
    {
      FILE *stream = options->is_json ? stderr : stdout;
      fputs ("Open this link in a browser; it is good once, for ten minutes:\n\n  ", stream);
      print_safely (stream, url == NULL ? "" : url);
      fputs ("\n\n", stream);
      fflush (stream);
    }
  return options->does_not_wait ? EXIT_DONE
                                : wait_until_connected (options, name, before, expires_at);
}

/* --- all --- */

static int
dispatch (const Options *options, int argc, char **argv)
{
  const char *verb = argv[1], *name = argc > 2 ? argv[2] : NULL;
  if (strcmp (verb, "list") == 0 && argc == 2)
    return list (options);
  if (strcmp (verb, "show") == 0 && argc == 3)
    return show (options, name);
  if (strcmp (verb, "set") == 0 && argc >= 3)
    return set (options, name, argv + 3);
  if (strcmp (verb, "authorize") == 0 && argc == 3)
    return authorize (options, name);
  if (strcmp (verb, "refresh") == 0 && argc == 3)
    return call (options, "POST", name, "refresh");
  if (strcmp (verb, "delete") == 0 && argc == 3)
    return call (options, "DELETE", name, NULL);
  return usage_error (&command_connections, "it is `tenon connections list`, or `tenon connections "
                                            "show|set|authorize|refresh|delete NAME`");
}

static int
run (int argc, char **argv)
{
  g_auto (Options) o = { 0 };
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "instance", 'i', 0, G_OPTION_ARG_FILENAME, &o.instance,
      "The instance (default: default; of list: all)", "NAME" },
    { "file", 'f', 0, G_OPTION_ARG_FILENAME, &o.file, "set: fields and options (JSON or YAML)",
      "FILE" },
    { "open", 0, 0, G_OPTION_ARG_NONE, &o.opens, "authorize: open the link in a browser", NULL },
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &o.does_not_wait,
      "authorize: print the link and don't wait", NULL },
    CLIENT_OPTIONS (&o.data, &o.is_json),
    { NULL },
  };
  secret_wipe_json_memory ();
  switch (options_parse (&command_connections, entries, 1, 200, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  o.client = client_new (o.data, &error);
  if (o.client == NULL)
    return failure (&command_connections, "%s", error->message);
  return dispatch (&o, argc, argv);
}

const Command command_connections = {
  .name = "connections",
  .arguments
  = "list | show NAME | set NAME [FIELD=VALUE…] | authorize NAME | refresh NAME | delete "
    "NAME",
  .summary = "Credentials of an instance: set them, authorize them, look at their state",
  .text
  = "Secrets are sealed here, to a key that only the server's keeper can open; nothing gives them "
    "back.\n"
    "FIELD=@FILE takes the value from a file, FIELD= removes it, headers.NAME=VALUE sets one entry "
    "of "
    "a\nlist. Without fields and --file, `set` asks for them, secrets without echo.\n\n"
    "Examples:\n"
    "  tenon connections set \"Acme API\"\n"
    "  tenon connections set \"Acme SFTP\" username=tenon privateKey=@id_ed25519\n"
    "  tenon connections authorize \"Acme CRM\" --instance acme --open\n",
  .run = run,
};
