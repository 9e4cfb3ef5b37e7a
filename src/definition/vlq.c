#include "definition/vlq.h"

VlqWriter
vlq_writer (void)
{
  return (VlqWriter){ .text = g_string_new (NULL), .is_line_empty = TRUE };
}

void
vlq_writer_line (VlqWriter *writer)
{
  g_string_append_c (writer->text, ';');
  writer->column = 0;
  writer->is_line_empty = TRUE;
}

/* The sign in the lowest bit, then five bits a digit, the sixth says that more follow. */
static void
append_number (GString *text, gint64 number)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  guint64 rest = number < 0 ? ((guint64) -number << 1) | 1 : (guint64) number << 1;
  do
    {
      guint digit = rest & 31;
      rest >>= 5;
      g_string_append_c (text, digits[rest > 0 ? digit | 32 : digit]);
    }
  while (rest > 0);
}

void
vlq_writer_segment (VlqWriter *writer, guint column, guint source_line, guint source_column)
{
  if (!writer->is_line_empty)
    g_string_append_c (writer->text, ',');
  append_number (writer->text, column - writer->column);
  append_number (writer->text, 0); /* always the same source */
  append_number (writer->text, source_line - writer->source_line);
  append_number (writer->text, source_column - writer->source_column);
  writer->column = column;
  writer->source_line = source_line;
  writer->source_column = source_column;
  writer->is_line_empty = FALSE;
}

char *
vlq_writer_end (VlqWriter *writer)
{
  return g_string_free (writer->text, FALSE);
}
