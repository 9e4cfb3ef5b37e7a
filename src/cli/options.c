/* Arguments of commands, by GOption. Texts from the command line are kept as the bytes they are
 * (G_OPTION_ARG_FILENAME): with a "C" locale GOption's own strings would refuse what is not ASCII.
 */
#include <stdio.h>
#include <string.h>

#include "cli/private.h"

static void
print_help (GOptionContext *context, const Command *command)
{
  g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);
  printf ("%s\n", command->summary);
  const char *options = strstr (help, "\n\n");
  printf ("\nUsage:\n  tenon %s [OPTION…] %s%s", command->name, command->arguments,
          options == NULL ? "\n" : options);
  if (command->text != NULL)
    fputs (command->text, stdout);
}

int
usage_error (const Command *command, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "tenon %s: ", command->name);
  print_safely (stderr, message);
  fprintf (stderr, "\n`tenon %s --help` says more.\n", command->name);
  return EXIT_WRONG;
}

int
failure (const Command *command, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "tenon %s: ", command->name);
  print_safely (stderr, message);
  fputc ('\n', stderr);
  return EXIT_FAILED;
}

static void
suggest_option (const Command *command, const GOptionEntry *entries, const char *message)
{
  /* GOption: "Unknown option --paylod" */
  const char *given = strstr (message, "--");
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const GOptionEntry *entry = entries; entry->long_name != NULL; entry++)
    g_ptr_array_add (names, (gpointer) entry->long_name);
  g_ptr_array_add (names, NULL);
  const char *near
      = given == NULL ? NULL : fault_suggest (given + 2, (const char *const *) names->pdata);
  if (near != NULL)
    usage_error (command, "%s; did you mean --%s?", message, near);
  else
    usage_error (command, "%s", message);
}

static gboolean
check_count (const Command *command, guint least, guint most, guint n, char **argv)
{
  if (n < least)
    usage_error (command, "%s is missing", command->arguments);
  else if (n > most)
    usage_error (command, "\"%s\" is one argument too many", argv[most + 1]);
  return n >= least && n <= most;
}

ParseResult
options_parse (const Command *command, const GOptionEntry *entries, guint least, guint most,
               int *argc, char ***argv)
{
  gboolean wants_help = FALSE;
  const GOptionEntry help[]
      = { { "help", 'h', 0, G_OPTION_ARG_NONE, &wants_help, "This text", NULL }, { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  /* Its own --help prints in the locale's character set, which need not have ours. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, help, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      suggest_option (command, entries, error->message);
      return PARSE_WRONG;
    }
  if (wants_help)
    {
      print_help (context, command);
      return PARSE_HELP;
    }
  /* "--" stays where it stood before an argument. */
  if (*argc > 1 && strcmp ((*argv)[1], "--") == 0)
    {
      (*argv)++;
      (*argc)--;
    }
  return check_count (command, least, most, (guint) *argc - 1, *argv) ? PARSE_GO_ON : PARSE_WRONG;
}

const char *
split_assignment (const char *text, char **name)
{
  const char *equals = strchr (text, '=');
  if (equals == NULL)
    return NULL;
  *name = g_strndup (text, (gsize) (equals - text));
  return equals + 1;
}

gboolean
options_set_limits (Limits *limits, char **assignments, GError **error)
{
  for (char **at = assignments; at != NULL && *at != NULL; at++)
    {
      g_autofree char *name = NULL;
      gint64 value = 0;
      const char *text = split_assignment (*at, &name);
      if (text == NULL || !g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &value, NULL))
        {
          g_set_error (error, LIMITS_ERROR, 0,
                       "\"%s\" is no limit: it has the form NAME=NUMBER, for example wallMs=5000",
                       *at);
          return FALSE;
        }
      if (!limits_set (limits, name, value, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
sandbox_mode_parse (const char *text, SandboxMode *mode, GError **error)
{
  static const struct
  {
    const char *name;
    SandboxMode mode;
  } modes[] = {
    { "full", SANDBOX_FULL },
    { "weak", SANDBOX_WEAK },
#ifdef TENON_TEST_HOOKS
    { "off", SANDBOX_OFF },
#endif
  };
  *mode = SANDBOX_FULL;
  if (text == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    if (strcmp (text, modes[i].name) == 0)
      {
        *mode = modes[i].mode;
        return TRUE;
      }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--sandbox is \"full\" or \"weak\", not \"%s\"", text);
  return FALSE;
}
