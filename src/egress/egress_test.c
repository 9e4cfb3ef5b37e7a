/* The egress process for real: started as the server starts it, spoken to through the worker's
 * client, against servers on loopback (egress_test_server.mjs). */
#include "egress/private.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the outcome of one request --- */

typedef struct
{
  gboolean is_done;
  guint status;
  char *status_text, *url;
  gboolean was_redirected;
  GPtrArray *headers;
  GByteArray *body;
  guint n_chunks;
  char *code, *message, *host; /* NULL = it went well */
  guint port;
} Outcome;

static Outcome *
outcome_new (void)
{
  Outcome *outcome = g_new0 (Outcome, 1);
  outcome->headers = g_ptr_array_new_with_free_func (g_free);
  outcome->body = g_byte_array_new ();
  return outcome;
}

static void
outcome_free (Outcome *outcome)
{
  g_free (outcome->status_text);
  g_free (outcome->url);
  g_ptr_array_unref (outcome->headers);
  g_byte_array_unref (outcome->body);
  g_free (outcome->code);
  g_free (outcome->message);
  g_free (outcome->host);
  g_free (outcome);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outcome, outcome_free)

static void
on_head (const EgressHead *head, gpointer user_data)
{
  Outcome *outcome = user_data;
  g_assert_cmpuint (outcome->status, ==, 0);
  outcome->status = head->status;
  outcome->status_text = g_strdup (head->status_text);
  outcome->url = g_strdup (head->url);
  outcome->was_redirected = head->was_redirected;
  for (guint i = 0; i < head->headers->len; i++)
    g_ptr_array_add (outcome->headers, g_strdup (head->headers->pdata[i]));
}

static void
on_data (GBytes *chunk, gpointer user_data)
{
  Outcome *outcome = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (chunk, &size);
  g_byte_array_append (outcome->body, data, (guint) size);
  outcome->n_chunks++;
}

static void
on_end (gpointer user_data)
{
  Outcome *outcome = user_data;
  g_assert_false (outcome->is_done);
  outcome->is_done = TRUE;
}

static void
on_failed (const char *code, const char *message, const char *host, guint port, gpointer user_data)
{
  Outcome *outcome = user_data;
  g_assert_false (outcome->is_done);
  outcome->is_done = TRUE;
  outcome->code = g_strdup (code);
  outcome->message = g_strdup (message);
  outcome->host = g_strdup (host);
  outcome->port = port;
}

static const EgressCallbacks callbacks = { on_head, on_data, on_end, on_failed };

/* --- the world --- */

typedef struct
{
  GPid pid;
  int control_fd;
} Process;

static struct
{
  char *folder;
  GPid server;
  int server_stdin;
  json_t *ports;
  Process open;         /* loopback is allowed */
  Process closed;       /* the policy as it is by default */
  EgressClient *client; /* of the open one */
  guint64 last_worker;
} world;

static guint
port_of (const char *server)
{
  return (guint) json_get_int (world.ports, server, 0);
}

static void
start_process (Process *process, const char *const *allowed)
{
  g_autoptr (GError) error = NULL;
  egress_start (allowed, &process->control_fd, &process->pid, &error);
  g_assert_no_error (error);
}

static void
stop_process (Process *process)
{
  int status;
  close (process->control_fd);
  g_assert_cmpint (waitpid (process->pid, &status, 0), ==, process->pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* A channel to egress that a frame of the server's hands over: the other end. */
static int
attach_as (Process *process, guint16 type, guint64 stream)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) frame = frame_writer_end (frame_writer_new (type, stream));
  int fds[2];
  frame_socketpair (fds, &error);
  g_assert_no_error (error);
  frame_send (process->control_fd, frame, &fds[1], 1, &error);
  g_assert_no_error (error);
  close (fds[1]);
  return fds[0];
}

static int
attach_fd (Process *process)
{
  return attach_as (process, EGRESS_ATTACH, ++world.last_worker);
}

static EgressClient *
attach (Process *process)
{
  return egress_client_new (attach_fd (process));
}

static gboolean
on_late (gpointer user_data)
{
  g_error ("no outcome after 20 s");
  return G_SOURCE_REMOVE;
}

static void
wait_until (const gboolean *is_true)
{
  guint late = g_timeout_add_seconds (20, on_late, NULL);
  while (!*is_true)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
}

static void
wait_ms (guint ms)
{
  gint64 until = g_get_monotonic_time () + ms * 1000;
  while (g_get_monotonic_time () < until)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (1000);
    }
}

typedef struct
{
  EgressClient *client; /* NULL = the world's */
  const char *method, *url;
  const char *headers[8]; /* name, value, … */
  EgressRedirect redirect;
  guint timeout_ms;
  guint64 most_body_bytes;
  const char *body;
  GBytes *body_bytes;
  gboolean keeps_encoding;
} Ask;

/* "first:/path" stands for a URL of that server. */
static char *
expand (const char *url)
{
  static const char *const plain[] = { "first", "second", "garbage", "raw" };
  static const char *const secure[] = { "good", "self_signed", "expired", "other_host" };
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (g_str_has_prefix (url, plain[i]) && url[strlen (plain[i])] == ':')
      return g_strdup_printf ("http://127.0.0.1:%u%s", port_of (plain[i]),
                              url + strlen (plain[i]) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (secure); i++)
    if (g_str_has_prefix (url, secure[i]) && url[strlen (secure[i])] == ':')
      return g_strdup_printf ("https://localhost:%u%s", port_of (secure[i]),
                              url + strlen (secure[i]) + 1);
  return g_strdup (url);
}

static guint64
begin (const Ask *ask, Outcome *outcome)
{
  g_autofree char *url = expand (ask->url);
  g_autoptr (GPtrArray) headers = g_ptr_array_new ();
  g_autoptr (GBytes) body = ask->body_bytes != NULL ? g_bytes_ref (ask->body_bytes)
                            : ask->body == NULL     ? NULL
                                                    : g_bytes_new (ask->body, strlen (ask->body));
  EgressRequest request = {
    .method = ask->method == NULL ? "GET" : ask->method,
    .url = url,
    .headers = headers,
    .redirect = ask->redirect,
    .timeout_ms = ask->timeout_ms,
    .most_body_bytes = ask->most_body_bytes == 0 ? 256 << 20 : ask->most_body_bytes,
    .body = body,
    .keeps_encoding = ask->keeps_encoding,
  };
  for (guint i = 0; i < G_N_ELEMENTS (ask->headers) && ask->headers[i] != NULL; i++)
    g_ptr_array_add (headers, (gpointer) ask->headers[i]);
  return egress_client_request (ask->client == NULL ? world.client : ask->client, &request,
                                &callbacks, outcome);
}

static Outcome *
ask (const Ask *what)
{
  Outcome *outcome = outcome_new ();
  begin (what, outcome);
  wait_until (&outcome->is_done);
  return outcome;
}
#define ASK(...) ask (&(Ask){ __VA_ARGS__ })

