/* Scalars by the core schema of YAML 1.2 (chapter 10.3). */
#include "definition/yaml_node.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static gboolean
is_one_of (const char *text, const char *const *words)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (strcmp (text, words[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_null (const char *text)
{
  static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };
  return is_one_of (text, words);
}

static gboolean
as_bool (const char *text, gboolean *value)
{
  static const char *const yes[] = { "true", "True", "TRUE", NULL };
  static const char *const no[] = { "false", "False", "FALSE", NULL };
  *value = is_one_of (text, yes);
  return *value || is_one_of (text, no);
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ */
static gboolean
looks_integer (const char *text, guint *base)
{
  const char *digits = "0123456789";
  *base = 10;
  if (g_str_has_prefix (text, "0o") || g_str_has_prefix (text, "0x"))
    {
      *base = text[1] == 'o' ? 8 : 16;
      digits = *base == 8 ? "01234567" : "0123456789abcdefABCDEF";
      text += 2;
    }
  else if (*text == '-' || *text == '+')
    text++;
  return *text != '\0' && text[strspn (text, digits)] == '\0';
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static gboolean
looks_real (const char *text)
{
  if (*text == '-' || *text == '+')
    text++;
  gsize whole = strspn (text, "0123456789"), part = 0;
  text += whole;
  if (*text == '.')
    {
      part = strspn (++text, "0123456789");
      text += part;
    }
  if (whole + part == 0)
    return FALSE;
  if (*text == 'e' || *text == 'E')
    {
      text++;
      if (*text == '-' || *text == '+')
        text++;
      if (*text == '\0')
        return FALSE;
      text += strspn (text, "0123456789");
    }
  return *text == '\0';
}

static gboolean
as_special_real (const char *text, double *value)
{
  static const char *const infinite[] = { ".inf", ".Inf", ".INF", NULL };
  static const char *const nan_words[] = { ".nan", ".NaN", ".NAN", NULL };
  gboolean is_negative = *text == '-';
  if (is_one_of (text, nan_words))
    {
      *value = NAN;
      return TRUE;
    }
  if (*text == '-' || *text == '+')
    text++;
  *value = is_negative ? -INFINITY : INFINITY;
  return is_one_of (text, infinite);
}

static gboolean
as_number (Node *node)
{
  guint base;
  if (looks_integer (node->text, &base))
    {
      errno = 0;
      node->integer = g_ascii_strtoll (node->text + (base == 10 ? 0 : 2), NULL, base);
      node->kind = NODE_INTEGER;
      if (errno == 0)
        return TRUE;
      if (base != 10)
        return FALSE;
    }
  else if (!looks_real (node->text))
    {
      node->kind = NODE_REAL;
      return as_special_real (node->text, &node->real);
    }
  node->kind = NODE_REAL;
  node->real = g_ascii_strtod (node->text, NULL);
  return TRUE;
}

static gboolean
resolve_plain (Node *node)
{
  gboolean value;
  if (is_null (node->text))
    node->kind = NODE_NULL;
  else if (as_bool (node->text, &value))
    {
      node->kind = NODE_BOOL;
      node->boolean = value;
    }
  else if (!as_number (node))
    node->kind = NODE_TEXT;
  return TRUE;
}

gboolean
node_resolve_scalar (Node *node, const char *tag, gboolean is_plain)
{
  static const struct
  {
    const char *tag;
    NodeKind kind;
  } tags[] = { { YAML_STR_TAG, NODE_TEXT },
               { YAML_NULL_TAG, NODE_NULL },
               { YAML_BOOL_TAG, NODE_BOOL },
               { YAML_INT_TAG, NODE_INTEGER },
               { YAML_FLOAT_TAG, NODE_REAL } };

  node->kind = NODE_TEXT;
  if (strlen (node->text) != node->length)
    is_plain = FALSE;
  if (tag == NULL)
    return is_plain ? resolve_plain (node) : TRUE;
  if (strcmp (tag, "!") == 0 || strcmp (tag, YAML_STR_TAG) == 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    if (strcmp (tag, tags[i].tag) == 0)
      {
        resolve_plain (node);
        if (tags[i].kind == NODE_REAL && node->kind == NODE_INTEGER)
          {
            node->kind = NODE_REAL;
            node->real = g_ascii_strtod (node->text, NULL);
          }
        return node->kind == tags[i].kind;
      }
  return FALSE;
}
