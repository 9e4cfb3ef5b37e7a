/* definition_build(): a file or folder, or one code file, to a version. */
#include "definition/definition.h"

#include "definition/build.h"
#include "definition/schema.h"

#include "base/json.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_DEFINITION_BYTES ((goffset) 8 << 20)

/* What the model has no field for, as written: for the API, the console and export. */
static json_t *
read_extra (const Node *root)
{
  static const char *const taken[]
      = { "definitionVersion",  "name",  "description", "version", "limits",
          "requiredConfigVars", "flows", NULL };
  json_t *extra = NULL;
  for (guint i = 0; i < node_n_members (root); i++)
    {
      const Member *member = node_nth_member (root, i);
      if (g_strv_contains (taken, member->key) || member->value->kind == NODE_NULL)
        continue;
      if (extra == NULL)
        extra = json_object ();
      json_object_set_new (extra, member->key, node_to_json (member->value));
    }
  return extra;
}

static char *
text_of (const Node *root, const char *key)
{
  const char *text = node_text (node_get (root, key));
  return g_strdup (text == NULL ? "" : text);
}

/* Before version 6 a definition had its trigger and steps at the top. */
static gboolean
is_oldest_form (Reporter *reporter, const At *root)
{
  At steps;
  if (node_get (root->node, "flows") != NULL || !at_find (root, "steps", &steps))
    return FALSE;
  report_key (reporter, FAULT_ERROR, &steps,
              "put the trigger and the steps below flows: [{name, steps}]",
              "this is the oldest form of a definition, with steps at the top; Tenon reads "
              "definitionVersion 6 and 7");
  return TRUE;
}

static void
build_model (Build *build, const At *root)
{
  Version *version = build->version;
  const Node *node = root->node;
  version->name = text_of (node, "name");
  version->description = text_of (node, "description");
  version->external_version = text_of (node, "version");
  version->definition_version = node_integer (node_get (node, "definitionVersion"), 7);
  version->extra = read_extra (node);
  version->limits = build_limits (build, root);
  if (g_utf8_strlen (version->name, -1) > MODEL_MAX_NAME_CHARS)
    report (&build->reporter, FAULT_ERROR, root, NULL,
            "an integration's name has at most %d characters", MODEL_MAX_NAME_CHARS);
  if (node_bool (node_get (node, "isCodeNative"), FALSE))
    report (&build->reporter, FAULT_WARNING, root, NULL,
            "this integration is written in code for the platform's SDK: its flows refer to a "
            "component that Tenon does not have");
  build_config_vars (build, root);
  build_config_pages (build, root);
  build_flows (build, root);
}

/* Every fault is collected, those of the code as well. */
static Version *
build_document (const Document *document, const char *file, CodeSet *codes, FaultList *faults)
{
  guint errors = fault_list_n_errors (faults);
  g_autoptr (Version) version = version_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Build build = { .reporter = { .faults = faults, .file = file },
                  .document = document,
                  .version = version,
                  .codes = codes,
                  .config_var_names = names };
  At root = at_root (document);

  if (root.node->kind != NODE_OBJECT)
    {
      report (&build.reporter, FAULT_ERROR, &root,
              "begin with name: and flows:", "a definition must be an object of keys and values");
      return NULL;
    }
  if (is_oldest_form (&build.reporter, &root))
    return NULL;
  schema_check (&build.reporter, &root, &definition_schema);
  build_model (&build, &root);
  code_set_compile (codes, &build.reporter, document, version);
  report_finish (&build.reporter);
  return fault_list_n_errors (faults) == errors ? g_steal_pointer (&version) : NULL;
}

