/* libyaml's events -> Document. Bounded in size, nodes and depth while it reads.
 * Values, tags and aliases are never quoted in a message: a config file holds secrets, and a
 * password without quotes may well begin with * or !. */
#include "definition/yaml_node.h"

#include <string.h>

typedef struct
{
  Document *document;
  FaultList *faults;
  yaml_parser_t parser;
  GHashTable *anchors; /* name -> Node */
  GString *pointer;    /* where we are */
  guint depth;
  /* The characters that marks count, as bytes: moves forward with the events. */
  gsize at_index, at_byte;
  guint at_units; /* UTF-16 units since the last line break */
} Loader;

static void
node_free (gpointer data)
{
  Node *node = data;
  if (node->members != NULL)
    {
      for (guint i = 0; i < node->members->len; i++)
        g_free (g_array_index (node->members, Member, i).key);
      g_array_unref (node->members);
    }
  if (node->items != NULL)
    g_ptr_array_unref (node->items);
  g_free (node->text);
  g_free (node);
}

void
document_free (Document *document)
{
  g_ptr_array_unref (document->nodes);
  g_array_unref (document->line_starts);
  g_free (document->file);
  g_free (document->text);
  g_free (document);
}

static void
index_lines (Document *document)
{
  gsize start = 0;
  g_array_append_val (document->line_starts, start);
  for (gsize i = 0; i < document->length; i++)
    if (document->text[i] == '\n')
      {
        start = i + 1;
        g_array_append_val (document->line_starts, start);
      }
}

static Document *
document_new (const char *text, gsize length, const char *file)
{
  Document *document = g_new0 (Document, 1);
  document->file = g_strdup (file);
  document->text = g_strndup (text, length);
  document->length = length;
  document->line_starts = g_array_new (FALSE, FALSE, sizeof (gsize));
  document->nodes = g_ptr_array_new_with_free_func (node_free);
  index_lines (document);
  return document;
}

const char *
document_line (const Document *document, guint line, gsize *length)
{
  *length = 0;
  if (line == 0 || line > document->line_starts->len)
    return "";
  gsize start = g_array_index (document->line_starts, gsize, line - 1);
  gsize end = line == document->line_starts->len
                  ? document->length
                  : g_array_index (document->line_starts, gsize, line) - 1;
  if (end > start && document->text[end - 1] == '\r')
    end--;
  *length = end - start;
  return document->text + start;
}

static void G_GNUC_PRINTF (4, 5)
    fail_at (Loader *loader, const yaml_mark_t *mark, const char *hint, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;
  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fault_list_add (loader->faults, FAULT_ERROR, loader->document->file, (guint) mark->line + 1,
                  (guint) mark->column + 1, loader->pointer->str, hint, "%s", message);
}

static gboolean
next_event (Loader *loader, yaml_event_t *event)
{
  if (yaml_parser_parse (&loader->parser, event))
    return TRUE;
  yaml_explain (&loader->parser, loader->document->text, loader->document->length,
                loader->document->file, loader->faults);
  return FALSE;
}

static Node *
node_new (Loader *loader, const yaml_event_t *event, NodeKind kind)
{
  Node *node = g_new0 (Node, 1);
  node->kind = kind;
  node->line = (guint) event->start_mark.line + 1;
  node->column = (guint) event->start_mark.column + 1;
  node->end_line = (guint) event->end_mark.line + 1;
  node->size = node->height = 1;
  g_ptr_array_add (loader->document->nodes, node);
  return node;
}

static gsize
push_pointer (Loader *loader, const char *key)
{
  gsize before = loader->pointer->len;
  g_string_append_c (loader->pointer, '/');
  for (; *key != '\0'; key++)
    {
      if (*key == '~' || *key == '/')
        g_string_append (loader->pointer, *key == '~' ? "~0" : "~1");
      else
        g_string_append_c (loader->pointer, *key);
    }
  return before;
}

static void
remember_anchor (Loader *loader, const yaml_char_t *anchor, Node *node)
{
  if (anchor != NULL)
    g_hash_table_insert (loader->anchors, g_strdup ((const char *) anchor), node);
}

static Node *
compose_alias (Loader *loader, const yaml_event_t *event)
{
  const char *name = (const char *) event->data.alias.anchor;
  Node *node = g_hash_table_lookup (loader->anchors, name);
  if (node == NULL)
    fail_at (loader, &event->start_mark, "put quotes around a text that begins with *",
             "there is no anchor (&…) of this name above");
  else if (node->is_open)
    fail_at (loader, &event->start_mark, NULL, "this alias stands inside what it stands for");
  else if (loader->depth + node->height > YAML_MAX_DEPTH)
    fail_at (loader, &event->start_mark, NULL, "nested deeper than %d levels", YAML_MAX_DEPTH);
  else
    return node;
  return NULL;
}

