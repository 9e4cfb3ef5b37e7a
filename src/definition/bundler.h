/* esbuild, as a subprocess: TypeScript and ES modules to one CommonJS text each.
 *
 * Reads files of one folder, writes to a temporary folder that it removes.
 * What comes out holds no path of this machine: names in code and source maps
 * are relative to the folder, so that equal sources give equal bundles.
 */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

typedef struct
{
  /* in */
  char *name; /* relative to the folder: the entry file, or where `text` comes from */
  char *text; /* an inline block (may end with an inline source map); NULL = read the file */
  gpointer owner;
  /* out; NULL where there was an error */
  char *code;
  char *source_map;
} Bundle;

typedef struct
{
  gboolean is_error;
  const char
      *file; /* relative to the folder; the bundle's name for its own text; NULL = not known */
  const Bundle *bundle; /* the inline block it came up in; NULL = files only */
  guint line;           /* from 1; 0 = not known */
  guint column_bytes;   /* from 0 */
  const char *message;
  const char *hint; /* may be NULL */
} BundleFault;

typedef void (*BundleReport) (const BundleFault *fault, gpointer user_data);

/* The esbuild executable: $TENON_ESBUILD, else beside our own executable, else its
 * ../libexec/tenon, else $PATH. NULL with an error that says how to get one. */
char *bundler_find (GError **error);

/* All npm packages that the bundles ask for, as one script: it exports, by each request as it is
 * written, a function that returns the package's exports. */
typedef struct
{
  char *code;       /* NULL = none is asked for */
  char *source_map; /* without the sources' texts */
  json_t *list;     /* of {name, version, integrity}: what went in */
} PackageBundle;

void package_bundle_clear (PackageBundle *packages);

/* Bundles all (of Bundle). `folder` NULL: no file may be read, only inline blocks that import
 * nothing but Node.js built-ins and packages. Faults of the sources go to `report`; FALSE with an error where
 * esbuild itself could not do its work. Blocks. */
gboolean bundler_run (const char *folder, GPtrArray *bundles, BundleReport report,
                      gpointer user_data, PackageBundle *packages, GError **error);

void bundle_free (Bundle *bundle);

/* The text asks for async_hooks, so all code of its version must go through the bundler. The engine does not tell of
 * its own `await`: async functions are written as generators over promises, whose reactions can be told
 * (runtime/modules/async_hooks.js). */
gboolean bundler_uses_context (const char *text);

/* esbuild's own log, one call for each message. */
void
bundler_parse_log (const char *log, const Bundle *bundle, BundleReport report, gpointer user_data);
