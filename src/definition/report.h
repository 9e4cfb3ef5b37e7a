/* Faults of a definition, reported from wherever the tree is being walked.
 *
 * At is a place in the tree: a chain on the stack from the node back to the
 * root, from which the JSON pointer is made only when there is a fault.
 */
#pragma once

#include "definition/yaml_node.h"

#define REPORT_MOST_FAULTS 500

typedef struct
{
  FaultList *faults;
  const char *file;
  guint n_reported;
  guint n_dropped[2]; /* by FaultSeverity, beyond REPORT_MOST_FAULTS */
} Reporter;

typedef struct At At;
struct At
{
  const At *up;    /* NULL = the root */
  const char *key; /* as a member of an object, else NULL */
  guint index;     /* as an item of a list */
  const Node *node;
  guint key_line, key_column; /* of a member's key */
};

At at_root (const Document *document);
At at_member (const At *up, const Member *member);
At at_item (const At *up, guint index);
/* TRUE and fills `at` where `up` has a member of that name that is not null. */
gboolean at_find (const At *up, const char *key, At *at);
char *at_pointer (const At *at); /* free with g_free */

/* At the beginning of the value. */
void report (Reporter *reporter, FaultSeverity severity, const At *at, const char *hint,
             const char *format, ...) G_GNUC_PRINTF (5, 6);
/* At the key. */
void report_key (Reporter *reporter, FaultSeverity severity, const At *at, const char *hint,
                 const char *format, ...) G_GNUC_PRINTF (5, 6);
/* At a place of the same file. */
void report_place (Reporter *reporter, FaultSeverity severity, const At *at, guint line,
                   guint column, const char *hint, const char *format, ...) G_GNUC_PRINTF (7, 8);
/* Says how many faults were left out. Call once, at the end. */
void report_finish (Reporter *reporter);
/* "did you mean …?", or NULL: for the hint. Costs nothing once the reporter is full. Free with
 * g_free. */
char *report_suggest (const Reporter *reporter, const char *word, const char *const *candidates);
