/* The mappings of a source map (ECMA-426): segments of base64 VLQ numbers, for maps with one
 * source. */
#pragma once

#include <glib.h>

typedef struct
{
  GString *text;
  gint64 column, source_line, source_column; /* of the last segment */
  gboolean is_line_empty;
} VlqWriter;

VlqWriter vlq_writer (void);
void vlq_writer_line (VlqWriter *writer); /* the next line of the generated text */
/* All from 0. */
void vlq_writer_segment (VlqWriter *writer, guint column, guint source_line, guint source_column);
char *vlq_writer_end (VlqWriter *writer); /* free with g_free */
