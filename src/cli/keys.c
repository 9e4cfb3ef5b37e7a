/* `tenon keys rotate`: another master key. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/private.h"

typedef struct
{
  char *to, *data;
  gboolean is_json;
} KeysOptions;

static void
keys_options_clear (KeysOptions *options)
{
  g_free (options->to);
  g_free (options->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KeysOptions, keys_options_clear)

static void
print_rotated (const json_t *answer, const char *file)
{
  printf ("The store is sealed under the key %s now; %" G_GINT64_FORMAT
          " connections were rewrapped.\n",
          json_get_string (answer, "keyId"), json_get_int (answer, "rows", 0));
  if (file != NULL)
    {
      printf ("From the next start on, give the server TENON_MASTER_KEY_FILE=");
      print_safely (stdout, file);
      puts ("; then remove the old key.");
    }
}

static int
run (int argc, char **argv)
{
  g_auto (KeysOptions) o = { 0 };
  const GOptionEntry entries[] = {
    { "to", 0, 0, G_OPTION_ARG_FILENAME, &o.to,
      "The new key's file, on the server's machine (default: a new one in place of the data "
      "folder's)",
      "FILE" },
    CLIENT_OPTIONS (&o.data, &o.is_json),
    { NULL },
  };
  ParseResult parsed = options_parse (&command_keys, entries, 1, 1, &argc, &argv);
  if (parsed != PARSE_GO_ON)
    return parsed == PARSE_HELP ? EXIT_DONE : EXIT_WRONG;
  if (strcmp (argv[1], "rotate") != 0)
    return usage_error (&command_keys, "there is only `tenon keys rotate`");

  g_autoptr (GError) error = NULL;
  g_autofree char *file = o.to == NULL ? NULL : g_canonicalize_filename (o.to, NULL);
  g_autoptr (json_t) body = json_object ();
  if (file != NULL)
    json_object_set_new (body, "file", json_string (file));
  g_autoptr (Client) client = client_new (o.data, &error);
  g_autoptr (json_t) answer
      = client == NULL ? NULL
                       : client_call (client, "POST", "/api/v1/keys/rotate", body, NULL, &error);
  if (answer == NULL)
    return failure (&command_keys, "%s", error->message);
  if (o.is_json)
    print_json (answer);
  else
    print_rotated (answer, file);
  return EXIT_DONE;
}

const Command command_keys = {
  .name = "keys",
  .arguments = "rotate",
  .summary = "Put what is sealed under a new master key",
  .text
  = "Connections are sealed under a master key: DATA/master.key, or the file that\n"
    "TENON_MASTER_KEY_FILE names. `tenon keys rotate` makes a new one, or takes the one of --to,\n"
    "and rewraps everything while the server runs. An interrupted rotation goes on at the next\n"
    "start; until it is done both keys are needed.\n\n"
    "Example:\n"
    "  openssl rand -hex 32 >new.key && chmod 600 new.key\n"
    "  tenon keys rotate --to new.key\n",
  .run = run,
};
