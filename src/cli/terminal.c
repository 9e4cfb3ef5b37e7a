/* What people read: colours, tables, log lines, errors. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/private.h"

static gboolean
has_colour (FILE *stream)
{
  const char *no_color = g_getenv ("NO_COLOR"); /* no-color.org */
  return isatty (fileno (stream)) && (no_color == NULL || *no_color == '\0')
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

const char *
style_on (FILE *stream, Style style)
{
  static const char *const codes[] = {
    [STYLE_NONE] = "",         [STYLE_DIM] = "\033[2m",     [STYLE_BOLD] = "\033[1m",
    [STYLE_RED] = "\033[31m",  [STYLE_YELLOW] = "\033[33m", [STYLE_GREEN] = "\033[32m",
    [STYLE_BLUE] = "\033[34m",
  };
  return has_colour (stream) ? codes[style] : "";
}

const char *
style_off (FILE *stream)
{
  return has_colour (stream) ? "\033[0m" : "";
}

void
print_safely (FILE *stream, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      guchar c = (guchar) *p;
      /* U+0080 to U+009F, which some terminals obey too, are C2 80 to C2 9F. */
      gboolean is_c1 = c == 0xc2 && (guchar) p[1] >= 0x80 && (guchar) p[1] <= 0x9f;
      if (is_c1)
        fprintf (stream, "\\x%02x", (guchar) * ++p);
      else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        fprintf (stream, "\\x%02x", c);
      else
        fputc (c, stream);
    }
}

void
print_json (const json_t *json)
{
  g_autofree char *text = json_print_pretty (json);
  /* JSON escapes control characters itself; a string of U+0080… or DEL is the one exception. */
  print_safely (stdout, text);
  fputc ('\n', stdout);
}

static Style
level_style (const char *level)
{
  if (g_ascii_strcasecmp (level, "error") == 0 || g_ascii_strcasecmp (level, "fatal") == 0)
    return STYLE_RED;
  if (g_ascii_strcasecmp (level, "warn") == 0)
    return STYLE_YELLOW;
  if (g_ascii_strcasecmp (level, "info") == 0)
    return STYLE_GREEN;
  return g_ascii_strcasecmp (level, "metric") == 0 ? STYLE_BLUE : STYLE_DIM;
}

void
print_log_line (FILE *stream, const char *time, const char *level, const char *step,
                const char *text)
{
  g_autofree char *upper = g_ascii_strup (level, -1);
  fprintf (stream, "%s%s%s %s%-6s%s ", style_on (stream, STYLE_DIM), time, style_off (stream),
           style_on (stream, level_style (level)), upper, style_off (stream));
  if (*step != '\0')
    {
      fputs (style_on (stream, STYLE_BOLD), stream);
      print_safely (stream, step);
      fprintf (stream, "%s  ", style_off (stream));
    }
  print_safely (stream, text);
  fputc ('\n', stream);
}

static void
print_location (FILE *stream, const json_t *location)
{
  const char *file = json_get_string (location, "file");
  const char *excerpt = json_get_string (location, "excerpt");
  if (file == NULL)
    return;
  g_autofree char *place
      = g_strdup_printf ("\n  %s:%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT "\n", file,
                         json_get_int (location, "line", 0), json_get_int (location, "column", 0));
  print_safely (stream, place);
  if (excerpt == NULL)
    return;
  g_auto (GStrv) lines = g_strsplit (excerpt, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      fputs ("    ", stream);
      print_safely (stream, *line);
      fputc ('\n', stream);
    }
}

void
print_execution_error (FILE *stream, const json_t *error)
{
  const char *step = json_get_string (error, "stepName");
  const char *name = json_get_string (error, "name"), *message = json_get_string (error, "message");
  const char *stack = json_get_string (error, "stack");
  if (step == NULL)
    step = json_get_string (error, "step");
  fputs (style_on (stream, STYLE_RED), stream);
  fputs ("failed", stream);
  fputs (style_off (stream), stream);
  if (step != NULL)
    {
      fputs (" in step \"", stream);
      print_safely (stream, step);
      fputc ('"', stream);
    }
  fputs (": ", stream);
  if (name != NULL)
    {
      print_safely (stream, name);
      fputs (": ", stream);
    }
  print_safely (stream, message == NULL ? "no message" : message);
  fputc ('\n', stream);
  print_location (stream, json_object_get (error, "location"));
  /* The stack's first lines repeat the message. */
  const char *frames = stack == NULL ? NULL : strstr (stack, "\n    at ");
  if (frames != NULL)
    {
      fputs (style_on (stream, STYLE_DIM), stream);
      print_safely (stream, frames);
      fprintf (stream, "%s\n", style_off (stream));
    }
}

/* --- tables --- */

struct Table
{
  guint columns;
  GPtrArray *rows; /* of char** */
};

Table *
table_new (const char *const *titles)
{
  Table *table = g_new0 (Table, 1);
  table->columns = g_strv_length ((char **) titles);
  table->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  table_add (table, titles);
  return table;
}

void
table_add (Table *table, const char *const *cells)
{
  char **row = g_new0 (char *, table->columns + 1);
  for (guint i = 0; i < table->columns; i++)
    row[i] = g_strdup (cells[i] == NULL ? "" : cells[i]);
  g_ptr_array_add (table->rows, row);
}

void
table_print (Table *table)
{
  g_autofree glong *widths = g_new0 (glong, table->columns);
  for (guint r = 0; r < table->rows->len; r++)
    for (guint c = 0; c < table->columns; c++)
      widths[c] = MAX (widths[c], g_utf8_strlen (((char **) table->rows->pdata[r])[c], -1));
  for (guint r = 0; r < table->rows->len; r++)
    {
      char **row = table->rows->pdata[r];
      fputs (style_on (stdout, r == 0 ? STYLE_DIM : STYLE_NONE), stdout);
      for (guint c = 0; c < table->columns; c++)
        {
          print_safely (stdout, row[c]);
          if (c + 1 < table->columns)
            printf ("%*s", (int) (widths[c] - g_utf8_strlen (row[c], -1)) + 2, "");
        }
      printf ("%s\n", r == 0 ? style_off (stdout) : "");
    }
}

void
table_free (Table *table)
{
  g_ptr_array_unref (table->rows);
  g_free (table);
}
