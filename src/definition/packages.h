/* npm packages that code asks for: `require("lodash")`, `import x from "pdf-lib"`.
 *
 * The place where they will be resolved: from the package.json of the
 * integration, exact versions and hashes recorded, bundled into the version.
 * Until then each is an error with the place where it was asked for.
 */
#pragma once

#include <glib.h>

char *package_message (const char *name); /* free with g_free */
const char *package_hint (void);
