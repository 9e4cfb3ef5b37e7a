#include "definition/packages.h"

char *
package_message (const char *name)
{
  return g_strdup_printf ("the npm package \"%s\" can't be used yet", name);
}

const char *
package_hint (void)
{
  return "packages come with package.json support; Node.js built-in modules and files of the "
         "integration can be used now";
}
