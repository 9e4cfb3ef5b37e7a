/* Code blocks to scripts: the way without esbuild, the way through it, and what is refused. */
#include "definition/bundler.h"
#include "definition/test_support.h"

#include <unistd.h>

#define HEAD                                                                                       \
  "name: T\nflows:\n- name: F\n  steps:\n  - name: Start\n    action: webhook-triggers.webhook\n"

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("tenon-test-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "integration.yaml", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_tree (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
}

/* The faults of the fixture's integration, its folder's name taken out. */
static char *
build_in (Fixture *fixture, const char *steps, Version **version)
{
  g_autofree char *yaml = g_strconcat (HEAD, steps, NULL);
  g_autofree char *prefix = g_strconcat (fixture->folder, "/", NULL);
  g_autoptr (FaultList) faults = fault_list_new ();
  write_file (fixture->folder, "integration.yaml", yaml);
  *version = definition_build (fixture->folder, TARGET_INTEGRATION, faults);
  g_assert_true ((*version == NULL) == (fault_list_n_errors (faults) > 0));
  g_autofree char *text = fault_list_to_text (faults);
  g_auto (GStrv) parts = g_strsplit (text, prefix, -1);
  return g_strjoinv ("", parts);
}

static void
assert_refused (Fixture *fixture, const char *steps, const char *expected)
{
  g_autoptr (Version) version = NULL;
  g_autofree char *found = build_in (fixture, steps, &version);
  g_assert_cmpstr (found, ==, expected);
}

static Version *
assert_built (Fixture *fixture, const char *steps)
{
  Version *version = NULL;
  g_autofree char *found = build_in (fixture, steps, &version);
  g_assert_cmpstr (found, ==, "");
  return version;
}

static gboolean
lacks_esbuild (void)
{
  if (find_test_esbuild ())
    return FALSE;
  g_test_skip ("esbuild is not installed");
  return TRUE;
}

static void
plain_code_goes_in_as_it_is_without_esbuild (Fixture *fixture, gconstpointer data)
{
  const char *code = "const c = require(\"node:crypto\"); // require('lodash')\n"
                     "module.exports = async () => ({ data: c.randomUUID() });\n";
  g_autofree char *chosen = g_strdup (g_getenv ("TENON_ESBUILD"));
  g_setenv ("TENON_ESBUILD", "/nonexistent", TRUE);
  write_file (fixture->folder, "code/a.js", code);
  g_autoptr (Version) version
      = assert_built (fixture, "  - {name: A, code: {file: code/a.js}}\n"
                               "  - {name: B, code: {file: ./code/../code/a.js}}\n");
  g_assert_cmpuint (version->scripts->len, ==, 1);
  g_assert_cmpstr (nth_script (version, 0)->name, ==, "code/a.js");
  g_assert_cmpstr (nth_script (version, 0)->step, ==, "A");
  g_assert_cmpstr (nth_script (version, 0)->code, ==, code);
  g_assert_null (nth_script (version, 0)->source_map);
  g_assert_cmpuint (nth_script (version, 0)->first_line, ==, 1);
  g_assert_cmpuint (nth_script (version, 0)->first_column, ==, 0);
  chosen == NULL ? g_unsetenv ("TENON_ESBUILD") : (void) g_setenv ("TENON_ESBUILD", chosen, TRUE);
}

static void
a_missing_esbuild_is_explained (Fixture *fixture, gconstpointer data)
{
  g_autofree char *chosen = g_strdup (g_getenv ("TENON_ESBUILD"));
  g_setenv ("TENON_ESBUILD", "/nonexistent", TRUE);
  assert_refused (
      fixture, "  - name: A\n    code: export default 1\n  - name: B\n    code: export default 2\n",
      "integration.yaml:8:11: error: the code of step \"A\" uses TypeScript, modules or "
      "imports and must be bundled: TENON_ESBUILD names \"/nonexistent\", which is not an "
      "executable file\n");
  chosen == NULL ? g_unsetenv ("TENON_ESBUILD") : (void) g_setenv ("TENON_ESBUILD", chosen, TRUE);
}

