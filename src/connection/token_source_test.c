/* One connection's token, with a clock that the test turns, a provider that says what the test
 * wants, and a store that saves when it is told to. */
#include "connection/test_support.h"

#include <openssl/evp.h>

#define S ((gint64) G_USEC_PER_SEC)
#define START (1700000000 * S)

typedef struct
{
  AuthorizationSet *set;
  TokenSource *source;
  gint64 now_us, wake_us;
  guint number; /* of the request that is out; 0 = none */
  char *url, *body;
  guint n_requests, n_saves, n_changes, n_events;
  gboolean is_saving;
  char *last_event;
  guint n_done;
  char *problem; /* of the last `done` */
  json_t *page, *start;
} World;

static gint64
now_us (gpointer data)
{
  return ((World *) data)->now_us;
}

static double
no_jitter (gpointer data)
{
  return 0;
}

static void
wake_at (gint64 at_us, gpointer data)
{
  ((World *) data)->wake_us = at_us;
}

static void
on_send (guint number, const OAuthRequest *request, gpointer data)
{
  World *world = data;
  gsize size = 0;
  const char *body = request->body == NULL ? NULL : g_bytes_get_data (request->body, &size);
  g_assert_cmpuint (world->number, ==, 0); /* never two at once */
  world->number = number;
  world->n_requests++;
  g_free (world->url);
  g_free (world->body);
  world->url = g_strdup (request->url);
  world->body = g_strndup (body == NULL ? "" : body, size);
}

static void
on_save (gpointer data)
{
  World *world = data;
  g_assert_false (world->is_saving);
  world->is_saving = TRUE;
  world->n_saves++;
}

static void
on_changed (gpointer data)
{
  ((World *) data)->n_changes++;
}

static void
on_event (TokenEventLevel level, const char *text, gpointer data)
{
  World *world = data;
  g_free (world->last_event);
  world->last_event = g_strdup (text);
  world->n_events++;
}

static const TokenSourceCallbacks callbacks = { .now_us = now_us,
                                                .jitter = no_jitter,
                                                .wake_at = wake_at,
                                                .send = on_send,
                                                .save = on_save,
                                                .changed = on_changed,
                                                .event = on_event };

static World *
world_of (const char *type, const char *fields, const char *options)
{
  World *world = g_new0 (World, 1);
  world->now_us = START;
  world->set = authorization_set_new (now_us, world);
  world->source = token_source_new (world->set, &callbacks, world);
  token_source_configure (world->source, "default", "Acme", settings_of (type, fields, options),
                          NULL);
  return world;
}

