/* Faults: what is wrong with an input, all of it in one pass, each with its
 * place. A list of them is what validation returns; the command line prints
 * them as `file:line:column: error: message`, the API as an array. */
#pragma once

#include <jansson.h>
#include <glib.h>

typedef enum
{
  FAULT_ERROR,
  FAULT_WARNING,
} FaultSeverity;

typedef struct
{
  FaultSeverity severity;
  char *file;    /* may be NULL */
  guint line;    /* from 1; 0 = not known */
  guint column;  /* from 1; 0 = not known */
  char *pointer; /* JSON pointer into the document, may be NULL */
  char *message; /* what is wrong and what was expected */
  char *hint;    /* what to do; may be NULL */
} Fault;

typedef struct FaultList FaultList;

FaultList *fault_list_new (void);
void fault_list_free (FaultList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FaultList, fault_list_free)

void fault_list_add (FaultList *list, FaultSeverity severity, const char *file, guint line,
                     guint column, const char *pointer, const char *hint, const char *format, ...)
    G_GNUC_PRINTF (8, 9);
guint fault_list_n (const FaultList *list);
const Fault *fault_list_get (const FaultList *list, guint index);
guint fault_list_n_errors (const FaultList *list);
/* "file:3:5: error: …\n  hint\n" for each, in order of file and place. Free with g_free. */
char *fault_list_to_text (const FaultList *list);
json_t *fault_list_to_json (const FaultList *list);

/* The candidate nearest to `word` by edit distance, if near enough to be meant; else NULL. */
const char *fault_suggest (const char *word, const char *const *candidates);