static void
assert_body (const Outcome *outcome, const char *text)
{
  g_autofree char *body
      = g_strdup_printf ("%.*s", (int) outcome->body->len, (const char *) outcome->body->data);
  g_assert_cmpstr (outcome->message, ==, NULL);
  g_assert_cmpstr (body, ==, text);
}

static json_t *
body_json (const Outcome *outcome)
{
  g_autoptr (GError) error = NULL;
  g_assert_cmpstr (outcome->message, ==, NULL);
  json_t *json = json_parse ((const char *) outcome->body->data, outcome->body->len, &error);
  g_assert_no_error (error);
  return json;
}

static const char *
header (const Outcome *outcome, const char *name)
{
  for (guint i = 0; i < outcome->headers->len; i += 2)
    if (g_ascii_strcasecmp (outcome->headers->pdata[i], name) == 0)
      return outcome->headers->pdata[i + 1];
  return NULL;
}

/* A header as /echo received it. */
static const char *
echoed (json_t *echo, const char *name)
{
  json_t *headers = json_object_get (echo, "headers");
  for (gsize i = 0; i + 1 < json_array_size (headers); i += 2)
    if (g_ascii_strcasecmp (json_string_value (json_array_get (headers, i)), name) == 0)
      return json_string_value (json_array_get (headers, i + 1));
  return NULL;
}

static gint64
seen (const char *what)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/seen");
  g_autoptr (json_t) json = body_json (outcome);
  return json_get_int (json, what, -1);
}

/* --- requests --- */

static void
test_a_get_is_answered (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/hello");
  g_autofree char *url = expand ("first:/hello");
  assert_body (outcome, "hello");
  g_assert_cmpuint (outcome->status, ==, 200);
  g_assert_cmpstr (outcome->status_text, ==, "OK");
  g_assert_cmpstr (outcome->url, ==, url);
  g_assert_false (outcome->was_redirected);
}

static void
test_a_request_arrives_as_it_was_written (void)
{
  g_autoptr (Outcome) outcome
      = ASK (.method = "PATCH", .url = "first:/echo?a=1&b=%20", .body = "the body",
             .headers = { "X-One", "1", "x-two", "caf\303\251", "X-Empty", "", "content-type",
                          "text/plain" });
  g_autoptr (json_t) echo = body_json (outcome);
  g_assert_cmpstr (json_get_string (echo, "method"), ==, "PATCH");
  g_assert_cmpstr (json_get_string (echo, "url"), ==, "/echo?a=1&b=%20");
  g_assert_cmpstr (json_get_string (echo, "body"), ==, "the body");
  g_assert_cmpstr (echoed (echo, "x-one"), ==, "1");
  g_assert_cmpstr (echoed (echo, "x-two"), ==, "caf\303\251");
  g_assert_cmpstr (echoed (echo, "x-empty"), ==, "");
  g_assert_cmpstr (echoed (echo, "content-type"), ==, "text/plain");
  g_assert_cmpstr (echoed (echo, "content-length"), ==, "8");
}

static void
test_nothing_is_added_that_was_not_asked_for (void)
{
  g_autoptr (Outcome) outcome
      = ASK (.method = "POST", .url = "first:/echo", .body = "x", .keeps_encoding = TRUE);
  g_autoptr (json_t) echo = body_json (outcome);
  /* Host and Content-Length. */
  g_assert_cmpuint (json_array_size (json_object_get (echo, "headers")), ==, 4);
}

static void
test_methods_have_the_body_that_they_should (void)
{
  static const struct
  {
    const char *method, *body, *length;
  } cases[] = {
    { "GET", NULL, NULL },    { "DELETE", NULL, NULL },   { "OPTIONS", NULL, NULL },
    { "POST", NULL, "0" },    { "PUT", NULL, "0" },       { "PATCH", NULL, "0" },
    { "GET", "query", "5" },  { "DELETE", "what", "4" },  { "PUT", "data", "4" },
    { "REPORT", "xml", "3" }, { "PROPFIND", NULL, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Outcome) outcome
          = ASK (.method = cases[i].method, .url = "first:/echo", .body = cases[i].body);
      g_autoptr (json_t) echo = body_json (outcome);
      g_test_message ("%s", cases[i].method);
      g_assert_cmpstr (json_get_string (echo, "method"), ==, cases[i].method);
      g_assert_cmpstr (json_get_string (echo, "body"), ==,
                       cases[i].body == NULL ? "" : cases[i].body);
      g_assert_cmpstr (echoed (echo, "content-length"), ==, cases[i].length);
    }
}

static void
test_head_and_empty_answers_have_no_body (void)
{
  g_autoptr (Outcome) head = ASK (.method = "HEAD", .url = "first:/encoded?how=gzip");
  assert_body (head, "");
  g_assert_cmpuint (head->status, ==, 200);
  g_autoptr (Outcome) no_content = ASK (.url = "first:/status?code=204");
  assert_body (no_content, "");
  g_assert_cmpuint (no_content->status, ==, 204);
  g_autoptr (Outcome) not_modified = ASK (.url = "first:/status?code=304");
  g_assert_cmpuint (not_modified->status, ==, 304);
}

static void
test_any_status_is_an_answer (void)
{
  static const guint cases[] = { 200, 201, 299, 300, 400, 401, 404, 407, 418, 429, 500, 503, 599 };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *url
          = g_strdup_printf ("first:/status?code=%u&text=So%%20it%%20is", cases[i]);
      g_autoptr (Outcome) outcome = ASK (.url = url);
      assert_body (outcome, "body");
      g_assert_cmpuint (outcome->status, ==, cases[i]);
      g_assert_cmpstr (outcome->status_text, ==, "So it is");
    }
}

static void
test_response_headers_are_kept_apart (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/headers");
  guint n_cookies = 0;
  for (guint i = 0; i < outcome->headers->len; i += 2)
    n_cookies += g_ascii_strcasecmp (outcome->headers->pdata[i], "set-cookie") == 0;
  g_assert_cmpuint (n_cookies, ==, 2);
  g_assert_cmpstr (header (outcome, "x-latin"), ==, "caf\303\251");
  g_assert_cmpstr (header (outcome, "x-empty"), ==, "");
  g_assert_cmpstr (outcome->status_text, ==, "Fine");
}

static void
test_odd_heads_are_read (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "raw:/");
  if (outcome->code != NULL)
    /* libcurl refuses NUL in a header by itself. */
    g_assert_cmpstr (outcome->code, ==, "HPE_INVALID_CONSTANT");
  else
    {
      assert_body (outcome, "ok");
      g_assert_cmpstr (header (outcome, "x-folded"), ==, "a b");
    }
  g_autoptr (Outcome) hints = ASK (.url = "first:/hints");
  assert_body (hints, "after hints");
  g_assert_null (header (hints, "link"));
  g_autoptr (Outcome) trailers = ASK (.url = "first:/trailers");
  assert_body (trailers, "body");
  g_assert_null (header (trailers, "x-after"));
}

