#include "base/redact.h"

#include <string.h>

static Redactor *
redactor_with (const char *label, const char *text)
{
  Redactor *redactor = redactor_new ();
  g_assert_true (redactor_add (redactor, label, text, strlen (text)));
  return redactor;
}

static void
check_text (const Redactor *redactor, const char *text, const char *expected)
{
  g_autofree char *redacted = redactor_text (redactor, text, -1);
  g_assert_cmpstr (redacted == NULL ? text : redacted, ==, expected);
}

static void
check_json (const Redactor *redactor, const char *json, const char *expected)
{
  g_autofree char *redacted = redactor_json (redactor, json, strlen (json));
  g_assert_cmpstr (redacted == NULL ? json : redacted, ==, expected);
}

/* Spelt by Node's JSON, util.inspect, encodeURIComponent, encodeURI, URLSearchParams and Buffer. */
static void
every_spelling_is_found (void)
{
  static const char secret[] = "s3cr?t /\"key\"+\\\xc3\xa4'";
  static const char *const spellings[] = {
    secret,
    "s3cr?t /\\\"key\\\"+\\\\\xc3\xa4'",
    "s3cr?t /\\\\\\\"key\\\\\\\"+\\\\\\\\\xc3\xa4'",
    "s3cr?t /\"key\"+\\\\\xc3\xa4'",
    "s3cr%3Ft%20%2F%22key%22%2B%5C%C3%A4'",
    "s3cr%3ft%20%2f%22key%22%2b%5c%c3%a4'",
    "s3cr?t%20/%22key%22+%5C%C3%A4'",
    "s3cr%3Ft%20%2F%22key%22%2B%5C%C3%A4%27",
    "s3cr%3Ft+%2F%22key%22%2B%5C%C3%A4%27",
    "733363723f74202f226b6579222b5cc3a427",
    "733363723F74202F226B6579222B5CC3A427",
    "73 33 63 72 3f 74 20 2f 22 6b 65 79 22 2b 5c c3 a4 27",
    "czNjcj90IC8ia2V5Iitcw6Qn",
  };
  g_autoptr (Redactor) redactor = redactor_with ("C.apiKey", secret);
  for (guint i = 0; i < G_N_ELEMENTS (spellings); i++)
    {
      g_autofree char *text = g_strdup_printf ("a %s, z", spellings[i]);
      check_text (redactor, text, "a [redacted: C.apiKey], z");
    }
}

static void
base64_of_something_that_holds_a_secret_is_found (void)
{
  static const char *const before[] = { "user:", "us:", "u:", "", "Ada Lovelace:" };
  static const char *const after[] = { "", "z", "zz", "and more" };
  g_autoptr (Redactor) redactor = redactor_with ("C.password", "correct horse?battery>staple");
  for (guint i = 0; i < G_N_ELEMENTS (before); i++)
    for (guint k = 0; k < G_N_ELEMENTS (after); k++)
      {
        g_autofree char *plain
            = g_strconcat (before[i], "correct horse?battery>staple", after[k], NULL);
        g_autofree char *encoded = g_base64_encode ((const guchar *) plain, strlen (plain));
        g_autofree char *redacted = redactor_text (redactor, encoded, -1);
        g_assert_nonnull (redacted);
        g_assert_nonnull (strstr (redacted, "[redacted: C.password]"));
        g_assert_cmpuint (strlen (redacted), <,
                          2 * strlen (before[i]) + 2 * strlen (after[k]) + 30);
      }
}

static void
values_that_look_like_patterns_are_only_text (void)
{
  static const char *const secrets[]
      = { "^.*$[a-z]+", "a|b|c|d", "%s%n%d%x", "\\0\\1$1$&", "((((", "*****", "....", "    " };
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      g_autoptr (Redactor) redactor = redactor_with ("C.k", secrets[i]);
      g_autofree char *text = g_strconcat ("<", secrets[i], ">", NULL);
      check_text (redactor, text, "<[redacted: C.k]>");
      check_text (redactor, "harmless text", "harmless text");
    }
}

