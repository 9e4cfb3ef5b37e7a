/* What providers answer, in every shape that they were seen in. */
#include "connection/test_support.h"

#define NOW_US ((gint64) 1000000000 * G_USEC_PER_SEC)

typedef struct
{
  guint status;
  const char *type, *body;
  const char *token; /* the access token; NULL = an error */
  gint64 lifetime_s;
  gboolean is_final, blames_client_auth;
  const char *words; /* a part of them */
} Row;

#define JSON "application/json;charset=UTF-8"
#define FORM "application/x-www-form-urlencoded; charset=utf-8"

static const Row rows[] = {
  /* RFC 6749 §5.1 */
  { 200, JSON,
    "{\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"example\",\"expires_in\":3600,"
    "\"refresh_token\":\"tGzv3JOkF0XG5Qx2TlKWIA\",\"example_parameter\":\"example_value\"}",
    "2YotnFZFEjr1zCsicMWpAA", 3600 },
  { 200, JSON, "{\"access_token\":\"t\"}", "t", 0 },
  { 201, NULL, "{\"access_token\":\"t\"}", "t", 0 },
  { 200, "text/html", "{\"access_token\":\"t\",\"expires_in\":\"3600\"}", "t", 3600 },
  { 200, "text/plain", " {\"access_token\":\"t\",\"expires_in\":3599.9}", "t", 3599 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":\"soon\"}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":\"\"}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":null}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":0}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":-60}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":1e300}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":\"inf\"}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":\"nan\"}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":9223372036854775807}", "t", 0 },
  { 200, JSON, "{\"access_token\":\"t\",\"expires_in\":[60]}", "t", 0 },
  /* GitHub's older way */
  { 200, FORM, "access_token=gho_16C7&scope=repo%2Cgist&token_type=bearer", "gho_16C7", 0 },
  { 200, "text/plain", "access_token=t&expires_in=60", "t", 60 },
  { 200, FORM, "error=bad_verification_code&error_description=It+is+wrong.", NULL, 0, TRUE, FALSE,
    "(it says: It is wrong.)" },
  { 200, JSON, "{\"error\":\"bad_refresh_token\"}", NULL, 0, TRUE, FALSE, "bad_refresh_token" },
  /* Slack's */
  { 200, JSON, "{\"ok\":false,\"error\":\"invalid_refresh_token\"}", NULL, 0, TRUE, FALSE,
    "invalid_refresh_token" },
  { 200, JSON, "{\"ok\":false,\"error\":\"internal_error\"}", NULL, 0, FALSE, FALSE, "broken" },
  /* RFC 6749 §5.2 */
  { 400, JSON, "{\"error\":\"invalid_request\"}", NULL, 0, TRUE, FALSE, "invalid_request" },
  { 401, JSON, "{\"error\":\"invalid_client\"}", NULL, 0, TRUE, TRUE, "client secret" },
  { 400, JSON, "{\"error\":\"invalid_client\"}", NULL, 0, TRUE, TRUE, "client secret" },
  { 400, JSON, "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been revoked.\"}",
    NULL, 0, TRUE, FALSE, "(it says: Token has been revoked.)" },
  { 400, JSON, "{\"error\":\"unauthorized_client\"}", NULL, 0, TRUE, TRUE,
    "may not use this grant" },
  { 400, JSON, "{\"error\":\"unsupported_grant_type\"}", NULL, 0, TRUE, FALSE, "does not know" },
  { 400, JSON, "{\"error\":\"invalid_scope\"}", NULL, 0, TRUE, FALSE, "scope" },
  { 400, JSON, "{\"error\":\"made_up\"}", NULL, 0, TRUE, FALSE, "\"made_up\"" },
  { 401, JSON, "{\"error\":\"made_up\"}", NULL, 0, TRUE, TRUE, "\"made_up\"" },
  { 400, JSON, "{\"error\":\"temporarily_unavailable\"}", NULL, 0, FALSE, FALSE, "overloaded" },
  { 503, JSON, "{\"error\":\"invalid_grant\"}", NULL, 0, FALSE, FALSE, "invalid_grant" },
  { 429, JSON, "{\"error\":\"made_up\"}", NULL, 0, FALSE, FALSE, "made_up" },
  /* Google's way in other services */
  { 403, JSON,
    "{\"error\":{\"code\":403,\"message\":\"Not enabled.\",\"status\":\"PERMISSION_DENIED\"}}",
    NULL, 0, TRUE, FALSE, "(it says: Not enabled.)" },
  { 404, JSON, "{\"message\":\"Not found\"}", NULL, 0, FALSE, FALSE, "\"404\"" },
  /* no answer of an OAuth server at all */
  { 200, "text/html", "<!DOCTYPE html><title>Log in</title>", NULL, 0, FALSE, FALSE,
    "a web page (text/html)" },
  { 200, JSON, "", NULL, 0, FALSE, FALSE, "an empty answer" },
  { 200, JSON, "{\"access_token\":", NULL, 0, FALSE, FALSE, "not JSON" },
  { 200, JSON, "[\"access_token\"]", NULL, 0, FALSE, FALSE, "not JSON" },
  { 200, JSON, "{}", NULL, 0, FALSE, FALSE, "has no access_token" },
  { 200, JSON, "{\"access_token\":\"\"}", NULL, 0, FALSE, FALSE, "has no access_token" },
  { 200, JSON, "{\"access_token\":7}", NULL, 0, FALSE, FALSE, "has no access_token" },
  { 200, JSON, "{\"access_token\":\"a\\r\\nX: b\"}", NULL, 0, FALSE, FALSE, "control characters" },
  { 200, JSON, "{\"access_token\":\"t\",\"token_type\":\"DPoP\"}", NULL, 0, FALSE, FALSE, "type" },
  { 200, JSON, "{\"access_token\":\"t\",\"refresh_token\":7}", NULL, 0, FALSE, FALSE,
    "refresh_token" },
  { 302, "text/html", "{\"access_token\":\"t\"}", NULL, 0, FALSE, FALSE, "redirect" },
  { 307, JSON, "{\"access_token\":\"t\"}", NULL, 0, FALSE, FALSE, "redirect" },
  { 401, "text/html", "<h1>no</h1>", NULL, 0, FALSE, TRUE, "401" },
  { 502, "text/html", "<h1>Bad Gateway</h1>", NULL, 0, FALSE, FALSE, "502" },
};