/* libyaml's marks count characters; events come in the order of the file. */
static void
move_to (Loader *loader, gsize index)
{
  const Document *document = loader->document;
  for (; loader->at_index < index && loader->at_byte < document->length; loader->at_index++)
    {
      const char *p = document->text + loader->at_byte;
      loader->at_units += ((guchar) *p & 0xf8) == 0xf0 ? 2 : 1;
      if (*p == '\n')
        loader->at_units = 0;
      loader->at_byte += (gsize) (g_utf8_next_char (p) - p);
    }
}

static Node *
compose_scalar (Loader *loader, const yaml_event_t *event)
{
  Node *node = node_new (loader, event, NODE_TEXT);
  const char *tag = (const char *) event->data.scalar.tag;
  node->length = event->data.scalar.length;
  node->style = event->data.scalar.style;
  node->bytes = node->length;
  move_to (loader, event->start_mark.index);
  node->offset = loader->at_byte;
  node->units = loader->at_units;
  node->text = g_malloc (node->length + 1); /* may hold NUL, which g_strndup would lose */
  memcpy (node->text, event->data.scalar.value, node->length);
  node->text[node->length] = '\0';
  remember_anchor (loader, event->data.scalar.anchor, node);
  if (node_resolve_scalar (node, tag, node->style == YAML_PLAIN_SCALAR_STYLE))
    return node;
  fail_at (loader, &event->start_mark, "leave the tag out; quotes make a text",
           "this tag (!…) is not known here or does not fit its value");
  return NULL;
}

/* Counts a child into its parent; FALSE where the document has grown too large. */
static gboolean
count_child (Loader *loader, Node *parent, const Node *child, const yaml_event_t *event)
{
  parent->size += child->size;
  parent->bytes += child->bytes;
  parent->height = MAX (parent->height, child->height + 1);
  if (parent->size > YAML_MAX_NODES || loader->document->nodes->len > YAML_MAX_NODES)
    fail_at (loader, &event->start_mark, "aliases count as often as they are used",
             "the document holds more than %d values", YAML_MAX_NODES);
  else if (parent->bytes > YAML_MAX_TEXT_BYTES)
    fail_at (loader, &event->start_mark, "aliases count as often as they are used",
             "the document's texts have more than %d MiB", (int) (YAML_MAX_TEXT_BYTES >> 20));
  else
    return TRUE;
  return FALSE;
}

static Node *compose (Loader *loader, const yaml_event_t *event);

static gboolean
compose_items (Loader *loader, Node *list)
{
  for (;;)
    {
      yaml_event_t event;
      if (!next_event (loader, &event))
        return FALSE;
      gboolean is_end = event.type == YAML_SEQUENCE_END_EVENT;
      gboolean is_good = TRUE;
      if (!is_end)
        {
          char index[24];
          g_snprintf (index, sizeof index, "%u", list->items->len);
          gsize before = push_pointer (loader, index);
          Node *item = compose (loader, &event);
          is_good = item != NULL && count_child (loader, list, item, &event);
          if (is_good)
            g_ptr_array_add (list->items, item);
          g_string_truncate (loader->pointer, before);
        }
      yaml_event_delete (&event);
      if (is_end || !is_good)
        return is_good;
    }
}

static gboolean
key_is_fit (Loader *loader, const yaml_event_t *event)
{
  if (event->type != YAML_SCALAR_EVENT)
    fail_at (loader, &event->start_mark, NULL, "a key must be a simple text");
  else if (strlen ((const char *) event->data.scalar.value) != event->data.scalar.length)
    fail_at (loader, &event->start_mark, NULL, "a key can't hold a NUL character");
  else
    return TRUE;
  return FALSE;
}

/* Reads the value of `key`; a duplicate's value is read and left out. */
static gboolean
compose_member (Loader *loader, Node *object, GHashTable *seen, const yaml_event_t *key_event)
{
  const char *key = (const char *) key_event->data.scalar.value;
  gpointer first = g_hash_table_lookup (seen, key);
  Member member = { NULL, (guint) key_event->start_mark.line + 1,
                    (guint) key_event->start_mark.column + 1, NULL };
  gsize before = push_pointer (loader, key);
  yaml_event_t event;
  gboolean is_good = FALSE;

  if (first != NULL)
    {
      const Member *other = &g_array_index (object->members, Member, GPOINTER_TO_UINT (first) - 1);
      fail_at (loader, &key_event->start_mark, "remove or rename one of the two",
               "the key \"%s\" is there twice: first in line %u, column %u", key, other->line,
               other->column);
    }
  if (next_event (loader, &event))
    {
      member.value = compose (loader, &event);
      is_good = member.value != NULL && count_child (loader, object, member.value, &event);
      yaml_event_delete (&event);
    }
  if (is_good && first == NULL)
    {
      member.key = g_strdup (key);
      g_array_append_val (object->members, member);
      g_hash_table_insert (seen, g_strdup (key), GUINT_TO_POINTER (object->members->len));
    }
  g_string_truncate (loader->pointer, before);
  return is_good;
}

