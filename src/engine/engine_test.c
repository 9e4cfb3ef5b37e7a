/* The engine through its public face, with a real VM (one for the whole run: the
 * engine allows one a process). */
#include "engine/engine.h"

#include <string.h>

static Vm *vm;

typedef struct
{
  guint n_idle, n_uncaught, n_limits, n_settled;
  LimitId limit;
  char *text;
  gboolean is_rejected;
} Host;

static void
host_log (Realm *realm, guint level, const char *text, gpointer data)
{
}

static void
host_uncaught (Realm *realm, JSValueRef error, gpointer data)
{
  Host *host = data;
  host->n_uncaught++;
  g_free (host->text);
  host->text = js_to_display (realm_context (realm), error);
}

static void
host_idle (Realm *realm, gpointer data)
{
  ((Host *) data)->n_idle++;
}

static void
host_limit (Realm *realm, LimitId limit, const char *detail, gpointer data)
{
  Host *host = data;
  host->n_limits++;
  host->limit = limit;
}

static const RealmHost host_table = { host_log, host_uncaught, host_idle, host_limit, NULL };

static JSValueRef
evaluate (Realm *realm, const char *source)
{
  JSValueRef exception = NULL;
  EngineScript *script = engine_script_new ("test.js", source, -1);
  JSValueRef value = engine_script_evaluate (script, realm_context (realm), &exception);
  engine_script_free (script);
  return exception != NULL ? exception : value;
}

static char *
evaluate_text (Realm *realm, const char *source)
{
  realm_enter (realm);
  char *text = js_to_display (realm_context (realm), evaluate (realm, source));
  realm_leave (realm);
  return text;
}

static void
assert_works (Realm *realm)
{
  g_autofree char *text = evaluate_text (realm, "'ok ' + [1, 2].map(x => x * 2)");
  g_assert_cmpstr (text, ==, "ok 2,4");
}

static void
settled (Realm *realm, JSValueRef value, gboolean is_rejected, gpointer data)
{
  Host *host = data;
  host->n_settled++;
  host->is_rejected = is_rejected;
  g_free (host->text);
  host->text = js_to_display (realm_context (realm), value);
}

static void
a_promise_settles_when_microtasks_are_drained (void)
{
  Host host = { 0 };
  Realm *realm = realm_new (vm, 1, &host_table, &host, NULL);
  realm_enter (realm);
  realm_await (realm, evaluate (realm, "(async () => { await null; return 'done' })()"), settled,
               &host);
  g_assert_cmpuint (host.n_settled, ==, 0);
  realm_leave (realm);
  g_assert_cmpuint (host.n_settled, ==, 1);
  g_assert_cmpstr (host.text, ==, "done");
  g_assert_false (host.is_rejected);
  g_assert_cmpuint (host.n_idle, ==, 1);
  realm_free (realm);
  g_free (host.text);
}

static void
awaiting_survives_a_bent_promise (void)
{
  Host host = { 0 };
  Realm *realm = realm_new (vm, 1, &host_table, &host, NULL);
  realm_enter (realm);
  evaluate (realm, "Promise.prototype.then = () => { throw 1 }; Promise.resolve = null;");
  realm_await (realm, evaluate (realm, "(async () => { throw new Error('no') })()"), settled,
               &host);
  realm_leave (realm);
  g_assert_cmpuint (host.n_settled, ==, 1);
  g_assert_true (host.is_rejected);
  g_assert_cmpstr (host.text, ==, "Error: no");
  realm_free (realm);
  g_free (host.text);
}

static void
an_unhandled_rejection_is_told (void)
{
  Host host = { 0 };
  Realm *realm = realm_new (vm, 1, &host_table, &host, NULL);
  g_free (evaluate_text (realm, "Promise.reject(new Error('lost')); 1"));
  g_assert_cmpuint (host.n_uncaught, ==, 1);
  g_assert_cmpstr (host.text, ==, "Error: lost");
  realm_free (realm);
  g_free (host.text);
}

static void
check_cpu_limit (const char *source)
{
  Host host = { 0 };
  Limits limits;
  limits_init (&limits);
  limits.value[LIMIT_CPU_MS] = 50;
  Realm *other = realm_new (vm, 2, &host_table, &host, NULL);
  Realm *realm = realm_new (vm, 1, &host_table, &host, &limits);

  gint64 start = g_get_monotonic_time ();
  g_free (evaluate_text (realm, source));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  g_assert_cmpuint (host.n_limits, ==, 1);
  g_assert_cmpint (host.limit, ==, LIMIT_CPU_MS);
  g_assert_true (realm_is_terminated (realm));
  realm_free (realm);
  assert_works (other);
  assert_works (other);
  realm_free (other);
}

static void
an_endless_loop_is_ended_and_other_realms_go_on (void)
{
  check_cpu_limit ("try { for (;;) {} } catch { for (;;) {} } finally { for (;;) {} }");
}

static void
an_endless_loop_in_a_microtask_is_ended (void)
{
  check_cpu_limit ("(async () => { await null; for (;;) {} })()");
}

static JSValueRef
hit_timers (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  realm_hit_limit (realm_of (ctx), LIMIT_TIMERS, "too many");
  return js_undefined (ctx);
}

