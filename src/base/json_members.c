/* Where the members of an object stand in its text: a cut through JSON that is
 * known to be valid, without making anything of it. */
#include "base/json.h"

#include <string.h>

typedef struct
{
  const char *at, *end;
} Cursor;

static void
skip_space (Cursor *cursor)
{
  while (cursor->at < cursor->end && strchr (" \t\r\n", *cursor->at) != NULL && *cursor->at != '\0')
    cursor->at++;
}

/* The text of a string, quotes excluded. FALSE where it has escapes or no end. */
static gboolean
take_name (Cursor *cursor, const char **name, gsize *length)
{
  if (cursor->at >= cursor->end || *cursor->at != '"')
    return FALSE;
  const char *from = ++cursor->at;
  while (cursor->at < cursor->end && *cursor->at != '"')
    if (*cursor->at++ == '\\')
      return FALSE;
  *name = from;
  *length = (gsize) (cursor->at - from);
  return cursor->at++ < cursor->end;
}

static gboolean
skip_string (Cursor *cursor)
{
  for (cursor->at++; cursor->at < cursor->end; cursor->at++)
    {
      if (*cursor->at == '\\')
        cursor->at++;
      else if (*cursor->at == '"')
        {
          cursor->at++;
          return TRUE;
        }
    }
  return FALSE;
}

/* To the comma or brace behind a value. */
static gboolean
skip_value (Cursor *cursor)
{
  guint depth = 0;
  while (cursor->at < cursor->end)
    {
      char c = *cursor->at;
      if (c == '"')
        {
          if (!skip_string (cursor))
            return FALSE;
          continue;
        }
      if (depth == 0 && (c == ',' || c == '}'))
        return TRUE;
      if (c == '{' || c == '[')
        depth++;
      else if (c == '}' || c == ']')
        depth--;
      cursor->at++;
    }
  return FALSE;
}

static gboolean
take_member (Cursor *cursor, JsonMember *member)
{
  skip_space (cursor);
  if (!take_name (cursor, &member->name, &member->name_length))
    return FALSE;
  skip_space (cursor);
  if (cursor->at >= cursor->end || *cursor->at++ != ':')
    return FALSE;
  member->text = cursor->at;
  if (!skip_value (cursor))
    return FALSE;
  member->text_length = (gsize) (cursor->at - member->text);
  return TRUE;
}

JsonMember *
json_split_object (const char *text, gsize length, guint *n)
{
  Cursor cursor = { text, text + length };
  g_autoptr (GArray) members = g_array_new (FALSE, FALSE, sizeof (JsonMember));
  skip_space (&cursor);
  if (cursor.at >= cursor.end || *cursor.at != '{')
    return NULL;
  do
    {
      JsonMember member;
      cursor.at++;
      if (!take_member (&cursor, &member))
        return NULL;
      g_array_append_val (members, member);
    }
  while (*cursor.at == ',');
  *n = members->len;
  return (JsonMember *) (gpointer) g_array_free (g_steal_pointer (&members), FALSE);
}