static void
of_overlapping_secrets_the_first_and_longest_wins (void)
{
  g_autoptr (Redactor) redactor = redactor_new ();
  redactor_add (redactor, "A.key", "abcdef", 6);
  redactor_add (redactor, "B.key", "abcdefghij", 10);
  redactor_add (redactor, "C.key", "defghijkl", 9);
  check_text (redactor, "abcdefghijkl", "[redacted: B.key]kl");
  check_text (redactor, "abcdefgh", "[redacted: A.key]gh");
  check_text (redactor, "xdefghijkl", "x[redacted: C.key]");
  check_text (redactor, "abcdefabcdef", "[redacted: A.key][redacted: A.key]");
}

static void
a_short_secret_is_refused (void)
{
  g_autoptr (Redactor) redactor = redactor_new ();
  g_assert_false (redactor_add (redactor, "C.pin", "", 0));
  g_assert_false (redactor_add (redactor, "C.pin", "1", 1));
  g_assert_false (redactor_add (redactor, "C.pin", "123", 3));
  g_assert_true (redactor_is_empty (redactor));
  check_text (redactor, "1 123 1234", "1 123 1234");
  g_assert_true (redactor_add (redactor, "C.pin", "1234", 4));
  check_text (redactor, "1 123 1234", "1 123 [redacted: C.pin]");
}

static void
each_line_of_a_private_key_is_found (void)
{
  static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MC4CAQAwBQYDK2VwBCIEIFvJzDzsS3VbZ1x0mxzPZ1w7wB2k0i2U\r\n"
                            "b1ZkaGJvZ3VzYm9ndXM=\n"
                            "-----END PRIVATE KEY-----\n";
  g_autoptr (Redactor) redactor = redactor_with ("C.privateKey", key);
  check_text (redactor, key, "[redacted: C.privateKey]");
  check_text (redactor, "- b1ZkaGJvZ3VzYm9ndXM= -", "- [redacted: C.privateKey] -");
  check_text (redactor, "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----");
}

static void
json_stays_json (void)
{
  g_autoptr (Redactor) redactor = redactor_new ();
  redactor_add (redactor, "My \"C\".key", "a\":\"b", 5);
  redactor_add (redactor, "C.pin", "123456", 6);
  redactor_add (redactor, "C.word", "true", 4);
  redactor_add (redactor, "C.tail", "nabc\\", 5);
  /* Across tokens there is no secret. */
  check_json (redactor, "{\"xa\":\"b\"}", "{\"xa\":\"b\"}");
  check_json (redactor, "[\"xa\\\":\\\"by\"]", "[\"x[redacted: My \\\"C\\\".key]y\"]");
  check_json (redactor, "{\"a\": 91234567, \"b\":1}", "{\"a\": \"[redacted: C.pin]\", \"b\":1}");
  check_json (redactor, "[true,false]", "[\"[redacted: C.word]\",false]");
  check_json (redactor, "{\"k123456\":[]}", "{\"k[redacted: C.pin]\":[]}");
  /* An escape is never cut in two. */
  check_json (redactor, "[\"\\nabc\\\\\"]", "[\"[redacted: C.tail]\"]");
  check_json (redactor, "[\"\\ud800 123456\"]", "[\"[redacted: C.pin]\"]");
}

