#include "definition/type_check.h"

#include "definition/env_types.h"
#include "definition/packages.h"
#include "definition/subprocess.h"

#include "base/json.h"

#include <string.h>

#define TYPESCRIPT_VERSION "5.9.3"
#define NODE_TYPES_VERSION "22.20.5" /* of the Node.js whose behaviour the runtime library has */
#define TIMEOUT_MS 120000
#define MAX_OUTPUT_BYTES ((gsize) 16 << 20)

/* Embedded by the build. */
extern const char type_check_cjs[], tenon_d_ts[];

/* --- is there anything to check --- */

static gboolean
is_typescript (const char *name)
{
  return g_str_has_suffix (name, ".ts") || g_str_has_suffix (name, ".mts")
         || g_str_has_suffix (name, ".cts");
}

/* A bundled script's map has the names and the texts of all files that went in. */
static gboolean
script_has_types (const Script *script)
{
  if (is_typescript (script->name) || strstr (script->code, "@ts-check") != NULL)
    return TRUE;
  static const char *const marks[] = { ".ts\"", ".mts\"", ".cts\"", "@ts-check" };
  for (guint i = 0; i < G_N_ELEMENTS (marks) && script->source_map != NULL; i++)
    if (strstr (script->source_map, marks[i]) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
folder_checks_javascript (const char *folder)
{
  static const char *const names[] = { "tsconfig.json", "jsconfig.json" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_autofree char *text = NULL;
      if (g_file_get_contents (path, &text, NULL, NULL) && strstr (text, "checkJs") != NULL)
        return TRUE;
    }
  return FALSE;
}

gboolean
type_check_has_work (const char *folder, const Version *version)
{
  for (guint i = 0; i < version->scripts->len; i++)
    if (script_has_types (g_ptr_array_index (version->scripts, i)))
      return TRUE;
  return version->scripts->len > 0 && folder_checks_javascript (folder);
}

/* --- what a block is expected to export --- */

typedef struct
{
  guint script;
  gboolean is_trigger, is_action;
  GString *steps, *flows; /* unions of literals */
} Role;

static void
add_to_union (GString *names, const char *name)
{
  if (names->len > 0)
    g_string_append (names, " | ");
  env_types_append_literal (names, name);
}

static void
find_roles (Role *role, const char *flow, const GPtrArray *steps)
{
  for (guint i = 0; steps != NULL && i < steps->len; i++)
    {
      const Step *step = g_ptr_array_index (steps, i);
      if (step->script >= 0 && (guint) step->script == role->script)
        {
          role->is_trigger |= step->is_trigger;
          role->is_action |= !step->is_trigger;
          add_to_union (role->steps, step->name);
          add_to_union (role->flows, flow);
        }
      find_roles (role, flow, step->steps);
      for (guint b = 0; step->branches != NULL && b < step->branches->len; b++)
        find_roles (role, flow, ((Branch *) g_ptr_array_index (step->branches, b))->steps);
    }
}

/* "" where one text is both trigger and action: then it must say itself what it takes. */
static char *
block_type (const Version *version, guint script)
{
  g_autoptr (GString) steps = g_string_new (NULL);
  g_autoptr (GString) flows = g_string_new (NULL);
  Role role = { script, FALSE, FALSE, steps, flows };
  for (guint i = 0; i < version->flows->len; i++)
    {
      const Flow *flow = g_ptr_array_index (version->flows, i);
      find_roles (&role, flow->name, flow->steps);
    }
  if (role.is_trigger == role.is_action)
    return g_strdup ("");
  if (role.is_trigger)
    return g_strdup ("Tenon.Trigger");
  if (version->definition_version == 0)
    return g_strdup ("Tenon.Action");
  return g_strdup_printf ("Tenon.Action<%s, %s>", steps->str, flows->str);
}

/* --- the tools --- */

static char *
find_tool (const char *name, GError **error)
{
  char *path = g_find_program_in_path (name);
  if (path == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "%s was not found, which the check of types needs; install Node.js", name);
  return path;
}

static char *
install_typescript (GError **error)
{
  g_autofree char *missing = NULL;
  g_autofree char *npm = find_tool ("npm", error);
  if (npm == NULL)
    return NULL;
  g_auto (PackagePlan) plan = {
    .dependencies
    = json_pack ("{s:s, s:s}", "typescript", TYPESCRIPT_VERSION, "@types/node", NODE_TYPES_VERSION),
  };
  return package_install (&plan, &missing, error);
}

/* --- packages --- */

/* As the cache's folder names what is asked for: "lodash@4.17.21/fp" may be "lodash/fp" there. */
static char *
installed_name (const PackagePlan *plan, const PackageSpec *spec)
{
  g_autofree char *key = g_strdup_printf ("%s@%s", spec->name, spec->range);
  const char *name = spec->range == NULL ? spec->name : g_hash_table_lookup (plan->aliases, key);
  return name == NULL ? NULL : g_strconcat (name, spec->subpath, NULL);
}

/* Where the types of the packages are that the code asks for: {folder, names: {asked: installed}}.
 * The build has installed them and said what is wrong; one that is not there is any. */
static json_t *
describe_packages (const char *folder, const Version *version)
{
  g_autoptr (GPtrArray) asked = env_types_packages (version);
  g_autoptr (GPtrArray) specs = g_ptr_array_new_with_free_func ((GDestroyNotify) package_spec_free);
  g_auto (PackagePlan) plan = { 0 };
  g_autofree char *missing = NULL;
  int failed;
  json_t *names = json_object ();
  for (guint i = 0; i < asked->len; i++)
    {
      PackageSpec *spec = package_spec_parse (g_ptr_array_index (asked, i), NULL);
      if (spec != NULL)
        g_ptr_array_add (specs, spec);
    }
  g_autofree char *installed
      = specs->len > 0 && package_plan_make (folder, specs, &plan, &failed, NULL)
            ? package_install (&plan, &missing, NULL)
            : NULL;
  for (guint i = 0; installed != NULL && i < specs->len; i++)
    {
      const PackageSpec *spec = g_ptr_array_index (specs, i);
      g_autofree char *name = installed_name (&plan, spec);
      if (name != NULL)
        json_object_set_new (names, spec->request, json_string (name));
    }
  return json_pack ("{s:s, s:o}", "folder", installed == NULL ? folder : installed, "names", names);
}

/* --- the check --- */

static json_t *
describe_blocks (const Version *version, const GPtrArray *bundles)
{
  json_t *blocks = json_array ();
  for (guint i = 0; i < bundles->len; i++)
    {
      const Bundle *bundle = g_ptr_array_index (bundles, i);
      g_autofree char *type = block_type (version, i);
      json_array_append_new (blocks, json_pack ("{s:s, s:s*, s:s}", "name", bundle->name, "text",
                                                bundle->text, "type", type));
    }
  return blocks;
}

static char *
describe (const char *folder, const char *installed, const Version *version,
          const GPtrArray *bundles)
{
  g_autofree char *env = env_types_text (version, FALSE);
  g_autofree char *typescript = g_build_filename (installed, "node_modules", "typescript", NULL);
  g_autofree char *types = g_build_filename (installed, "node_modules", "@types", NULL);
  g_autoptr (json_t) input = json_pack (
      "{s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:o}", "typescript", typescript, "nodeTypes", types,
      "folder", folder, "files", "tenon.d.ts", tenon_d_ts, "tenon-env.d.ts", env, "blocks",
      describe_blocks (version, bundles), "packages", describe_packages (folder, version));
  return json_print (input);
}

static json_t *
run_check (const char *folder, const char *input, GError **error)
{
  static const char *const environment[] = { "LANG=C.UTF-8", NULL };
  g_autofree char *node = find_tool ("node", error);
  if (node == NULL)
    return NULL;
  const char *const argv[] = { node, "--eval", type_check_cjs, NULL };
  g_auto (SubprocessResult) result = { 0 };
  if (!subprocess_run (argv, environment, folder, input, TIMEOUT_MS, MAX_OUTPUT_BYTES, &result,
                       error))
    return NULL;
  if (result.status == 0)
    return json_parse (result.out, (gssize) result.out_length, error);
  g_autofree char *log = g_utf8_make_valid (result.err, -1);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "TypeScript failed: %.600s", log);
  return NULL;
}

static void
report_fault (json_t *found, const GPtrArray *bundles, BundleReport report, gpointer user_data)
{
  gint64 block = json_get_int (found, "block", -1);
  const Bundle *bundle
      = block >= 0 && block < bundles->len ? g_ptr_array_index (bundles, block) : NULL;
  BundleFault fault = {
    .is_error = json_get_bool (found, "isError", TRUE),
    .file = bundle == NULL ? json_get_string (found, "file") : NULL,
    .bundle = bundle,
    .line = (guint) json_get_int (found, "line", 0),
    .column_bytes = (guint) json_get_int (found, "column", 0),
    .message = json_get_string (found, "message"),
  };
  if (fault.message != NULL)
    report (&fault, user_data);
}

gboolean
type_check (const char *folder, const Version *version, const GPtrArray *bundles,
            BundleReport report, gpointer user_data, GError **error)
{
  size_t index;
  json_t *found;
  g_autofree char *installed = install_typescript (error);
  if (installed == NULL)
    return FALSE;
  g_autofree char *input = describe (folder, installed, version, bundles);
  g_autoptr (json_t) output = run_check (folder, input, error);
  if (output == NULL)
    return FALSE;
  json_array_foreach (json_object_get (output, "faults"), index, found)
      report_fault (found, bundles, report, user_data);
  return TRUE;
}
