/* `tenon types`: the declarations that let an editor complete an integration's own names. */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "cli/private.h"
#include "definition/env_types.h"

/* Embedded by the build. */
extern const char tenon_d_ts[], init_tsconfig[];

static gboolean
write_in (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *file = g_build_filename (folder, name, NULL);
  return g_file_set_contents (file, text, -1, error);
}

static gboolean
is_in (const char *folder, const char *name)
{
  g_autofree char *file = g_build_filename (folder, name, NULL);
  return g_file_test (file, G_FILE_TEST_EXISTS);
}

gboolean
types_write (const char *folder, const Version *version, GError **error)
{
  g_autofree char *env = env_types_text (version, TRUE);
  if (!write_in (folder, "tenon.d.ts", tenon_d_ts, error)
      || !write_in (folder, "tenon-env.d.ts", env, error))
    return FALSE;
  return is_in (folder, "tsconfig.json") || is_in (folder, "jsconfig.json")
         || write_in (folder, "tsconfig.json", init_tsconfig, error);
}

static int
run (int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (GError) error = NULL;
  switch (options_parse (&command_types, entries, 1, 1, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  const char *target = argv[1];
  g_autoptr (Version) version = definition_outline (target, faults);
  faults_print (faults);
  if (version == NULL)
    return EXIT_WRONG;
  g_autofree char *folder
      = g_file_test (target, G_FILE_TEST_IS_DIR) ? g_strdup (target) : g_path_get_dirname (target);
  if (!types_write (folder, version, &error))
    return failure (&command_types, "%s", error->message);
  printf ("%s/tenon.d.ts and %s/tenon-env.d.ts are up to date.\n", folder, folder);
  return EXIT_DONE;
}

const Command command_types = {
  .name = "types",
  .arguments = "FOLDER",
  .summary = "Write the types that editors complete an integration's names with",
  .text
  = "Writes tenon.d.ts and tenon-env.d.ts into the folder, and a tsconfig.json where there is "
    "none.\n"
    "Run it again when names of config variables or steps have changed. `tenon check` needs none\n"
    "of these files.\n",
  .run = run,
};
