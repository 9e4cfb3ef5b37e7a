/* `tenon check`: all faults of a target, without running it. */
#include <stdio.h>

#include "base/json.h"
#include "cli/private.h"

static void
print_sound (const Version *version)
{
  guint steps = 0;
  for (guint i = 0; i < version->flows->len; i++)
    steps += ((Flow *) version->flows->pdata[i])->steps->len;
  printf ("No errors: %u flow%s, %u steps, %u code block%s.\n", version->flows->len,
          version->flows->len == 1 ? "" : "s", steps, version->scripts->len,
          version->scripts->len == 1 ? "" : "s");
}

static int
run (int argc, char **argv)
{
  gboolean is_json = FALSE, is_without_types = FALSE;
  g_autofree char *kind = NULL;
  const GOptionEntry entries[] = {
    { "kind", 0, 0, G_OPTION_ARG_FILENAME, &kind,
      "What a code file is: action (default) or trigger", "KIND" },
    { "no-types", 0, 0, G_OPTION_ARG_NONE, &is_without_types, "Leave the code's types unchecked",
      NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &is_json, "Print the faults as JSON", NULL },
    { NULL },
  };
  switch (options_parse (&command_check, entries, 1, 1, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  TargetKind target = input_target_kind (argv[1], g_strcmp0 (kind, "trigger") == 0);
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version
      = is_without_types ? definition_build (argv[1], target, faults)
                         : definition_check (argv[1], target, faults);
  gboolean is_sound = version != NULL && fault_list_n_errors (faults) == 0;
  if (is_json)
    {
      g_autoptr (json_t) list = fault_list_to_json (faults);
      g_autoptr (json_t) report = json_object ();
      json_object_set_new (report, "isSound", json_boolean (is_sound));
      json_object_set (report, "faults", list);
      print_json (report);
    }
  else
    {
      faults_print (faults);
      if (is_sound)
        print_sound (version);
    }
  return is_sound ? EXIT_DONE : EXIT_WRONG;
}

const Command command_check = {
  .name = "check",
  .arguments = "TARGET",
  .summary = "Show everything that is wrong with an integration or a code file",
  .text = "Nothing is run. TypeScript, and JavaScript that begins with // @ts-check or whose tsconfig.json\n"
          "says checkJs, has its types checked, by a TypeScript that npm fetches at the first time.\n"
          "Exit status 2 where there are errors; warnings leave it 0.\n",
  .run = run,
};
