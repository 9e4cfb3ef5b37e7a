/* What a value of a config variable may be, and what code sees of it:
 * spec/code-component.md, "Config variables as code sees them" and "Connections". */
#pragma once

#include "definition/version.h"

/* The value as code sees it, or NULL with *problem ("must be …"). A text is converted where the
 * type is none; collections are converted entry by entry. An empty text for anything but a string,
 * and null, mean "not set": a JSON null comes back. No problem ever quotes the value: it may be a
 * secret. Not for connections. */
json_t *config_value_convert (const ConfigVar *config_var, json_t *given, char **problem);

typedef struct
{
  const char *key;
  gboolean is_required;
  gboolean is_secret;
  gboolean is_key_value_list;
  const char *initial;
} ConnectionField;

typedef struct
{
  const char *key;
  const char *label;
  gboolean has_token;            /* OAuth 2.0 */
  const ConnectionField *fields; /* ends with a NULL key */
} ConnectionType;

/* The six types of the code component; NULL where there is none of that key. */
const ConnectionType *connection_type_find (const char *key);
const char *const *connection_type_keys (void); /* ends with NULL */

/* The connection's component is `code`, whose types Tenon knows. */
gboolean config_var_is_code_connection (const ConfigVar *config_var);
