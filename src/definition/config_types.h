/* What a value of a config variable may be, and what code sees of it:
 * spec/code-component.md, "Config variables as code sees them" and "Connections". */
#pragma once

#include "connection/connection.h"
#include "definition/version.h"

/* The value as code sees it, or NULL with *problem ("must be …"). A text is converted where the
 * type is none; collections are converted entry by entry. An empty text for anything but a string,
 * and null, mean "not set": a JSON null comes back. No problem ever quotes the value: it may be a
 * secret. Not for connections. */
json_t *config_value_convert (const ConfigVar *config_var, json_t *given, char **problem);

/* The connection's component is `code`, whose types Tenon knows. */
gboolean config_var_is_code_connection (const ConfigVar *config_var);
