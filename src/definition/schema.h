/* What each kind of object in a definition may hold, as tables.
 *
 * A further key of the format is one row in schema_tables.c: it is then known
 * to validation (unknown keys are warned about, with the nearest known one),
 * its type, range and values are checked, and docs/integration-yaml.md has to
 * have its row (a test compares). Rules between keys are code, in the file
 * that builds that part of the model.
 */
#pragma once

#include "definition/report.h"

typedef enum
{
  KEY_TEXT,        /* any scalar, as written */
  KEY_BOOLEAN,     /* a quoted one too */
  KEY_INTEGER,     /* within least and most; a quoted one too */
  KEY_TEXT_LIST,   /* a list of scalars */
  KEY_OBJECT,      /* `schema` */
  KEY_OBJECT_LIST, /* list of `schema` */
  KEY_NAMED,       /* `schema`, or its name as a text */
  KEY_INPUTS,      /* object of name -> input; checked by inputs.c */
  KEY_LIMITS,      /* object of limit name -> number; checked by flows.c */
  KEY_ANY_OBJECT,  /* any object */
  KEY_ANY,
} KeyType;

typedef enum
{
  KEY_REQUIRED = 1 << 0,
  KEY_OURS = 1 << 1,   /* Tenon's, not the platform's */
  KEY_SECRET = 1 << 2, /* values are not shown in messages */
} KeyFlags;

typedef struct Schema Schema;

typedef struct
{
  const char *key;
  KeyType type;
  guint flags;
  const char *what;           /* for the author's reference */
  const char *const *options; /* the only texts allowed, or NULL */
  const Schema *schema;
  gint64 least, most; /* KEY_INTEGER; both 0 = any */
} Key;

struct Schema
{
  const char *name; /* "flow", as messages say it */
  const Key *keys;  /* ends with a NULL key */
};

extern const Schema definition_schema, flow_schema, step_schema, input_schema, config_var_schema;

/* Every schema, in the order of the reference; ends with NULL. */
extern const Schema *const schemas[];

/* Checks the object and everything below it that has a schema. */
void schema_check (Reporter *reporter, const At *at, const Schema *schema);
/* Warns about keys that the schema does not have; schema_check() does so too. */
void schema_check_keys (Reporter *reporter, const At *at, const Schema *schema);

/* Rows of a Markdown table. Free with g_free. */
char *schema_to_markdown (const Schema *schema);