static void
paths_that_leave_the_folder_are_refused (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *path, *problem;
  } rows[] = {
    { "../a.js", "leads out of the integration's folder" },
    { "code/../../a.js", "leads out of the integration's folder" },
    { "/etc/a.js", "is an absolute path; write it from the folder of the definition" },
    { "link.js", "is a link that leads out of the integration's folder" },
    { "up/a.js", "is a link that leads out of the integration's folder" },
    { "none.js", "does not exist" },
    { "code", "is no code file: .js, .cjs, .mjs, .ts, .cts or .mts" },
    { "code/a.tsx", "is no code file: .js, .cjs, .mjs, .ts, .cts or .mts" },
    { "dir.js", "is not a regular file" },
    { "latin.js", "is not UTF-8 text" },
  };
  g_autofree char *outside = g_dir_make_tmp ("tenon-test-XXXXXX", NULL);
  g_autofree char *target = g_build_filename (outside, "a.js", NULL);
  g_autofree char *link = g_build_filename (fixture->folder, "link.js", NULL);
  g_autofree char *up = g_build_filename (fixture->folder, "up", NULL);
  g_autofree char *dir = g_build_filename (fixture->folder, "dir.js", NULL);
  write_file (outside, "a.js", "module.exports = 1;");
  write_file (fixture->folder, "code/a.tsx", "x");
  write_file (fixture->folder, "latin.js", "// \xe4\n");
  g_assert_cmpint (symlink (target, link), ==, 0);
  g_assert_cmpint (symlink (outside, up), ==, 0);
  g_mkdir (dir, 0700);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *steps = g_strdup_printf ("  - {name: A, code: {file: %s}}\n", rows[i].path);
      g_autofree char *expected = g_strdup_printf (
          "integration.yaml:7:28: error: the code file \"%s\" %s\n", rows[i].path, rows[i].problem);
      assert_refused (fixture, steps, expected);
    }
  remove_tree (outside);
}

static void
a_link_inside_the_folder_is_followed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *link = g_build_filename (fixture->folder, "link.js", NULL);
  write_file (fixture->folder, "code/a.js", "\xef\xbb\xbfmodule.exports = 1;");
  g_assert_cmpint (symlink ("code/a.js", link), ==, 0);
  g_autoptr (Version) version = assert_built (fixture, "  - {name: A, code: {file: link.js}}\n");
  g_assert_cmpstr (nth_script (version, 0)->name, ==, "code/a.js");
  g_assert_cmpstr (nth_script (version, 0)->code, ==, "module.exports = 1;");
}

static void
write_typescript (Fixture *fixture)
{
  write_file (
      fixture->folder, "code/map.ts",
      "import { f } from \"./lib/dates\";\nimport unit from \"./lib/unit.json\";\n"
      "import { randomUUID } from \"crypto\";\nimport type { Nothing } from \"some-types\";\n"
      "type R = { a: number };\n"
      "export default async (context: unknown, results: R) => ({\n"
      "  data: f(results.a) + unit.name + randomUUID(),\n});\n");
  write_file (fixture->folder, "code/lib/dates.ts", "export const f = (x: number): number => x;\n");
  write_file (fixture->folder, "code/lib/unit.json", "{\"name\": \"piece\"}\n");
  write_file (fixture->folder, "code/map.mjs",
              "const m = await1();\nfunction await1() {}\nexport { m as default };\n");
}