static void
world_free (World *world)
{
  token_source_free (world->source);
  authorization_set_free (world->set);
  g_free (world->url);
  g_free (world->body);
  g_free (world->last_event);
  g_free (world->problem);
  json_decref (world->page);
  json_decref (world->start);
  g_free (world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

static void
on_done (TokenSource *source, const char *problem, gpointer data)
{
  World *world = data;
  world->n_done++;
  g_free (world->problem);
  world->problem = g_strdup (problem);
}

static void
answer_all (World *world, guint status, const char *content_type, const char *body,
            const char *retry_after)
{
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  OAuthAnswer answer = answer_of (status, content_type, bytes);
  guint number = world->number;
  answer.retry_after = retry_after;
  world->number = 0;
  g_assert_cmpuint (number, !=, 0);
  token_source_answered (world->source, number, &answer);
}

static void
answer (World *world, guint status, const char *body)
{
  answer_all (world, status, "application/json", body, NULL);
}

static void
saved (World *world, gboolean is_saved)
{
  g_assert_true (world->is_saving);
  world->is_saving = FALSE;
  token_source_saved (world->source, is_saved);
}

/* Turns the clock to when the source wants to be woken, and wakes it. */
static void
sleep_until_woken (World *world)
{
  g_assert_cmpint (world->wake_us, >, 0);
  world->now_us = MAX (world->now_us, world->wake_us);
  token_source_wake (world->source);
}

static void
pass (World *world, gint64 seconds)
{
  world->now_us += seconds * S;
  if (world->wake_us != 0 && world->wake_us <= world->now_us)
    token_source_wake (world->source);
}

#define TOKEN_1                                                                                    \
  "{\"access_token\":\"one\",\"refresh_token\":\"r1\",\"expires_in\":1000,\"extra\":7}"
#define TOKEN_2 "{\"access_token\":\"two\",\"refresh_token\":\"r2\",\"expires_in\":1000}"

/* A connection of the authorization code grant that has a token. */
static World *
authorized (const char *token)
{
  World *world = world_of ("authorizationCode", CODE_FIELDS, "{}");
  g_autoptr (json_t) json = json_of (token);
  g_assert_true (token_source_set_token (world->source, json, NULL));
  saved (world, TRUE);
  return world;
}

static const char *
access_token (World *world)
{
  return json_get_string (token_source_token (world->source), "access_token");
}

static void
assert_contains (const char *text, const char *part)
{
  if (text == NULL || strstr (text, part) == NULL)
    g_error ("\"%s\" does not contain \"%s\"", text, part);
}

/* --- renewing --- */

static void
a_token_is_renewed_when_a_fifth_of_its_life_is_left (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  g_assert_cmpint (world->wake_us, ==, START + 800 * S);
  sleep_until_woken (world);
  assert_contains (world->body, "grant_type=refresh_token&refresh_token=r1");
  g_assert_cmpstr (access_token (world), ==, "one");
}

static void
a_new_token_is_given_to_nobody_before_it_is_saved (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  guint changes = world->n_changes;
  sleep_until_woken (world);
  answer (world, 200, TOKEN_2);
  g_assert_cmpstr (access_token (world), ==, "one");
  g_assert_cmpuint (world->n_changes, ==, changes);
  saved (world, TRUE);
  g_assert_cmpstr (access_token (world), ==, "two");
  g_assert_cmpuint (world->n_changes, ==, changes + 1);
}

static void
a_token_that_could_not_be_saved_is_saved_again_and_not_fetched_again (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  answer (world, 200, TOKEN_2);
  saved (world, FALSE);
  assert_contains (world->problem, "could not be stored");
  g_assert_cmpuint (world->n_requests, ==, 1);
  sleep_until_woken (world);
  g_assert_cmpuint (world->n_requests, ==, 1);
  saved (world, TRUE);
  g_assert_cmpstr (access_token (world), ==, "two");
  sleep_until_woken (world);
  assert_contains (world->body, "refresh_token=r2");
}

static void
what_is_kept_is_the_newest_token_even_before_it_is_saved (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  answer (world, 200, TOKEN_2);
  g_autoptr (json_t) state = token_source_state (world->source);
  g_assert_cmpstr (json_get_string (json_object_get (state, "token"), "refresh_token"), ==, "r2");
}

/* RFC 6749 §6. */
static void
a_refresh_token_that_is_not_replaced_stays (void)
{
  static const char *const answers[]
      = { "{\"access_token\":\"two\"}", "{\"access_token\":\"two\",\"refresh_token\":\"\"}",
          "{\"access_token\":\"two\",\"refresh_token\":null}" };
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (World) world = authorized (TOKEN_1);
      sleep_until_woken (world);
      answer (world, 200, answers[i]);
      saved (world, TRUE);
      json_t *token = token_source_token (world->source);
      g_assert_cmpstr (json_get_string (token, "refresh_token"), ==, "r1");
      g_assert_cmpint (json_get_int (token, "extra", 0), ==, 7);
      g_assert_null (json_object_get (token, "expires_in"));
    }
}

static void
two_hundred_who_ask_at_once_make_one_request (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  pass (world, 500);
  for (guint i = 0; i < 200; i++)
    token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  g_assert_cmpuint (world->n_requests, ==, 1);
  answer (world, 200, TOKEN_2);
  g_assert_cmpuint (world->n_done, ==, 0);
  saved (world, TRUE);
  g_assert_cmpuint (world->n_done, ==, 200);
  g_assert_null (world->problem);
  /* Those that come a little later are served by it too. */
  token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  g_assert_cmpuint (world->n_requests, ==, 1);
  g_assert_cmpuint (world->n_done, ==, 201);
}

static void
who_only_wants_a_valid_token_gets_it_at_once (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  token_source_ask (world->source, TOKEN_ASK_VALID, on_done, world);
  g_assert_cmpuint (world->n_done, ==, 1);
  g_assert_cmpuint (world->n_requests, ==, 0);
}

static void
an_expired_token_is_renewed_before_it_is_given (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  world->now_us += 2000 * S; /* the machine slept */
  g_assert_null (access_token (world));
  token_source_ask (world->source, TOKEN_ASK_VALID, on_done, world);
  g_assert_cmpuint (world->n_done, ==, 0);
  answer (world, 200, TOKEN_2);
  saved (world, TRUE);
  g_assert_cmpuint (world->n_done, ==, 1);
  g_assert_cmpstr (access_token (world), ==, "two");
}

static void
a_token_without_a_lifetime_is_only_renewed_when_somebody_asks (void)
{
  g_autoptr (World) world = authorized ("{\"access_token\":\"one\",\"refresh_token\":\"r1\"}");
  g_assert_cmpint (world->wake_us, ==, 0);
  pass (world, 1000000);
  g_assert_cmpstr (access_token (world), ==, "one");
  token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  g_assert_cmpuint (world->n_requests, ==, 1);
}

static void
a_token_that_lives_a_second_does_not_make_a_storm (void)
{
  g_autoptr (World) world
      = authorized ("{\"access_token\":\"one\",\"refresh_token\":\"r1\",\"expires_in\":1}");
  for (guint i = 0; i < 60; i++)
    {
      pass (world, 1);
      if (world->number != 0)
        {
          answer (world, 200, "{\"access_token\":\"x\",\"refresh_token\":\"r\",\"expires_in\":1}");
          saved (world, TRUE);
        }
    }
  g_assert_cmpuint (world->n_requests, <=, 6);
}

static void
digest_of (const char *text, guint8 *digest)
{
  EVP_Digest (text, strlen (text), digest, NULL, EVP_sha256 (), NULL);
}

static void
a_rejected_token_is_renewed_if_it_is_still_the_present_one (void)
{
  guint8 one[32], other[32];
  digest_of ("one", one);
  digest_of ("other", other);
  g_autoptr (World) world = authorized (TOKEN_1);
  pass (world, 100);
  token_source_rejected (world->source, other);
  g_assert_cmpuint (world->n_requests, ==, 0);
  token_source_rejected (world->source, one);
  token_source_rejected (world->source, one);
  g_assert_cmpuint (world->n_requests, ==, 1);
  answer (world, 200, TOKEN_2);
  saved (world, TRUE);
  token_source_rejected (world->source, one);
  g_assert_cmpuint (world->n_requests, ==, 1);
}

static void
a_new_token_that_is_rejected_at_once_makes_no_loop (void)
{
  guint8 one[32];
  digest_of ("one", one);
  g_autoptr (World) world = authorized (TOKEN_1);
  token_source_rejected (world->source, one);
  g_assert_cmpuint (world->n_requests, ==, 0);
}

/* --- failures --- */

static void
a_refresh_that_answers_html_is_retried (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  answer_all (world, 200, "text/html", "<title>Log in</title>", NULL);
  saved (world, TRUE);
  g_assert_cmpint (token_source_status (world->source), ==, TOKEN_STATUS_ERROR);
  g_assert_cmpstr (access_token (world), ==, "one"); /* it has not expired */
  assert_contains (world->last_event, "a web page");
  sleep_until_woken (world);
  answer (world, 200, TOKEN_2);
  saved (world, TRUE);
  g_assert_cmpint (token_source_status (world->source), ==, TOKEN_STATUS_ACTIVE);
  assert_contains (world->last_event, "has a token");
}

static void
retries_come_further_and_further_apart (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  gint64 last = 0;
  sleep_until_woken (world);
  for (guint i = 0; i < 15; i++)
    {
      answer (world, 500, "{}");
      saved (world, TRUE);
      gint64 wait = world->wake_us - world->now_us;
      g_assert_cmpint (wait, >=, last);
      g_assert_cmpint (wait, <=, 900 * S);
      last = wait;
      sleep_until_woken (world);
    }
  g_assert_cmpint (last, ==, 900 * S);
}

static void
retry_after_is_obeyed (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  answer_all (world, 429, "application/json", "{}", "300");
  saved (world, TRUE);
  g_assert_cmpint (world->wake_us, ==, world->now_us + 300 * S);
  pass (world, 250); /* expired by now */
  token_source_ask (world->source, TOKEN_ASK_VALID, on_done, world);
  g_assert_cmpuint (world->n_requests, ==, 1);
  assert_contains (world->problem, "no valid token just now");
}

static void
who_waits_hears_why_there_is_no_token (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  world->now_us += 2000 * S;
  token_source_ask (world->source, TOKEN_ASK_VALID, on_done, world);
  answer (world, 503, "");
  g_assert_cmpuint (world->n_done, ==, 1);
  assert_contains (world->problem, "connection \"Acme\" has no valid token just now: the provider "
                                   "answered 503");
}

static void
an_invalid_grant_is_final_and_says_what_to_do (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  answer (world, 400, "{\"error\":\"invalid_grant\"}");
  saved (world, TRUE);
  g_assert_cmpint (token_source_status (world->source), ==, TOKEN_STATUS_FAILED);
  g_assert_null (access_token (world));
  g_assert_cmpint (world->wake_us, ==, 0);
  g_autofree char *problem = token_source_problem (world->source);
  assert_contains (problem, "must be authorized again");
  assert_contains (problem, "tenon connections authorize \"Acme\" --instance \"default\"");
  token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  g_assert_cmpuint (world->n_requests, ==, 1);
  g_assert_nonnull (world->problem);
}

static void
a_person_may_try_again_what_was_given_up (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  answer (world, 400, "{\"error\":\"invalid_grant\"}");
  saved (world, TRUE);
  token_source_ask (world->source, TOKEN_ASK_NOW, on_done, world);
  answer (world, 200, TOKEN_2);
  saved (world, TRUE);
  g_assert_cmpstr (access_token (world), ==, "two");
}

static void
a_token_without_a_refresh_token_ends_with_its_life (void)
{
  g_autoptr (World) world = authorized ("{\"access_token\":\"one\",\"expires_in\":100}");
  g_assert_cmpint (world->wake_us, ==, 0);
  world->now_us += 101 * S;
  g_autofree char *problem = token_source_problem (world->source);
  assert_contains (problem, "has expired, and the provider gave no refresh token");
}

/* --- the client's authentication --- */

static void
the_way_of_authentication_is_found_out_and_remembered (void)
{
  g_autoptr (World) world = world_of ("clientCredentials", CLIENT_FIELDS, "{}");
  sleep_until_woken (world); /* a new connection gets its first token by itself */
  g_assert_null (strstr (world->body, "client_secret"));
  answer (world, 401, "{\"error\":\"invalid_client\"}");
  assert_contains (world->body, "client_secret=hush-hush");
  answer (world, 200, TOKEN_1);
  saved (world, TRUE);
  g_assert_cmpstr (access_token (world), ==, "one");
  pass (world, 100);
  token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  assert_contains (world->body, "client_secret=hush-hush");
  g_assert_cmpuint (world->n_requests, ==, 3);
}

static void
a_client_that_neither_way_is_known_is_final (void)
{
  g_autoptr (World) world = world_of ("clientCredentials", CLIENT_FIELDS, "{}");
  sleep_until_woken (world);
  answer (world, 401, "{\"error\":\"invalid_client\"}");
  answer (world, 401, "{\"error\":\"invalid_client\"}");
  saved (world, TRUE);
  g_assert_cmpint (token_source_status (world->source), ==, TOKEN_STATUS_FAILED);
  g_autofree char *problem = token_source_problem (world->source);
  assert_contains (problem, "tenon connections set");
}

static void
another_secret_is_worth_another_try (void)
{
  g_autoptr (World) world = world_of ("clientCredentials", CLIENT_FIELDS, "{}");
  sleep_until_woken (world);
  answer (world, 401, "{\"error\":\"invalid_client\"}");
  answer (world, 401, "{\"error\":\"invalid_client\"}");
  saved (world, TRUE);
  token_source_configure (world->source, "default", "Acme",
                          settings_of ("clientCredentials",
                                       "{\"tokenUrl\": \"https://p.example/token\", \"scopes\": "
                                       "\"a b\", \"clientId\": \"id\", \"clientSecret\": \"new\"}",
                                       "{}"),
                          NULL);
  sleep_until_woken (world);
  answer (world, 200, TOKEN_1);
  saved (world, TRUE);
  g_assert_cmpstr (access_token (world), ==, "one");
}

static void
client_credentials_are_only_renewed_when_the_token_was_used (void)
{
  g_autoptr (World) world = world_of ("clientCredentials", CLIENT_FIELDS, "{}");
  sleep_until_woken (world);
  answer (world, 200, "{\"access_token\":\"one\",\"expires_in\":1000}");
  saved (world, TRUE);
  g_assert_cmpint (world->wake_us, ==, 0);
  token_source_ask (world->source, TOKEN_ASK_VALID, on_done, world);
  g_assert_cmpint (world->wake_us, ==, START + 800 * S);
}

/* --- settings that change --- */

static void
a_token_is_not_used_for_another_client (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  token_source_configure (
      world->source, "default", "Acme",
      settings_of ("authorizationCode",
                   "{\"authorizeUrl\": \"https://p.example/authorize\", \"tokenUrl\": "
                   "\"https://evil.example/token\", \"clientId\": \"id\", \"clientSecret\": \"x\"}",
                   "{}"),
      NULL);
  g_assert_null (access_token (world));
  g_assert_cmpint (token_source_status (world->source), ==, TOKEN_STATUS_PENDING);
  saved (world, TRUE);
  g_autoptr (json_t) state = token_source_state (world->source);
  g_assert_null (state);
}

static void
an_answer_to_a_client_that_is_no_more_is_not_used (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  token_source_ask (world->source, TOKEN_ASK_NEWER, on_done, world);
  token_source_configure (
      world->source, "default", "Acme",
      settings_of ("authorizationCode",
                   "{\"authorizeUrl\": \"https://p.example/authorize\", \"tokenUrl\": "
                   "\"https://p.example/token\", \"clientId\": \"other\", \"clientSecret\": \"x\"}",
                   "{}"),
      NULL);
  assert_contains (world->problem, "fields were changed");
  saved (world, TRUE);
  answer (world, 200, TOKEN_2);
  g_assert_null (access_token (world));
  g_assert_false (world->is_saving);
}

static void
a_token_is_there_again_after_a_restart (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  g_autoptr (json_t) state = token_source_state (world->source);
  g_autoptr (World) again = world_of ("authorizationCode", CODE_FIELDS, "{}");
  again->now_us += 500 * S;
  g_assert_true (token_source_load (again->source, state, NULL));
  g_assert_cmpstr (access_token (again), ==, "one");
  g_assert_cmpint (again->wake_us, ==, START + 800 * S);
}

static void
what_is_shown_has_no_secret (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  g_autoptr (json_t) shown = token_source_public (world->source, NULL, NULL);
  g_autofree char *text = json_print (shown);
  g_assert_cmpstr (json_get_string (shown, "status"), ==, "active");
  assert_contains (text, "\"expiresAt\":\"2023-11-14T22:30:00Z\"");
  g_assert_null (strstr (text, "one"));
  g_assert_null (strstr (text, "r1"));
  g_assert_null (strstr (text, "hush"));
}

/* --- authorizing --- */

static void
on_start (json_t *start, const GError *error, gpointer data)
{
  World *world = data;
  g_assert_no_error (error);
  json_decref (world->start);
  world->start = json_incref (start);
}

static void
on_page (json_t *page, gpointer data)
{
  World *world = data;
  json_decref (world->page);
  world->page = json_incref (page);
}

/* A parameter of the URL that the browser was sent to. */
static char *
parameter (World *world, const char *name)
{
  const char *url = json_get_string (world->start, "url"), *value;
  g_autoptr (GPtrArray) query = form_parse (strchr (url, '?') + 1, -1, NULL);
  g_assert_true (form_find (query, name, &value));
  return g_strdup (value);
}

static World *
begun (const char *options)
{
  World *world = world_of ("authorizationCode", CODE_FIELDS, options);
  token_source_authorize (world->source, "http://127.0.0.1/oauth2/callback", on_start, world);
  return world;
}

static void
come_back (World *world, const char *more, const char *cookie)
{
  g_autofree char *state = parameter (world, "state");
  g_autofree char *query = g_strdup_printf ("state=%s%s", state, more);
  authorization_set_callback (world->set, query,
                              cookie == NULL ? json_get_string (world->start, "cookie") : cookie,
                              on_page, world);
}

static const char *
message (World *world)
{
  return json_get_string (world->page, "message");
}

static void
a_code_becomes_a_token_with_its_verifier (void)
{
  g_autoptr (World) world = begun ("{}");
  g_autofree char *challenge = parameter (world, "code_challenge");
  g_autofree char *method = parameter (world, "code_challenge_method");
  g_assert_cmpstr (method, ==, "S256");
  come_back (world, "&code=c0de", NULL);
  const char *verifier;
  g_autoptr (GPtrArray) form = form_parse (world->body, -1, NULL);
  g_assert_true (form_find (form, "code_verifier", &verifier));
  g_autofree char *expected = pkce_challenge (verifier);
  g_assert_cmpstr (challenge, ==, expected);
  assert_contains (world->body, "redirect_uri=http%3A%2F%2F127.0.0.1%2Foauth2%2Fcallback");
  answer (world, 200, TOKEN_1);
  g_assert_null (world->page);
  saved (world, TRUE);
  g_assert_true (json_get_bool (world->page, "ok", FALSE));
  g_assert_cmpstr (access_token (world), ==, "one");
}

static void
a_state_is_good_once (void)
{
  g_autoptr (World) world = begun ("{}");
  come_back (world, "&code=c0de", NULL);
  come_back (world, "&code=c0de", NULL);
  assert_contains (message (world), "used already");
  g_assert_cmpuint (world->n_requests, ==, 1);
}

static void
a_state_ends_after_ten_minutes (void)
{
  g_autoptr (World) world = begun ("{}");
  world->now_us += 601 * S;
  come_back (world, "&code=c0de", NULL);
  assert_contains (message (world), "ten minutes");
  g_assert_cmpuint (world->n_requests, ==, 0);
}

static void
another_browser_can_not_finish_it (void)
{
  g_autoptr (World) world = begun ("{}");
  come_back (world, "&code=c0de", "");
  assert_contains (message (world), "This browser did not begin");
  come_back (world, "&code=c0de", NULL);
  assert_contains (message (world), "used already");
  g_assert_cmpuint (world->n_requests, ==, 0);
}

static void
a_made_up_state_is_refused (void)
{
  static const char *const queries[] = {
    "", "code=c", "state=AAAA&code=c", "state=a&state=b", "state=%FF", "error=access_denied"
  };
  g_autoptr (World) world = begun ("{}");
  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      authorization_set_callback (world->set, queries[i], "x", on_page, world);
      g_assert_false (json_get_bool (world->page, "ok", TRUE));
      g_assert_null (json_object_get (world->page, "connection"));
    }
}