static void
test_encodings_are_decoded (void)
{
  static const char *const encodings[] = { "gzip", "deflate", "br" };
  g_autoptr (Outcome) plain = ASK (.url = "first:/encoded?how=identity");
  g_assert_cmpuint (plain->body->len, ==, 4400);
  for (guint i = 0; i < G_N_ELEMENTS (encodings); i++)
    {
      g_autofree char *url = g_strconcat ("first:/encoded?how=", encodings[i], NULL);
      g_autoptr (Outcome) decoded = ASK (.url = url);
      g_autoptr (Outcome) kept = ASK (.url = url, .keeps_encoding = TRUE);
      g_assert_cmpmem (decoded->body->data, decoded->body->len, plain->body->data,
                       plain->body->len);
      g_assert_cmpstr (header (decoded, "content-encoding"), ==, encodings[i]);
      g_assert_cmpuint (kept->body->len, <, 1000);
    }
}

static void
test_an_unknown_encoding_is_left_as_it_is (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/encoded?how=x-strange");
  g_assert_cmpstr (outcome->message, ==, NULL);
  g_assert_cmpuint (outcome->body->len, ==, 4400);
}

static void
test_a_broken_encoding_fails (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/broken-gzip");
  g_assert_cmpstr (outcome->code, ==, "Z_DATA_ERROR");
}

static void
test_a_chunked_body_comes_as_it_is_sent (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/chunked");
  assert_body (outcome, "one two three");
  g_assert_cmpuint (outcome->n_chunks, >=, 3);
}

static void
test_a_large_body_goes_up_and_comes_down (void)
{
  gsize size = 8 << 20;
  g_autofree guint8 *data = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 31 + i / 251);
  g_autoptr (GBytes) body = g_bytes_new (data, size);
  g_autofree char *sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);

  g_autoptr (Outcome) up = ASK (.method = "POST", .url = "first:/echo", .body_bytes = body);
  g_autoptr (json_t) echo = body_json (up);
  g_assert_cmpstr (json_get_string (echo, "sha256"), ==, sha256);

  g_autoptr (Outcome) down = ASK (.url = "first:/big?bytes=50000000");
  g_assert_cmpstr (down->message, ==, NULL);
  g_assert_cmpuint (down->body->len, ==, 50000000);
}

static void
test_connections_are_used_again (void)
{
  gint64 before = seen ("connections");
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (Outcome) outcome = ASK (.url = "first:/hello");
      assert_body (outcome, "hello");
    }
  g_assert_cmpint (seen ("connections"), ==, before);
}

static void
test_connections_are_not_shared_between_workers (void)
{
  gint64 before = seen ("connections");
  EgressClient *other = attach (&world.open);
  g_autoptr (Outcome) outcome = ASK (.url = "first:/hello", .client = other);
  assert_body (outcome, "hello");
  g_assert_cmpint (seen ("connections"), ==, before + 1);
  egress_client_free (other);
}

static void
test_a_connection_that_was_authenticated_is_not_used_again (void)
{
  gint64 before = seen ("connections");
  g_autoptr (Outcome) ntlm
      = ASK (.url = "first:/hello", .headers = { "Authorization", "NTLM TlRMTVNTUAAB" });
  g_autoptr (Outcome) closing = ASK (.url = "first:/hello", .headers = { "connection", "close" });
  g_autoptr (Outcome) basic
      = ASK (.url = "first:/hello", .headers = { "authorization", "Basic eDp5" });
  assert_body (ntlm, "hello");
  assert_body (closing, "hello");
  assert_body (basic, "hello");
  g_assert_cmpint (seen ("connections"), ==, before + 2);
}

