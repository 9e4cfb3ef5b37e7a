/* Runs every file of runtime/tests in a fresh realm of one VM: they call test(name, function) and have `assert` and
 * `require`. A name that failed is printed with what was thrown. */
#include "runtime/private.h"

#include <stdio.h>
#include <string.h>

#define MOST_SECONDS 120

static const char harness[]
    = "(function (report, require) {"
      "const assert = require('assert'); const tests = [];"
      "const test = (name, run) => tests.push([name, run]);"
      "((assert, test) => {\n%s\n}) (assert, test);"
      "return async () => { for (const [name, run] of tests) {"
      "  try { await run (); report (name, true); } catch (error) { report (name, false, error); }"
      "} report (); }; })";

static struct
{
  Vm *vm;
  guint n_passed, n_failed;
  gboolean is_over;
} run;

static JSValueRef
native_report (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  if (n == 0)
    run.is_over = TRUE;
  else if (JSValueToBoolean (ctx, arguments[1]))
    run.n_passed++;
  else
    {
      g_autofree char *name = js_to_display (ctx, arguments[0]);
      g_autofree char *error = runtime_describe_error (realm_of (ctx), arguments[2]);
      g_printerr ("# %s: %s\n", name, error);
      run.n_failed++;
    }
  return js_undefined (ctx);
}

static void
host_log (Realm *realm, guint level, const char *text, gpointer data)
{
}

static void
host_uncaught (Realm *realm, JSValueRef error, gpointer data)
{
  g_autofree char *text = runtime_describe_error (realm, error);
  g_printerr ("# nobody caught %s\n", text);
  run.n_failed++;
}

static void
host_idle (Realm *realm, gpointer data)
{
  if (run.is_over)
    return;
  g_printerr ("# a test waits for what will never come\n");
  run.n_failed++;
  run.is_over = TRUE;
}

static void
host_limit (Realm *realm, LimitId limit, const char *detail, gpointer data)
{
  g_printerr ("# a limit was hit: %s\n", limit_info (limit)->name);
  run.n_failed++;
  run.is_over = TRUE;
}

static const RealmHost host = { host_log, host_uncaught, host_idle, host_limit, NULL };

static char *
folder_of_tests (void)
{
  return g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "runtime", "tests", NULL);
}

static void
start_file (Realm *realm, const char *file)
{
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  g_autofree char *folder = folder_of_tests (), *text = NULL;
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto (GStrv) around = g_strsplit (harness, "%s", 2);
  g_autofree char *source = g_strconcat (around[0], text, around[1], NULL);
  EngineScript *script = engine_script_new (file, source, -1);
  JSValueRef arguments[]
      = { js_function (ctx, "report", native_report), runtime_require_function (realm) };
  realm_enter (realm);
  JSObjectRef wrapper = js_as_object (ctx, engine_script_evaluate (script, ctx, &exception));
  JSObjectRef start
      = wrapper == NULL ? NULL
                        : js_as_object (ctx, JSObjectCallAsFunction (ctx, wrapper, NULL, 2,
                                                                     arguments, &exception));
  if (start != NULL)
    JSObjectCallAsFunction (ctx, start, NULL, 0, NULL, &exception);
  if (exception != NULL)
    {
      g_autofree char *error = runtime_describe_error (realm, exception);
      g_error ("%s: %s", file, error);
    }
  realm_leave (realm);
  engine_script_free (script);
}

static void
test_file (gconstpointer data)
{
  Limits limits;
  limits_init (&limits);
  limits.value[LIMIT_WALL_MS] = limits.value[LIMIT_CPU_MS] = MOST_SECONDS * 1000;
  run.n_passed = run.n_failed = 0;
  run.is_over = FALSE;
  Realm *realm = runtime_realm_new (run.vm, 1, &host, NULL, &limits, NULL);
  start_file (realm, data);
  while (!run.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (run.n_failed, ==, 0);
  g_assert_cmpuint (run.n_passed, >, 0);
  realm_free (realm);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autofree char *path = folder_of_tests ();
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_assert_nonnull (folder);
  for (const char *name; (name = g_dir_read_name (folder)) != NULL;)
    if (g_str_has_suffix (name, ".test.js"))
      g_ptr_array_add (names, g_strdup (name));
  g_assert_cmpuint (names->len, >, 0);
  run.vm = vm_new ();
  runtime_init (run.vm, NULL);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *test = g_strdup_printf ("/runtime/%s", (char *) names->pdata[i]);
      g_test_add_data_func (test, names->pdata[i], test_file);
    }
  return g_test_run ();
}