static void
a_value_loses_secrets_in_json_and_in_bytes (void)
{
  g_autoptr (Redactor) redactor = redactor_with ("C.key", "hunter2!");
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x hunter2! y", 12);
  g_autoptr (GBytes) others = g_bytes_new_static ("harmless", 8);
  g_autoptr (GBytes) json = g_bytes_new_static ("{\"a\":null,\"b\":null}", 19);
  g_ptr_array_add (parts, binary_part_new ("/a", bytes));
  g_ptr_array_add (parts, binary_part_new ("/b", others));
  g_autoptr (Value) value = value_new (json, parts);
  g_autoptr (Value) redacted = redactor_value (redactor, value);
  g_assert_nonnull (redacted);
  g_assert_cmpuint (value_n_parts (redacted), ==, 2);
  g_assert_cmpmem (g_bytes_get_data (value_part (redacted, 0)->bytes, NULL),
                   g_bytes_get_size (value_part (redacted, 0)->bytes), "[redacted: C.key]", 17);
  g_assert_true (value_part (redacted, 1)->bytes == others);

  g_autoptr (Value) harmless = value_new_json ("{\"a\":[1,2,\"hunter2\"]}");
  g_assert_null (redactor_value (redactor, harmless));
  g_autoptr (Value) undefined = value_new_undefined ();
  g_assert_null (redactor_value (redactor, undefined));
}

static void
append (GString *all, GBytes *piece)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (piece, &length);
  g_string_append_len (all, data, (gssize) length);
  g_bytes_unref (piece);
}

/* However it is cut, the pieces together are what the whole would be. */
static void
a_secret_split_over_writes_is_found (void)
{
  static const char text[] = "one abcdefabcdefg two aGFiY2Q= abcde abcdefgh";
  g_autoptr (Redactor) redactor = redactor_new ();
  redactor_add (redactor, "A", "abcdefg", 7);
  redactor_add (redactor, "B", "defabc", 6);
  g_autofree char *whole = redactor_text (redactor, text, -1);
  for (gsize first = 0; first < strlen (text); first++)
    for (gsize second = first; second <= strlen (text); second++)
      {
        g_autoptr (RedactorStream) stream = redactor_stream_new (redactor);
        g_autoptr (GString) all = g_string_new (NULL);
        append (all, redactor_stream_write (stream, text, first));
        append (all, redactor_stream_write (stream, text + first, second - first));
        append (all, redactor_stream_write (stream, text + second, strlen (text + second)));
        append (all, redactor_stream_end (stream));
        g_assert_cmpstr (all->str, ==, whole);
      }
}

static void
a_stream_holds_back_no_more_than_it_must (void)
{
  g_autoptr (Redactor) redactor = redactor_with ("A", "abcdefg");
  g_autoptr (RedactorStream) stream = redactor_stream_new (redactor);
  g_autoptr (GString) all = g_string_new (NULL);
  append (all, redactor_stream_write (stream, "nothing\0here ab", 15));
  g_assert_cmpmem (all->str, all->len, "nothing\0here ", 13);
  append (all, redactor_stream_write (stream, "c and on", 8));
  g_assert_cmpmem (all->str, all->len, "nothing\0here abc and on", 23);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redact/every_spelling_is_found", every_spelling_is_found);
  g_test_add_func ("/redact/base64_of_something_that_holds_a_secret_is_found",
                   base64_of_something_that_holds_a_secret_is_found);
  g_test_add_func ("/redact/values_that_look_like_patterns_are_only_text",
                   values_that_look_like_patterns_are_only_text);
  g_test_add_func ("/redact/of_overlapping_secrets_the_first_and_longest_wins",
                   of_overlapping_secrets_the_first_and_longest_wins);
  g_test_add_func ("/redact/a_short_secret_is_refused", a_short_secret_is_refused);
  g_test_add_func ("/redact/each_line_of_a_private_key_is_found",
                   each_line_of_a_private_key_is_found);
  g_test_add_func ("/redact/json_stays_json", json_stays_json);
  g_test_add_func ("/redact/a_value_loses_secrets_in_json_and_in_bytes",
                   a_value_loses_secrets_in_json_and_in_bytes);
  g_test_add_func ("/redact/a_secret_split_over_writes_is_found",
                   a_secret_split_over_writes_is_found);
  g_test_add_func ("/redact/a_stream_holds_back_no_more_than_it_must",
                   a_stream_holds_back_no_more_than_it_must);
  return g_test_run ();
}