static void
test_many_requests_run_at_once (void)
{
  Outcome *outcomes[100];
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      outcomes[i] = outcome_new ();
      begin (&(Ask){ .url = i % 2 == 0 ? "first:/chunked" : "good:/chunked" }, outcomes[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      wait_until (&outcomes[i]->is_done);
      assert_body (outcomes[i], "one two three");
      outcome_free (outcomes[i]);
    }
}

/* --- TLS --- */

static void
test_http2_is_spoken_over_tls (void)
{
  g_autoptr (Outcome) outcome
      = ASK (.method = "POST", .url = "good:/echo", .body = "over h2", .headers = { "x-one", "1" });
  g_autoptr (json_t) echo = body_json (outcome);
  g_assert_cmpstr (json_get_string (echo, "version"), ==, "2.0");
  g_assert_cmpstr (json_get_string (echo, "body"), ==, "over h2");
  g_assert_cmpstr (echoed (echo, "x-one"), ==, "1");
  g_assert_cmpstr (outcome->status_text, ==, "");

  g_autoptr (Outcome) big = ASK (.url = "good:/big?bytes=20000000");
  g_assert_cmpstr (big->message, ==, NULL);
  g_assert_cmpuint (big->body->len, ==, 20000000);
}

static void
test_a_bad_certificate_is_refused (void)
{
  static const struct
  {
    const char *url, *code;
  } cases[] = {
    { "self_signed:/hello", "DEPTH_ZERO_SELF_SIGNED_CERT" },
    { "expired:/hello", "CERT_HAS_EXPIRED" },
    { "other_host:/hello", "ERR_TLS_CERT_ALTNAME_INVALID" },
    { "first:/redirect?code=302&to=$self_signed/hello", "DEPTH_ZERO_SELF_SIGNED_CERT" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Outcome) outcome = ASK (.url = cases[i].url);
      g_test_message ("%s: %s", cases[i].url, outcome->message);
      g_assert_cmpstr (outcome->code, ==, cases[i].code);
      g_assert_cmpstr (outcome->host, ==, "localhost");
    }
}

static void
test_plain_text_where_tls_was_expected_fails (void)
{
  g_autofree char *url = g_strdup_printf ("https://127.0.0.1:%u/", port_of ("first"));
  g_autoptr (Outcome) outcome = ASK (.url = url);
  g_assert_cmpstr (outcome->code, ==, "EPROTO");
}

/* --- redirects --- */

static void
test_redirects_change_method_and_body_as_fetch_says (void)
{
  static const struct
  {
    guint code;
    const char *method, *then;
    gboolean keeps_body;
  } cases[] = {
    { 301, "GET", "GET", TRUE },       { 301, "POST", "GET", FALSE },
    { 301, "PUT", "PUT", TRUE },       { 302, "POST", "GET", FALSE },
    { 302, "DELETE", "DELETE", TRUE }, { 303, "POST", "GET", FALSE },
    { 303, "PUT", "GET", FALSE },      { 303, "GET", "GET", TRUE },
    { 307, "POST", "POST", TRUE },     { 307, "PUT", "PUT", TRUE },
    { 308, "POST", "POST", TRUE },     { 308, "DELETE", "DELETE", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean has_body = strcmp (cases[i].method, "GET") != 0;
      g_autofree char *url = g_strdup_printf ("first:/redirect?code=%u&to=/echo", cases[i].code);
      g_autoptr (Outcome) outcome
          = ASK (.method = cases[i].method, .url = url, .body = has_body ? "again" : NULL,
                 .headers = { "content-type", "text/plain", "x-mine", "1" });
      g_autoptr (json_t) echo = body_json (outcome);
      g_test_message ("%u %s", cases[i].code, cases[i].method);
      g_assert_true (outcome->was_redirected);
      g_assert_true (g_str_has_suffix (outcome->url, "/echo"));
      g_assert_cmpstr (json_get_string (echo, "method"), ==, cases[i].then);
      g_assert_cmpstr (json_get_string (echo, "body"), ==,
                       has_body && cases[i].keeps_body ? "again" : "");
      g_assert_cmpstr (echoed (echo, "content-type"), ==,
                       cases[i].keeps_body ? "text/plain" : NULL);
      g_assert_cmpstr (echoed (echo, "x-mine"), ==, "1");
    }
}

static void
test_credentials_stay_with_their_origin (void)
{
  const char *const headers[]
      = { "Authorization", "Bearer secret", "Cookie", "a=1", "X-Other", "1" };
  Ask here = { .url = "first:/redirect?code=307&to=$first/echo" };
  Ask there = { .url = "first:/redirect?code=307&to=$second/echo" };
  memcpy (here.headers, headers, sizeof headers);
  memcpy (there.headers, headers, sizeof headers);

  g_autoptr (Outcome) same = ask (&here);
  g_autoptr (json_t) same_echo = body_json (same);
  g_assert_cmpstr (echoed (same_echo, "authorization"), ==, "Bearer secret");
  g_assert_cmpstr (echoed (same_echo, "cookie"), ==, "a=1");

  g_autoptr (Outcome) other = ask (&there);
  g_autoptr (json_t) other_echo = body_json (other);
  g_assert_cmpstr (echoed (other_echo, "authorization"), ==, NULL);
  g_assert_cmpstr (echoed (other_echo, "cookie"), ==, NULL);
  g_assert_cmpstr (echoed (other_echo, "x-other"), ==, "1");
}

static void
test_twenty_redirects_are_followed_and_no_more (void)
{
  g_autoptr (Outcome) twenty = ASK (.url = "first:/loop?n=20");
  assert_body (twenty, "arrived");
  g_autoptr (Outcome) more = ASK (.url = "first:/loop?n=21");
  g_assert_cmpstr (more->message, ==, "redirect count exceeded");
}

static void
test_redirect_modes_are_kept (void)
{
  g_autoptr (Outcome) error
      = ASK (.url = "first:/redirect?code=302&to=/hello", .redirect = EGRESS_REDIRECT_ERROR);
  g_assert_cmpstr (error->message, ==, "unexpected redirect");
  g_autoptr (Outcome) manual
      = ASK (.url = "first:/redirect?code=302&to=/hello", .redirect = EGRESS_REDIRECT_MANUAL);
  assert_body (manual, "redirecting");
  g_assert_cmpuint (manual->status, ==, 302);
  g_assert_cmpstr (header (manual, "location"), ==, "/hello");
}

static void
test_odd_locations_are_resolved (void)
{
  static const struct
  {
    const char *to, *url;
  } cases[] = {
    { "echo", "/echo" },
    { "./echo", "/echo" },
    { "../../echo", "/echo" },
    { "/a/../echo", "/echo" },
    { "%3Fcode=307%26to=/echo", "/echo" },
    { "/echo%3Fa%20b", "/echo?a%20b" },
    { "/echo%3F%C3%A9", "/echo?%c3%a9" },
    { "/echo%23part", "/echo" },
    { "/echo%3F%22%3C\\", "/echo?%22%3C\\" },
    { "\\echo", "/echo" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *url = g_strdup_printf ("first:/redirect?code=302&to=%s", cases[i].to);
      g_autoptr (Outcome) outcome = ASK (.url = url);
      g_test_message ("%s", cases[i].to);
      g_autoptr (json_t) echo = body_json (outcome);
      g_assert_cmpint (g_ascii_strcasecmp (json_get_string (echo, "url"), cases[i].url), ==, 0);
    }
  g_autoptr (Outcome) none = ASK (.url = "first:/status?code=302");
  assert_body (none, "body");
  g_assert_cmpuint (none->status, ==, 302);
}

static void
test_a_redirect_elsewhere_than_http_is_refused (void)
{
  static const char *const cases[]
      = { "ftp://127.0.0.1/", "file:///etc/passwd",    "gopher://127.0.0.1/",
          "javascript:1",     "http://u:p@127.0.0.1/", "http://",
          "dict://x" };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *url = g_strdup_printf ("first:/redirect?code=302&to=%s", cases[i]);
      g_autoptr (Outcome) outcome = ASK (.url = url);
      g_test_message ("%s: %s", cases[i], outcome->message);
      g_assert_nonnull (outcome->code);
      g_assert_cmpuint (outcome->status, ==, 0);
    }
}

static void
test_a_redirect_with_a_long_body_is_followed (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/redirect-big");
  assert_body (outcome, "hello");
}

/* --- failures --- */

static guint
free_port (void)
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

static void
test_failures_have_nodes_codes (void)
{
  static const struct
  {
    const char *url, *code;
  } cases[] = {
    { "http://no-such-host.invalid/", "ENOTFOUND" },
    { "first:/reset", "ECONNRESET" },
    { "first:/close", "UND_ERR_SOCKET" },
    { "first:/truncated", "UND_ERR_SOCKET" },
    { "garbage:/", "HPE_INVALID_CONSTANT" },
    { "first:/many-headers", "UND_ERR_HEADERS_OVERFLOW" },
    { "http://127.0.0.1:25/", "UND_ERR_INVALID_ARG" },
    { "http://127.0.0.1:6667/", "UND_ERR_INVALID_ARG" },
    { "ftp://127.0.0.1/", "ERR_INVALID_URL" },
    { "file:///etc/passwd", "ERR_INVALID_URL" },
    { "http://user:secret@127.0.0.1/", "ERR_INVALID_URL" },
    { "http://", "ERR_INVALID_URL" },
    { "", "ERR_INVALID_URL" },
    { "nonsense", "ERR_INVALID_URL" },
    { "http://127.0.0.1:99999/", "ERR_INVALID_URL" },
    { "http://a b/", "ERR_INVALID_URL" },
    { "first:/a b", "ERR_INVALID_URL" },
    { "first:/ HTTP/1.1\r\nHost: other\r\n\r\n", "ERR_INVALID_URL" },
    { "http://127.0.0.1\r\nX: y/", "ERR_INVALID_URL" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Outcome) outcome = ASK (.url = cases[i].url);
      g_test_message ("%s: %s: %s", cases[i].url, outcome->code, outcome->message);
      g_assert_cmpstr (outcome->code, ==, cases[i].code);
      g_assert_null (strstr (outcome->message, "secret"));
    }
}

static void
test_a_post_is_sent_once_whatever_becomes_of_its_connection (void)
{
  g_autoptr (Outcome) first = ASK (.url = "first:/reset-seen");
  g_autoptr (Outcome) outcome = ASK (.method = "POST", .url = "first:/close", .body = "pay");
  g_assert_cmpstr (outcome->code, ==, "UND_ERR_SOCKET");
  g_assert_cmpint (seen ("closed"), ==, 1);
}

static void
test_a_refused_connection_names_its_address (void)
{
  guint port = free_port ();
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  g_autofree char *message = g_strdup_printf ("connect ECONNREFUSED 127.0.0.1:%u", port);
  g_autoptr (Outcome) outcome = ASK (.url = url);
  g_assert_cmpstr (outcome->code, ==, "ECONNREFUSED");
  g_assert_cmpstr (outcome->message, ==, message);
  g_assert_cmpstr (outcome->host, ==, "127.0.0.1");
  g_assert_cmpuint (outcome->port, ==, port);
}

static void
test_a_timeout_ends_a_request_wherever_it_is (void)
{
  static const char *const cases[] = { "first:/never", "first:/half", "good:/never" };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 began = g_get_monotonic_time ();
      g_autoptr (Outcome) outcome = ASK (.url = cases[i], .timeout_ms = 200);
      gint64 took_ms = (g_get_monotonic_time () - began) / 1000;
      g_assert_cmpstr (outcome->code, ==, "ETIMEDOUT");
      g_assert_cmpint (took_ms, >=, 190);
      g_assert_cmpint (took_ms, <, 3000);
    }
}

static void
test_a_body_over_its_limit_is_cut_off (void)
{
  g_autoptr (Outcome) outcome = ASK (.url = "first:/big?bytes=10000000", .most_body_bytes = 100000);
  g_assert_cmpstr (outcome->code, ==, "UND_ERR_RES_EXCEEDED_MAX_SIZE");
  g_assert_cmpuint (outcome->body->len, <=, 100000);
  g_assert_nonnull (strstr (outcome->message, "fetchBytes"));
  g_autoptr (Outcome) bomb = ASK (.url = "first:/bomb", .most_body_bytes = 1 << 20);
  g_assert_cmpstr (bomb->code, ==, "UND_ERR_RES_EXCEEDED_MAX_SIZE");
  g_autoptr (Outcome) exact = ASK (.url = "first:/big?bytes=100000", .most_body_bytes = 100000);
  g_assert_cmpstr (exact->message, ==, NULL);
}

static void
test_hostile_requests_are_refused (void)
{
  static const struct
  {
    const char *method, *name, *value;
  } cases[] = {
    { "GET\r\nX: y", "a", "b" },
    { "GET /x HTTP/1.1\r\nHost:", "a", "b" },
    { "", "a", "b" },
    { "CONNECT", "a", "b" },
    { "TRACE", "a", "b" },
    { "trace", "a", "b" },
    { "G\303\211T", "a", "b" },
    { "GET", "a\r\nb", "c" },
    { "GET", "a:b", "c" },
    { "GET", "a b", "c" },
    { "GET", "", "c" },
    { "GET", "@/etc/passwd", "c" },
    { "GET", "x", "a\r\nInjected: 1" },
    { "GET", "x", "a\nb" },
    { "GET", "x", "a\001b" },
    { "GET", "x", "a\177b" },
    { "GET", "x", "\342\202\254" },
    { "GET", "Transfer-Encoding", "chunked" },
    { "GET", "transfer-encoding", "identity" },
    { "GET", "Content-Length", "5" },
    { "GET", "Content-Length", "-1" },
    { "GET", "Content-Length", "0, 0" },
    { "GET", "Upgrade", "websocket" },
    { "GET", "Connection", "Upgrade" },
    { "GET", "Connection", "close, x-foo" },
    { "GET", "Expect", "100-continue" },
    { "GET", "TE", "trailers" },
    { "GET", "Keep-Alive", "1" },
    { "GET", "Proxy-Connection", "close" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Outcome) outcome = ASK (.method = cases[i].method, .url = "first:/hello",
                                         .headers = { cases[i].name, cases[i].value });
      g_test_message ("case %u: %s", i, outcome->message);
      g_assert_nonnull (outcome->code);
      g_assert_cmpuint (outcome->status, ==, 0);
    }
  g_autoptr (Outcome) repeated
      = ASK (.url = "first:/hello",
             .headers = { "Content-Length", "0", "Connection", "keep-alive" });
  assert_body (repeated, "hello");
}

/* --- flow --- */

static void
test_a_cancelled_request_is_heard_of_no_more (void)
{
  g_autoptr (Outcome) cleared = ASK (.url = "first:/reset-seen");
  g_autoptr (Outcome) outcome = outcome_new ();
  guint64 number = begin (&(Ask){ .url = "first:/big?bytes=200000000" }, outcome);
  while (outcome->body->len == 0)
    g_main_context_iteration (NULL, TRUE);
  egress_client_cancel (world.client, number);
  guint length = outcome->body->len;
  wait_ms (200);
  g_assert_false (outcome->is_done);
  g_assert_cmpuint (outcome->body->len, ==, length);
  g_assert_cmpint (seen ("aborted"), ==, 1);
}

static void
test_a_held_request_stops_its_server (void)
{
  static const char *const cases[] = { "first:/big?bytes=60000000", "good:/big?bytes=60000000" };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Outcome) cleared = ASK (.url = "first:/reset-seen");
      g_autoptr (Outcome) outcome = outcome_new ();
      guint64 number = begin (&(Ask){ .url = cases[i] }, outcome);
      while (outcome->body->len == 0)
        g_main_context_iteration (NULL, TRUE);
      egress_client_hold (world.client, number, TRUE);
      wait_ms (300);
      guint length = outcome->body->len;
      wait_ms (100);
      g_assert_cmpuint (outcome->body->len, ==, length);
      g_assert_cmpuint (length, <, 30000000);
      g_assert_cmpint (seen ("sent"), <, 60000000);
      egress_client_hold (world.client, number, FALSE);
      wait_until (&outcome->is_done);
      g_assert_cmpstr (outcome->message, ==, NULL);
      g_assert_cmpuint (outcome->body->len, ==, 60000000);
    }
}

