/* esbuild's command line writes its messages for people only:
 *
 *   ✘ [ERROR] Expected ";" but found "b"
 *
 *       code/map.ts:3:4:
 *         3 │ a b
 *
 *     a note, two blanks in front
 *
 * The first place that follows a message and comes before any note is the message's own. */
#include "definition/bundler.h"

#include <string.h>

#define ERROR_HEAD "✘ [ERROR] "
#define WARNING_HEAD "▲ [WARNING] "

typedef struct
{
  char *file;
  guint line, column;
} LogPlace;

/* "    file:line:column:", the file's name may hold colons. */
static gboolean
read_place (const char *text, LogPlace *place)
{
  if (!g_str_has_prefix (text, "    ") || text[4] == ' ' || !g_str_has_suffix (text, ":"))
    return FALSE;
  g_autofree char *copy = g_strndup (text + 4, strlen (text) - 5);
  char *column = strrchr (copy, ':');
  if (column == NULL)
    return FALSE;
  *column++ = '\0';
  char *line = strrchr (copy, ':');
  if (line == NULL)
    return FALSE;
  *line++ = '\0';
  place->line = (guint) g_ascii_strtoull (line, NULL, 10);
  place->column = (guint) g_ascii_strtoull (column, NULL, 10);
  place->file = g_strdup (copy);
  return TRUE;
}

static gboolean
is_head (const char *line)
{
  return g_str_has_prefix (line, ERROR_HEAD) || g_str_has_prefix (line, WARNING_HEAD);
}

/* The place that belongs to the message whose head is lines[-1]. */
static LogPlace
find_place (char **lines)
{
  LogPlace place = { NULL, 0, 0 };
  for (; *lines != NULL && !is_head (*lines); lines++)
    {
      if (read_place (*lines, &place))
        break;
      if (g_str_has_prefix (*lines, "  "))
        break;
    }
  return place;
}

void
bundler_parse_log (const char *log, const Bundle *bundle, BundleReport report, gpointer user_data)
{
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      if (!is_head (*line))
        continue;
      gboolean is_error = g_str_has_prefix (*line, ERROR_HEAD);
      LogPlace place = find_place (line + 1);
      BundleFault fault = {
        .is_error = is_error,
        .file = place.file,
        .bundle = bundle,
        .line = place.line,
        .column_bytes = place.column,
        .message = *line + strlen (is_error ? ERROR_HEAD : WARNING_HEAD),
      };
      report (&fault, user_data);
      g_free (place.file);
    }
}
