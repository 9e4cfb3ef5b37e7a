/* npm, as a subprocess, into the cache. */
#include "definition/packages.h"

#include "definition/subprocess.h"

#include <errno.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS (5 * 60 * 1000)
#define MAX_OUTPUT_BYTES ((gsize) 16 << 20)
#define CACHE_FORMAT "1"

char *
package_cache_folder (void)
{
  const char *chosen = g_getenv ("TENON_CACHE");
  if (chosen != NULL && *chosen != '\0')
    return g_build_filename (chosen, "packages", NULL);
  return g_build_filename (g_get_user_cache_dir (), "tenon", "packages", NULL);
}

static char *
plan_manifest (const PackagePlan *plan)
{
  g_autoptr (json_t) manifest = json_pack ("{s:s, s:s, s:b, s:O}", "name", "tenon-packages",
                                           "version", "1.0.0", "private", 1, "dependencies",
                                           plan->dependencies);
  char *text = json_dumps (manifest, JSON_SORT_KEYS | JSON_INDENT (2));
  char *copy = g_strdup (text);
  free (text);
  return copy;
}

static char *
plan_key (const PackagePlan *plan, const char *manifest)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, (const guchar *) CACHE_FORMAT, -1);
  g_checksum_update (checksum, (const guchar *) manifest, -1);
  if (plan->lock != NULL)
    g_checksum_update (checksum, (const guchar *) plan->lock, -1);
  return g_strndup (g_checksum_get_string (checksum), 32);
}

static int
remove_one (const char *path, const struct stat *info, int type, struct FTW *ftw)
{
  remove (path);
  return 0;
}

static void
remove_tree (const char *path)
{
  nftw (path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- what npm says --- */

/* Its log names the package in words; ours is the dependency whose name stands in them. */
static char *
find_named (const PackagePlan *plan, const char *text)
{
  const char *name, *best = NULL;
  json_t *range;
  json_object_foreach (plan->dependencies, name, range)
  {
    const char *target = json_string_value (range);
    g_autofree char *plain
        = g_str_has_prefix (target, "npm:")
              ? g_strndup (target + 4, (gsize) (strrchr (target, '@') - target - 4))
              : g_strdup (name);
    g_autofree char *escaped = g_uri_escape_string (plain, "@", FALSE);
    if ((strstr (text, plain) != NULL || strstr (text, escaped) != NULL)
        && (best == NULL || strlen (plain) > strlen (best)))
      best = name;
  }
  return g_strdup (best);
}

static void
explain (const PackagePlan *plan, const SubprocessResult *result, char **missing, GError **error)
{
  g_autoptr (json_t) report = json_parse (result->out, -1, NULL);
  json_t *problem = json_object_get (report, "error");
  const char *code = json_get_string (problem, "code");
  const char *summary = json_get_string (problem, "summary");
  if (summary == NULL || *summary == '\0')
    summary = *result->err != '\0' ? result->err : "it did not say why";
  *missing = find_named (plan, summary);
  const char *name = *missing == NULL ? "a package" : *missing;
  const char *range = *missing == NULL ? "" : json_get_string (plan->dependencies, *missing);
  if (g_strcmp0 (code, "E404") == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "the npm registry has no package \"%s\"", name);
  else if (g_strcmp0 (code, "ETARGET") == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no version of \"%s\" matches \"%s\"",
                 name, range);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "npm could not install the packages: %.600s",
                 summary);
}

static gboolean
run_npm (const PackagePlan *plan, const char *folder, char **missing, GError **error)
{
  static const char *const options[]
      = { "install",       "--ignore-scripts", "--no-audit",       "--no-fund", "--no-progress",
          "--omit=dev",    "--loglevel=error", "--package-lock",   "--json",    "--workspaces=false",
          "--global=false" };
  g_autofree char *npm = g_find_program_in_path ("npm");
  if (npm == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "npm was not found, which installs packages when a version is built; install "
                   "Node.js, or put what is used of the package into a file of the integration");
      return FALSE;
    }
  const char *argv[G_N_ELEMENTS (options) + 2] = { npm };
  memcpy (argv + 1, options, sizeof options);
  g_auto (GStrv) environment = g_get_environ ();
  g_auto (SubprocessResult) result = { 0 };
  if (!subprocess_run (argv, (const char *const *) environment, folder, NULL, TIMEOUT_MS,
                       MAX_OUTPUT_BYTES, &result, error))
    return FALSE;
  if (result.status == 0)
    return TRUE;
  explain (plan, &result, missing, error);
  return FALSE;
}

/* --- the cache --- */

static gboolean
write_in (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return text == NULL || g_file_set_contents (path, text, -1, error);
}

/* Made beside its place and moved there whole: an entry that is there is complete. */
static gboolean
fill (const PackagePlan *plan, const char *manifest, const char *cache, const char *entry,
      char **missing, GError **error)
{
  g_autofree char *temporary = g_build_filename (cache, "new-XXXXXX", NULL);
  if (g_mkdtemp (temporary) == NULL)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "the cache of packages %s can't be written: %s", cache, g_strerror (errno));
      return FALSE;
    }
  gboolean is_good = write_in (temporary, "package.json", manifest, error)
                     && write_in (temporary, "package-lock.json", plan->lock, error)
                     && run_npm (plan, temporary, missing, error);
  if (is_good && rename (temporary, entry) != 0 && !g_file_test (entry, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "the cache of packages %s can't be written: %s", cache, g_strerror (errno));
      is_good = FALSE;
    }
  if (g_file_test (temporary, G_FILE_TEST_IS_DIR))
    remove_tree (temporary);
  return is_good;
}

char *
package_install (const PackagePlan *plan, char **missing, GError **error)
{
  g_autofree char *cache = package_cache_folder ();
  g_autofree char *manifest = plan_manifest (plan);
  g_autofree char *key = plan_key (plan, manifest);
  g_autofree char *entry = g_build_filename (cache, key, NULL);
  *missing = NULL;
  if (g_file_test (entry, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&entry);
  if (g_mkdir_with_parents (cache, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "the cache of packages %s can't be made: %s", cache, g_strerror (errno));
      return NULL;
    }
  return fill (plan, manifest, cache, entry, missing, error) ? g_steal_pointer (&entry) : NULL;
}
