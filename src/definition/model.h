/* Making and freeing the pieces of a Version (version.h). */
#pragma once

#include "definition/version.h"

/* Of version_to_json. A reader refuses a format that it does not know. */
#define MODEL_JSON_FORMAT 1

/* Beyond these a definition or a deploy is refused. */
#define MODEL_MAX_DEPTH 24
#define MODEL_MAX_STEPS 5000
#define MODEL_MAX_ITEMS 5000 /* of any list: steps, inputs, entries, pieces of a template */
#define MODEL_MAX_NAME_CHARS 200
#define MODEL_MAX_SCRIPT_BYTES ((gsize) 16 << 20)
#define MODEL_MAX_PACKAGES_BYTES ((gsize) 64 << 20)
#define PACKAGES_SCRIPT_NAME "packages.js"

/* Values of the file by their enum; NULL-terminated. */
extern const char *const input_type_names[];
extern const char *const on_error_names[];
extern const char *const endpoint_security_names[];
extern const char *const data_type_names[];
/* -1 where there is none. */
int name_index (const char *const *names, const char *name);

Input *input_new (InputType type);
void input_free (Input *input);
Step *step_new (void);
void step_free (Step *step);
Branch *branch_new (void);
void branch_free (Branch *branch);
Flow *flow_new (void);
void flow_free (Flow *flow);
ConfigVar *config_var_new (void);
void config_var_free (ConfigVar *config_var);
Script *script_new (void);
void script_free (Script *script);
Version *version_new (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Input, input_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Step, step_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Branch, branch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Flow, flow_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConfigVar, config_var_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Script, script_free)
