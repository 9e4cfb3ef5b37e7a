/* The types of an integration's code, checked by TypeScript.
 *
 * TypeScript and the types of Node.js come from npm, at versions that are fixed
 * here, into the cache of packages, and node runs the check: neither is needed
 * for anything else. TypeScript of the integration's own folder is not used, since
 * a folder that is only looked at must not get to run code.
 */
#pragma once

#include "definition/bundler.h"
#include "definition/version.h"

/* What there is to check: a TypeScript file, or JavaScript that asks for it by `// @ts-check` or by
 * `checkJs` in the folder's tsconfig.json or jsconfig.json. */
gboolean type_check_has_work (const char *folder, const Version *version);

/* `bundles` (of Bundle): the code blocks, by the index of their script; `text` only of those that
 * stand in the definition. Faults go to `report`; FALSE with an error that says why nothing could
 * be checked. Blocks, for seconds; the first time npm fetches the packages. */
gboolean type_check (const char *folder, const Version *version, const GPtrArray *bundles,
                     BundleReport report, gpointer user_data, GError **error);
