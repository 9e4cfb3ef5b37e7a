/* What `tenon run` gives its execution: payload, context, earlier results, mocks. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>
#include "base/limits.h"
#include "base/value.h"
#include "definition/version.h"
#include "worker/protocol.h"

/* The body of a request, its content type by the file's name (else by what it looks like). NULL
 * `file` = a request without body. Faults are printed. */
Value *run_payload_of_body (const char *file);
/* The whole payload object. */
Value *run_payload_of_object (const char *file);
/* The instance context of WORKER_ASSIGN, with the values of a test execution (spec/context.md). */
GBytes *run_context (const Version *version, json_t *config_vars, const Limits *limits);
char *run_invoke_url (const Flow *flow);

/* Adds the results in `file` to `mocks` (step identifier -> result). Of a flow made of one code
 * file the steps that `file` names need not be there: they are put before its action. Faults are
 * printed. */
gboolean run_add_step_results (const char *file, Version *version, Flow *flow, json_t *mocks);
/* Results of steps that are there; a name that is not is a fault, with a suggestion. */
gboolean run_add_mocks (const char *file, const Flow *flow, json_t *mocks);