Version *
definition_build_text (const char *yaml, gsize length, const char *name, FaultList *faults)
{
  guint errors = fault_list_n_errors (faults);
  const char *file = name == NULL ? "integration.yaml" : name;
  g_autofree char *base = g_path_get_basename (file);
  if (length > (gsize) MAX_DEFINITION_BYTES)
    {
      fault_list_add (faults, FAULT_ERROR, file, 0, 0, NULL, NULL,
                      "the definition has more than %d MiB", (int) (MAX_DEFINITION_BYTES >> 20));
      return NULL;
    }
  g_autoptr (Document) document = document_load (yaml, length, file, faults);
  if (document == NULL)
    return NULL;
  g_autoptr (CodeSet) codes = code_set_new (NULL, base);
  g_autoptr (Version) version = build_document (document, file, codes, faults);
  return fault_list_n_errors (faults) == errors ? g_steal_pointer (&version) : NULL;
}

static gboolean
read_file (const char *path, char **text, gsize *length, FaultList *faults)
{
  g_autoptr (GError) error = NULL;
  struct stat info;
  if (stat (path, &info) != 0)
    fault_list_add (faults, FAULT_ERROR, path, 0, 0, NULL, NULL, "%s",
                    errno == ENOENT ? "there is no such file" : g_strerror (errno));
  else if (!S_ISREG (info.st_mode))
    fault_list_add (faults, FAULT_ERROR, path, 0, 0, NULL, NULL, "this is not a regular file");
  else if (info.st_size > MAX_DEFINITION_BYTES)
    fault_list_add (faults, FAULT_ERROR, path, 0, 0, NULL, NULL, "the file has more than %d MiB",
                    (int) (MAX_DEFINITION_BYTES >> 20));
  else if (!g_file_get_contents (path, text, length, &error))
    fault_list_add (faults, FAULT_ERROR, path, 0, 0, NULL, NULL, "%s", error->message);
  else
    return TRUE;
  return FALSE;
}

/* A folder stands for its integration.yaml. */
static char *
definition_path (const char *path)
{
  static const char *const names[] = { "integration.yaml", "integration.yml", NULL };
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return g_strdup (path);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *file = g_build_filename (path, names[i], NULL);
      if (g_file_test (file, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&file);
    }
  return g_build_filename (path, names[0], NULL);
}

static Version *
build_integration (const char *path, CodeWork work, FaultList *faults)
{
  g_autofree char *file = definition_path (path);
  g_autofree char *folder = g_path_get_dirname (file);
  g_autofree char *base = g_path_get_basename (file);
  g_autofree char *text = NULL;
  guint errors = fault_list_n_errors (faults);
  gsize length;

  if (!read_file (file, &text, &length, faults))
    return NULL;
  g_autoptr (Document) document = document_load (text, length, file, faults);
  if (document == NULL)
    return NULL;
  g_autoptr (CodeSet) codes = code_set_new (folder, base);
  code_set_choose_work (codes, work);
  g_autoptr (Version) version = build_document (document, file, codes, faults);
  return fault_list_n_errors (faults) == errors ? g_steal_pointer (&version) : NULL;
}

/* One code file. */

static char *
file_stem (const char *path)
{
  char *base = g_path_get_basename (path);
  char *dot = strrchr (base, '.');
  if (dot != NULL && dot != base)
    *dot = '\0';
  return base;
}

