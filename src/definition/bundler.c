#include "definition/bundler_private.h"

#include "definition/js_scan.h"
#include "definition/subprocess.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 60000
#define MAX_OUTPUT_BYTES ((gsize) 64 << 20)
#define MOST_FILES_A_RUN 200
#define MOST_IMPORTED_BYTES ((gsize) 16 << 20)

void
bundle_free (Bundle *bundle)
{
  g_free (bundle->name);
  g_free (bundle->text);
  g_free (bundle->code);
  g_free (bundle->source_map);
  g_free (bundle);
}

void
package_bundle_clear (PackageBundle *packages)
{
  g_clear_pointer (&packages->code, g_free);
  g_clear_pointer (&packages->source_map, g_free);
  g_clear_pointer (&packages->list, json_decref);
}

/* Finding esbuild. */

static char *
beside_us (const char *relative)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  if (self == NULL)
    return NULL;
  g_autofree char *folder = g_path_get_dirname (self);
  g_autofree char *path = g_build_filename (folder, relative, NULL);
  return g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer (&path) : NULL;
}

char *
bundler_find (GError **error)
{
  const char *chosen = g_getenv ("TENON_ESBUILD");
  char *path;
  if (chosen != NULL && *chosen != '\0')
    {
      if (g_file_test (chosen, G_FILE_TEST_IS_EXECUTABLE)
          && !g_file_test (chosen, G_FILE_TEST_IS_DIR))
        return g_canonicalize_filename (chosen, NULL);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "TENON_ESBUILD names \"%s\", which is not an executable file", chosen);
      return NULL;
    }
  path = beside_us ("esbuild");
  if (path == NULL)
    path = beside_us ("../libexec/tenon/esbuild");
  if (path == NULL)
    path = g_find_program_in_path ("esbuild");
  if (path == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "esbuild was not found; install it with \"npm install --global esbuild\", or name "
                 "its executable in TENON_ESBUILD");
  return path;
}

/* Reporting. */

void
bundler_report (BundleRun *run, const BundleFault *fault)
{
  run->n_errors += fault->is_error;
  run->report (fault, run->user_data);
}

static void
report_nothing (const BundleFault *fault, gpointer user_data)
{
}

static void
count_and_report (const BundleFault *fault, gpointer user_data)
{
  bundler_report (user_data, fault);
}

/* Where `importer` asks for `module`: fills line and column of the fault. */
static void
locate_import (BundleRun *run, const char *importer, const Bundle *bundle, const char *module,
               BundleFault *fault)
{
  g_autofree char *read = NULL;
  gsize length;
  const char *text = NULL;
  if (bundle != NULL && strcmp (bundle->name, importer) == 0)
    text = bundle->text;
  else if (run->folder != NULL)
    {
      g_autofree char *path = g_build_filename (run->folder, importer, NULL);
      if (g_file_get_contents (path, &read, &length, NULL) && length <= MOST_IMPORTED_BYTES)
        text = read;
    }
  if (text == NULL)
    return;
  g_autoptr (GPtrArray) modules = js_find_modules (text);
  for (guint i = 0; i < modules->len; i++)
    {
      const JsModule *found = g_ptr_array_index (modules, i);
      if (strcmp (found->name, module) != 0)
        continue;
      fault->line = 1;
      fault->column_bytes = (guint) found->offset;
      for (gsize n = 0; n < found->offset; n++)
        if (text[n] == '\n')
          {
            fault->line++;
            fault->column_bytes = (guint) (found->offset - n - 1);
          }
      return;
    }
}

void
bundler_report_import (BundleRun *run, gboolean is_error, const char *importer,
                       const Bundle *bundle, const char *module, const char *message,
                       const char *hint)
{
  BundleFault fault
      = { .is_error = is_error, .file = importer, .bundle = bundle, .message = message, .hint = hint };
  locate_import (run, importer, bundle, module, &fault);
  bundler_report (run, &fault);
}

/* Checking what esbuild took in. */

/* As the author wrote it: esbuild's metafile has the resolved path beside. */
static const char *
written_name (json_t *import)
{
  const char *original = json_get_string (import, "original");
  return original != NULL ? original : json_get_string (import, "path");
}