static void
every_answer_becomes_a_token_or_a_sentence (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Row *row = &rows[i];
      g_test_message ("row %u: %s", i, row->body);
      g_autoptr (GBytes) body = g_bytes_new_static (row->body, strlen (row->body));
      OAuthAnswer from = answer_of (row->status, row->type, body);
      g_autoptr (TokenAnswer) answer = token_answer_read (&from, NULL, NOW_US);
      g_assert_cmpstr (json_get_string (answer->token, "access_token"), ==, row->token);
      g_assert_cmpint (answer->lifetime_s, ==, row->lifetime_s);
      g_assert_cmpint (answer->is_final, ==, row->is_final);
      g_assert_cmpint (answer->blames_client_auth, ==, row->blames_client_auth);
      g_assert_true (row->token != NULL
                     || (answer->words != NULL && strstr (answer->words, row->words) != NULL));
    }
}

static void
extras_of_an_answer_are_kept (void)
{
  static const char text[]
      = "{\"access_token\":\"t\",\"instance_url\":\"https://i\",\"n\":{\"a\":[1]}}";
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  OAuthAnswer from = answer_of (200, JSON, body);
  g_autoptr (TokenAnswer) answer = token_answer_read (&from, NULL, NOW_US);
  g_autofree char *kept = json_print (answer->token);
  g_assert_cmpstr (kept, ==, text);
}

static void
a_huge_answer_is_not_read (void)
{
  static const char text[] = "{\"access_token\":\"t\"}";
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  OAuthAnswer from = answer_of (200, JSON, body);
  from.is_too_large = TRUE;
  g_autoptr (TokenAnswer) answer = token_answer_read (&from, NULL, NOW_US);
  g_assert_null (answer->token);
  g_assert_false (answer->is_final);
  g_assert_nonnull (strstr (answer->words, "256 KiB"));
}

static void
a_server_that_is_not_there_is_temporary (void)
{
  OAuthAnswer from = { .failure = "connect ECONNREFUSED" };
  g_autoptr (TokenAnswer) answer = token_answer_read (&from, NULL, NOW_US);
  g_assert_false (answer->is_final);
  g_assert_nonnull (strstr (answer->words, "ECONNREFUSED"));
}

static void
retry_after_is_seconds_or_a_date (void)
{
  static const struct
  {
    const char *text;
    gint64 seconds;
  } times[] = { { "120", 120 },
                { "0", 0 },
                { "-5", 0 },
                { "soon", 0 },
                { "99999999999", 86400 },
                { "Sun, 09 Sep 2001 01:47:40 GMT", 60 }, /* 1000000060 */
                { "Sun, 09 Sep 2001 01:40:00 GMT", 0 } };
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      OAuthAnswer from = answer_of (503, JSON, body);
      from.retry_after = times[i].text;
      g_autoptr (TokenAnswer) answer = token_answer_read (&from, NULL, NOW_US);
      g_assert_cmpint (answer->retry_after_s, ==, times[i].seconds);
    }
}

static void
a_provider_that_repeats_a_secret_is_not_quoted (void)
{
  static const char text[] = "{\"error\":\"invalid_grant\",\"error_description\":\"no such token: "
                             "refresh-1234 \\u202e\\n<b>\"}";
  static const char *const secrets[] = { "refresh-1234", NULL };
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  OAuthAnswer from = answer_of (400, JSON, body);
  g_autoptr (TokenAnswer) answer = token_answer_read (&from, secrets, NOW_US);
  g_assert_null (strstr (answer->words, "1234"));
  g_assert_null (strchr (answer->words, '\n'));
  g_assert_nonnull (strstr (answer->words, "no such token: [redacted]"));
}

static void
a_long_description_is_cut (void)
{
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autofree char *quoted = quote_stranger (long_text, NULL);
  g_assert_cmpint (g_utf8_strlen (quoted, -1), ==, 301);
}

#define TEST(name) g_test_add_func ("/answer/" #name, name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST (every_answer_becomes_a_token_or_a_sentence);
  TEST (extras_of_an_answer_are_kept);
  TEST (a_huge_answer_is_not_read);
  TEST (a_server_that_is_not_there_is_temporary);
  TEST (retry_after_is_seconds_or_a_date);
  TEST (a_provider_that_repeats_a_secret_is_not_quoted);
  TEST (a_long_description_is_cut);
  return g_test_run ();
}
