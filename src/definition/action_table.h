/* The actions that Tenon has. A further action is a row here and a file in src/flow/. */
#pragma once

#include <glib.h>

typedef enum
{
  ACTION_INPUT_VALUE,          /* a text */
  ACTION_INPUT_CODE,           /* JavaScript; written in the definition, never computed */
  ACTION_INPUT_KEY_VALUE_LIST, /* complex: list of {name, value} */
} ActionInputKind;

typedef struct
{
  const char *key;
  ActionInputKind kind;
  gboolean is_required;
  const char *initial; /* the value where the file gives none or an empty one; NULL = none */
  const char *what;
} ActionInput;

typedef struct
{
  const char *component;
  const char *action;
  const char *label;
  gboolean is_trigger;
  gboolean is_loop;          /* has `steps`, offers currentItem and index */
  gboolean is_branch;        /* has `branches` */
  const ActionInput *inputs; /* ends with a NULL key */
} Action;

/* NULL where Tenon does not have it. */
const Action *action_find (const char *component, const char *action);
const Action *action_nth (guint index); /* NULL behind the last one */
const ActionInput *action_input (const Action *action, const char *key); /* NULL = none */
/* "component.action" of each; ends with NULL. */
const char *const *action_names (void);
