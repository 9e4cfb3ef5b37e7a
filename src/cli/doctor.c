/* `tenon doctor`: what this machine gives the sandbox, and the escape attempts, run here and now.
 */
#include <stdio.h>

#include "base/json.h"
#include "cli/private.h"

static json_t *
layers_to_json (GPtrArray *layers)
{
  json_t *array = json_array ();
  for (guint i = 0; i < layers->len; i++)
    {
      const SandboxLayer *layer = layers->pdata[i];
      json_array_append_new (array, json_pack ("{s:s, s:b, s:s?, s:s?}", "layer", layer->layer,
                                               "isPresent", (int) layer->is_present, "detail",
                                               layer->detail, "cost", layer->cost));
    }
  return array;
}

static json_t *
attacks_to_json (GPtrArray *attacks)
{
  json_t *array = json_array ();
  for (guint i = 0; attacks != NULL && i < attacks->len; i++)
    {
      const AttackResult *attack = attacks->pdata[i];
      json_array_append_new (array,
                             json_pack ("{s:s, s:b, s:s?}", "name", attack->name, "wasRefused",
                                        (int) attack->was_refused, "detail", attack->detail));
    }
  return array;
}

static void
print_mark (gboolean is_good, const char *good, const char *bad)
{
  printf ("  %s%-8s%s ", style_on (stdout, is_good ? STYLE_GREEN : STYLE_RED), is_good ? good : bad,
          style_off (stdout));
}

static guint
print_layers (GPtrArray *layers)
{
  guint missing = 0;
  puts ("The sandbox's layers:");
  for (guint i = 0; i < layers->len; i++)
    {
      const SandboxLayer *layer = layers->pdata[i];
      print_mark (layer->is_present, "present", "MISSING");
      print_safely (stdout, layer->layer);
      fputc ('\n', stdout);
      if (layer->is_present)
        continue;
      missing++;
      g_autofree char *why = g_strdup_printf ("           why: %s\n           without it: %s\n",
                                              layer->detail == NULL ? "not known" : layer->detail,
                                              layer->cost == NULL ? "" : layer->cost);
      print_safely (stdout, why);
    }
  return missing;
}

static guint
print_attacks (GPtrArray *attacks)
{
  guint through = 0;
  puts ("\nAttempts to get out, each by native code in a worker of its own:");
  for (guint i = 0; i < attacks->len; i++)
    {
      const AttackResult *attack = attacks->pdata[i];
      through += !attack->was_refused;
      print_mark (attack->was_refused, "refused", "THROUGH");
      g_autofree char *line = g_strdup_printf ("%-32s %s\n", attack->name,
                                               attack->detail == NULL ? "" : attack->detail);
      print_safely (stdout, line);
    }
  return through;
}

static guint
count_through (GPtrArray *attacks)
{
  guint through = 0;
  for (guint i = 0; attacks != NULL && i < attacks->len; i++)
    through += !((AttackResult *) attacks->pdata[i])->was_refused;
  return through;
}

static guint
count_missing (GPtrArray *layers)
{
  guint missing = 0;
  for (guint i = 0; i < layers->len; i++)
    missing += !((SandboxLayer *) layers->pdata[i])->is_present;
  return missing;
}

static int
print_as_json (GPtrArray *layers, GPtrArray *attacks, const GError *error)
{
  gboolean is_sound = error == NULL && count_missing (layers) == 0 && count_through (attacks) == 0;
  g_autoptr (json_t) report = json_object ();
  json_object_set_new (report, "isSound", json_boolean (is_sound));
  json_object_set_new (report, "layers", layers_to_json (layers));
  json_object_set_new (report, "attempts", attacks_to_json (attacks));
  if (error != NULL)
    json_object_set_new (report, "error", json_string (error->message));
  print_json (report);
  return is_sound ? EXIT_DONE : EXIT_FAILED;
}

static int
print_as_text (GPtrArray *layers, GPtrArray *attacks, const GError *error)
{
  guint missing = print_layers (layers);
  if (error != NULL)
    {
      fputs ("\nNo worker can be started in this sandbox: ", stdout);
      print_safely (stdout, error->message);
      fputc ('\n', stdout);
      return EXIT_FAILED;
    }
  guint through = print_attacks (attacks);
  if (missing == 0 && through == 0)
    printf ("\nAll layers are there and all %u attempts were refused.\n", attacks->len);
  else
    printf ("\n%u layers are missing, %u of %u attempts got through.\n", missing, through,
            attacks->len);
  return missing == 0 && through == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int
run (int argc, char **argv)
{
  gboolean is_json = FALSE;
  g_autofree char *sandbox = NULL;
  const GOptionEntry entries[] = {
    { "sandbox", 0, 0, G_OPTION_ARG_FILENAME, &sandbox,
      "Try the attempts in this mode: full (default) or weak", "MODE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &is_json, "Print JSON", NULL },
    { NULL },
  };
  SandboxMode mode;
  g_autoptr (GError) error = NULL;
  switch (options_parse (&command_doctor, entries, 0, 0, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  if (!sandbox_mode_parse (sandbox, &mode, &error))
    return usage_error (&command_doctor, "%s", error->message);
  g_autoptr (GPtrArray) layers = sandbox_probe ();
  g_autoptr (GPtrArray) attacks = attack_run_all (mode, &error);
  return is_json ? print_as_json (layers, attacks, error) : print_as_text (layers, attacks, error);
}

const Command command_doctor = {
  .name = "doctor",
  .arguments = "",
  .summary = "Show what this machine's kernel gives the sandbox, and try to break out",
  .text
  = "Each attempt is native code in a sandboxed process, as if the engine had been taken over.\n"
    "Exit status 1 where a layer is missing or an attempt got through.\n",
  .run = run,
};
