/* The packages of a version: planned, installed, and bundled into one script. */
#include "definition/bundler_private.h"

#include "definition/packages.h"

#include <string.h>

#define ENTRY "packages.js"
#define MOST_ROUNDS 8
#define UNRESOLVED "Could not resolve \""

typedef struct
{
  BundleRun *run;
  PackagePlan plan;
  GPtrArray *specs;     /* of PackageSpec, in the order of run->requests */
  char *folder;         /* of the cache */
  json_t *installed;    /* "packages" of npm's own record */
  GPtrArray *externals; /* modules that packages ask for and nobody has */
  gboolean has_new_externals;
} PackageBuild;

static void
report_request (PackageBuild *build, guint index, gboolean is_error, const char *message,
                const char *hint)
{
  const PackageRequest *request = g_ptr_array_index (build->run->requests, index);
  bundler_report_import (build->run, is_error, request->importer, request->bundle, request->name,
                         message, hint);
}

static gboolean
parse_specs (PackageBuild *build)
{
  guint before = build->run->n_errors;
  for (guint i = 0; i < build->run->requests->len; i++)
    {
      const PackageRequest *request = g_ptr_array_index (build->run->requests, i);
      g_autoptr (GError) error = NULL;
      PackageSpec *spec = package_spec_parse (request->name, &error);
      if (spec == NULL)
        report_request (build, i, TRUE, error->message,
                        "packages are written \"name@version\" or \"name@version/file.js\"");
      else
        g_ptr_array_add (build->specs, spec);
    }
  return build->run->n_errors == before;
}

/* As package.json of the cache's folder names it. */
static const char *
install_name (const PackageBuild *build, const PackageSpec *spec)
{
  if (spec->range == NULL)
    return spec->name;
  g_autofree char *key = g_strdup_printf ("%s@%s", spec->name, spec->range);
  return g_hash_table_lookup (build->plan.aliases, key);
}

static guint
request_of_install (const PackageBuild *build, const char *install)
{
  for (guint i = 0; install != NULL && i < build->specs->len; i++)
    if (strcmp (install_name (build, g_ptr_array_index (build->specs, i)), install) == 0)
      return i;
  return 0;
}

static gboolean
install (PackageBuild *build)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *missing = NULL, *text = NULL;
  int failed = -1;
  if (!package_plan_make (build->run->folder, build->specs, &build->plan, &failed, &error))
    {
      report_request (build, (guint) MAX (failed, 0), TRUE, error->message, NULL);
      return FALSE;
    }
  build->folder = package_install (&build->plan, &missing, &error);
  if (build->folder == NULL)
    {
      report_request (build, request_of_install (build, missing), TRUE, error->message, NULL);
      return FALSE;
    }
  g_autofree char *record
      = g_build_filename (build->folder, "node_modules", ".package-lock.json", NULL);
  if (g_file_get_contents (record, &text, NULL, &error))
    build->installed = json_parse (text, -1, &error);
  if (build->installed != NULL)
    return TRUE;
  g_prefix_error (&error, "npm's record of what it installed: ");
  report_request (build, 0, TRUE, error->message, NULL);
  return FALSE;
}

/* --- what esbuild says --- */

/* "node_modules/a/node_modules/@b/c/x.js" -> "node_modules/a/node_modules/@b/c"; NULL = not in one. */
static char *
package_of_file (const char *file)
{
  static const char mark[] = "node_modules/";
  const char *last = NULL;
  for (const char *p = strstr (file, mark); p != NULL; p = strstr (p + 1, mark))
    last = p;
  if (last == NULL)
    return NULL;
  const char *name = last + strlen (mark);
  const char *end = strchr (name, '/');
  if (end != NULL && *name == '@')
    end = strchr (end + 1, '/');
  return end == NULL ? NULL : g_strndup (file, (gsize) (end - file));
}

static gboolean
take_unresolved (PackageBuild *build, const BundleFault *fault)
{
  if (fault->file == NULL || !g_str_has_prefix (fault->message, UNRESOLVED))
    return FALSE;
  const char *name = fault->message + strlen (UNRESOLVED), *end = strchr (name, '"');
  if (end == NULL || !g_str_has_prefix (fault->file, "node_modules/"))
    return FALSE;
  g_autofree char *module = g_strndup (name, (gsize) (end - name));
  for (guint i = 0; i < build->externals->len; i++)
    if (strcmp (g_ptr_array_index (build->externals, i), module) == 0)
      return TRUE;
  g_ptr_array_add (build->externals, g_steal_pointer (&module));
  build->has_new_externals = TRUE;
  return TRUE;
}

