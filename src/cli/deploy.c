/* `tenon deploy`: builds a version here, sends it to the server, prints the webhooks' URLs. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/private.h"
#include "keeper/jwe.h"

typedef struct
{
  char *instance, *config, *data;
  char **api_keys;
  gboolean is_json;
} DeployOptions;

static void
deploy_options_clear (DeployOptions *options)
{
  g_free (options->instance);
  g_free (options->config);
  g_free (options->data);
  g_strfreev (options->api_keys);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DeployOptions, deploy_options_clear)

/* {flow: [key, …]} of FLOW=KEY. NULL after a usage error. */
static json_t *
api_keys_object (const Version *version, char **assignments)
{
  g_autoptr (json_t) keys = json_object ();
  for (char **at = assignments; at != NULL && *at != NULL; at++)
    {
      g_autofree char *name = NULL;
      const char *key = split_assignment (*at, &name);
      if (key == NULL || *key == '\0')
        {
          usage_error (&command_deploy, "--api-key has the form FLOW=KEY");
          return NULL;
        }
      const Flow *flow = version_find_flow (version, name);
      if (flow == NULL)
        {
          usage_error (&command_deploy, "--api-key: there is no flow \"%s\"", name);
          return NULL;
        }
      if (json_object_get (keys, flow->name) == NULL)
        json_object_set_new (keys, flow->name, json_array ());
      json_array_append_new (json_object_get (keys, flow->name), json_string (key));
    }
  return g_steal_pointer (&keys);
}

/* What was given, not what it resolves to: the server stores and resolves it. */
static json_t *
load_config (const Version *version, const char *file)
{
  g_autoptr (json_t) given
      = file == NULL ? json_object ()
                     : input_load_object (file, "config variables by name, \"App Base URL\": …");
  if (given == NULL)
    return NULL;
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (json_t) resolved
      = config_values_resolve (version, given, file, CONFIG_CONNECTIONS_OPTIONAL, faults);
  faults_print (faults);
  return resolved == NULL || fault_list_n_errors (faults) > 0 ? NULL : g_steal_pointer (&given);
}

/* Moves the connections out of the document's config: what the server gets of them is sealed to the
 * keeper's key. */
static gboolean
seal_connections (const Version *version, Client *client, json_t *document, GError **error)
{
  g_autoptr (json_t) connections = NULL;
  g_autoptr (json_t) plain
      = config_without_connections (version, json_object_get (document, "config"), &connections);
  const char *name, *instance = json_get_string (document, "instance");
  json_t *value;
  json_object_set (document, "config", plain);
  if (json_object_size (connections) == 0)
    return TRUE;
  g_autoptr (json_t) keys
      = client_call (client, "GET", "/api/v1/keys/connections", NULL, NULL, error);
  g_autoptr (json_t) sealed = json_object ();
  json_object_foreach (connections, name, value)
  {
    g_autoptr (json_t) fields = config_connection_fields (value);
    g_autofree char *ctx = g_strdup_printf ("%s/%s", instance, name);
    char *text = json_print (fields);
    g_autofree char *jwe = keys == NULL ? NULL : jwe_seal (keys, ctx, text, strlen (text), error);
    secret_text_free (text);
    if (jwe == NULL)
      return FALSE;
    json_object_set_new (sealed, name, json_string (jwe));
  }
  json_object_set (document, "connections", sealed);
  return TRUE;
}

static json_t *
make_document (const Version *version, const DeployOptions *options)
{
  g_autoptr (json_t) keys = api_keys_object (version, options->api_keys);
  g_autoptr (json_t) config = keys == NULL ? NULL : load_config (version, options->config);
  if (config == NULL)
    return NULL;
  g_autoptr (json_t) document = json_object ();
  json_object_set_new (document, "instance",
                       json_string (options->instance == NULL ? "default" : options->instance));
  json_object_set_new (document, "version", version_to_json (version));
  json_object_set (document, "config", config);
  if (json_object_size (keys) > 0)
    json_object_set (document, "apiKeys", keys);
  return g_steal_pointer (&document);
}

/* --- what the server says --- */

static void
print_faults (const json_t *problem)
{
  size_t i;
  json_t *fault;
  json_array_foreach (json_object_get (problem, "faults"), i, fault)
  {
    const char *file = json_get_string (fault, "file"),
               *message = json_get_string (fault, "message");
    if (file != NULL)
      {
        print_safely (stderr, file);
        fprintf (stderr, ":%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ": ",
                 json_get_int (fault, "line", 0), json_get_int (fault, "column", 0));
      }
    print_safely (stderr, message == NULL ? "a fault without a message" : message);
    fputc ('\n', stderr);
  }
}

