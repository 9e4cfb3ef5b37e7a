#include "definition/js_scan.h"

static void
modules_are_found_where_code_asks_for_them (void)
{
  static const struct
  {
    const char *text, *modules; /* joined by blanks */
  } rows[] = {
    { "const a = require(\"fs\");", "fs" },
    { "require( 'a' ), require('b')", "a b" },
    { "import x from \"a\"; import \"b\"; export * from 'c'; import('d')", "a b c d" },
    { "import type { X } from \"./x\"", "./x" },
    { "// require(\"a\")\n/* import 'b' */ require('c')", "c" },
    { "const s = \"require('a')\"; const t = `require('b')`;", "" },
    { "`${require('a')} ${ {x: `${require(\"b\")}`} }` + require('c')", "a b c" },
    { "const r = /[/\"]require\\(\"a\"/; require('b')", "b" },
    { "const q = 1 / 2; const s = \"x\" / require('b')", "b" },
    { "return /'/.test(x) && require('a')", "a" },
    { "x.require('a'); requires('b'); from('c')", "" },
    { "require(name)", "" },
    { "require(\"unclosed\n); require('b')", "unclose b" },
    { "require('", "" },
    { "require", "" },
    { "'\\", "" },
    { "`${", "" },
    { "/*", "" },
    { "/[", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) modules = js_find_modules (rows[i].text);
      g_autoptr (GString) joined = g_string_new (NULL);
      for (guint n = 0; n < modules->len; n++)
        {
          const JsModule *module = g_ptr_array_index (modules, n);
          g_string_append_printf (joined, "%s%s", n == 0 ? "" : " ", module->name);
          g_assert_true (rows[i].text[module->offset] == '"'
                         || rows[i].text[module->offset] == '\'');
        }
      g_assert_cmpstr (joined->str, ==, rows[i].modules);
    }
}

static void
module_syntax_is_told_by_its_words (void)
{
  static const struct
  {
    const char *text;
    gboolean has_it;
  } rows[] = {
    { "module.exports = 1", FALSE },       { "exports.default = important", FALSE },
    { "export default 1", TRUE },          { "import x from 'y'", TRUE },
    { "const a = 1; // export it", TRUE }, { "import('x')", TRUE },
    { "$import, reexport", FALSE },        { "", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (js_has_module_syntax (rows[i].text), ==, rows[i].has_it);
}

static void
builtins_paths_and_packages_are_told_apart (void)
{
  g_assert_true (js_is_builtin ("fs"));
  g_assert_true (js_is_builtin ("node:fs"));
  g_assert_true (js_is_builtin ("fs/promises"));
  g_assert_false (js_is_builtin ("lodash"));
  g_assert_false (js_is_builtin ("fs-extra"));
  g_assert_false (js_is_builtin ("lodash@4.17.21/lodash.js"));
  g_assert_true (js_is_path ("./a"));
  g_assert_true (js_is_path ("../a"));
  g_assert_true (js_is_path ("/a"));
  g_assert_true (js_is_path (".."));
  g_assert_false (js_is_path (".a"));
  g_assert_false (js_is_path ("@scope/a"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/js_scan/" #name, name)
  ADD (modules_are_found_where_code_asks_for_them);
  ADD (module_syntax_is_told_by_its_words);
  ADD (builtins_paths_and_packages_are_told_apart);
  return g_test_run ();
}