static void
on_fault (const BundleFault *fault, gpointer user_data)
{
  PackageBuild *build = user_data;
  if (!fault->is_error || take_unresolved (build, fault))
    return;
  const char *file = fault->file == NULL ? "" : fault->file;
  g_autofree char *package = package_of_file (file);
  g_autofree char *top = package == NULL ? NULL : g_strdup (package + strlen ("node_modules/"));
  guint index = request_of_install (build, top);
  if (strcmp (file, ENTRY) == 0 && fault->line >= 2 && fault->line - 2 < build->specs->len)
    index = fault->line - 2;
  const PackageSpec *spec = g_ptr_array_index (build->specs, index);
  gboolean is_native = strstr (fault->message, "\".node\" files") != NULL;
  g_autofree char *message
      = is_native ? g_strdup_printf ("the npm package \"%s\" has a native add-on, which a sandbox "
                                     "can't load",
                                     top == NULL ? spec->name : top)
                  : g_strdup_printf ("the npm package \"%s\" can't be built in: %s%s%s",
                                     spec->request, fault->message, *file == '\0' ? "" : ", in ",
                                     file);
  report_request (build, index, TRUE, message,
                  is_native ? "choose a package that is JavaScript only" : NULL);
}

/* --- esbuild --- */

static char *
entry_text (const PackageBuild *build)
{
  GString *text = g_string_new ("module.exports = { __proto__: null,\n");
  for (guint i = 0; i < build->specs->len; i++)
    {
      const PackageSpec *spec = g_ptr_array_index (build->specs, i);
      g_string_append_printf (text, "\"%s\": () => require(\"%s%s\"),\n", spec->request,
                              install_name (build, spec), spec->subpath);
    }
  g_string_append (text, "};\n");
  return g_string_free (text, FALSE);
}

static gboolean
run_round (PackageBuild *build, const char *entry, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_auto (SubprocessResult) result = { 0 };
  guint before = build->run->n_errors;
  build->has_new_externals = FALSE;
  g_ptr_array_add (argv, g_strdup (build->run->executable));
  bundler_add_options (build->run, argv);
  g_ptr_array_add (argv, g_strdup ("--tsconfig-raw={}"));
  g_ptr_array_add (argv, g_strdup ("--sources-content=false"));
  g_ptr_array_add (argv, g_strdup ("--minify-whitespace"));
  g_ptr_array_add (argv, g_strdup ("--legal-comments=none"));
  g_ptr_array_add (argv, g_strdup ("--define:process.env.NODE_ENV=\"production\""));
  g_ptr_array_add (argv, g_strdup ("--sourcefile=" ENTRY));
  for (guint i = 0; i < build->externals->len; i++)
    g_ptr_array_add (argv, g_strconcat ("--external:", build->externals->pdata[i], NULL));
  if (!bundler_execute (argv, build->folder, entry, &result, error))
    return FALSE;
  g_autofree char *log = g_utf8_make_valid (result.err, -1);
  bundler_parse_log (log, NULL, on_fault, build);
  if (result.status == 0 || build->has_new_externals || build->run->n_errors > before)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "esbuild failed: %.500s", log);
  return FALSE;
}

/* What packages ask for and nobody has (optional peers, mostly) fails when it is asked for, as in Node. */
static gboolean
run_rounds (PackageBuild *build, GError **error)
{
  g_autofree char *entry = entry_text (build);
  guint before = build->run->n_errors;
  for (guint round = 0; round < MOST_ROUNDS; round++)
    {
      if (!run_round (build, entry, error))
        return FALSE;
      if (!build->has_new_externals || build->run->n_errors > before)
        return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "the packages ask for too many modules that nobody has");
  return FALSE;
}

/* --- what went in --- */

static json_t *
list_packages (const PackageBuild *build, json_t *metafile)
{
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  json_t *installed = json_object_get (build->installed, "packages"), *list = json_array ();
  const char *file, *key;
  json_t *value;
  json_object_foreach (json_object_get (metafile, "inputs"), file, value)
  {
    char *package = package_of_file (file);
    if (package != NULL)
      g_hash_table_add (used, package);
  }
  json_object_foreach (installed, key, value)
  {
    const char *name = json_get_string (value, "name");
    const char *version = json_get_string (value, "version");
    const char *integrity = json_get_string (value, "integrity");
    if (!g_hash_table_contains (used, key) || version == NULL)
      continue;
    if (name == NULL)
      name = g_strrstr (key, "node_modules/") + strlen ("node_modules/");
    json_array_append_new (list,
                           json_pack ("{s:s, s:s, s:s}", "name", name, "version", version,
                                      "integrity", integrity == NULL ? "" : integrity));
  }
  return list;
}