static void
what_the_provider_refuses_is_said_in_words (void)
{
  g_autoptr (World) world = begun ("{}");
  come_back (world, "&error=access_denied&error_description=No+%3Cb%3Eway", NULL);
  assert_contains (message (world), "the person or the provider said no");
  g_assert_cmpstr (json_get_string (world->page, "providerError"), ==, "access_denied");
  g_assert_cmpstr (json_get_string (world->page, "providerErrorDescription"), ==, "No <b>way");
  g_assert_cmpstr (json_get_string (world->page, "connection"), ==, "Acme");
}

/* RFC 9207 §2.4. */
static void
an_answer_of_another_issuer_is_refused (void)
{
  static const struct
  {
    const char *options, *iss;
    gboolean is_fine;
  } cases[] = {
    { "{\"issuer\": \"https://p.example/t\"}", "https%3A%2F%2Fp.example%2Ft", TRUE },
    { "{\"issuer\": \"https://p.example/t\"}", "https%3A%2F%2Fp.example%2Ft%2F", FALSE },
    { "{\"issuer\": \"https://p.example/t\"}", "https%3A%2F%2Fevil.example", FALSE },
    /* Not known: at least from where the browser was sent. */
    { "{}", "https%3A%2F%2Fp.example%2Frealm", TRUE },
    { "{}", "http%3A%2F%2Fp.example", FALSE },
    { "{}", "https%3A%2F%2Fevil.example", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (World) world = begun (cases[i].options);
      g_autofree char *more = g_strdup_printf ("&code=c&iss=%s", cases[i].iss);
      come_back (world, more, NULL);
      g_assert_cmpint (world->n_requests == 1, ==, cases[i].is_fine);
      g_assert_cmpint (world->page == NULL, ==, cases[i].is_fine);
    }
}

static void
endpoints_come_from_the_issuer (void)
{
  g_autoptr (World) world
      = world_of ("authorizationCode", "{\"clientId\": \"id\", \"clientSecret\": \"s\"}",
                  "{\"issuer\": \"https://p.example\"}");
  token_source_authorize (world->source, "http://t/cb", on_start, world);
  g_assert_cmpstr (world->url, ==, "https://p.example/.well-known/oauth-authorization-server");
  answer_all (world, 404, "text/html", "no", NULL);
  g_assert_cmpstr (world->url, ==, "https://p.example/.well-known/openid-configuration");
  answer (
      world, 200,
      "{\"issuer\": \"https://p.example\", \"authorization_endpoint\": \"https://p.example/a\", "
      "\"token_endpoint\": \"https://p.example/t\", "
      "\"authorization_response_iss_parameter_supported\": true, "
      "\"token_endpoint_auth_methods_supported\": [\"client_secret_post\"]}");
  g_assert_true (g_str_has_prefix (json_get_string (world->start, "url"), "https://p.example/a?"));
  come_back (world, "&code=c", NULL);
  assert_contains (message (world), "does not say which provider");
  token_source_authorize (world->source, "http://t/cb", on_start, world);
  come_back (world, "&code=c&iss=https%3A%2F%2Fp.example", NULL);
  g_assert_cmpstr (world->url, ==, "https://p.example/t");
  assert_contains (world->body, "client_secret=s");
}

static void
a_code_that_gives_no_token_leaves_the_old_token_alone (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  token_source_authorize (world->source, "http://t/cb", on_start, world);
  come_back (world, "&code=c", NULL);
  answer (world, 400, "{\"error\":\"invalid_grant\"}");
  g_assert_false (json_get_bool (world->page, "ok", TRUE));
  g_assert_cmpstr (access_token (world), ==, "one");
  g_assert_cmpint (token_source_status (world->source), ==, TOKEN_STATUS_ACTIVE);
}

static void
a_code_waits_for_a_refresh_that_is_in_flight (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  sleep_until_woken (world);
  token_source_authorize (world->source, "http://t/cb", on_start, world);
  come_back (world, "&code=c", NULL);
  g_assert_cmpuint (world->n_requests, ==, 1);
  answer (world, 200, TOKEN_2);
  saved (world, TRUE);
  assert_contains (world->body, "code=c");
  answer (world, 200, "{\"access_token\":\"three\"}");
  saved (world, TRUE);
  g_assert_cmpstr (access_token (world), ==, "three");
  g_assert_null (json_object_get (token_source_token (world->source), "refresh_token"));
}

static void
too_many_beginnings_push_out_the_oldest (void)
{
  g_autoptr (World) world = begun ("{}");
  g_autoptr (json_t) first = json_incref (world->start);
  for (guint i = 0; i < AUTHORIZATION_MOST_PER_SOURCE; i++)
    token_source_authorize (world->source, "http://t/cb", on_start, world);
  json_decref (world->start);
  world->start = json_incref (first);
  come_back (world, "&code=c", NULL);
  assert_contains (message (world), "used already");
}

/* --- revoking --- */

static void
the_refresh_token_is_revoked (void)
{
  g_autoptr (World) world = world_of ("authorizationCode", CODE_FIELDS,
                                      "{\"revokeUrl\": \"https://p.example/revoke\"}");
  g_autoptr (json_t) token = json_of (TOKEN_1);
  token_source_set_token (world->source, token, NULL);
  saved (world, TRUE);
  token_source_revoke (world->source, on_done, world);
  g_assert_cmpstr (world->url, ==, "https://p.example/revoke");
  assert_contains (world->body, "token=r1&token_type_hint=refresh_token");
  answer (world, 200, "");
  g_assert_cmpuint (world->n_done, ==, 1);
  g_assert_null (world->problem);
}

static void
a_connection_without_a_place_to_revoke_is_just_deleted (void)
{
  g_autoptr (World) world = authorized (TOKEN_1);
  token_source_revoke (world->source, on_done, world);
  g_assert_cmpuint (world->n_done, ==, 1);
  g_assert_cmpuint (world->n_requests, ==, 0);
}

#define TEST(name) g_test_add_func ("/token_source/" #name, name)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST (a_token_is_renewed_when_a_fifth_of_its_life_is_left);
  TEST (a_new_token_is_given_to_nobody_before_it_is_saved);
  TEST (a_token_that_could_not_be_saved_is_saved_again_and_not_fetched_again);
  TEST (what_is_kept_is_the_newest_token_even_before_it_is_saved);
  TEST (a_refresh_token_that_is_not_replaced_stays);
  TEST (two_hundred_who_ask_at_once_make_one_request);
  TEST (who_only_wants_a_valid_token_gets_it_at_once);
  TEST (an_expired_token_is_renewed_before_it_is_given);
  TEST (a_token_without_a_lifetime_is_only_renewed_when_somebody_asks);
  TEST (a_token_that_lives_a_second_does_not_make_a_storm);
  TEST (a_rejected_token_is_renewed_if_it_is_still_the_present_one);
  TEST (a_new_token_that_is_rejected_at_once_makes_no_loop);
  TEST (a_refresh_that_answers_html_is_retried);
  TEST (retries_come_further_and_further_apart);
  TEST (retry_after_is_obeyed);
  TEST (who_waits_hears_why_there_is_no_token);
  TEST (an_invalid_grant_is_final_and_says_what_to_do);
  TEST (a_person_may_try_again_what_was_given_up);
  TEST (a_token_without_a_refresh_token_ends_with_its_life);
  TEST (the_way_of_authentication_is_found_out_and_remembered);
  TEST (a_client_that_neither_way_is_known_is_final);
  TEST (another_secret_is_worth_another_try);
  TEST (client_credentials_are_only_renewed_when_the_token_was_used);
  TEST (a_token_is_not_used_for_another_client);
  TEST (an_answer_to_a_client_that_is_no_more_is_not_used);
  TEST (a_token_is_there_again_after_a_restart);
  TEST (what_is_shown_has_no_secret);
  TEST (a_code_becomes_a_token_with_its_verifier);
  TEST (a_state_is_good_once);
  TEST (a_state_ends_after_ten_minutes);
  TEST (another_browser_can_not_finish_it);
  TEST (a_made_up_state_is_refused);
  TEST (what_the_provider_refuses_is_said_in_words);
  TEST (an_answer_of_another_issuer_is_refused);
  TEST (endpoints_come_from_the_issuer);
  TEST (a_code_that_gives_no_token_leaves_the_old_token_alone);
  TEST (a_code_waits_for_a_refresh_that_is_in_flight);
  TEST (too_many_beginnings_push_out_the_oldest);
  TEST (the_refresh_token_is_revoked);
  TEST (a_connection_without_a_place_to_revoke_is_just_deleted);
  return g_test_run ();
}