static gboolean
is_outside (const char *path)
{
  return g_str_has_prefix (path, "../") || g_path_is_absolute (path);
}

static void
package_request_free (gpointer data)
{
  PackageRequest *request = data;
  g_free (request->name);
  g_free (request->importer);
  g_free (request);
}

static void
add_request (BundleRun *run, const char *importer, const Bundle *bundle, const char *name)
{
  for (guint i = 0; i < run->requests->len; i++)
    if (strcmp (((PackageRequest *) run->requests->pdata[i])->name, name) == 0)
      return;
  PackageRequest *request = g_new0 (PackageRequest, 1);
  request->name = g_strdup (name);
  request->importer = g_strdup (importer);
  request->bundle = bundle;
  g_ptr_array_add (run->requests, request);
}

static void
check_import (BundleRun *run, const char *importer, const Bundle *bundle, json_t *import,
              GHashTable *used)
{
  const char *path = json_get_string (import, "path"), *name = written_name (import);
  gboolean is_external = json_get_bool (import, "external", FALSE);
  g_autofree char *message = NULL;

  if (path == NULL || name == NULL || strcmp (path, "<runtime>") == 0)
    return;
  if (!is_external && is_outside (path))
    {
      message = g_strdup_printf ("\"%s\" lies outside the integration's folder", name);
      bundler_report_import (run, TRUE, importer, bundle, name, message,
                     "move the file into the folder, or make the folder the integration's");
    }
  else if (is_external && js_is_path (name))
    {
      message = g_strdup_printf ("\"%s\" can't be read: this definition came without files", name);
      bundler_report_import (run, TRUE, importer, bundle, name, message, "put the code into the block itself");
    }
  else if (is_external && !js_is_builtin (name) && g_hash_table_contains (used, name))
    add_request (run, importer, bundle, name);
}

/* Modules that the output really asks for: an import of types alone is gone. */
static GHashTable *
used_modules (json_t *metafile)
{
  GHashTable *used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *name;
  json_t *output, *import;
  size_t index;
  json_object_foreach (json_object_get (metafile, "outputs"), name, output)
      json_array_foreach (json_object_get (output, "imports"), index, import)
  {
    const char *path = json_get_string (import, "path");
    if (path != NULL)
      g_hash_table_add (used, g_strdup (path));
  }
  return used;
}

static void
check_metafile (BundleRun *run, json_t *metafile, const Bundle *bundle)
{
  g_autoptr (GHashTable) used = used_modules (metafile);
  const char *importer;
  json_t *input, *import;
  size_t index;
  json_object_foreach (json_object_get (metafile, "inputs"), importer, input)
  {
    if (is_outside (importer))
      continue; /* reported where it was asked for */
    json_array_foreach (json_object_get (input, "imports"), index, import)
        check_import (run, importer, bundle, import, used);
  }
}

/* Taking in what esbuild wrote. */

char *
bundler_read_output (BundleRun *run, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (run->temporary, name, NULL);
  char *text = NULL;
  gsize length;
  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  if (length <= MAX_OUTPUT_BYTES && strlen (text) == length && g_utf8_validate (text, -1, NULL))
    return text;
  g_free (text);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "esbuild wrote %s, which is too large "
               "or not text",
               name);
  return NULL;
}

/* esbuild names sources relative to its output; a version names them relative to the folder. */
static char *
clean_map (BundleRun *run, const char *text, const Bundle *bundle, GError **error)
{
  g_autoptr (json_t) map = json_parse (text, -1, error);
  g_autofree char *prefix
      = g_strconcat (run->folder == NULL ? run->temporary : run->folder, "/", NULL);
  size_t index;
  json_t *source;
  if (map == NULL)
    return NULL;
  json_t *sources = json_object_get (map, "sources");
  for (index = 0; index < json_array_size (sources); index++)
    {
      source = json_array_get (sources, index);
      g_autofree char *path = g_canonicalize_filename (
          json_is_string (source) ? json_string_value (source) : "", run->temporary);
      const char *name = g_str_has_prefix (path, prefix) ? path + strlen (prefix) : bundle->name;
      json_array_set_new (sources, index, json_string (name));
    }
  json_object_del (map, "sourceRoot");
  return json_print (map);
}