/* The worker is busy in JavaScript: it does not read its channel. */
static void
test_a_worker_that_does_not_read_stops_its_servers (void)
{
  g_autoptr (Outcome) cleared = ASK (.url = "first:/reset-seen");
  EgressClient *slow = attach (&world.open);
  g_autoptr (Outcome) outcome = outcome_new ();
  begin (&(Ask){ .url = "first:/big?bytes=80000000", .client = slow }, outcome);
  while (outcome->body->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_usleep (500000);
  g_assert_cmpint (seen ("sent"), <, 80000000);
  wait_until (&outcome->is_done);
  g_assert_cmpstr (outcome->message, ==, NULL);
  g_assert_cmpuint (outcome->body->len, ==, 80000000);
  egress_client_free (slow);
}

/* --- the policy, end to end --- */

static void
test_no_spelling_of_a_private_address_is_reached (void)
{
  static const char *const hosts[] = {
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "0x0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "foo.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[::1%25lo]",
    "127.127.127.127",
    "%31%32%37.0.0.1",
    "\357\274\221\357\274\222\357\274\227.0.0.1", /* full-width digits */
    "127\343\200\2020\343\200\2020\343\200\2021", /* ideographic full stops */
    "\342\221\240\342\221\241\342\221\246.0.0.1", /* circled digits */
  };
  gint64 before = seen ("connections");
  EgressClient *client = attach (&world.closed);
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autofree char *url = g_strdup_printf ("http://%s:%u/hello", hosts[i], port_of ("first"));
      g_autoptr (Outcome) outcome = ASK (.url = url, .client = client);
      g_test_message ("%s: %s: %s", hosts[i], outcome->code, outcome->message);
      g_assert_nonnull (outcome->code);
      /* EPOLICY, or it does not even lead anywhere. */
      if (strcmp (outcome->code, "ENOTFOUND") != 0
          && strcmp (outcome->code, "ERR_INVALID_URL") != 0)
        g_assert_cmpstr (outcome->code, ==, "EPOLICY");
    }
  g_assert_cmpint (seen ("connections"), ==, before);
  egress_client_free (client);
}

