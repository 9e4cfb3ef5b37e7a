/* Reading the tree. */
#include "definition/yaml_node.h"

#include <errno.h>
#include <math.h>
#include <string.h>

const Member *
node_member (const Node *node, const char *key)
{
  for (guint i = 0; i < node_n_members (node); i++)
    {
      const Member *member = node_nth_member (node, i);
      if (strcmp (member->key, key) == 0)
        return member;
    }
  return NULL;
}

const Node *
node_get (const Node *node, const char *key)
{
  const Member *member = node_member (node, key);
  return member == NULL || member->value->kind == NODE_NULL ? NULL : member->value;
}

guint
node_n_items (const Node *node)
{
  return node != NULL && node->kind == NODE_LIST ? node->items->len : 0;
}

const Node *
node_item (const Node *node, guint index)
{
  return g_ptr_array_index (node->items, index);
}

guint
node_n_members (const Node *node)
{
  return node != NULL && node->kind == NODE_OBJECT ? node->members->len : 0;
}

const Member *
node_nth_member (const Node *node, guint index)
{
  return &g_array_index (node->members, Member, index);
}

gboolean
node_is_scalar (const Node *node)
{
  return node != NULL && node->kind >= NODE_BOOL && node->kind <= NODE_TEXT;
}

const char *
node_text (const Node *node)
{
  if (!node_is_scalar (node))
    return NULL;
  if (node->kind == NODE_BOOL)
    return node->boolean ? "true" : "false";
  return node->text;
}

gboolean
node_as_bool (const Node *node, gboolean *value)
{
  if (node == NULL || (node->kind != NODE_BOOL && node->kind != NODE_TEXT))
    return FALSE;
  if (node->kind == NODE_BOOL)
    *value = node->boolean;
  else
    *value = strcmp (node->text, "true") == 0;
  return node->kind == NODE_BOOL || *value || strcmp (node->text, "false") == 0;
}

gboolean
node_as_integer (const Node *node, gint64 *value)
{
  if (node == NULL)
    return FALSE;
  if (node->kind == NODE_INTEGER)
    {
      *value = node->integer;
      return TRUE;
    }
  if (node->kind == NODE_REAL && fabs (node->real) < 1e15
      && node->real == (double) (gint64) node->real)
    {
      *value = (gint64) node->real;
      return TRUE;
    }
  return node->kind == NODE_TEXT
         && g_ascii_string_to_signed (node->text, 10, G_MININT64, G_MAXINT64, value, NULL);
}

gboolean
node_bool (const Node *node, gboolean fallback)
{
  gboolean value;
  return node_as_bool (node, &value) ? value : fallback;
}

gint64
node_integer (const Node *node, gint64 fallback)
{
  gint64 value;
  return node_as_integer (node, &value) ? value : fallback;
}

json_t *
node_to_json (const Node *node)
{
  json_t *json;
  switch (node->kind)
    {
    case NODE_BOOL:
      return json_boolean (node->boolean);
    case NODE_INTEGER:
      return json_integer (node->integer);
    case NODE_REAL:
      return isfinite (node->real) ? json_real (node->real) : json_null ();
    case NODE_TEXT:
      return json_stringn (node->text, node->length);
    case NODE_LIST:
      json = json_array ();
      for (guint i = 0; i < node_n_items (node); i++)
        json_array_append_new (json, node_to_json (node_item (node, i)));
      return json;
    case NODE_OBJECT:
      json = json_object ();
      for (guint i = 0; i < node_n_members (node); i++)
        {
          const Member *member = node_nth_member (node, i);
          json_object_set_new (json, member->key, node_to_json (member->value));
        }
      return json;
    case NODE_NULL:
    default:
      return json_null ();
    }
}

#define DESCRIBE_MOST_CHARS 40

char *
node_describe (const Node *node)
{
  if (node == NULL || node->kind == NODE_NULL)
    return g_strdup ("nothing");
  if (node->kind == NODE_LIST)
    return g_strdup ("a list");
  if (node->kind == NODE_OBJECT)
    return g_strdup ("an object");
  if (g_utf8_strlen (node->text, -1) > DESCRIBE_MOST_CHARS || strchr (node->text, '\n') != NULL)
    return g_strdup ("a longer text");
  return g_strdup_printf ("\"%s\"", node->text);
}