static const char *
key_of_flow (const DeployOptions *options, const char *flow)
{
  for (char **at = options->api_keys; at != NULL && *at != NULL; at++)
    {
      g_autofree char *name = NULL;
      const char *key = split_assignment (*at, &name);
      if (strcmp (name, flow) == 0)
        return key;
    }
  return NULL;
}

static void
print_flow (const DeployOptions *options, const char *flow, const char *url)
{
  g_autofree char *quoted = g_shell_quote (url);
  const char *key = key_of_flow (options, flow);
  g_autofree char *header = key == NULL ? g_strdup ("") : g_strdup_printf ("api-key: %s", key);
  g_autofree char *quoted_header = g_shell_quote (header);
  printf ("\n  %s", style_on (stdout, STYLE_BOLD));
  print_safely (stdout, flow);
  printf ("%s\n  ", style_off (stdout));
  print_safely (stdout, url);
  printf ("\n\n    curl -i ");
  print_safely (stdout, quoted);
  printf (" -H 'content-type: application/json'%s%s -d '{\"foo\":\"bar\",\"baz\":123}'\n",
          key == NULL ? "" : " -H ", key == NULL ? "" : quoted_header);
}

static void
print_deployed (const json_t *answer, const DeployOptions *options, const char *target)
{
  const char *instance = json_get_string (json_object_get (answer, "instance"), "name");
  json_t *version = json_object_get (answer, "version");
  const char *flow, *program = program_name ();
  json_t *url;
  printf ("Deployed version %" G_GINT64_FORMAT " to the instance \"",
          json_get_int (version, "sequence", 0));
  print_safely (stdout, instance == NULL ? "default" : instance);
  puts ("\".");
  json_object_foreach (json_object_get (answer, "urls"), flow, url)
      print_flow (options, flow, json_string_value (url));
  printf ("\nAfter a change of the code:    %s deploy %s\n", program, target);
  printf ("What has run, and what it said: %s executions list\n", program);
  printf ("                                %s logs -f\n", program);
}

/* FALSE where something of it did not work though the version is deployed. */
static gboolean
print_warnings (const json_t *answer, const DeployOptions *options)
{
  gboolean is_good = TRUE;
  size_t i;
  json_t *fault;
  json_array_foreach (json_object_get (answer, "warnings"), i, fault)
  {
    gboolean is_error = g_strcmp0 (json_get_string (fault, "severity"), "error") == 0;
    is_good &= !is_error;
    if (options->is_json)
      continue;
    fputs (is_error ? "error: " : "warning: ", stderr);
    print_safely (stderr, json_get_string (fault, "message"));
    fputc ('\n', stderr);
  }
  return is_good;
}

static int
deploy_version (const Version *version, const DeployOptions *options, const char *target)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) document = make_document (version, options);
  g_autoptr (json_t) problem = NULL;
  if (document == NULL)
    return EXIT_WRONG;
  g_autoptr (Client) client = client_new (options->data, &error);
  if (client == NULL || !seal_connections (version, client, document, &error))
    return failure (&command_deploy, "%s", error->message);
  g_autoptr (json_t) answer
      = client_call (client, "POST", "/api/v1/deployments", document, &problem, &error);
  if (answer == NULL)
    {
      print_faults (problem);
      failure (&command_deploy, "%s", error->message);
      return json_object_get (problem, "faults") == NULL ? EXIT_FAILED : EXIT_WRONG;
    }
  if (options->is_json)
    print_json (answer);
  else
    print_deployed (answer, options, target);
  return print_warnings (answer, options) ? EXIT_DONE : EXIT_FAILED;
}

static int
run (int argc, char **argv)
{
  g_auto (DeployOptions) o = { 0 };
  const GOptionEntry entries[] = {
    { "instance", 0, 0, G_OPTION_ARG_FILENAME, &o.instance, "The instance (default: default)",
      "NAME" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &o.config, "Config variables (JSON or YAML)", "FILE" },
    { "api-key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.api_keys,
      "A key that callers of this flow may use; may be given again", "FLOW=KEY" },
    CLIENT_OPTIONS (&o.data, &o.is_json),
    { NULL },
  };
  switch (options_parse (&command_deploy, entries, 1, 1, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  g_autoptr (Version) version = input_build (argv[1], input_target_kind (argv[1], FALSE));
  return version == NULL ? EXIT_WRONG : deploy_version (version, &o, argv[1]);
}

const Command command_deploy = {
  .name = "deploy",
  .arguments = "TARGET",
  .summary = "Build an integration and give it to the server",
  .text
  = "TARGET is an integration (.yml, .yaml, or a folder that holds integration.yaml). It is built\n"
    "here, code and all; the server gets the finished version and answers with the webhooks' "
    "URLs,\n"
    "which stay the same when it is deployed again.\n\n"
    "Example:\n"
    "  tenon deploy my-integration --instance acme --config acme.yaml --api-key \"New "
    "order=s3cret\"\n",
  .run = run,
};
