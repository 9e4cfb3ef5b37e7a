/* argv to command: the table, `--help` and `--version`. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/private.h"

static const Command *const commands[]
    = { &command_run,        &command_check,  &command_init,      &command_types,
        &command_serve,      &command_deploy, &command_instances, &command_connections,
        &command_executions, &command_logs,   &command_keys,      &command_pause,
        &command_resume,     &command_doctor };

static const char *program = "tenon";

const char *
program_name (void)
{
  return program;
}

static void
print_help (FILE *stream)
{
  fputs ("Tenon runs the code inside your integrations.\n\n"
         "Usage:\n  tenon COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n",
         stream);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (stream, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
  fputs ("\n`tenon COMMAND --help` says more of one. A first try:\n\n"
         "  tenon init my-integration\n"
         "  tenon run my-integration --flow Hello --payload my-integration/payload.json\n",
         stream);
}

static const Command *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

static int
unknown_command (const char *name)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i]->name;
  const char *near = fault_suggest (name, names);
  fputs ("tenon: there is no command \"", stderr);
  print_safely (stderr, name);
  if (near != NULL)
    fprintf (stderr, "\"; did you mean \"%s\"?\n", near);
  else
    fputs ("\"; `tenon --help` lists them\n", stderr);
  return EXIT_WRONG;
}

int
cli_main (int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : NULL;
  if (argc > 0)
    program = argv[0];
  if (name == NULL)
    {
      print_help (stderr);
      return EXIT_WRONG;
    }
  if (strcmp (name, "--help") == 0 || strcmp (name, "-h") == 0 || strcmp (name, "help") == 0)
    {
      const Command *about = argc > 2 ? find_command (argv[2]) : NULL;
      if (about != NULL)
        return about->run (2, (char *[]){ argv[2], (char *) "--help", NULL });
      print_help (stdout);
      return EXIT_DONE;
    }
  if (strcmp (name, "--version") == 0)
    {
      puts ("tenon " TENON_VERSION);
      return EXIT_DONE;
    }
  const Command *command = find_command (name);
  return command == NULL ? unknown_command (name) : command->run (argc - 1, argv + 1);
}