static void
test_a_policy_error_says_what_to_do (void)
{
  EgressClient *client = attach (&world.closed);
  g_autofree char *url
      = g_strdup_printf ("http://localhost:%u/hello?key=secret", port_of ("first"));
  g_autoptr (Outcome) outcome = ASK (.url = url, .client = client);
  g_assert_cmpstr (outcome->code, ==, "EPOLICY");
  g_assert_cmpstr (outcome->host, ==, "localhost");
  g_assert_nonnull (strstr (outcome->message, "localhost ("));
  g_assert_nonnull (strstr (outcome->message, "a loopback address"));
  g_assert_nonnull (strstr (outcome->message, "--allow-private "));
  g_assert_null (strstr (outcome->message, "secret"));
  egress_client_free (client);
}

static void
test_a_redirect_does_not_lead_past_the_policy (void)
{
  /* Loopback is allowed here, other private addresses are not. */
  static const char *const targets[] = { "http://169.254.169.254/latest/meta-data/",
                                         "http://10.0.0.1/",
                                         "http://[fd00:ec2::254]/",
                                         "http://0x0a000001/",
                                         "//192.168.0.1/",
                                         "http://127.0.0.2/" };
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *url = g_strdup_printf ("first:/redirect?code=302&to=%s", targets[i]);
      g_autoptr (Outcome) outcome = ASK (.url = url);
      g_test_message ("%s: %s", targets[i], outcome->message);
      g_assert_cmpstr (outcome->code, ==, "EPOLICY");
    }
}

/* --- hostile workers, and the process --- */

static FrameWriter *
request_writer (guint64 number, const char *url)
{
  FrameWriter *frame = frame_writer_new (EGRESS_REQUEST, number);
  frame_write_string (frame, "GET");
  frame_write_string (frame, url);
  frame_write_u32 (frame, 0);
  frame_write_u8 (frame, EGRESS_REDIRECT_FOLLOW);
  frame_write_u32 (frame, 0);
  frame_write_u64 (frame, 1000);
  frame_write_u8 (frame, TRUE);
  frame_write_gbytes (frame, NULL);
  return frame;
}

static GBytes *
hostile_frame (guint which)
{
  g_autofree char *url = expand ("first:/never");
  FrameWriter *frame;
  switch (which)
    {
    case 0: /* of no known type */
      return frame_writer_end (frame_writer_new (99, 1));
    case 1: /* empty */
      return frame_writer_end (frame_writer_new (EGRESS_REQUEST, 1));
    case 2: /* with something after its end */
      frame = frame_writer_new (EGRESS_CANCEL, 1);
      frame_write_u8 (frame, 1);
      return frame_writer_end (frame);
    case 3: /* a count that the frame can't hold */
      frame = frame_writer_new (EGRESS_REQUEST, 1);
      frame_write_string (frame, "GET");
      frame_write_string (frame, url);
      frame_write_u32 (frame, 0xffffffff);
      return frame_writer_end (frame);
    case 4: /* a connection to a port that there is not */
      frame = frame_writer_new (EGRESS_CONNECT, 1);
      frame_write_string (frame, "127.0.0.1");
      frame_write_u32 (frame, 65536);
      frame_write_u32 (frame, 0);
      return frame_writer_end (frame);
    case 8: /* a question of no kind */
      frame = frame_writer_new (EGRESS_RESOLVE, 1);
      frame_write_string (frame, "localhost");
      frame_write_u8 (frame, EGRESS_QUERY_COUNT);
      return frame_writer_end (frame);
    case 5: /* an answer */
      return frame_writer_end (frame_writer_new (EGRESS_END, 1));
    case 6: /* attaching, which is the server's */
      return frame_writer_end (frame_writer_new (EGRESS_HOLD, 1));
    default: /* a body longer than any may be */
      {
        static const guint8 header[FRAME_HEADER_BYTES] = { 0xff, 0xff, 0xff, 0xff, EGRESS_REQUEST };
        return g_bytes_new_static (header, sizeof header);
      }
    }
}

static void
expect_channel_end (int fd)
{
  g_autoptr (GError) error = NULL;
  Frame frame = { 0 };
  while (frame_receive (fd, 1 << 20, FALSE, &frame, &error))
    frame_clear (&frame);
}

static void
test_a_hostile_frame_ends_that_channel_only (void)
{
  for (guint i = 0; i < 9; i++)
    {
      g_autoptr (GBytes) frame = hostile_frame (i);
      g_autoptr (GError) error = NULL;
      int fd = attach_fd (&world.open);
      frame_send (fd, frame, NULL, 0, &error);
      g_assert_no_error (error);
      expect_channel_end (fd);
      close (fd);
      g_autoptr (Outcome) outcome = ASK (.url = "first:/hello");
      assert_body (outcome, "hello");
    }
}

static void
test_a_number_used_twice_ends_the_channel (void)
{
  g_autofree char *url = expand ("first:/never");
  int fd = attach_fd (&world.open);
  for (int i = 0; i < 2; i++)
    {
      FrameWriter *writer = request_writer (7, url);
      frame_write_u8 (writer, FALSE);
      g_autoptr (GBytes) frame = frame_writer_end (writer);
      g_assert_true (frame_send (fd, frame, NULL, 0, NULL));
    }
  expect_channel_end (fd);
  close (fd);
}

static void
test_requests_beyond_the_bound_fail_alone (void)
{
  EgressClient *greedy = attach (&world.open);
  g_autoptr (GPtrArray) outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) outcome_free);
  for (guint i = 0; i < EGRESS_MAX_REQUESTS + 10; i++)
    {
      g_ptr_array_add (outcomes, outcome_new ());
      begin (&(Ask){ .url = "first:/never", .client = greedy }, outcomes->pdata[i]);
    }
  Outcome *last = outcomes->pdata[EGRESS_MAX_REQUESTS + 9];
  wait_until (&last->is_done);
  g_assert_cmpstr (last->code, ==, "EAGAIN");
  g_assert_false (((Outcome *) outcomes->pdata[EGRESS_MAX_REQUESTS - 1])->is_done);
  egress_client_free (greedy);
  g_autoptr (Outcome) outcome = ASK (.url = "first:/hello");
  assert_body (outcome, "hello");
}