/* The folder that imports may reach: the integration's that the file belongs to, else its own. */
static char *
code_root (const char *file)
{
  static const char *const marks[]
      = { "integration.yaml", "integration.yml", "package.json", NULL };
  g_autofree char *full = g_canonicalize_filename (file, NULL);
  g_autofree char *own = g_path_get_dirname (full);
  g_autofree char *folder = g_strdup (own);
  while (strlen (folder) > 1)
    {
      for (guint i = 0; marks[i] != NULL; i++)
        {
          g_autofree char *mark = g_build_filename (folder, marks[i], NULL);
          if (g_file_test (mark, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer (&folder);
        }
      char *up = g_path_get_dirname (folder);
      g_free (folder);
      folder = up;
    }
  return g_steal_pointer (&own);
}

static Step *
code_file_step (const char *name, const char *component, const char *action, int script)
{
  Step *step = step_new ();
  step->name = g_strdup (name);
  step->identifier = step_identifier (name);
  step->description = g_strdup ("");
  step->component = g_strdup (component);
  step->action = g_strdup (action);
  step->is_known = TRUE;
  step->script = script;
  return step;
}

static Flow *
code_file_flow (const char *stem, TargetKind kind)
{
  Flow *flow = flow_new ();
  gboolean is_trigger = kind == TARGET_TRIGGER;
  Step *trigger = is_trigger ? code_file_step ("Trigger", "code", "runCodeTrigger", 0)
                             : code_file_step ("Trigger", "webhook-triggers", "webhook", -1);
  flow->name = g_strdup (stem);
  flow->stable_key = g_strdup (stem);
  flow->description = g_strdup ("");
  trigger->is_trigger = TRUE;
  g_ptr_array_add (flow->steps, trigger);
  if (!is_trigger)
    g_ptr_array_add (flow->steps, code_file_step ("Code Block", "code", "runCode", 0));
  return flow;
}

/* The path below `root`, and the root as the user wrote it, so that faults show his own path. */
static char *
relative_path (const char *file, const char *root)
{
  g_autofree char *full = g_canonicalize_filename (file, NULL);
  return g_strdup (full + strlen (root) + (g_str_has_suffix (root, "/") ? 0 : 1));
}

static char *
shown_definition (const char *file, const char *relative)
{
  if (!g_str_has_suffix (file, relative))
    return g_strdup ("integration.yaml");
  g_autofree char *folder = g_strndup (file, strlen (file) - strlen (relative));
  return g_strconcat (folder, "integration.yaml", NULL);
}

static Version *
build_code_file (const char *path, TargetKind kind, CodeWork work, FaultList *faults)
{
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      fault_list_add (faults, FAULT_ERROR, path, 0, 0, NULL, NULL, "there is no such file");
      return NULL;
    }
  guint errors = fault_list_n_errors (faults);
  g_autofree char *stem = file_stem (path);
  g_autofree char *root = code_root (path);
  g_autofree char *relative = relative_path (path, root);
  g_autofree char *definition = shown_definition (path, relative);
  g_autoptr (CodeSet) codes = code_set_new (root, "integration.yaml");
  g_autoptr (Version) version = version_new ();
  Reporter reporter = { .faults = faults, .file = path };
  Node node = { .kind = NODE_TEXT, .text = relative, .length = strlen (relative) };
  At at = { .node = &node };

  if (code_set_add_file (codes, &reporter, &at, kind == TARGET_TRIGGER ? "Trigger" : "Code Block")
      < 0)
    return NULL;
  reporter.file = definition;
  code_set_choose_work (codes, work);
  version->name = g_strdup (stem);
  version->description = g_strdup ("");
  version->external_version = g_strdup ("");
  g_ptr_array_add (version->flows, code_file_flow (stem, kind));
  code_set_compile (codes, &reporter, NULL, version);
  report_finish (&reporter);
  return fault_list_n_errors (faults) == errors ? g_steal_pointer (&version) : NULL;
}

static Version *
build_target (const char *path, TargetKind kind, CodeWork work, FaultList *faults)
{
  return kind == TARGET_INTEGRATION ? build_integration (path, work, faults)
                                    : build_code_file (path, kind, work, faults);
}

Version *
definition_build (const char *path, TargetKind kind, FaultList *faults)
{
  return build_target (path, kind, CODE_BUNDLED, faults);
}

Version *
definition_check (const char *path, TargetKind kind, FaultList *faults)
{
  return build_target (path, kind, CODE_CHECKED, faults);
}

Version *
definition_outline (const char *path, FaultList *faults)
{
  return build_target (path, TARGET_INTEGRATION, CODE_AS_WRITTEN, faults);
}
