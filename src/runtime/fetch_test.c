/* Runs fetch_test.js in a realm of its own, with a real egress process and real servers on
 * loopback. */
#include "runtime/private.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char harness[]
    = "const tests = []; const test = (name, run) => tests.push([name, run]);"
      "const assert = require('assert');"
      "return async () => { for (const [name, run] of tests) {"
      "  try { await run(); done(name); }"
      "  catch (error) { done(name, String(error && error.stack ? error + '\\n' + error.stack : "
      "error)); }"
      "} };";

typedef struct
{
  gboolean is_over;
  guint n_passed, n_failed, n_left;
} Run;

static Run run;

static void
on_log (Realm *realm, guint level, const char *text, gpointer host)
{
  g_test_message ("log: %s", text);
}

static void
on_uncaught (Realm *realm, JSValueRef error, gpointer host)
{
  g_autofree char *text = runtime_describe_error (realm, error);
  g_test_message ("uncaught: %s", text);
  run.n_failed++;
}

static void
on_idle (Realm *realm, gpointer host)
{
  run.is_over = TRUE;
}

static void
on_limit_hit (Realm *realm, LimitId limit, const char *detail, gpointer host)
{
  g_test_message ("limit %s: %s", limit_info (limit)->name, detail == NULL ? "" : detail);
  run.n_failed++;
  run.is_over = TRUE;
}

static const RealmHost host = {
  .log = on_log,
  .uncaught = on_uncaught,
  .idle = on_idle,
  .limit_hit = on_limit_hit,
};

/* done (name, what went wrong or undefined) */
static JSValueRef
native_done (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *name = js_to_display (ctx, arguments[0]);
  if (n < 2 || JSValueIsUndefined (ctx, arguments[1]))
    {
      run.n_passed++;
      return js_undefined (ctx);
    }
  g_autofree char *why = js_to_display (ctx, arguments[1]);
  g_printerr ("# failed: %s: %s\n", name, why);
  run.n_failed++;
  return js_undefined (ctx);
}

/* --- the world --- */

static struct
{
  GPid egress, server;
  int control_fd, server_stdin;
  char *folder, *ports;
  Vm *vm;
  EgressClient *client;
} world;

static void
write_certificates (void)
{
  static const char *const names[] = { "good", "self_signed", "expired", "other_host" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s.pem", world.folder, names[i]);
      /* These servers are not asked for anything here. */
      g_assert_true (g_file_set_contents (path, "", 0, NULL));
    }
}

static void
start_server (void)
{
  g_autofree char *script = g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "src", "egress",
                                              "egress_test_server.mjs", NULL);
  char *arguments[] = { (char *) "node", script, world.folder, NULL };
  g_autoptr (GError) error = NULL;
  char line[1024];
  int out;
  g_spawn_async_with_pipes (NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                            NULL, NULL, &world.server, &world.server_stdin, &out, NULL, &error);
  g_assert_no_error (error);
  FILE *stream = fdopen (out, "r");
  g_assert_nonnull (fgets (line, sizeof line, stream));
  world.ports = g_strdup (g_strstrip (line));
  fclose (stream);
}

static void
start_egress (void)
{
  static const char *const allowed[] = { "127.0.0.1", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) frame = frame_writer_end (frame_writer_new (EGRESS_ATTACH, 1));
  int fds[2];
  egress_start (allowed, &world.control_fd, &world.egress, &error);
  g_assert_no_error (error);
  g_assert_true (frame_socketpair (fds, NULL));
  g_assert_true (frame_send (world.control_fd, frame, &fds[1], 1, NULL));
  close (fds[1]);
  world.client = egress_client_new (fds[0]);
}

static void
stop_world (void)
{
  static const char *const names[] = { "good", "self_signed", "expired", "other_host" };
  close (world.server_stdin);
  waitpid (world.server, NULL, 0);
  close (world.control_fd);
  waitpid (world.egress, NULL, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s.pem", world.folder, names[i]);
      g_unlink (path);
    }
  g_rmdir (world.folder);
  g_free (world.folder);
  g_free (world.ports);
  egress_client_free (world.client);
}

/* --- the run --- */

static guint
unused_port (void)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, length), ==, 0);
  getsockname (fd, (struct sockaddr *) &address, &length);
  close (fd);
  return ntohs (address.sin_port);
}

static char *
wrapped_source (const char *file)
{
  g_autofree char *path
      = g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "src", "runtime", file, NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  const char *split = strstr (harness, "return async");
  return g_strdup_printf ("(function (require, done, ports) { %.*s %s\n%s })",
                          (int) (split - harness), harness, text, split);
}

