/* Which properties of the context a code block can see at all.
 *
 * A block whose exported function takes its context apart in its parameter list,
 * as both default texts do (`async ({ logger, configVars }, stepResults) => …`),
 * has no other way to the object: it is made with those properties only. Of
 * any other shape nothing is assumed, and the block gets all of them.
 */
#include "flow/private.h"

#include <string.h>

static const char *
skip_space (const char *at)
{
  while (g_ascii_isspace (*at))
    at++;
  return at;
}

/* The text after `word`, or NULL if it does not stand here. */
static const char *
skip_word (const char *at, const char *word)
{
  gsize length = strlen (word);
  at = skip_space (at);
  if (strncmp (at, word, length) != 0 || g_ascii_isalnum (at[length]) || at[length] == '_'
      || at[length] == '$')
    return NULL;
  return at + length;
}

static gsize
name_length (const char *at)
{
  gsize n = 0;
  while (g_ascii_isalnum (at[n]) || at[n] == '_' || at[n] == '$')
    n++;
  return n;
}

/* `async`, `function name`, each optional, up to the opening parenthesis. */
static const char *
skip_function_head (const char *at)
{
  const char *next = skip_word (at, "async");
  if (next != NULL)
    at = next;
  next = skip_word (at, "function");
  if (next != NULL)
    {
      at = skip_space (next);
      at += name_length (at);
    }
  at = skip_space (at);
  return *at == '(' ? skip_space (at + 1) : NULL;
}

/* Plain names between braces: no defaults, no renaming, no rest. */
static GPtrArray *
read_names (const char *at)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  if (*at != '{')
    return NULL;
  at = skip_space (at + 1);
  while (*at != '}')
    {
      gsize n = name_length (at);
      if (n == 0)
        return NULL;
      g_ptr_array_add (names, g_strndup (at, n));
      at = skip_space (at + n);
      if (*at == ',')
        at = skip_space (at + 1);
      else if (*at != '}')
        return NULL;
    }
  at = skip_space (at + 1);
  if (*at != ',' && *at != ')')
    return NULL;
  g_ptr_array_add (names, NULL);
  return g_steal_pointer (&names);
}

GPtrArray *
flow_context_names (const char *code)
{
  static const char assignment[] = "module.exports";
  const char *first = strstr (code, assignment);
  if (first == NULL || strstr (first + 1, assignment) != NULL || strstr (code, "arguments") != NULL
      || strstr (code, "eval") != NULL)
    return NULL;
  /* Inside a comment or a string it would not be the assignment: it must begin its line. */
  if (first != code && first[-1] != '\n')
    return NULL;
  const char *at = skip_space (first + strlen (assignment));
  if (*at != '=' || at[1] == '=')
    return NULL;
  at = skip_function_head (at + 1);
  return at == NULL ? NULL : read_names (at);
}
