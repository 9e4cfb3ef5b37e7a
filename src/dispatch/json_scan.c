/* The grammar of RFC 8259, walked without recursion and without a tree.
 *
 * Two uses: a webhook with a malformed body is answered 400 without waiting for a
 * worker; and what a worker calls JSON (results, errors, states) is checked
 * before it is kept, since it is later put between other JSON as it is, for
 * another worker and for the API.
 */
#include "dispatch/json_scan.h"

#include <string.h>

#define MOST_DEPTH 2000

typedef struct
{
  const char *at, *end;
} Scan;

static void
skip_space (Scan *scan)
{
  while (scan->at < scan->end
         && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
    scan->at++;
}

static gboolean
take (Scan *scan, char c)
{
  if (scan->at == scan->end || *scan->at != c)
    return FALSE;
  scan->at++;
  return TRUE;
}

static gboolean
take_escape (Scan *scan)
{
  if (scan->at == scan->end)
    return FALSE;
  char c = *scan->at++;
  if (c != 'u')
    return c != '\0' && strchr ("\"\\/bfnrt", c) != NULL;
  for (int i = 0; i < 4; i++, scan->at++)
    if (scan->at == scan->end || !g_ascii_isxdigit (*scan->at))
      return FALSE;
  return TRUE;
}

/* After the opening quote. */
static gboolean
take_string (Scan *scan)
{
  while (scan->at < scan->end)
    {
      guchar c = (guchar) *scan->at++;
      if (c == '"')
        return TRUE;
      if (c < 0x20)
        return FALSE;
      if (c == '\\' && !take_escape (scan))
        return FALSE;
    }
  return FALSE;
}

static gboolean
take_digits (Scan *scan)
{
  const char *start = scan->at;
  while (scan->at < scan->end && g_ascii_isdigit (*scan->at))
    scan->at++;
  return scan->at > start;
}

static gboolean
take_number (Scan *scan)
{
  take (scan, '-');
  if (!take (scan, '0') && !take_digits (scan))
    return FALSE;
  if (take (scan, '.') && !take_digits (scan))
    return FALSE;
  if (take (scan, 'e') || take (scan, 'E'))
    {
      if (!take (scan, '+'))
        take (scan, '-');
      return take_digits (scan);
    }
  return TRUE;
}

static gboolean
take_word (Scan *scan, const char *word)
{
  gsize length = strlen (word);
  if ((gsize) (scan->end - scan->at) < length || memcmp (scan->at, word, length) != 0)
    return FALSE;
  scan->at += length;
  return TRUE;
}

static gboolean
take_scalar (Scan *scan)
{
  if (scan->at == scan->end)
    return FALSE;
  switch (*scan->at)
    {
    case '"':
      scan->at++;
      return take_string (scan);
    case 't':
      return take_word (scan, "true");
    case 'f':
      return take_word (scan, "false");
    case 'n':
      return take_word (scan, "null");
    default:
      return take_number (scan);
    }
}

static gboolean
take_key (Scan *scan)
{
  skip_space (scan);
  if (!take (scan, '"') || !take_string (scan))
    return FALSE;
  skip_space (scan);
  return take (scan, ':');
}

/* One value. `closers` is the stack of brackets that are open. */
static gboolean
take_value (Scan *scan)
{
  char closers[MOST_DEPTH];
  gsize depth = 0;

  for (;;)
    {
      skip_space (scan);
      gboolean is_object = scan->at < scan->end && *scan->at == '{';
      if (is_object || (scan->at < scan->end && *scan->at == '['))
        {
          if (depth == MOST_DEPTH)
            return FALSE;
          closers[depth++] = is_object ? '}' : ']';
          scan->at++;
          skip_space (scan);
          if (!take (scan, closers[depth - 1]))
            {
              if (is_object && !take_key (scan))
                return FALSE;
              continue;
            }
          depth--;
        }
      else if (!take_scalar (scan))
        return FALSE;

      /* A value has ended: so may those around it. */
      for (skip_space (scan); depth > 0 && take (scan, closers[depth - 1]); skip_space (scan))
        depth--;
      if (depth == 0)
        return TRUE;
      if (!take (scan, ',') || (closers[depth - 1] == '}' && !take_key (scan)))
        return FALSE;
    }
}

gboolean
json_scan (const char *text, gsize length)
{
  if (length == 0)
    return FALSE;
  Scan scan = { text, text + length };
  return take_value (&scan) && scan.at == scan.end && g_utf8_validate_len (text, length, NULL);
}

gboolean
json_scan_object (const char *text, gsize length)
{
  Scan scan = { text, text + length };
  if (length > 0)
    skip_space (&scan);
  return scan.at < scan.end && *scan.at == '{' && json_scan (text, length);
}

gboolean
json_scan_bytes (GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  return json_scan (text, length);
}

gboolean
json_scan_object_bytes (GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  return json_scan_object (text, length);
}