static void
test_a_detached_worker_has_its_requests_aborted (void)
{
  EgressClient *gone = attach (&world.open);
  guint64 number = world.last_worker;
  g_autoptr (Outcome) outcome = outcome_new ();
  g_autoptr (GBytes) detach = frame_writer_end (frame_writer_new (EGRESS_DETACH, number));
  begin (&(Ask){ .url = "first:/half", .client = gone }, outcome);
  while (outcome->body->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (frame_send (world.open.control_fd, detach, NULL, 0, NULL));
  wait_until (&outcome->is_done);
  g_assert_cmpstr (outcome->code, ==, "ECONNRESET");

  g_autoptr (Outcome) later = ASK (.url = "first:/hello", .client = gone);
  g_assert_cmpstr (later->code, ==, "ECONNRESET");
  egress_client_free (gone);
}

static char *
status_line (GPid pid, const char *key)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], key))
      return g_strdup (g_strstrip (lines[i] + strlen (key) + 1));
  return NULL;
}

/* --- sealed values --- */

#define PLACEHOLDER "tenon-sealed-00112233445566778899aabbccddeeff"

static void
send_seal (int fd, guint64 worker, const char *secret, const char *host)
{
  g_autoptr (GError) error = NULL;
  FrameWriter *writer = frame_writer_new (EGRESS_SEAL, worker);
  frame_write_u32 (writer, 1);
  frame_write_string (writer, PLACEHOLDER);
  frame_write_string (writer, "C.apiKey");
  frame_write_bytes (writer, secret, strlen (secret));
  frame_write_u32 (writer, 1);
  frame_write_string (writer, host);
  g_autoptr (GBytes) frame = frame_writer_end (writer);
  frame_send (fd, frame, NULL, 0, &error);
  g_assert_no_error (error);
}

static char *
digest_of (const char *text)
{
  guint8 bytes[32];
  gsize length = sizeof bytes;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (sum, (const guchar *) text, (gssize) strlen (text));
  g_checksum_get_digest (sum, bytes, &length);
  return g_base64_encode (bytes, length);
}

static void
assert_came (const Outcome *outcome, const char *what, const char *shown)
{
  g_autofree char *digest = digest_of (what);
  g_autofree char *expected = g_strdup_printf ("%s <%s>", digest, shown);
  assert_body (outcome, expected);
  g_assert_cmpstr (header (outcome, "x-came"), ==, shown);
}

static void
test_sealed_values_go_to_their_hosts_alone_and_do_not_come_back (void)
{
  int keeper = attach_as (&world.open, EGRESS_ATTACH_KEEPER, 0);
  g_autofree char *host = g_strdup_printf ("http://127.0.0.1:%u", port_of ("first"));
  g_autofree char *elsewhere = expand ("first:/redirect?code=302&to=$second/digest");
  send_seal (keeper, world.last_worker + 1, "hunter2-sealed", host);
  /* Its values may come before the worker does. */
  wait_ms (50);
  EgressClient *client = attach (&world.open);

  g_autoptr (Outcome) there = ASK (.client = client, .url = "first:/digest", .headers = { "X-Key", PLACEHOLDER });
  assert_came (there, "hunter2-sealed", "[redacted: C.apiKey]");
  g_autoptr (Outcome) not_there
      = ASK (.client = client, .url = "second:/digest", .headers = { "X-Key", PLACEHOLDER });
  assert_came (not_there, PLACEHOLDER, PLACEHOLDER);
  g_autoptr (Outcome) redirected
      = ASK (.client = client, .url = elsewhere, .headers = { "X-Key", PLACEHOLDER });
  assert_came (redirected, PLACEHOLDER, PLACEHOLDER);
  g_autoptr (Outcome) of_another = ASK (.url = "first:/digest", .headers = { "X-Key", PLACEHOLDER });
  assert_came (of_another, PLACEHOLDER, PLACEHOLDER);
  egress_client_free (client);
  close (keeper);
}

static void
test_a_worker_may_not_seal (void)
{
  int fd = attach_fd (&world.open);
  char byte;
  send_seal (fd, world.last_worker, "a secret", "api.example.com");
  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
  close (fd);
  g_autoptr (Outcome) outcome = ASK (.url = "first:/hello");
  assert_body (outcome, "hello");
}

static void
test_the_process_has_given_up_its_rights (void)
{
  static const struct
  {
    const char *key, *value;
  } cases[] = { { "Name", "tenon: egress" },      { "NoNewPrivs", "1" },
                { "CapEff", "0000000000000000" }, { "CapPrm", "0000000000000000" },
                { "CapInh", "0000000000000000" }, { "Seccomp", "2" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *value = status_line (world.open.pid, cases[i].key);
      g_test_message ("%s", cases[i].key);
      g_assert_cmpstr (value, ==, cases[i].value);
    }
}

static gpointer
idle_thread (gpointer data)
{
  while (!g_atomic_int_get ((int *) data))
    g_usleep (1000);
  return NULL;
}

static void
test_a_threaded_server_executes_it_anew (void)
{
  static const char *const allowed[] = { "127.0.0.1/32", NULL };
  int is_over = FALSE;
  Process process;
  GThread *thread = g_thread_new ("idle", idle_thread, &is_over);
  start_process (&process, allowed);
  EgressClient *client = attach (&process);
  g_autoptr (Outcome) outcome = ASK (.url = "first:/hello", .client = client);
  assert_body (outcome, "hello");
  g_autofree char *seccomp = status_line (process.pid, "Seccomp");
  g_assert_cmpstr (seccomp, ==, "2");
  egress_client_free (client);
  stop_process (&process);
  g_atomic_int_set (&is_over, TRUE);
  g_thread_join (thread);
}

static void
test_a_killed_process_fails_its_requests (void)
{
  static const char *const allowed[] = { "127.0.0.1/32", NULL };
  Process process;
  start_process (&process, allowed);
  EgressClient *client = attach (&process);
  g_autoptr (Outcome) outcome = outcome_new ();
  begin (&(Ask){ .url = "first:/half", .client = client }, outcome);
  while (outcome->body->len == 0)
    g_main_context_iteration (NULL, TRUE);
  kill (process.pid, SIGKILL);
  wait_until (&outcome->is_done);
  g_assert_cmpstr (outcome->code, ==, "ECONNRESET");
  waitpid (process.pid, NULL, 0);
  close (process.control_fd);
  egress_client_free (client);
}

/* The loop in this process, so that the sanitizers see everything freed. */
static gpointer
serve_thread (gpointer data)
{
  static const char *const allowed[] = { "127.0.0.1/32", NULL };
  g_autoptr (EgressPolicy) policy = egress_policy_new (allowed, NULL);
  egress_serve (GPOINTER_TO_INT (data), policy);
  return NULL;
}

static void
test_the_loop_frees_what_it_made (void)
{
  int fds[2];
  g_assert_true (frame_socketpair (fds, NULL));
  GThread *thread = g_thread_new ("serve", serve_thread, GINT_TO_POINTER (fds[1]));
  Process process = { .control_fd = fds[0] };
  EgressClient *client = attach (&process);
  g_autoptr (Outcome) hello = ASK (.url = "first:/redirect?code=302&to=/hello", .client = client);
  assert_body (hello, "hello");
  g_autoptr (Outcome) refused = ASK (.url = "http://10.0.0.1/", .client = client);
  g_assert_cmpstr (refused->code, ==, "EPOLICY");
  g_autoptr (Outcome) waiting = outcome_new ();
  begin (&(Ask){ .url = "first:/half", .client = client }, waiting);
  g_autoptr (Outcome) held = outcome_new ();
  guint64 number = begin (&(Ask){ .url = "first:/big?bytes=9000000", .client = client }, held);
  egress_client_hold (client, number, TRUE);
  while (waiting->body->len == 0)
    g_main_context_iteration (NULL, TRUE);
  close (process.control_fd);
  g_thread_join (thread);
  egress_client_free (client);
}

/* --- starting --- */

static void
write_certificate (const char *name, const char *host, gboolean is_expired)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.pem", world.folder, name);
  g_autofree char *alternative = g_strconcat ("DNS:", host, NULL);
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = X509_new ();
  X509_NAME *subject = X509_get_subject_name (certificate);
  X509V3_CTX context;
  X509V3_set_ctx_nodb (&context);

  ASN1_INTEGER_set (X509_get_serialNumber (certificate), g_random_int_range (1, 1 << 30));
  X509_set_version (certificate, 2);
  X509_gmtime_adj (X509_getm_notBefore (certificate), -7200);
  X509_gmtime_adj (X509_getm_notAfter (certificate), is_expired ? -3600 : 3600);
  X509_set_pubkey (certificate, key);
  X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_ASC, (const guchar *) name, -1, -1, 0);
  X509_set_issuer_name (certificate, subject);
  X509V3_set_ctx (&context, certificate, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension
      = X509V3_EXT_conf_nid (NULL, &context, NID_subject_alt_name, alternative);
  X509_add_ext (certificate, extension, -1);
  X509_sign (certificate, key, EVP_sha256 ());

  FILE *file = fopen (path, "we");
  g_assert_nonnull (file);
  PEM_write_PrivateKey (file, key, NULL, NULL, 0, NULL, NULL);
  PEM_write_X509 (file, certificate);
  fclose (file);
  X509_EXTENSION_free (extension);
  X509_free (certificate);
  EVP_PKEY_free (key);
}

