/* A YAML document as a tree that remembers where everything was written.
 *
 * Validation needs the line and column of every key and value, so the tree is
 * made from libyaml's events and nothing is thrown away. Aliases share the
 * node of their anchor: the tree is then a graph without cycles, and `size`
 * and `height` count it as if it were written out, so that a few lines of
 * aliases can't stand for a million nodes.
 *
 * Scalars are typed by the YAML 1.2 core schema ("no" and "12:30" are text).
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <yaml.h>
#include "base/fault.h"

#define YAML_MAX_BYTES ((gsize) 16 << 20)
#define YAML_MAX_NODES 500000
#define YAML_MAX_DEPTH 96
#define YAML_MAX_TEXT_BYTES ((guint64) 64 << 20) /* of all texts, aliases counted each time */

typedef enum
{
  NODE_NULL,
  NODE_BOOL,
  NODE_INTEGER,
  NODE_REAL,
  NODE_TEXT,
  NODE_LIST,
  NODE_OBJECT,
} NodeKind;

typedef struct Node Node;

typedef struct
{
  char *key;
  guint line, column; /* of the key, from 1 */
  Node *value;
} Member;

struct Node
{
  NodeKind kind;
  guint line, column; /* of the first character, from 1; a block scalar's is its | or > */
  guint end_line;     /* behind the last one */
  gsize offset;       /* of a scalar's first character, bytes into the file */
  guint units;        /* UTF-16 units before it in its line */
  yaml_scalar_style_t style;
  char *text; /* a scalar as written, quotes and folding undone; else NULL */
  gsize length;
  union
  {
    gboolean boolean;
    gint64 integer;
    double real;
  };
  GPtrArray *items; /* NODE_LIST: of Node, borrowed */
  GArray *members;  /* NODE_OBJECT: of Member, in the order of the file, keys unique */
  guint size;       /* nodes below and including this one, aliases counted each time */
  guint64 bytes;    /* of their texts and keys */
  guint height;     /* 1 for a scalar */
  gboolean is_open; /* while its children are being read: an alias to it would be a cycle */
};

typedef struct
{
  char *file;
  char *text;
  gsize length;
  GArray *line_starts; /* of gsize, byte offsets into text */
  GPtrArray *nodes;    /* owns every node */
  Node *root;
} Document;

/* Reads one document. NULL where it can't be read as YAML at all; a duplicate key is a fault too
 * but the tree comes nevertheless (the first one counts), so that validation can go on. */
Document *document_load (const char *text, gsize length, const char *file, FaultList *faults);
void document_free (Document *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Document, document_free)

/* A line without its line break, from 1; borrowed from document->text. "" beyond the end. */
const char *document_line (const Document *document, guint line, gsize *length);

/* Fills kind and value of a scalar by the core schema. `tag` may be NULL. FALSE: not a tag that
 * Tenon knows, or the text does not fit it. */
gboolean node_resolve_scalar (Node *node, const char *tag, gboolean is_plain);

/* Says in an author's words what libyaml objected to. */
void yaml_explain (const yaml_parser_t *parser, const char *text, gsize length, const char *file,
                   FaultList *faults);

/* Members. NULL where `node` is NULL, not an object, or has none of that name, or it is null. */
const Node *node_get (const Node *node, const char *key);
const Member *node_member (const Node *node, const char *key);
const Node *node_item (const Node *node, guint index);
guint node_n_items (const Node *node); /* 0 if it is not a list */
guint node_n_members (const Node *node);
const Member *node_nth_member (const Node *node, guint index);

gboolean node_is_scalar (const Node *node); /* and not null */
/* A scalar as text: as written, booleans in lower case; NULL for others. Borrowed. */
const char *node_text (const Node *node);
/* A quoted "true" or "12" counts as well: the platform writes many values as text. */
gboolean node_as_bool (const Node *node, gboolean *value);
gboolean node_as_integer (const Node *node, gint64 *value);
gboolean node_bool (const Node *node, gboolean fallback);
gint64 node_integer (const Node *node, gint64 fallback);
json_t *node_to_json (const Node *node); /* null for what JSON can't say (.inf, .nan) */

/* "a list", "the text …": for "…, not X" in messages. Free with g_free. */
char *node_describe (const Node *node);