static gboolean
take_output (BundleRun *run, Bundle *bundle, const char *stem, GError **error)
{
  g_autofree char *code_name = g_strconcat (stem, ".js", NULL);
  g_autofree char *map_name = g_strconcat (stem, ".js.map", NULL);
  g_autofree char *map = NULL;
  bundle->code = bundler_read_output (run, code_name, error);
  map = bundle->code == NULL ? NULL : bundler_read_output (run, map_name, error);
  bundle->source_map = map == NULL ? NULL : clean_map (run, map, bundle, error);
  return bundle->source_map != NULL;
}

/* Running it. */

void
bundler_add_options (BundleRun *run, GPtrArray *argv)
{
  static const char *const options[]
      = { "--bundle",
          "--format=cjs",
          "--platform=node",
          "--target=es2024",
          "--supported:dynamic-import=false", /* the engine has require() only */
          "--sourcemap=external",
          "--charset=utf8",
          "--log-level=warning",
          "--log-limit=0",
          "--color=false",
          NULL };
  static const char *const without_await[]
      = { "--supported:async-await=false", "--supported:async-generator=false",
          "--supported:for-await=false", NULL };
  for (guint i = 0; options[i] != NULL; i++)
    g_ptr_array_add (argv, g_strdup (options[i]));
  for (guint i = 0; run->keeps_context && without_await[i] != NULL; i++)
    g_ptr_array_add (argv, g_strdup (without_await[i]));
  g_ptr_array_add (argv, g_strconcat ("--outdir=", run->temporary, NULL));
  g_ptr_array_add (argv, g_strconcat ("--metafile=", run->temporary, "/meta.json", NULL));
}

static void
add_options (BundleRun *run, GPtrArray *argv)
{
  bundler_add_options (run, argv);
  g_ptr_array_add (argv, g_strdup ("--packages=external"));
  if (run->folder == NULL)
    g_ptr_array_add (argv, g_strdup ("--external:*"));
  /* A tsconfig.json counts only in the folder itself: what lies above must not change a version. */
  g_autofree char *tsconfig
      = run->folder == NULL ? NULL : g_build_filename (run->folder, "tsconfig.json", NULL);
  if (tsconfig != NULL && g_file_test (tsconfig, G_FILE_TEST_IS_REGULAR))
    g_ptr_array_add (argv, g_strdup ("--tsconfig=tsconfig.json"));
  else
    g_ptr_array_add (argv, g_strdup ("--tsconfig-raw={}"));
}

gboolean
bundler_execute (GPtrArray *argv, const char *folder, const char *input,
                 SubprocessResult *result, GError **error)
{
  static const char *const environment[] = { "LANG=C.UTF-8", "NODE_PATH=", NULL };
  g_ptr_array_add (argv, NULL);
  return subprocess_run ((const char *const *) argv->pdata, environment, folder, input, TIMEOUT_MS,
                         MAX_OUTPUT_BYTES, result, error);
}

static gboolean
run_esbuild (BundleRun *run, GPtrArray *argv, const Bundle *bundle, GError **error)
{
  g_auto (SubprocessResult) result = { 0 };
  guint before = run->n_errors;
  g_autofree char *meta_path = g_build_filename (run->temporary, "meta.json", NULL);

  g_unlink (meta_path);
  if (!bundler_execute (argv, run->folder == NULL ? run->temporary : run->folder,
                        bundle == NULL ? NULL : bundle->text, &result, error))
    return FALSE;
  g_autofree char *log = g_utf8_make_valid (result.err, -1);
  bundler_parse_log (log, bundle, count_and_report, run);
  if (result.status != 0)
    {
      if (run->n_errors == before)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "esbuild failed: %.500s", log);
      return run->n_errors > before;
    }
  g_autofree char *meta = bundler_read_output (run, "meta.json", error);
  g_autoptr (json_t) metafile = meta == NULL ? NULL : json_parse (meta, -1, error);
  if (metafile == NULL)
    return FALSE;
  check_metafile (run, metafile, bundle);
  return TRUE;
}

static gboolean
run_inline (BundleRun *run, Bundle *bundle, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  guint before = run->n_errors;
  g_ptr_array_add (argv, g_strdup (run->executable));
  add_options (run, argv);
  g_ptr_array_add (argv, g_strdup ("--loader=js"));
  g_ptr_array_add (argv, g_strconcat ("--sourcefile=", bundle->name, NULL));
  if (!run_esbuild (run, argv, bundle, error))
    return FALSE;
  return run->n_errors > before || take_output (run, bundle, "stdin", error);
}