static void
start_file (Realm *realm, const char *file)
{
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  g_autofree char *source = wrapped_source (file);
  g_autofree char *ports = g_strdup_printf ("%.*s,\"unused\":%u}", (int) strlen (world.ports) - 1,
                                            world.ports, unused_port ());
  EngineScript *script = engine_script_new (file, source, -1);
  realm_enter (realm);
  JSObjectRef wrapper = js_as_object (ctx, engine_script_evaluate (script, ctx, &exception));
  g_assert_nonnull (wrapper);
  JSValueRef arguments[]
      = { runtime_require_function (realm), js_function (ctx, "done", native_done),
          js_parse_json (ctx, ports, strlen (ports), NULL) };
  JSValueRef start = JSObjectCallAsFunction (ctx, wrapper, NULL, 3, arguments, &exception);
  if (exception != NULL)
    {
      g_autofree char *text = runtime_describe_error (realm, exception);
      g_error ("%s: %s", file, text);
    }
  JSObjectCallAsFunction (ctx, (JSObjectRef) start, NULL, 0, NULL, &exception);
  realm_leave (realm);
  engine_script_free (script);
}

static gboolean
on_late (gpointer data)
{
  g_printerr ("# the tests did not end\n");
  run.n_failed++;
  run.is_over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_fetch_works_against_real_servers (void)
{
  Limits limits;
  limits_init (&limits);
  limits.value[LIMIT_REQUESTS] = 4;
  limits.value[LIMIT_FETCH_BYTES] = 2 << 20;
  run = (Run){ 0 };
  Realm *realm = runtime_realm_new (world.vm, 1, &host, NULL, &limits, NULL);
  guint late = g_timeout_add_seconds (60, on_late, NULL);
  start_file (realm, "fetch_test.js");
  while (!run.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (run.n_failed, ==, 0);
  g_assert_cmpuint (run.n_passed, >=, 20);
  realm_free (realm);
  g_source_remove (late);
}

static void
evaluate (Realm *realm, const char *source)
{
  JSValueRef exception = NULL;
  EngineScript *script = engine_script_new ("test", source, -1);
  realm_enter (realm);
  engine_script_evaluate (script, realm_context (realm), &exception);
  g_assert_null (exception);
  realm_leave (realm);
  engine_script_free (script);
}

/* Requests under way, waiting and half answered end with their realm. */
static void
test_a_realm_may_end_in_the_middle_of_its_requests (void)
{
  Limits limits;
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) ports = json_parse (world.ports, -1, &error);
  limits_init (&limits);
  limits.value[LIMIT_REQUESTS] = 3;
  Realm *realm = runtime_realm_new (world.vm, 2, &host, NULL, &limits, NULL);
  g_autofree char *source
      = g_strdup_printf ("for (let i = 0; i < 10; i++) fetch ('http://127.0.0.1:%d/half')"
                         ".then ((response) => response.text ());",
                         (int) json_get_int (ports, "first", 0));
  evaluate (realm, source);
  for (int i = 0; i < 50; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  realm_free (realm);
  for (int i = 0; i < 50; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static void
test_a_loop_of_requests_hits_the_limit (void)
{
  Limits limits;
  limits_init (&limits);
  run = (Run){ 0 };
  Realm *realm = runtime_realm_new (world.vm, 3, &host, NULL, &limits, NULL);
  evaluate (realm, "(async () => { for (;;) { fetch ('http://127.0.0.1:9999/').catch (() => {});"
                   " await null; } }) ();");
  g_assert_true (realm_is_terminated (realm));
  g_assert_cmpuint (run.n_failed, ==, 1);
  realm_free (realm);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/runtime/fetch/works_against_real_servers",
                   test_fetch_works_against_real_servers);
  g_test_add_func ("/runtime/fetch/a_realm_may_end_in_the_middle_of_its_requests",
                   test_a_realm_may_end_in_the_middle_of_its_requests);
  g_test_add_func ("/runtime/fetch/a_loop_of_requests_hits_the_limit",
                   test_a_loop_of_requests_hits_the_limit);
  world.folder = g_dir_make_tmp ("fetch-XXXXXX", NULL);
  write_certificates ();
  start_egress ();
  start_server ();
  world.vm = vm_new ();
  runtime_init (world.vm, world.client);
  int result = g_test_run ();
  stop_world ();
  return result;
}