static void
typescript_and_modules_become_one_commonjs_text (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  write_typescript (fixture);
  g_autoptr (Version) version = assert_built (
      fixture, "  - {name: A, code: {file: code/map.ts}}\n"
               "  - {name: B, code: {file: code/map.mjs}}\n"
               "  - name: C\n    code: |\n      import { f } from \"./code/lib/dates\";\n"
               "      export default () => f(1);\n");
  g_assert_cmpuint (version->scripts->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      const Script *script = nth_script (version, i);
      g_assert_nonnull (strstr (script->code, "module.exports = "));
      g_assert_null (strstr (script->code, "import "));
      g_assert_nonnull (script->source_map);
      /* Nothing of this machine. */
      g_assert_null (strstr (script->code, fixture->folder));
      g_assert_null (strstr (script->source_map, "/tmp"));
      g_assert_null (strstr (script->source_map, ".."));
    }
  g_autoptr (json_t) map = json_parse (nth_script (version, 0)->source_map, -1, NULL);
  json_t *sources = json_object_get (map, "sources");
  g_assert_cmpuint (json_array_size (sources), ==, 3);
  for (guint i = 0; i < json_array_size (sources); i++)
    g_assert_true (g_str_has_prefix (json_string_value (json_array_get (sources, i)), "code/"));
  g_assert_nonnull (strstr (nth_script (version, 0)->code, "require(\"crypto\")"));
  g_assert_nonnull (strstr (nth_script (version, 2)->source_map, "\"integration.yaml\""));
}

static void
equal_sources_give_equal_versions (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  g_autofree char *hashes[2] = { NULL, NULL };
  Fixture other;
  set_up (&other, NULL);
  for (guint i = 0; i < 2; i++)
    {
      Fixture *here = i == 0 ? fixture : &other;
      write_typescript (here);
      g_autoptr (Version) version
          = assert_built (here, "  - {name: A, code: {file: code/map.ts}}\n");
      hashes[i] = version_hash (version);
    }
  g_assert_cmpstr (hashes[0], ==, hashes[1]);
  tear_down (&other, NULL);
  g_autofree char *first = g_steal_pointer (&hashes[0]);
  g_autofree char *second = g_steal_pointer (&hashes[1]);
}

static void
errors_of_the_bundler_show_the_authors_place (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  write_file (fixture->folder, "code/bad.ts", "const ä = 1;\nconst ö: = 2;\n");
  write_file (fixture->folder, "code/deep.ts", "import \"./lib/broken\";\nimport \"./nope\";\n");
  write_file (fixture->folder, "code/lib/broken.ts", "export const = 1;\n");
  assert_refused (
      fixture,
      "  - {name: A, code: {file: code/bad.ts}}\n  - {name: B, code: {file: code/deep.ts}}\n"
      "  - name: C\n    code: |\n      export default 1;\n        const ä = 1; x y\n"
      "  - name: D\n    code: \"export default 1;\\n  a b\"\n",
      "code/bad.ts:2:10: error: Unexpected \"=\"\n  the line: const ö: = 2;\n"
      "code/deep.ts:2:8: error: Could not resolve \"./nope\"\n  the line: import "
      "\"./nope\";\n"
      "code/lib/broken.ts:1:14: error: Expected identifier but found \"=\"\n  the line: "
      "export const = 1;\n"
      "integration.yaml:12:24: error: Expected \";\" but found \"y\"\n  the line: const ä = "
      "1; x y\n"
      "integration.yaml:14:35: error: Expected \";\" but found \"b\"\n  the line: a b\n");
}

static void
files_outside_are_refused_at_their_line (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  g_autofree char *outside = g_dir_make_tmp ("tenon-test-XXXXXX", NULL);
  g_autofree char *link = g_build_filename (fixture->folder, "link", NULL);
  g_autofree char *up = g_path_get_basename (outside);
  g_autofree char *code
      = g_strdup_printf ("const a = 1;\nmodule.exports = [require(\"../../%s/x.js\"), "
                         "require(\"../link/x.js\")];\n",
                         up);
  write_file (outside, "x.js", "module.exports = 1;\n");
  write_file (fixture->folder, "code/out.js", code);
  g_assert_cmpint (symlink (outside, link), ==, 0);
  g_autofree char *expected = g_strdup_printf (
      "code/out.js:2:27: error: \"../../%s/x.js\" lies outside the integration's folder\n  move "
      "the file "
      "into the folder, or make the folder the integration's; the line: module.exports = "
      "[require(\"../../%s/x.js\"), require(\"../link/x.js\")];\n"
      "code/out.js:2:%u: error: \"../link/x.js\" lies outside the integration's folder\n  move the "
      "file "
      "into the folder, or make the folder the integration's; the line: module.exports = "
      "[require(\"../../%s/x.js\"), require(\"../link/x.js\")];\n",
      up, up, (guint) (51 + strlen (up)), up);
  assert_refused (
      fixture,
      "  - {name: A, code: {file: code/out.js}}\n",
      expected);
  remove_tree (outside);
}