static gboolean
compose_members (Loader *loader, Node *object)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (;;)
    {
      yaml_event_t event;
      if (!next_event (loader, &event))
        return FALSE;
      gboolean is_end = event.type == YAML_MAPPING_END_EVENT;
      gboolean is_good
          = is_end
            || (key_is_fit (loader, &event) && compose_member (loader, object, seen, &event));
      yaml_event_delete (&event);
      if (is_end || !is_good)
        return is_good;
    }
}

static Node *
compose_collection (Loader *loader, const yaml_event_t *event)
{
  gboolean is_list = event->type == YAML_SEQUENCE_START_EVENT;
  Node *node = node_new (loader, event, is_list ? NODE_LIST : NODE_OBJECT);
  gboolean is_good;

  if (loader->depth >= YAML_MAX_DEPTH)
    {
      fail_at (loader, &event->start_mark, NULL, "nested deeper than %d levels", YAML_MAX_DEPTH);
      return NULL;
    }
  remember_anchor (
      loader, is_list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor, node);
  node->is_open = TRUE;
  loader->depth++;
  if (is_list)
    {
      node->items = g_ptr_array_new ();
      is_good = compose_items (loader, node);
    }
  else
    {
      node->members = g_array_new (FALSE, FALSE, sizeof (Member));
      is_good = compose_members (loader, node);
    }
  loader->depth--;
  node->is_open = FALSE;
  return is_good ? node : NULL;
}

/* The node that begins with `event`; NULL with a fault. */
static Node *
compose (Loader *loader, const yaml_event_t *event)
{
  if (event->type == YAML_ALIAS_EVENT)
    return compose_alias (loader, event);
  if (event->type == YAML_SCALAR_EVENT)
    return compose_scalar (loader, event);
  return compose_collection (loader, event);
}

static gboolean
compose_root (Loader *loader)
{
  for (;;)
    {
      yaml_event_t event;
      if (!next_event (loader, &event))
        return FALSE;
      yaml_event_type_t type = event.type;
      gboolean is_good = TRUE;
      if (type == YAML_STREAM_END_EVENT && loader->document->root == NULL)
        {
          fail_at (loader, &event.start_mark, NULL, "the document is empty");
          is_good = FALSE;
        }
      else if (type == YAML_DOCUMENT_START_EVENT && loader->document->root != NULL)
        {
          fail_at (loader, &event.start_mark, "keep one document a file",
                   "a second document begins here");
          is_good = FALSE;
        }
      else if (type == YAML_SCALAR_EVENT || type == YAML_ALIAS_EVENT
               || type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
        {
          loader->document->root = compose (loader, &event);
          is_good = loader->document->root != NULL;
        }
      yaml_event_delete (&event);
      if (!is_good || type == YAML_STREAM_END_EVENT)
        return is_good;
    }
}

/* Refuses what libyaml would only call a reader error, with its place. */
static gboolean
text_is_fit (const char *text, gsize length, const char *file, FaultList *faults)
{
  const char *end;
  if (length > YAML_MAX_BYTES)
    {
      fault_list_add (faults, FAULT_ERROR, file, 0, 0, NULL, NULL,
                      "the file has %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT
                      " are read",
                      length, YAML_MAX_BYTES);
      return FALSE;
    }
  if (g_utf8_validate_len (text, length, &end))
    return TRUE;
  guint line = 1, column = 1;
  for (const char *p = text; p < end; p++)
    if (*p == '\n')
      {
        line++;
        column = 1;
      }
    else if (((guchar) *p & 0xc0) != 0x80)
      column++;
  fault_list_add (faults, FAULT_ERROR, file, line, column, NULL, "save the file as UTF-8",
                  *end == '\0' ? "there is a NUL byte here" : "this is not UTF-8 text");
  return FALSE;
}

Document *
document_load (const char *text, gsize length, const char *file, FaultList *faults)
{
  Loader loader = { .faults = faults };
  gboolean is_good;

  if (!text_is_fit (text, length, file, faults))
    return NULL;
  loader.document = document_new (text, length, file);
  loader.anchors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  loader.pointer = g_string_new (NULL);
  if (!yaml_parser_initialize (&loader.parser))
    g_error ("libyaml: out of memory");
  yaml_parser_set_encoding (&loader.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string (&loader.parser, (const guchar *) loader.document->text, length);
  is_good = compose_root (&loader);
  yaml_parser_delete (&loader.parser);
  g_hash_table_unref (loader.anchors);
  g_string_free (loader.pointer, TRUE);
  if (is_good)
    return loader.document;
  document_free (loader.document);
  return NULL;
}