static void
warn_of_ranges (PackageBuild *build)
{
  json_t *installed = json_object_get (build->installed, "packages");
  for (guint i = 0; i < build->specs->len; i++)
    {
      const PackageSpec *spec = g_ptr_array_index (build->specs, i);
      const char *install = install_name (build, spec);
      const char *range
          = spec->range != NULL ? spec->range
                                : json_get_string (build->plan.dependencies, install);
      g_autofree char *key = g_strconcat ("node_modules/", install, NULL);
      const char *version = json_get_string (json_object_get (installed, key), "version");
      if (package_range_is_exact (range) || version == NULL
          || (spec->range == NULL && build->plan.lock != NULL))
        continue;
      g_autofree char *message = g_strdup_printf (
          "\"%s\" asks for \"%s\" and is pinned to %s", spec->request, range, version);
      g_autofree char *hint = g_strdup_printf (
          spec->range != NULL ? "write \"%s@%s\" to keep it" : "say \"%s\": \"%s\" in package.json, "
                                                               "or add a package-lock.json, to keep it",
          spec->name, version);
      report_request (build, i, FALSE, message, hint);
    }
}

static char *
clean_map (const char *text, GError **error)
{
  g_autoptr (json_t) map = json_parse (text, -1, error);
  json_t *sources = json_object_get (map, "sources");
  for (size_t i = 0; i < json_array_size (sources); i++)
    {
      const char *source = json_string_value (json_array_get (sources, i));
      const char *inside = source == NULL ? NULL : strstr (source, "node_modules/");
      json_array_set_new (sources, i, json_string (inside == NULL ? ENTRY : inside));
    }
  json_object_del (map, "sourceRoot");
  return map == NULL ? NULL : json_print (map);
}

/* Libraries find the prototype of async iterators by an empty async generator, and do not find it by what esbuild
 * makes of one where contexts are to be kept. An empty one awaits nothing, so it can stay itself; as long as before,
 * so that the source map stays true. */
static void
keep_empty_generators (char *code)
{
  static const char lowered[] = "function(){return __asyncGenerator(this,null,function*(){})}";
  static const char native[] = "async function*(){}";
  for (char *p = strstr (code, lowered); p != NULL; p = strstr (p + 1, lowered))
    {
      memset (p, ' ', strlen (lowered));
      memcpy (p, native, strlen (native));
    }
}

static gboolean
take_output (PackageBuild *build, PackageBundle *out, GError **error)
{
  g_autofree char *code = bundler_read_output (build->run, "stdin.js", error);
  if (code != NULL && !build->run->keeps_context && bundler_uses_context (code))
    {
      build->run->keeps_context = TRUE;
      g_clear_pointer (&code, g_free);
      if (run_rounds (build, error))
        code = bundler_read_output (build->run, "stdin.js", error);
    }
  if (code != NULL && build->run->keeps_context)
    keep_empty_generators (code);
  g_autofree char *map = code == NULL ? NULL
                                      : bundler_read_output (build->run, "stdin.js.map", error);
  g_autofree char *meta = map == NULL ? NULL
                                      : bundler_read_output (build->run, "meta.json", error);
  g_autoptr (json_t) metafile = meta == NULL ? NULL : json_parse (meta, -1, error);
  out->source_map = metafile == NULL ? NULL : clean_map (map, error);
  if (out->source_map == NULL)
    return FALSE;
  out->code = g_steal_pointer (&code);
  out->list = list_packages (build, metafile);
  warn_of_ranges (build);
  return TRUE;
}

static gboolean
build_all (PackageBuild *build, PackageBundle *out, GError **error)
{
  guint before = build->run->n_errors;
  if (!parse_specs (build) || !install (build))
    return TRUE; /* reported */
  return run_rounds (build, error)
         && (build->run->n_errors > before || take_output (build, out, error));
}

gboolean
bundler_build_packages (BundleRun *run, PackageBundle *out, GError **error)
{
  PackageBuild build = {
    .run = run,
    .specs = g_ptr_array_new_with_free_func ((GDestroyNotify) package_spec_free),
    .externals = g_ptr_array_new_with_free_func (g_free),
  };
  gboolean is_good = build_all (&build, out, error);
  package_plan_clear (&build.plan);
  g_ptr_array_unref (build.specs);
  g_ptr_array_unref (build.externals);
  g_clear_pointer (&build.installed, json_decref);
  g_free (build.folder);
  return is_good;
}
