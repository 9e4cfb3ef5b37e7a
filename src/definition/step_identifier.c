/* From a step's name to its key in stepResults; the rule of spec/code-component.md.
 *
 * Not the camelCase of utility libraries: words end only at characters other
 * than ASCII letters and digits, and inner capitals are folded. */
#include "definition/version.h"

char *
step_identifier (const char *name)
{
  GString *identifier = g_string_new (NULL);
  gboolean begins_word = TRUE;

  for (const char *p = name; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p))
        begins_word = TRUE;
      else if (begins_word && identifier->len > 0)
        {
          g_string_append_c (identifier, g_ascii_toupper (*p));
          begins_word = FALSE;
        }
      else
        {
          g_string_append_c (identifier, g_ascii_tolower (*p));
          begins_word = FALSE;
        }
    }
  return g_string_free (identifier, FALSE);
}
