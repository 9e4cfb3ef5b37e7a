/* `tenon init`: the demo of examples/hello, as a beginning of one's own. */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "cli/private.h"

/* Embedded by the build. */
extern const char init_integration[], init_receive_data[], init_map_fields[], init_answer_csv[],
    init_config[], init_payload[], init_package[], init_tsconfig[];

static const struct
{
  const char *path, *text;
} files[] = {
  { "integration.yaml", init_integration },
  { "code/receive-data.js", init_receive_data },
  { "code/map-fields.ts", init_map_fields },
  { "code/answer-csv.js", init_answer_csv },
  { "config.yaml", init_config },
  { "payload.json", init_payload },
  { "package.json", init_package },
  { "tsconfig.json", init_tsconfig },
};

static gboolean
check_folder (const char *folder, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *file = g_build_filename (folder, files[i].path, NULL);
      if (!g_file_test (file, G_FILE_TEST_EXISTS))
        continue;
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                   "%s is there already; choose another folder", file);
      return FALSE;
    }
  return TRUE;
}

static gboolean
write_file (const char *folder, guint i, GError **error)
{
  g_autofree char *file = g_build_filename (folder, files[i].path, NULL);
  g_autofree char *parent = g_path_get_dirname (file);
  if (g_mkdir_with_parents (parent, 0777) != 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", parent,
                   g_strerror (errno));
      return FALSE;
    }
  return g_file_set_contents (file, files[i].text, -1, error);
}

/* Declarations of the names that were just written. */
static gboolean
write_types (const char *folder, GError **error)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = definition_outline (folder, faults);
  if (version != NULL)
    return types_write (folder, version, error);
  g_autofree char *text = fault_list_to_text (faults);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s", text);
  return FALSE;
}

static int
run (int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (GError) error = NULL;
  switch (options_parse (&command_init, entries, 1, 1, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  const char *folder = argv[1], *program = program_name ();
  if (!check_folder (folder, &error))
    return usage_error (&command_init, "%s", error->message);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (!write_file (folder, i, &error))
      return failure (&command_init, "%s", error->message);
  if (!write_types (folder, &error))
    return failure (&command_init, "%s", error->message);
  printf (
      "%s holds an integration now. Its code is in %s/code.\n"
      "For editors that complete names: npm install in %s, once.\n\n"
      "Run it:         %s run %s --flow Hello --payload %s/payload.json --config %s/config.yaml\n"
      "Start a server: %s serve --data data\n"
      "Deploy it:      %s deploy %s --config %s/config.yaml\n",
      folder, folder, folder, program, folder, folder, folder, program, program, folder, folder);
  return EXIT_DONE;
}

const Command command_init = {
  .name = "init",
  .arguments = "FOLDER",
  .summary = "Write a small working integration to begin with",
  .run = run,
};
