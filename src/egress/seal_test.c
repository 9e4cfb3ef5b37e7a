#include "egress/seal.h"

#include <string.h>

#define KEY "tenon-sealed-00112233445566778899aabbccddeeff"
#define OTHER "tenon-sealed-ffeeddccbbaa99887766554433221100"
#define SECRET "p\xc3\xa4ss \"<&>+/=?"

/* The keeper's frame, as egress reads it. */
static EgressSeals *
read_seals (const char *placeholder, const char *secret, const char *const *hosts, GError **error)
{
  FrameWriter *writer = frame_writer_new (EGRESS_SEAL, 1);
  guint n = g_strv_length ((char **) hosts);
  frame_write_u32 (writer, 1);
  frame_write_string (writer, placeholder);
  frame_write_string (writer, "C.apiKey");
  frame_write_bytes (writer, secret, strlen (secret));
  frame_write_u32 (writer, n);
  for (guint i = 0; i < n; i++)
    frame_write_string (writer, hosts[i]);
  g_autoptr (GBytes) whole = frame_writer_end (writer);
  g_autoptr (GBytes) body = g_bytes_new_from_bytes (whole, FRAME_HEADER_BYTES,
                                                    g_bytes_get_size (whole) - FRAME_HEADER_BYTES);
  Frame frame = { .type = EGRESS_SEAL, .stream = 1, .body = body };
  return egress_seals_read (&frame, error);
}

typedef struct
{
  const char *secret, *host, *url, *headers[5], *body;
} Case;

/* What would be sent; NULL where nothing is filled. */
static EgressFilled *
fill (const Case *what, EgressFailure **failure)
{
  g_autoptr (GError) error = NULL;
  const char *hosts[] = { what->host == NULL ? "api.example.com" : what->host, NULL };
  g_autoptr (EgressSeals) seals
      = read_seals (KEY, what->secret == NULL ? SECRET : what->secret, hosts, &error);
  g_assert_no_error (error);
  const char *url = what->url == NULL ? "https://api.example.com/" : what->url;
  g_autoptr (EgressTarget) target = egress_target_new (url, failure);
  g_assert_nonnull (target);
  g_autoptr (EgressOrder) order = g_new0 (EgressOrder, 1);
  order->headers = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; what->headers[i] != NULL; i++)
    g_ptr_array_add (order->headers, g_strdup (what->headers[i]));
  order->body = what->body == NULL ? NULL : g_bytes_new (what->body, strlen (what->body));
  g_autoptr (Redactor) masks = NULL;
  EgressFilled *filled = egress_seals_fill (seals, order, target, &masks, failure);
  g_assert_true ((filled != NULL) == (masks != NULL) || *failure != NULL);
  return filled;
}
#define FILL(...) fill (&(Case){ __VA_ARGS__ }, &failure)

static void
assert_body (const EgressFilled *filled, const char *expected)
{
  gsize length;
  const char *body = g_bytes_get_data (filled->body, &length);
  g_assert_cmpmem (body, length, expected, strlen (expected));
}

static void
a_value_is_spelt_as_its_place_needs_it (void)
{
  static const struct
  {
    const char *type, *body, *expected;
  } bodies[] = {
    { "application/x-www-form-urlencoded", "a=1&k=" KEY "&b=2",
      "a=1&k=p%C3%A4ss+%22%3C%26%3E%2B%2F%3D%3F&b=2" },
    { "application/json; charset=utf-8", "{\"k\":\"" KEY "\"}",
      "{\"k\":\"p\xc3\xa4ss \\\"<&>+/=?\"}" },
    { "application/vnd.api+json", "[\"" KEY "\",\"" KEY "\"]",
      "[\"p\xc3\xa4ss \\\"<&>+/=?\",\"p\xc3\xa4ss \\\"<&>+/=?\"]" },
    { "text/xml", "<k>" KEY "</k>", "<k>p\xc3\xa4ss &quot;&lt;&amp;&gt;+/=?</k>" },
    { "text/plain", KEY, SECRET },
  };
  EgressFailure *failure = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (EgressFilled) filled
          = FILL (.headers = { "Content-Type", bodies[i].type }, .body = bodies[i].body);
      g_assert_nonnull (filled);
      assert_body (filled, bodies[i].expected);
    }
  g_autoptr (EgressFilled) filled
      = FILL (.url = "https://api.example.com/v1/" KEY "?key=" KEY "&x=1");
  g_autofree char *url = egress_target_url (filled->target);
  g_assert_cmpstr (url, ==,
                   "https://api.example.com/v1/p%C3%A4ss%20%22%3C%26%3E%2B%2F%3D%3F"
                   "?key=p%C3%A4ss%20%22%3C%26%3E%2B%2F%3D%3F&x=1");
}

