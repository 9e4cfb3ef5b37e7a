/* npm packages that code asks for: `require("lodash@4.17.21")`, `import x from "pdf-lib"`.
 *
 * All packages of a version become one script, which exports a function for each
 * request: steps share it, and a realm evaluates only what it asks for. They are
 * installed by npm, without running any of their scripts, into a cache whose
 * entries are never changed; exact versions and hashes are recorded in the
 * version, which needs neither npm nor the network again.
 */
#pragma once

#include "base/json.h"

/* A request, taken apart: name[@range][/subpath]. */
typedef struct
{
  char *request; /* as written */
  char *name;    /* "lodash", "@scope/pkg" */
  char *range;   /* "4.17.21", "^1", "latest"; NULL = what package.json says */
  char *subpath; /* "/fp/get.js" or "" */
} PackageSpec;

/* NULL with an error that says what is wrong with it. */
PackageSpec *package_spec_parse (const char *request, GError **error);
void package_spec_free (PackageSpec *spec);
/* "1.2.3" or "1.2.3-beta.1": one version and no other. */
gboolean package_range_is_exact (const char *range);

/* What is to be installed. */
typedef struct
{
  json_t *dependencies; /* install name -> "range" or "npm:name@range" */
  GHashTable *aliases;  /* "name@range" as written -> install name */
  char *lock;           /* the integration's package-lock.json, or NULL */
} PackagePlan;

/* A plan for the requests (of PackageSpec) of an integration in `folder` (NULL = no files). FALSE
 * with an error about specs->pdata[*failed]; *failed is -1 where package.json itself is wrong. */
gboolean package_plan_make (const char *folder, GPtrArray *specs, PackagePlan *plan, int *failed,
                            GError **error);
void package_plan_clear (PackagePlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PackagePlan, package_plan_clear)

/* package_install.c: the folder of the cache that holds node_modules and package-lock.json for the
 * plan. Runs npm if there is none yet. NULL with an error, *missing then names the package it is
 * about, if npm said so (free with g_free). Blocks. */
char *package_install (const PackagePlan *plan, char **missing, GError **error);
/* Where that cache is: $TENON_CACHE, else the user's cache folder; free with g_free. */
char *package_cache_folder (void);
