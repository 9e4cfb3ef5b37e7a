/* The validated model of an integration: what definition_build() makes of an
 * author's files, what a deploy sends, what the store keeps as a version, and
 * what a worker walks.
 *
 * Immutable after it is made, counted, safe to share between threads. As JSON
 * (version_to_json) it is self-contained: scripts and source maps included.
 */
#pragma once

#include <jansson.h>
#include "base/fault.h"
#include "base/limits.h"

#define VERSION_ERROR (version_error_quark ())
GQuark version_error_quark (void);

/* spec/definition-yaml.md, "Inputs" */
typedef enum
{
  INPUT_VALUE,      /* text: `text` */
  INPUT_REFERENCE,  /* `path`: step identifier, then properties */
  INPUT_CONFIG_VAR, /* text: the variable's name; "" = none */
  INPUT_TEMPLATE,   /* `parts`: VALUE (literal), REFERENCE and CONFIG_VAR pieces, concatenated */
  INPUT_COMPLEX,    /* `json`: the array as written; `items`: its entries where they are inputs */
} InputType;

typedef struct Input Input;
struct Input
{
  InputType type;
  char *key;   /* the input's key; in a key/value list the entry's name; may be NULL */
  Input *name; /* a key/value entry whose name is itself an input, else NULL */
  char *text;  /* VALUE and CONFIG_VAR */
  char **path; /* REFERENCE: NULL-terminated, unescaped segments, e.g. getData, results, a.b, 0 */
  GPtrArray *parts; /* TEMPLATE: of Input */
  GPtrArray *items; /* COMPLEX: of Input (value list, key/value list); NULL for conditions */
  json_t *json;     /* COMPLEX: as written, for actions that read conditions themselves */
  gboolean is_null; /* `value: null`: not set */
};

typedef enum
{
  ON_ERROR_FAIL,
  ON_ERROR_IGNORE,
  ON_ERROR_RETRY,
} OnError;

typedef struct
{
  OnError on_error;
  guint max_attempts;
  guint delay_seconds;
  gboolean uses_exponential_backoff;
  gboolean ignores_final_error;
} ErrorConfig;

typedef struct Step Step;

typedef struct
{
  char *name;
  GPtrArray *steps; /* of Step */
} Branch;

struct Step
{
  char *name;       /* as shown */
  char *identifier; /* camelCased, the key in stepResults */
  char *description;
  char *stable_key;  /* or NULL */
  char *component;   /* "code" */
  char *action;      /* "runCode" */
  gboolean is_known; /* Tenon has this action; otherwise running into it fails the step */
  gboolean is_trigger;
  GPtrArray *inputs; /* of Input, in the order of the file, keys unique */
  int script;        /* index into Version.scripts of a code block, else -1 */
  ErrorConfig error_config;
  json_t *schedule;    /* as written, or NULL */
  GPtrArray *steps;    /* body of a loop step, or NULL */
  GPtrArray *branches; /* of Branch, or NULL */
  guint line, column;  /* in the definition file; 0 = not known */
};

typedef enum
{
  ENDPOINT_UNSECURED,
  ENDPOINT_CUSTOMER_OPTIONAL,
  ENDPOINT_CUSTOMER_REQUIRED,
  ENDPOINT_ORGANIZATION,
} EndpointSecurity;

typedef struct
{
  char *name;
  char *stable_key; /* never NULL: the name where the file gives none */
  char *description;
  gboolean is_synchronous;
  EndpointSecurity security;
  char **organization_api_keys;                  /* NULL-terminated, may be NULL */
  json_t *retry_config, *queue_config, *schemas; /* as written, or NULL */
  json_t *limits;                                /* those the flow sets (limits.h names), or NULL */
  json_t *extra;    /* triggerResolver, isAgentFlow, … as written, or NULL */
  GPtrArray *steps; /* of Step; the first is the trigger */
} Flow;

