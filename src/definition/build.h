/* From a checked tree to the model: what the files that build its parts share.
 *
 * Each build_… function takes a node that may be wrong in any way the schema
 * has already reported, reports what the schema can't say (rules between keys,
 * names that must exist), and makes the most of the rest: one pass shows all.
 */
#pragma once

#include "definition/action_table.h"
#include "definition/code_set.h"
#include "definition/model.h"
#include "definition/report.h"

/* A step of the flow at hand, for references to it. */
typedef struct
{
  guint order; /* before: it has run */
  guint line;
  char *name;
  gboolean is_known;
  gboolean is_loop;
} StepEntry;

typedef struct
{
  Reporter reporter;
  const Document *document;
  Version *version;
  CodeSet *codes;
  GPtrArray *config_var_names; /* ends with NULL */
  GHashTable *steps;           /* of the flow at hand: identifier -> StepEntry */
  GPtrArray *step_identifiers; /* same, for suggestions; ends with NULL */
  guint n_steps;               /* of the whole definition */
} Build;

/* config_vars.c: requiredConfigVars, then configPages (which name them). */
void build_config_vars (Build *build, const At *root);
void build_config_pages (Build *build, const At *root);

/* flows.c */
void build_flows (Build *build, const At *root);
/* NULL where there is none; faults where a limit is unknown or out of range. */
json_t *build_limits (Build *build, const At *owner);

/* steps.c: the steps of a flow, nested ones included. */
void build_steps (Build *build, const At *flow, GPtrArray *steps);

/* inputs.c. `action` NULL = Tenon does not have it. `step_order`: its place among the flow's steps.
 */
void build_inputs (Build *build, const At *step, Step *out, const Action *action, guint step_order);
/* A reference or `{type: reference, value: …}` outside a step: only its syntax is checked. */
void check_field_reference (Build *build, const At *field);
/* The config variable exists. `offset` of the name in the node's text. */
void check_config_var_name (Build *build, const At *at, const char *name, gsize offset);