/* What egress trusts: all but the self-signed one. */
static void
write_trust (void)
{
  static const char *const names[] = { "good", "expired", "other_host" };
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *path = g_build_filename (world.folder, "trust.crt", NULL);
  write_certificate ("good", "localhost", FALSE);
  write_certificate ("self_signed", "localhost", FALSE);
  write_certificate ("expired", "localhost", TRUE);
  write_certificate ("other_host", "other.example.com", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *pem = g_strdup_printf ("%s/%s.pem", world.folder, names[i]);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (pem, &text, NULL, NULL));
      g_string_append (all, strstr (text, "-----BEGIN CERTIFICATE"));
    }
  g_assert_true (g_file_set_contents (path, all->str, (gssize) all->len, NULL));
  g_setenv ("SSL_CERT_FILE", path, TRUE);
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
  world.ports = json_parse (line, -1, &error);
  g_assert_no_error (error);
  fclose (stream);
}

static void
stop_server (void)
{
  close (world.server_stdin);
  waitpid (world.server, NULL, 0);
  json_decref (world.ports);
  g_autoptr (GDir) folder = g_dir_open (world.folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (folder)) != NULL;)
    {
      g_autofree char *path = g_build_filename (world.folder, name, NULL);
      g_unlink (path);
    }
  g_rmdir (world.folder);
  g_free (world.folder);
}

static void
add_tests (void)
{
  static const struct
  {
    const char *name;
    GTestFunc function;
  } tests[] = {
#define TEST(name) { "/egress/" #name, test_##name }
    TEST (a_get_is_answered),
    TEST (a_request_arrives_as_it_was_written),
    TEST (nothing_is_added_that_was_not_asked_for),
    TEST (methods_have_the_body_that_they_should),
    TEST (head_and_empty_answers_have_no_body),
    TEST (any_status_is_an_answer),
    TEST (response_headers_are_kept_apart),
    TEST (odd_heads_are_read),
    TEST (encodings_are_decoded),
    TEST (an_unknown_encoding_is_left_as_it_is),
    TEST (a_broken_encoding_fails),
    TEST (a_chunked_body_comes_as_it_is_sent),
    TEST (a_large_body_goes_up_and_comes_down),
    TEST (connections_are_used_again),
    TEST (connections_are_not_shared_between_workers),
    TEST (a_connection_that_was_authenticated_is_not_used_again),
    TEST (many_requests_run_at_once),
    TEST (http2_is_spoken_over_tls),
    TEST (a_bad_certificate_is_refused),
    TEST (plain_text_where_tls_was_expected_fails),
    TEST (redirects_change_method_and_body_as_fetch_says),
    TEST (credentials_stay_with_their_origin),
    TEST (twenty_redirects_are_followed_and_no_more),
    TEST (redirect_modes_are_kept),
    TEST (odd_locations_are_resolved),
    TEST (a_redirect_elsewhere_than_http_is_refused),
    TEST (a_redirect_with_a_long_body_is_followed),
    TEST (failures_have_nodes_codes),
    TEST (a_post_is_sent_once_whatever_becomes_of_its_connection),
    TEST (a_refused_connection_names_its_address),
    TEST (a_timeout_ends_a_request_wherever_it_is),
    TEST (a_body_over_its_limit_is_cut_off),
    TEST (hostile_requests_are_refused),
    TEST (a_cancelled_request_is_heard_of_no_more),
    TEST (a_held_request_stops_its_server),
    TEST (a_worker_that_does_not_read_stops_its_servers),
    TEST (no_spelling_of_a_private_address_is_reached),
    TEST (a_policy_error_says_what_to_do),
    TEST (a_redirect_does_not_lead_past_the_policy),
    TEST (a_hostile_frame_ends_that_channel_only),
    TEST (a_number_used_twice_ends_the_channel),
    TEST (requests_beyond_the_bound_fail_alone),
    TEST (a_detached_worker_has_its_requests_aborted),
    TEST (sealed_values_go_to_their_hosts_alone_and_do_not_come_back),
    TEST (a_worker_may_not_seal),
    TEST (the_process_has_given_up_its_rights),
    TEST (a_threaded_server_executes_it_anew),
    TEST (a_killed_process_fails_its_requests),
    TEST (the_loop_frees_what_it_made),
#undef TEST
  };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_func (tests[i].name, tests[i].function);
}

int
main (int argc, char **argv)
{
  static const char *const loopback[] = { "127.0.0.1/32", NULL };
  if (argc >= 2 && strcmp (argv[1], EGRESS_EXEC_ARGUMENT) == 0)
    egress_main (3, (const char *const *) argv + 2);
  g_test_init (&argc, &argv, NULL);
  add_tests ();

  world.folder = g_dir_make_tmp ("egress-XXXXXX", NULL);
  write_trust ();
  start_process (&world.open, loopback);
  start_process (&world.closed, NULL);
  start_server ();
  world.client = attach (&world.open);
  int result = g_test_run ();
  egress_client_free (world.client);
  stop_process (&world.open);
  stop_process (&world.closed);
  stop_server ();
  return result;
}