typedef struct
{
  char *key;
  char *stable_key; /* never NULL */
  char *description;
  char *data_type;       /* "string", … "connection" */
  char *collection_type; /* "valuelist", "keyvaluelist" or NULL */
  char *default_value;   /* text as in the file, or NULL */
  char **pick_list;      /* NULL-terminated, or NULL */
  gboolean is_required;
  char *connection_key; /* type of a connection ("basic", …), or NULL */
  json_t *raw;          /* the whole entry as written: inputs, meta, scheduleType, … */
} ConfigVar;

/* One code block as it is evaluated: CommonJS text that assigns module.exports. */
typedef struct
{
  char *name;         /* as error messages show it: "code/map-fields.ts", or "integration.yaml" */
  char *step;         /* display name of the (first) step that uses it */
  char *code;         /* what the engine evaluates as the body of a CommonJS function */
  char *source_map;   /* JSON text, or NULL where `code` is the author's text, line for line */
  guint first_line;   /* line of the file at which an inline block's text begins, 1 otherwise */
  guint first_column; /* column (from 0) by which a YAML block scalar is indented */
  char *source; /* the author's text, for the excerpt in errors; NULL = take it from the map */
} Script;

typedef struct Version Version;
struct Version
{
  char *name;
  char *description;
  char *external_version;    /* `version:` of the file, or "" */
  gint64 definition_version; /* 6, 7; 0 = made of one code file: takes any config variables */
  GPtrArray *config_vars;    /* of ConfigVar */
  GPtrArray *flows;          /* of Flow */
  GPtrArray *scripts;        /* of Script */
  Script *packages;          /* exports a function for each npm package, by its name as code writes
                                it, or NULL */
  json_t *package_list;      /* of {name, version, integrity}: what is in it, or NULL */
  json_t *limits;            /* those the integration sets, or NULL */
  json_t *extra; /* documentation, category, labels, configPages, endpointType… as written */
};

Version *version_ref (Version *version);
void version_unref (Version *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Version, version_unref)

json_t *version_to_json (const Version *version);
/* Refuses what does not have the shape that version_to_json writes, naming the
 * JSON pointer: a deploy comes from outside. */
Version *version_from_json (json_t *json, GError **error);
/* SHA-256 of the canonical JSON, hex; free with g_free. Equal inputs give equal hashes. */
char *version_hash (const Version *version);

Flow *version_find_flow (const Version *version, const char *name); /* by name or stable key */
/* The server's limits, then the integration's, then the flow's, none above `most`. */
void version_limits (const Version *version, const Flow *flow, const Limits *server,
                     const Limits *most, Limits *out);

/* "Get Data from API" -> "getDataFromApi" (spec/code-component.md, "From step name to
 * identifier"). Free with g_free. */
char *step_identifier (const char *name);

/* Config values as code sees them (spec/code-component.md, "Config variables as code sees
 * them"): checks `given` (object, name -> value; text where a file or form gave text), fills
 * in defaults, converts to the variable's type, and reports every missing required value,
 * unknown name (with a suggestion) and value of the wrong type.
 * Returns the object for configVars, or NULL if there were errors. */
typedef enum
{
  CONFIG_CONNECTIONS_REQUIRED, /* those that are required must be given (`tenon run`) */
  CONFIG_CONNECTIONS_OPTIONAL, /* they may be set later */
  CONFIG_CONNECTIONS_REFUSED,  /* none may be given: this place takes no secret in the clear */
} ConfigConnections;
json_t *config_values_resolve (const Version *version, json_t *given, const char *file,
                               ConfigConnections connections, FaultList *faults);

/* The values without those of connections, which *connections gets (NULL = not wanted): {name:
 * value}. */
json_t *config_without_connections (const Version *version, json_t *given, json_t **connections);
/* The fields of a connection's value as it may be written in a file (flat, or {fields, token}):
 * what is sealed for the keeper, a "token" beside the fields. An empty object where it is none. */
json_t *config_connection_fields (json_t *value);
