/* Where the characters of a scalar stand in the file.
 *
 * A text in a YAML file is not always what stands there: block scalars are
 * indented, folded ones joined, quoted ones escaped. Faults inside a text
 * (a reference, a template) and errors of an inline code block need the
 * author's own line and column, so the decoded text is laid beside the raw
 * one: characters that are not white space come in the same order in both.
 */
#pragma once

#include "definition/yaml_node.h"

typedef struct
{
  guint line;   /* from 1 */
  guint column; /* from 1, in characters */
} TextPlace;

/* The place of the byte at `offset` of node->text (of the next visible character). */
TextPlace scalar_place (const Document *document, const Node *node, gsize offset);

/* TRUE where every line of the text is a line of the file, only indented: then line n of the text
 * is line *first_line + n of the file (n from 0) and its columns are moved by *first_column. */
gboolean scalar_is_verbatim (const Document *document, const Node *node, guint *first_line,
                             guint *first_column);

/* A source map (version 3) from the decoded text to the file, with the file's lines of this scalar
 * as its content (other lines are left empty: they are none of the code's business). Free with
 * g_free. */
char *scalar_source_map (const Document *document, const Node *node, const char *source_name);