static void
headers_and_the_base64_of_basic_are_filled (void)
{
  EgressFailure *failure = NULL;
  g_autofree char *plain = g_base64_encode ((const guchar *) "ada:" KEY, strlen ("ada:" KEY));
  g_autofree char *basic = g_strconcat ("Basic ", plain, NULL);
  g_autofree char *secret
      = g_base64_encode ((const guchar *) "ada:" SECRET, strlen ("ada:" SECRET));
  g_autofree char *expected = g_strconcat ("Basic ", secret, NULL);
  g_autoptr (EgressFilled) filled
      = FILL (.headers = { "Authorization", basic, "X-Key", "k " KEY " z" });
  g_assert_nonnull (filled);
  g_assert_cmpstr (filled->headers->pdata[1], ==, expected);
  g_assert_cmpstr (filled->headers->pdata[3], ==, "k " SECRET " z");
}

static void
nothing_is_filled_where_it_must_not_be (void)
{
  static const Case cases[] = {
    { .url = "https://api.example.com.evil.example/?k=" KEY },
    { .url = "https://evil.example/?k=" KEY },
    { .url = "http://api.example.com/?k=" KEY },       /* in the clear */
    { .url = "https://api.example.com:8443/?k=" KEY }, /* another service of that machine */
    { .url = "https://xapi.example.com/?k=" KEY },
    { .url = "https://api.example.com/?k=" OTHER },
    { .url = "https://api.example.com/?k=tenon-sealed-0011" },
    { .host = "*.example.com", .url = "https://example.com/?k=" KEY },
    { .headers = { "Content-Type", "image/png" }, .body = KEY },
  };
  EgressFailure *failure = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_null (fill (&cases[i], &failure));
      g_assert_null (failure);
    }
}

static void
a_value_can_not_break_out_of_its_place (void)
{
  g_autoptr (EgressFailure) failure = NULL;
  g_assert_null (FILL (.secret = "a\r\nX-Evil: 1", .headers = { "X-Key", KEY }));
  g_assert_cmpstr (failure->code, ==, "EINVAL");
  g_assert_null (strstr (failure->message, "Evil"));
  g_clear_pointer (&failure, egress_failure_free);
  g_autoptr (EgressFilled) filled
      = FILL (.secret = "a?b#c&d=/../x", .url = "https://api.example.com/a/" KEY "/z");
  g_autofree char *url = egress_target_url (filled->target);
  g_assert_cmpstr (url, ==, "https://api.example.com/a/a%3Fb%23c%26d%3D%2F..%2Fx/z");
}

static void
hosts_are_checked_when_they_are_given (void)
{
  static const struct
  {
    const char *pattern;
    gboolean is_good;
  } rows[] = {
    { "api.example.com", TRUE },
    { "*.example.com", TRUE },
    { "api.example.com:8443", TRUE },
    { "http://127.0.0.1:8080", TRUE },
    { "https://api.example.com", TRUE },
    { "[::1]:8443", TRUE },
    { "*", FALSE },
    { "*.com", FALSE },
    { "", FALSE },
    { "api.example.com:0", FALSE },
    { "api.example.com:70000", FALSE },
    { "api.*.com", FALSE },
    { "api.example.com/path", FALSE },
    { "user@api.example.com", FALSE },
    { "*.10.0.0.1", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (egress_seal_host_problem (rows[i].pattern) == NULL, ==, rows[i].is_good);
  g_assert_true (egress_seal_host_matches ("*.example.com", "https", "a.b.example.com", 443));
  g_assert_true (egress_seal_host_matches ("http://127.0.0.1:8080", "http", "127.0.0.1", 8080));
}

static void
a_malformed_frame_is_refused (void)
{
  const char *good[] = { "api.example.com", NULL }, *wide[] = { "*", NULL };
  g_autoptr (GError) error = NULL;
  g_assert_null (read_seals ("apiKey", "secret", good, &error));
  g_assert_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED);
  g_clear_error (&error);
  g_assert_null (read_seals (KEY, "secret", wide, &error));
  g_assert_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED);
  g_clear_error (&error);
  g_autoptr (GBytes) body = g_bytes_new_static ("\xff\xff\xff\xff", 4);
  Frame frame = { .type = EGRESS_SEAL, .stream = 1, .body = body };
  g_assert_null (egress_seals_read (&frame, &error));
  g_assert_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seal/a_value_is_spelt_as_its_place_needs_it",
                   a_value_is_spelt_as_its_place_needs_it);
  g_test_add_func ("/seal/headers_and_the_base64_of_basic_are_filled",
                   headers_and_the_base64_of_basic_are_filled);
  g_test_add_func ("/seal/nothing_is_filled_where_it_must_not_be",
                   nothing_is_filled_where_it_must_not_be);
  g_test_add_func ("/seal/a_value_can_not_break_out_of_its_place",
                   a_value_can_not_break_out_of_its_place);
  g_test_add_func ("/seal/hosts_are_checked_when_they_are_given",
                   hosts_are_checked_when_they_are_given);
  g_test_add_func ("/seal/a_malformed_frame_is_refused", a_malformed_frame_is_refused);
  return g_test_run ();
}
