/* tenon-env.d.ts: an integration's own names, as TypeScript declarations.
 *
 * Fills the interfaces that types/tenon.d.ts declares: config variables by their
 * exact names with their types, and for each step of each flow the results of the
 * steps before it.
 */
#pragma once

#include "definition/version.h"

/* The file's text; free with g_free. A version made of one code file has no names: any will do.
 * `declares_packages`: those that code asks for with their version are any, since an editor would
 * look for their types in vain. */
char *env_types_text (const Version *version, gboolean declares_packages);

/* What the scripts ask for and is neither Node's own nor a file: "lodash@4.17.21". Sorted, each
 * once; free with g_ptr_array_unref. */
GPtrArray *env_types_packages (const Version *version);

/* `text` as a string literal of TypeScript, quotes included. */
void env_types_append_literal (GString *out, const char *text);