static void
packages_without_a_version_are_refused_at_their_line (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  assert_refused (
      fixture,
      "  - name: C\n    code: |-\n"
      "        import p from \"pdf-lib\";\n        export default p;\n",
      "integration.yaml:9:23: error: the npm package \"pdf-lib\" has no version: write "
      "\"pdf-lib@1.2.3\" with the one you want, or add it to \"dependencies\" of the "
      "integration's package.json\n  the line: import p from \"pdf-lib\";\n");
}

static void
a_definition_without_files_bundles_without_reading_any (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  g_autoptr (Version) version = build_clean (
      HEAD "  - name: A\n    code: |\n      import fs from \"fs\";\n      export default fs;\n");
  g_assert_nonnull (strstr (nth_script (version, 0)->code, "require(\"fs\")"));
  assert_faults (
      HEAD "  - name: A\n    code: |\n      import p from \"/etc/hosts.js\";\n"
           "      import q from \"./integration\";\n      export default [p, q];\n",
      "t.yaml:9:21: error: \"/etc/hosts.js\" can't be read: this definition came without "
      "files\n  put the code into the block itself; the line: import p from "
      "\"/etc/hosts.js\";\n"
      "t.yaml:10:21: error: \"./integration\" can't be read: this definition came without "
      "files\n  put the code into the block itself; the line: import q from "
      "\"./integration\";\n");
}

static void
short_forms_with_code_files_load (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autofree char *path = g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "tests", "definitions",
                                            "short-forms", NULL);
  g_autoptr (Version) version = definition_build (path, TARGET_INTEGRATION, faults);
  g_assert_nonnull (version);
  g_assert_cmpuint (version->scripts->len, ==, 3);
  g_assert_cmpint (nth_step (version, 0, 1)->script, ==, nth_step (version, 0, 2)->script);
  Limits server, most, limits;
  limits_init (&server);
  limits_init (&most);
  server.value[LIMIT_QUEUE] = 7;
  most.value[LIMIT_MEMORY_MB] = 32;
  version_limits (version, version_find_flow (version, "Echo"), &server, &most, &limits);
  g_assert_cmpint (limits.value[LIMIT_WALL_MS], ==, 1000);
  g_assert_cmpint (limits.value[LIMIT_MEMORY_MB], ==, 32);
  g_assert_cmpint (limits.value[LIMIT_QUEUE], ==, 7);
  version_limits (version, version_find_flow (version, "Plain"), &server, NULL, &limits);
  g_assert_cmpint (limits.value[LIMIT_WALL_MS], ==, 5000);
}

