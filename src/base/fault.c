#include "base/fault.h"

#include "base/json.h"

#include <string.h>

struct FaultList
{
  GPtrArray *faults;
  guint n_errors;
};

static void
fault_free (Fault *fault)
{
  g_free (fault->file);
  g_free (fault->pointer);
  g_free (fault->message);
  g_free (fault->hint);
  g_free (fault);
}

FaultList *
fault_list_new (void)
{
  FaultList *list = g_new0 (FaultList, 1);
  list->faults = g_ptr_array_new_with_free_func ((GDestroyNotify) fault_free);
  return list;
}

void
fault_list_free (FaultList *list)
{
  g_ptr_array_unref (list->faults);
  g_free (list);
}

void
fault_list_add (FaultList *list, FaultSeverity severity, const char *file, guint line, guint column,
                const char *pointer, const char *hint, const char *format, ...)
{
  Fault *fault = g_new0 (Fault, 1);
  va_list arguments;

  fault->severity = severity;
  fault->file = g_strdup (file);
  fault->line = line;
  fault->column = column;
  fault->pointer = g_strdup (pointer);
  fault->hint = g_strdup (hint);
  va_start (arguments, format);
  fault->message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (list->faults, fault);
  list->n_errors += severity == FAULT_ERROR;
}

guint
fault_list_n (const FaultList *list)
{
  return list->faults->len;
}

const Fault *
fault_list_get (const FaultList *list, guint index)
{
  return g_ptr_array_index (list->faults, index);
}

guint
fault_list_n_errors (const FaultList *list)
{
  return list->n_errors;
}

static gint
compare_places (gconstpointer a, gconstpointer b)
{
  const Fault *x = *(const Fault *const *) a, *y = *(const Fault *const *) b;
  gint order = g_strcmp0 (x->file, y->file);
  if (order == 0)
    order = (x->line > y->line) - (x->line < y->line);
  if (order == 0)
    order = (x->column > y->column) - (x->column < y->column);
  return order;
}

static void
append_fault (GString *text, const Fault *fault)
{
  if (fault->file != NULL)
    g_string_append (text, fault->file);
  if (fault->line > 0)
    g_string_append_printf (text, ":%u", fault->line);
  if (fault->line > 0 && fault->column > 0)
    g_string_append_printf (text, ":%u", fault->column);
  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append (text, ": ");
  g_string_append_printf (text, "%s: %s\n", fault->severity == FAULT_ERROR ? "error" : "warning",
                          fault->message);
  if (fault->hint != NULL)
    g_string_append_printf (text, "  %s\n", fault->hint);
}

char *
fault_list_to_text (const FaultList *list)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < list->faults->len; i++)
    g_ptr_array_add (sorted, g_ptr_array_index (list->faults, i));
  g_ptr_array_sort (sorted, compare_places);
  for (guint i = 0; i < sorted->len; i++)
    append_fault (text, g_ptr_array_index (sorted, i));
  return g_string_free (text, FALSE);
}

json_t *
fault_list_to_json (const FaultList *list)
{
  json_t *array = json_array ();
  for (guint i = 0; i < list->faults->len; i++)
    {
      const Fault *fault = g_ptr_array_index (list->faults, i);
      json_t *entry = json_pack ("{s:s, s:s, s:s*, s:s*, s:s*}", "severity",
                                 fault->severity == FAULT_ERROR ? "error" : "warning", "message",
                                 fault->message, "file", fault->file, "pointer", fault->pointer,
                                 "hint", fault->hint);
      if (fault->line > 0)
        json_object_set_new (entry, "line", json_integer (fault->line));
      if (fault->column > 0)
        json_object_set_new (entry, "column", json_integer (fault->column));
      json_array_append_new (array, entry);
    }
  return array;
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours; no case. */
static guint
edit_distance (const char *a, const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *rows = g_new (guint, 3 * (n + 1));
  guint *before = rows, *last = rows + n + 1, *row = rows + 2 * (n + 1);

  for (gsize j = 0; j <= n; j++)
    last[j] = (guint) j;
  for (gsize i = 1; a[i - 1] != '\0'; i++)
    {
      row[0] = (guint) i;
      for (gsize j = 1; j <= n; j++)
        {
          char x = g_ascii_tolower (a[i - 1]), y = g_ascii_tolower (b[j - 1]);
          guint best = MIN (last[j], row[j - 1]) + 1;
          best = MIN (best, last[j - 1] + (x != y));
          if (i > 1 && j > 1 && x == g_ascii_tolower (b[j - 2]) && y == g_ascii_tolower (a[i - 2]))
            best = MIN (best, before[j - 2] + 1);
          row[j] = best;
        }
      guint *oldest = before;
      before = last;
      last = row;
      row = oldest;
    }
  return last[n];
}

#define SUGGEST_MOST_CHARS 64

const char *
fault_suggest (const char *word, const char *const *candidates)
{
  const char *best = NULL;
  gsize length = strlen (word);
  guint best_distance = (guint) MIN (3, MAX (1, length / 3)) + 1;

  if (length > SUGGEST_MOST_CHARS)
    return NULL;
  for (guint i = 0; candidates[i] != NULL; i++)
    {
      guint distance = edit_distance (word, candidates[i]);
      if (distance < best_distance)
        {
          best_distance = distance;
          best = candidates[i];
        }
    }
  return best;
}
