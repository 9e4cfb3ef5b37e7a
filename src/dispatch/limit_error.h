/* Errors of executions that the dispatcher itself ends: JSON as in EXECUTION_FINISHED. */
#pragma once

#include <glib.h>
#include "base/limits.h"

/* Which limit it was and how to raise it. `used` < 0: not known. Free with g_free. */
char *limit_message (LimitId limit, gint64 used, gint64 allowed);
/* {name, message, stack, step, stepName, limit?}; limit -1 = none; step and step_name may be NULL.
 */
GBytes *execution_error_json (const char *name, const char *message, int limit, const char *step,
                              const char *step_name);
/* The message of an error JSON, or a plain one if it has none. Free with g_free. */
char *execution_error_message (GBytes *error);