static void
one_code_file_becomes_a_flow_of_its_own (Fixture *fixture, gconstpointer data)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autofree char *path = g_build_filename (fixture->folder, "code", "map-fields.js", NULL);
  write_file (fixture->folder, "code/map-fields.js", "module.exports = () => ({});");
  g_autoptr (Version) action = definition_build (path, TARGET_ACTION, faults);
  g_assert_nonnull (action);
  g_assert_cmpstr (action->name, ==, "map-fields");
  g_assert_cmpstr (((Flow *) g_ptr_array_index (action->flows, 0))->name, ==, "map-fields");
  g_assert_cmpstr (nth_step (action, 0, 0)->action, ==, "webhook");
  g_assert_cmpstr (nth_step (action, 0, 1)->name, ==, "Code Block");
  g_assert_cmpstr (nth_step (action, 0, 1)->identifier, ==, "codeBlock");
  g_assert_cmpstr (nth_script (action, 0)->name, ==, "map-fields.js");
  /* As part of an integration it may import what lies beside it. */
  write_file (fixture->folder, "integration.yaml", "");
  g_autoptr (Version) trigger = definition_build (path, TARGET_TRIGGER, faults);
  const Flow *flow = g_ptr_array_index (trigger->flows, 0);
  g_assert_cmpuint (flow->steps->len, ==, 1);
  g_assert_cmpstr (nth_step (trigger, 0, 0)->action, ==, "runCodeTrigger");
  g_assert_cmpstr (nth_step (trigger, 0, 0)->name, ==, "Trigger");
  g_assert_true (nth_step (trigger, 0, 0)->is_trigger);
  g_assert_cmpstr (nth_script (trigger, 0)->name, ==, "code/map-fields.js");
  g_autoptr (json_t) json = version_to_json (action);
  g_autoptr (Version) again = version_from_json (json, NULL);
  g_assert_nonnull (again);
}

static void
errors_of_one_code_file_show_the_path_that_was_given (Fixture *fixture, gconstpointer data)
{
  if (lacks_esbuild ())
    return;
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autofree char *path = g_build_filename (fixture->folder, "code", "bad.ts", NULL);
  write_file (fixture->folder, "code/bad.ts", "\nlet x: = 1;\n");
  write_file (fixture->folder, "package.json", "{}");
  g_assert_null (definition_build (path, TARGET_ACTION, faults));
  g_assert_cmpuint (fault_list_n (faults), ==, 1);
  g_assert_cmpstr (fault_list_get (faults, 0)->file, ==, path);
  g_assert_cmpuint (fault_list_get (faults, 0)->line, ==, 2);
  g_assert_cmpuint (fault_list_get (faults, 0)->column, ==, 8);
}

static void
collect_fault (const BundleFault *fault, gpointer user_data)
{
  g_string_append_printf (user_data, "%s %s:%u:%u %s\n", fault->is_error ? "error" : "warning",
                          fault->file == NULL ? "-" : fault->file, fault->line, fault->column_bytes,
                          fault->message);
}

static void
the_bundlers_log_is_read_message_by_message (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) found = g_string_new (NULL);
  bundler_parse_log ("✘ [ERROR] First\n\n    a:b c.ts:3:4:\n      3 │ x\n        ╵ ^\n\n"
                     "  A note:\n\n    other.ts:1:1:\n      1 │ y\n\n"
                     "▲ [WARNING] Second [some-id]\n\n  Only a note\n\n    other.ts:9:9:\n\n"
                     "✘ [ERROR] Third\n✘ [ERROR] ",
                     NULL, collect_fault, found);
  g_assert_cmpstr (found->str, ==,
                   "error a:b c.ts:3:4 First\nwarning -:0:0 Second [some-id]\nerror -:0:0 Third\n"
                   "error -:0:0 \n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/bundler/" #name, Fixture, NULL, set_up, name, tear_down)
  ADD (plain_code_goes_in_as_it_is_without_esbuild);
  ADD (a_missing_esbuild_is_explained);
  ADD (paths_that_leave_the_folder_are_refused);
  ADD (a_link_inside_the_folder_is_followed);
  ADD (typescript_and_modules_become_one_commonjs_text);
  ADD (equal_sources_give_equal_versions);
  ADD (errors_of_the_bundler_show_the_authors_place);
  ADD (files_outside_are_refused_at_their_line);
  ADD (packages_without_a_version_are_refused_at_their_line);
  ADD (a_definition_without_files_bundles_without_reading_any);
  ADD (short_forms_with_code_files_load);
  ADD (one_code_file_becomes_a_flow_of_its_own);
  ADD (errors_of_one_code_file_show_the_path_that_was_given);
  ADD (the_bundlers_log_is_read_message_by_message);
  return g_test_run ();
}
