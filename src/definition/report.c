#include "definition/report.h"

#include <string.h>

At
at_root (const Document *document)
{
  return (At){ .node = document->root, .key_line = 1, .key_column = 1 };
}

At
at_member (const At *up, const Member *member)
{
  return (At){ up, member->key, 0, member->value, member->line, member->column };
}

At
at_item (const At *up, guint index)
{
  const Node *node = node_item (up->node, index);
  return (At){ up, NULL, index, node, node->line, node->column };
}

gboolean
at_find (const At *up, const char *key, At *at)
{
  const Member *member = node_member (up->node, key);
  if (member == NULL || member->value->kind == NODE_NULL)
    return FALSE;
  *at = at_member (up, member);
  return TRUE;
}

static void
append_pointer (GString *pointer, const At *at)
{
  if (at->up == NULL)
    return;
  append_pointer (pointer, at->up);
  g_string_append_c (pointer, '/');
  if (at->key == NULL)
    {
      g_string_append_printf (pointer, "%u", at->index);
      return;
    }
  for (const char *p = at->key; *p != '\0'; p++)
    if (*p == '~' || *p == '/')
      g_string_append (pointer, *p == '~' ? "~0" : "~1");
    else
      g_string_append_c (pointer, *p);
}

char *
at_pointer (const At *at)
{
  GString *pointer = g_string_new (NULL);
  append_pointer (pointer, at);
  return g_string_free (pointer, FALSE);
}

static void add (Reporter *reporter, FaultSeverity severity, const At *at, guint line, guint column,
                 const char *hint, const char *format, va_list arguments) G_GNUC_PRINTF (7, 0);

static void
add (Reporter *reporter, FaultSeverity severity, const At *at, guint line, guint column,
     const char *hint, const char *format, va_list arguments)
{
  if (reporter->n_reported >= REPORT_MOST_FAULTS)
    {
      reporter->n_dropped[severity]++;
      return;
    }
  reporter->n_reported++;
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  g_autofree char *pointer = at_pointer (at);
  fault_list_add (reporter->faults, severity, reporter->file, line, column, pointer, hint, "%s",
                  message);
}

void
report (Reporter *reporter, FaultSeverity severity, const At *at, const char *hint,
        const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  add (reporter, severity, at, at->node->line, at->node->column, hint, format, arguments);
  va_end (arguments);
}

void
report_key (Reporter *reporter, FaultSeverity severity, const At *at, const char *hint,
            const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  add (reporter, severity, at, at->key_line, at->key_column, hint, format, arguments);
  va_end (arguments);
}

void
report_place (Reporter *reporter, FaultSeverity severity, const At *at, guint line, guint column,
              const char *hint, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  add (reporter, severity, at, line, column, hint, format, arguments);
  va_end (arguments);
}

void
report_finish (Reporter *reporter)
{
  for (int severity = FAULT_ERROR; severity <= FAULT_WARNING; severity++)
    if (reporter->n_dropped[severity] > 0)
      fault_list_add (reporter->faults, severity, reporter->file, 0, 0, NULL,
                      "repair those that are shown first", "%u further %s not shown",
                      reporter->n_dropped[severity],
                      severity == FAULT_ERROR ? "errors are" : "warnings are");
}

#define SUGGEST_MOST_BYTES 64

char *
report_suggest (const Reporter *reporter, const char *word, const char *const *candidates)
{
  if (reporter->n_reported >= REPORT_MOST_FAULTS)
    return NULL;
  g_autoptr (GPtrArray) fit = g_ptr_array_new ();
  for (guint i = 0; candidates[i] != NULL; i++)
    if (strlen (candidates[i]) <= SUGGEST_MOST_BYTES)
      g_ptr_array_add (fit, (gpointer) candidates[i]);
  g_ptr_array_add (fit, NULL);
  const char *near = fault_suggest (word, (const char *const *) fit->pdata);
  return near == NULL ? NULL : g_strdup_printf ("did you mean \"%s\"?", near);
}
