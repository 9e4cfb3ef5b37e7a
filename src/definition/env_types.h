/* tenon-env.d.ts: an integration's own names, as TypeScript declarations.
 *
 * Fills the interfaces that types/tenon.d.ts declares: config variables by their
 * exact names with their types, and for each step of each flow the results of the
 * steps before it. A package that code asks for with its version has no types
 * that an editor could find, and is declared as any.
 */
#pragma once

#include "definition/version.h"

/* The file's text; free with g_free. A version made of one code file has no names: any will do. */
char *env_types_text (const Version *version);

/* `text` as a string literal of TypeScript, quotes included. */
void env_types_append_literal (GString *out, const char *text);