static void
a_native_function_can_end_its_realm (void)
{
  Host host = { 0 };
  Realm *realm = realm_new (vm, 1, &host_table, &host, NULL);
  Realm *other = realm_new (vm, 2, &host_table, &host, NULL);
  realm_enter (realm);
  js_set (realm_context (realm), realm_global (realm), "hit",
          js_function (realm_context (realm), "hit", hit_timers));
  evaluate (realm, "hit(); for (;;) {}");
  realm_leave (realm);
  g_assert_cmpint (host.limit, ==, LIMIT_TIMERS);
  g_assert_cmpuint (host.n_limits, ==, 1);
  realm_free (realm);
  assert_works (other);
  realm_free (other);
}

static void
text_survives_both_ways (void)
{
  static const struct
  {
    const char *source, *utf8;
    gsize length;
  } rows[] = {
    { "'plain'", "plain", 5 },
    { "'gr\\u00fc\\u00df'", "gr\xc3\xbc\xc3\x9f", 6 },
    { "'\\u{1f680}x'", "\xf0\x9f\x9a\x80x", 5 },
    { "'a\\ud800b'",
      "a\xef\xbf\xbd"
      "b",
      5 },
    { "'n\\0l'", "n\0l", 3 },
  };
  Realm *realm = realm_new (vm, 1, NULL, NULL, NULL);
  JSContextRef ctx = realm_context (realm);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length;
      JSValueRef exception = NULL;
      realm_enter (realm);
      g_autofree char *text
          = js_to_utf8 (ctx, evaluate (realm, rows[i].source), &length, &exception);
      g_assert_cmpmem (text, length, rows[i].utf8, rows[i].length);
      g_autofree char *back
          = js_to_utf8 (ctx, js_string_n (ctx, text, length), &length, &exception);
      g_assert_cmpmem (back, length, rows[i].utf8, rows[i].length);
      realm_leave (realm);
    }
  realm_free (realm);
}

static void
a_view_shows_its_own_bytes_only (void)
{
  Realm *realm = realm_new (vm, 1, NULL, NULL, NULL);
  JSContextRef ctx = realm_context (realm);
  guint8 *data;
  gsize length;
  realm_enter (realm);
  JSValueRef part = evaluate (realm, "new Uint8Array(new Uint8Array([1,2,3,4,5]).buffer, 2, 2)");
  g_assert_true (js_get_bytes (ctx, part, &data, &length));
  g_assert_cmpmem (data, length, "\3\4", 2);
  part = evaluate (realm, "new DataView(new Uint8Array([1,2,3,4,5]).buffer, 1, 3)");
  g_assert_true (js_get_bytes (ctx, part, &data, &length));
  g_assert_cmpmem (data, length, "\2\3\4", 3);
  part = evaluate (realm, "var lie = new DataView(new ArrayBuffer(4)); Object.defineProperty(lie, "
                          "'byteLength', {value: 1e9}); lie");
  g_assert_false (js_get_bytes (ctx, part, &data, &length));
  g_assert_false (js_get_bytes (ctx, js_string (ctx, "x"), &data, &length));
  realm_leave (realm);
  realm_free (realm);
}

static gsize
resident_bytes (void)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_auto (GStrv) fields = g_strsplit (text, " ", 3);
  return (gsize) g_ascii_strtoull (fields[1], NULL, 10) * 4096;
}

static void
make_realms (guint n)
{
  Host host = { 0 };
  EngineScript *script
      = engine_script_new ("t.js", "(async () => { await null; return 'done' })()", -1);
  for (guint i = 0; i < n; i++)
    {
      JSValueRef exception = NULL;
      Realm *realm = realm_new (vm, 1, &host_table, &host, NULL);
      realm_enter (realm);
      realm_await (realm, engine_script_evaluate (script, realm_context (realm), &exception),
                   settled, &host);
      realm_leave (realm);
      realm_free (realm);
    }
  engine_script_free (script);
  g_assert_cmpuint (host.n_settled, ==, n);
  g_free (host.text);
}

static void
a_realm_that_has_ended_is_collected (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("freed memory stays in the sanitizer's quarantine");
  return;
#endif
  make_realms (500);
  gsize before = resident_bytes ();
  make_realms (6000);
  /* Kept realms would be 80 KiB each: 480 MB. */
  g_assert_cmpuint (resident_bytes (), <, before + (60 << 20));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  vm = vm_new ();
  g_test_add_func ("/engine/a_promise_settles_when_microtasks_are_drained",
                   a_promise_settles_when_microtasks_are_drained);
  g_test_add_func ("/engine/awaiting_survives_a_bent_promise", awaiting_survives_a_bent_promise);
  g_test_add_func ("/engine/an_unhandled_rejection_is_told", an_unhandled_rejection_is_told);
  g_test_add_func ("/engine/an_endless_loop_is_ended_and_other_realms_go_on",
                   an_endless_loop_is_ended_and_other_realms_go_on);
  g_test_add_func ("/engine/an_endless_loop_in_a_microtask_is_ended",
                   an_endless_loop_in_a_microtask_is_ended);
  g_test_add_func ("/engine/a_native_function_can_end_its_realm",
                   a_native_function_can_end_its_realm);
  g_test_add_func ("/engine/text_survives_both_ways", text_survives_both_ways);
  g_test_add_func ("/engine/a_view_shows_its_own_bytes_only", a_view_shows_its_own_bytes_only);
  g_test_add_func ("/engine/a_realm_that_has_ended_is_collected",
                   a_realm_that_has_ended_is_collected);
  return g_test_run ();
}