/* Entries are numbered, so that a.ts and a.js do not write to the same place. */
static gboolean
run_files (BundleRun *run, GPtrArray *bundles, guint from, guint to, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  guint before = run->n_errors;
  g_ptr_array_add (argv, g_strdup (run->executable));
  for (guint i = from; i < to; i++)
    g_ptr_array_add (
        argv, g_strdup_printf ("%u=./%s", i, ((Bundle *) g_ptr_array_index (bundles, i))->name));
  add_options (run, argv);
  if (!run_esbuild (run, argv, NULL, error))
    return FALSE;
  for (guint i = from; i < to && run->n_errors == before; i++)
    {
      char stem[16];
      g_snprintf (stem, sizeof stem, "%u", i);
      if (!take_output (run, g_ptr_array_index (bundles, i), stem, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
run_all (BundleRun *run, GPtrArray *bundles, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  for (guint i = 0; i < bundles->len; i++)
    {
      Bundle *bundle = g_ptr_array_index (bundles, i);
      if (bundle->text == NULL)
        g_ptr_array_add (files, bundle);
      else if (!run_inline (run, bundle, error))
        return FALSE;
    }
  for (guint i = 0; i < files->len; i += MOST_FILES_A_RUN)
    if (!run_files (run, files, i, MIN (i + MOST_FILES_A_RUN, files->len), error))
      return FALSE;
  return TRUE;
}

gboolean
bundler_uses_context (const char *text)
{
  return strstr (text, "async_hooks") != NULL;
}

static gboolean
any_uses_context (const GPtrArray *bundles)
{
  for (guint i = 0; i < bundles->len; i++)
    {
      const Bundle *bundle = g_ptr_array_index (bundles, i);
      if (bundle->code != NULL && bundler_uses_context (bundle->code))
        return TRUE;
    }
  return FALSE;
}

/* Only what comes out shows whether some file asks for it: then all is done once more. */
static gboolean
run_in_context (BundleRun *run, GPtrArray *bundles, GError **error)
{
  if (run->keeps_context || run->n_errors > 0 || !any_uses_context (bundles))
    return TRUE;
  run->keeps_context = TRUE;
  for (guint i = 0; i < bundles->len; i++)
    {
      Bundle *bundle = g_ptr_array_index (bundles, i);
      g_clear_pointer (&bundle->code, g_free);
      g_clear_pointer (&bundle->source_map, g_free);
    }
  BundleReport report = run->report;
  run->report = report_nothing; /* the warnings have been said */
  gboolean is_good = run_all (run, bundles, error);
  run->report = report;
  return is_good;
}

/* esbuild writes a flat folder: the outputs and the metafile. */
static void
remove_folder (const char *path)
{
  const char *name;
  GDir *folder = g_dir_open (path, 0, NULL);
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_unlink (file);
    }
  if (folder != NULL)
    g_dir_close (folder);
  g_rmdir (path);
}

gboolean
bundler_run (const char *folder, GPtrArray *bundles, BundleReport report, gpointer user_data,
             PackageBundle *packages, GError **error)
{
  g_autoptr (GPtrArray) requests = g_ptr_array_new_with_free_func (package_request_free);
  BundleRun run = { .folder = folder, .report = report, .user_data = user_data, .requests = requests };
  g_autofree char *executable = run.executable = bundler_find (error);
  if (executable == NULL)
    return FALSE;
  g_autofree char *made = g_dir_make_tmp ("tenon-XXXXXX", error);
  if (made == NULL)
    return FALSE;
  /* esbuild resolves links, and so must the names that are compared with its own. */
  char *temporary = realpath (made, NULL);
  run.temporary = temporary == NULL ? made : temporary;
  gboolean is_good = run_all (&run, bundles, error) && run_in_context (&run, bundles, error);
  if (is_good && run.n_errors == 0 && requests->len > 0)
    is_good = bundler_build_packages (&run, packages, error);
  remove_folder (run.temporary);
  free (temporary);
  return is_good;
}
