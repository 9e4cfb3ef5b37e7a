/* What a person gives a connection: FIELD=VALUE, a file, or answers at a terminal. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

/* Fields into `fields` (values, null to remove; "token" too), options of the connection's type into
 * `settings`. `connection` is its public JSON; `assignments` ends with NULL. Asks at the terminal
 * where neither they nor `file` are given and standard input is one. */
gboolean connection_fields_read (const json_t *connection, char **assignments, const char *file,
                                 json_t *fields, json_t *settings, GError **error);
