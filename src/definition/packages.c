#include "definition/packages.h"

#include <string.h>

#define MOST_REQUEST_BYTES 256

/* npm's own rule, without the leniency for old names (docs: package.json, "name"). */
static gboolean
is_good_name (const char *name, gsize length)
{
  static const char marks[] = "-._~";
  const char *p = name, *end = name + length;
  if (p < end && *p == '@')
    {
      const char *slash = memchr (p, '/', length);
      if (slash == NULL || slash == p + 1)
        return FALSE;
      for (p++; p < slash; p++)
        if (!g_ascii_isalnum (*p) && strchr (marks, *p) == NULL)
          return FALSE;
      p++;
    }
  if (p == end || *p == '.' || *p == '_')
    return FALSE;
  for (; p < end; p++)
    if (!g_ascii_isalnum (*p) && strchr (marks, *p) == NULL)
      return FALSE;
  return TRUE;
}

/* A version, a range or a tag of the registry; never an address or a path, which would reach past it. */
static gboolean
is_good_range (const char *range)
{
  static const char marks[] = "-+._~^<>=*| ";
  if (*range == '\0')
    return FALSE;
  for (const char *p = range; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr (marks, *p) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
package_range_is_exact (const char *range)
{
  return g_regex_match_simple ("^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$",
                               range, 0, 0);
}

static gboolean
refuse (const char *request, const char *problem, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%.200s\" %s", request, problem);
  return FALSE;
}

static gboolean
split_request (PackageSpec *spec, GError **error)
{
  const char *text = spec->request;
  const char *from = *text == '@' ? strchr (text, '/') : text;
  const char *slash = from == NULL ? NULL : strchr (from + 1, '/');
  const char *at = from == NULL ? NULL : strchr (from + 1, '@');
  if (slash != NULL && at != NULL && at > slash)
    at = NULL;
  const char *name_end = at != NULL ? at : slash != NULL ? slash : text + strlen (text);
  const char *range_end = slash != NULL ? slash : text + strlen (text);
  if (strlen (text) > MOST_REQUEST_BYTES || !is_good_name (text, (gsize) (name_end - text)))
    return refuse (text, "is not the name of an npm package", error);
  spec->name = g_strndup (text, (gsize) (name_end - text));
  spec->subpath = g_strdup (slash == NULL ? "" : slash);
  if (at != NULL)
    spec->range = g_strndup (at + 1, (gsize) (range_end - at - 1));
  if (spec->range != NULL && !is_good_range (spec->range))
    return refuse (text, "names no version after the @", error);
  if (strstr (spec->subpath, "/../") != NULL || g_str_has_suffix (spec->subpath, "/.."))
    return refuse (text, "leads out of its package", error);
  return TRUE;
}

PackageSpec *
package_spec_parse (const char *request, GError **error)
{
  PackageSpec *spec = g_new0 (PackageSpec, 1);
  spec->request = g_strdup (request);
  if (split_request (spec, error))
    return spec;
  package_spec_free (spec);
  return NULL;
}

void
package_spec_free (PackageSpec *spec)
{
  g_free (spec->request);
  g_free (spec->name);
  g_free (spec->range);
  g_free (spec->subpath);
  g_free (spec);
}

/* --- the plan --- */

static char *
read_if_there (const char *folder, const char *name)
{
  char *text = NULL;
  g_autofree char *path = folder == NULL ? NULL : g_build_filename (folder, name, NULL);
  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return text;
}

static json_t *
read_manifest (const char *folder, GError **error)
{
  g_autofree char *text = read_if_there (folder, "package.json");
  json_t *manifest = text == NULL ? json_object () : json_parse (text, -1, error);
  if (manifest == NULL)
    g_prefix_error (error, "package.json: ");
  return manifest;
}

static const char *
range_in_manifest (json_t *manifest, const PackageSpec *spec, GError **error)
{
  static const char *const kinds[]
      = { "dependencies", "optionalDependencies", "peerDependencies", "devDependencies" };
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const char *range = json_get_string (json_object_get (manifest, kinds[i]), spec->name);
      if (range == NULL)
        continue;
      if (is_good_range (range))
        return range;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "package.json asks for \"%s\" as \"%.100s\"; only versions of the registry can "
                   "be built in",
                   spec->name, range);
      return NULL;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "the npm package \"%s\" has no version: write \"%s@1.2.3%s\" with the one you want, "
               "or add it to \"dependencies\" of the integration's package.json",
               spec->name, spec->name, spec->subpath);
  return NULL;
}

/* The first version of a name is installed under the name, so that other packages find it as their peer. */
static void
add_dependency (PackagePlan *plan, const PackageSpec *spec, const char *range)
{
  const char *first = json_get_string (plan->dependencies, spec->name);
  g_autofree char *install = g_strdup (spec->name);
  if (first != NULL && strcmp (first, range) != 0)
    {
      g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, range, -1);
      g_autofree char *target = g_strdup_printf ("npm:%s@%s", spec->name, range);
      g_free (install);
      install = g_strdup_printf ("%s--%.8s", spec->name, hash);
      json_object_set_new (plan->dependencies, install, json_string (target));
    }
  else
    json_object_set_new (plan->dependencies, install, json_string (range));
  if (spec->range != NULL)
    g_hash_table_insert (plan->aliases, g_strdup_printf ("%s@%s", spec->name, spec->range),
                         g_steal_pointer (&install));
}

/* Those of package.json first: they have no alias, so the plain name must be theirs. */
static gboolean
add_all (PackagePlan *plan, GPtrArray *specs, json_t *manifest, gboolean from_manifest, int *failed,
         GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    {
      const PackageSpec *spec = g_ptr_array_index (specs, i);
      if ((spec->range == NULL) != from_manifest)
        continue;
      const char *range
          = spec->range != NULL ? spec->range : range_in_manifest (manifest, spec, error);
      if (range == NULL)
        {
          *failed = (int) i;
          return FALSE;
        }
      add_dependency (plan, spec, range);
    }
  return TRUE;
}

gboolean
package_plan_make (const char *folder, GPtrArray *specs, PackagePlan *plan, int *failed,
                   GError **error)
{
  *failed = -1;
  g_autoptr (json_t) manifest = read_manifest (folder, error);
  if (manifest == NULL)
    return FALSE;
  plan->dependencies = json_object ();
  plan->aliases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  plan->lock = read_if_there (folder, "package-lock.json");
  return add_all (plan, specs, manifest, TRUE, failed, error)
         && add_all (plan, specs, manifest, FALSE, failed, error);
}

void
package_plan_clear (PackagePlan *plan)
{
  g_clear_pointer (&plan->dependencies, json_decref);
  g_clear_pointer (&plan->aliases, g_hash_table_unref);
  g_clear_pointer (&plan->lock, g_free);
}
