/* One connection's token: obtained, kept fresh, given out.
 *
 * There is one flight at a time (a token request and, where the way of the client's authentication
 * is being found out, a second one), and what it brings goes through two steps: it is `unsaved`
 * until the store has it, and only then `current`, which is what anybody gets. A rotating refresh
 * token is safe that way but for one window: the provider has answered, and this process or the
 * server dies before the store has committed. The old refresh token is tried again then.
 *
 * Who asks either gets the current token at once or waits for the flight. A background refresh
 * takes place when a fifth of a token's life is left; tokens of the client credentials grant are
 * only renewed that way when somebody used the last one.
 *
 *   idle --due, asked, rejected--> [metadata] --> in flight --token--> unsaved --saved--> current
 *                                                     |--temporary error: backoff, status "error"
 *                                                     |--final error: status "failed", until a
 * person acts
 */
#include "connection/private.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define SECOND ((gint64) G_USEC_PER_SEC)
#define LEAST_BACKGROUND_US (10 * SECOND) /* between two refreshes that nobody asked for */
#define MOST_EARLY_US (3600 * SECOND)
#define YOUNG_US (30 * SECOND) /* a younger token is not renewed because code asks */
#define MOST_BACKOFF_US (900 * SECOND)
#define MOST_ASKED_BACKOFF_US (10 * SECOND) /* where somebody waits for it */
#define MOST_SAVE_BACKOFF_US (60 * SECOND)
#define METADATA_LIFE_US (24 * 3600 * SECOND)
#define MAX_WAITERS 10000

typedef enum
{
  PURPOSE_REFRESH,
  PURPOSE_CLIENT,
  PURPOSE_CODE,
} Purpose;

/* A token, and when. */
typedef struct
{
  json_t *json;
  gint64 obtained_us, expires_us, refresh_us; /* expires, refresh: 0 = not known, not by itself */
} Token;

typedef struct
{
  TokenAsk ask;
  TokenDone done;
  gpointer user_data;
} Waiter;

/* A code that waits to be redeemed, or is in flight. */
typedef struct
{
  char *code, *verifier, *redirect_uri;
  TokenDone done;
  gpointer user_data;
} Code;

typedef struct
{
  char *redirect_uri;
  TokenAuthorizeDone done;
  gpointer user_data;
} Start;

typedef struct
{
  gboolean is_on;
  gboolean awaits_metadata;
  Purpose purpose;
  ClientAuth auth;
  gboolean has_changed_auth;
  gint64 sent_us;
  guint number; /* of the request; 0 = none is out */
  Code *code;
} Flight;

struct TokenSource
{
  AuthorizationSet *set;
  TokenSourceCallbacks callbacks;
  gpointer user_data;
  char *instance, *name;
  OAuthSettings *settings; /* NULL = incomplete */
  char *lacks;

  TokenStatus status;
  char *message;    /* words to the status; NULL = none */
  char *error_code; /* the provider's, of the last failure */
  Token current, unsaved;
  gboolean was_used;  /* the current token, since it came */
  ClientAuth learned; /* AUTO = not known */
  gint64 last_at_us;  /* of the last try to get a token; 0 = none */
  gboolean last_was_ok;

  guint failures;
  gint64 retry_us, ask_retry_us; /* not before: in the background, for those who ask */

  gboolean is_saving, must_save_again;
  json_t *saving; /* what unsaved.json was when the save began; only compared */
  guint save_failures;
  gint64 save_retry_us;

  Flight flight;
  GQueue *codes;   /* of Code, that wait for their turn */
  GQueue *waiters; /* of Waiter */

  ProviderMetadata *metadata;
  gint64 metadata_us;
  guint metadata_number, metadata_nth;
  GError *metadata_error; /* of the first place */
  GQueue *starts;         /* of Start, that wait for metadata */

  gboolean is_revoking;
  guint revocation_number;
  TokenDone revoked;
  gpointer revoked_data;

  guint last_number;
};

/* --- small things --- */

char *
iso_time (gint64 at_us)
{
  g_autoptr (GDateTime) at = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  return at == NULL ? g_strdup ("") : g_date_time_format (at, "%Y-%m-%dT%H:%M:%SZ");
}

static gint64
now_of (TokenSource *source)
{
  return source->callbacks.now_us (source->user_data);
}

static double
jitter_of (TokenSource *source)
{
  guint32 number;
  if (source->callbacks.jitter != NULL)
    return source->callbacks.jitter (source->user_data);
  if (RAND_bytes ((guchar *) &number, sizeof number) != 1)
    return 0.5;
  return number / 4294967296.0;
}

static void
token_clear (Token *token)
{
  json_decref (token->json);
  *token = (Token){ 0 };
}

static void
code_free (gpointer data)
{
  Code *code = data;
  wipe_text (code->code);
  wipe_text (code->verifier);
  g_free (code->redirect_uri);
  g_free (code);
}

static void
start_free (gpointer data)
{
  Start *start = data;
  g_free (start->redirect_uri);
  g_free (start);
}

const char *
token_source_instance (TokenSource *source)
{
  return source->instance;
}

const char *
token_source_name (TokenSource *source)
{
  return source->name;
}

const char *
token_status_name (TokenStatus status)
{
  static const char *const names[] = { "pending", "active", "error", "failed" };
  return names[status];
}

static const char *
refresh_token_of (const Token *token)
{
  const char *text = json_get_string (token->json, "refresh_token");
  return text == NULL || *text == '\0' ? NULL : text;
}

/* What is to be kept: the newest, saved or not. */
static const Token *
newest (const TokenSource *source)
{
  return source->unsaved.json != NULL ? &source->unsaved : &source->current;
}

static gboolean
is_client_grant (const TokenSource *source)
{
  return source->settings != NULL && source->settings->grant == CONNECTION_GRANT_CLIENT_CREDENTIALS;
}

/* A new token can be had without a person. */
static gboolean
can_renew (const TokenSource *source)
{
  return source->settings != NULL
         && (is_client_grant (source) || refresh_token_of (&source->current) != NULL);
}

static gboolean
has_expired (TokenSource *source, gint64 margin_us)
{
  return source->current.expires_us != 0
         && now_of (source) + margin_us >= source->current.expires_us;
}

static gboolean
is_usable (TokenSource *source)
{
  return source->settings != NULL && source->current.json != NULL
         && source->status != TOKEN_STATUS_FAILED && !has_expired (source, 0);
}

static void
    G_GNUC_PRINTF (3, 4) say (TokenSource *source, TokenEventLevel level, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  source->callbacks.event (level, text, source->user_data);
}

static void
set_status (TokenSource *source, TokenStatus status, const char *message)
{
  char *copy = g_strdup (message);
  g_free (source->message);
  source->message = copy;
  source->status = status;
}

/* --- when --- */

/* Early by a fifth of the life, at most an hour, less up to a twentieth, so that many tokens of one
 * moment are not renewed in one moment. */
static gint64
refresh_time (TokenSource *source, gint64 obtained_us, gint64 life_us)
{
  gint64 early = MIN (life_us / 5, MOST_EARLY_US);
  gint64 spread = (gint64) ((double) MIN (life_us / 20, MOST_EARLY_US / 4) * jitter_of (source));
  return MAX (obtained_us + life_us - early - spread, obtained_us + LEAST_BACKGROUND_US);
}

/* When the background has something to do with the token; 0 = nothing. */
static gint64
refresh_due (TokenSource *source)
{
  if (source->flight.is_on || source->unsaved.json != NULL || !can_renew (source)
      || source->status == TOKEN_STATUS_FAILED || source->is_revoking)
    return 0;
  if (source->status == TOKEN_STATUS_ERROR)
    return source->retry_us;
  if (is_client_grant (source) && source->current.json == NULL)
    return MAX (source->retry_us, 1);
  if (is_client_grant (source) && !source->was_used)
    return 0;
  return source->current.refresh_us == 0 ? 0 : MAX (source->current.refresh_us, source->retry_us);
}

static void
reschedule (TokenSource *source)
{
  gint64 due = refresh_due (source), save = source->save_retry_us;
  gint64 at = due == 0 ? save : save == 0 ? due : MIN (due, save);
  source->callbacks.wake_at (at, source->user_data);
}

static void
back_off (TokenSource *source, gint64 retry_after_s)
{
  gint64 now = now_of (source), wait = SECOND << MIN (source->failures, 10);
  source->failures++;
  wait = MIN (wait, MOST_BACKOFF_US);
  wait += (gint64) ((double) wait * jitter_of (source) / 4);
  source->retry_us = now + MAX (wait, retry_after_s * SECOND);
  source->ask_retry_us = now + MAX (MIN (wait, MOST_ASKED_BACKOFF_US), retry_after_s * SECOND);
}

/* --- saving --- */

static void
save (TokenSource *source)
{
  if (source->is_saving)
    {
      source->must_save_again = TRUE;
      return;
    }
  source->is_saving = TRUE;
  source->must_save_again = FALSE;
  source->save_retry_us = 0;
  source->saving = source->unsaved.json;
  source->callbacks.save (source->user_data);
}

static void
changed (TokenSource *source)
{
  source->callbacks.changed (source->user_data);
}

/* --- those who wait --- */

/* Words for whoever runs code that needs the token. */
static char *
problem_words (TokenSource *source)
{
  const char *message = source->message == NULL ? "" : source->message;
  g_autofree char *retry = iso_time (source->retry_us);
  const char *command = is_client_grant (source) ? "set" : "authorize";
  g_autofree char *run = g_strdup_printf ("run: tenon connections %s \"%s\" --instance \"%s\"",
                                          command, source->name, source->instance);
  if (source->settings == NULL)
    return g_strdup_printf (
        "connection \"%s\" is not complete: %s; run: tenon connections set \"%s\" "
        "--instance \"%s\"",
        source->name, source->lacks == NULL ? "fields are missing" : source->lacks, source->name,
        source->instance);
  if (source->status == TOKEN_STATUS_FAILED)
    return g_strdup_printf (is_client_grant (source)
                                ? "connection \"%s\" has no token any more: %s; %s"
                                : "connection \"%s\" must be authorized again: %s; %s",
                            source->name, message, run);
  if (source->current.json == NULL && !is_client_grant (source))
    return g_strdup_printf ("connection \"%s\" has not been authorized yet; %s", source->name, run);
  if (source->status == TOKEN_STATUS_ERROR)
    return g_strdup_printf ("connection \"%s\" has no valid token just now: %s; tried again at %s",
                            source->name, message, retry);
  if (source->current.json != NULL && !can_renew (source))
    return g_strdup_printf ("the token of connection \"%s\" has expired, and the provider gave no "
                            "refresh token; %s",
                            source->name, run);
  return g_strdup_printf ("connection \"%s\" has no valid token just now", source->name);
}

char *
token_source_problem (TokenSource *source)
{
  return is_usable (source) ? NULL : problem_words (source);
}

static void
answer_waiters (TokenSource *source, const char *problem)
{
  GQueue waiters = *source->waiters;
  g_queue_init (source->waiters);
  Waiter *waiter;
  while ((waiter = g_queue_pop_head (&waiters)) != NULL)
    {
      /* Who only wants a valid token does not care that it could not be renewed. */
      gboolean is_served = waiter->ask == TOKEN_ASK_VALID && is_usable (source);
      waiter->done (source, is_served ? NULL : problem, waiter->user_data);
      g_free (waiter);
    }
}

static void
end_code (TokenSource *source, Code *code, const char *problem)
{
  code->done (source, problem, code->user_data);
  code_free (code);
}

/* --- metadata --- */

static ClientAuth
first_auth (const TokenSource *source)
{
  const ProviderMetadata *metadata = source->metadata;
  if (source->settings->client_auth != CLIENT_AUTH_AUTO)
    return source->settings->client_auth;
  if (source->learned != CLIENT_AUTH_AUTO)
    return source->learned;
  /* Without metadata: every server must take Basic (RFC 6749 §2.3.1). */
  return metadata != NULL && metadata->has_methods && !metadata->takes_basic && metadata->takes_post
             ? CLIENT_AUTH_POST
             : CLIENT_AUTH_BASIC;
}

static void begin_request (TokenSource *source);
static void begin_next (TokenSource *source);
static void fail_flight (TokenSource *source, const TokenAnswer *answer);
static void send_revocation (TokenSource *source);

static gboolean
has_metadata (TokenSource *source)
{
  return !oauth_settings_needs_discovery (source->settings)
         || (source->metadata != NULL && now_of (source) < source->metadata_us + METADATA_LIFE_US);
}

static void
send_metadata_request (TokenSource *source)
{
  g_autofree char *url = discovery_url (source->settings->issuer, source->metadata_nth);
  g_autoptr (OAuthRequest) request = request_for_metadata (url);
  source->metadata_number = ++source->last_number;
  source->callbacks.send (source->metadata_number, request, source->user_data);
}

static void
want_metadata (TokenSource *source)
{
  if (source->metadata_number != 0)
    return;
  source->metadata_nth = 0;
  g_clear_error (&source->metadata_error);
  send_metadata_request (source);
}

static void
begin_authorization (TokenSource *source, Start *start)
{
  const OAuthSettings *settings = source->settings;
  const ProviderMetadata *metadata = source->metadata;
  const char *endpoint = settings->authorize_url;
  g_autoptr (GError) error = NULL;
  if (endpoint == NULL && metadata != NULL)
    endpoint = metadata->authorization_endpoint;
  if (endpoint == NULL)
    {
      g_set_error_literal (&error, CONNECTION_ERROR, CONNECTION_ERROR_INCOMPLETE,
                           "the issuer's metadata has no authorization endpoint: set authorizeUrl");
      start->done (NULL, error, start->user_data);
      return;
    }
  g_autoptr (json_t) answer
      = authorization_set_begin (source->set, source, settings, endpoint, settings->issuer,
                                 metadata != NULL && metadata->sends_iss, start->redirect_uri);
  start->done (answer, NULL, start->user_data);
}

/* What waited for metadata goes on; `error` NULL = it is there. */
static void
metadata_done (TokenSource *source, const GError *error)
{
  Start *start;
  while ((start = g_queue_pop_head (source->starts)) != NULL)
    {
      if (error == NULL)
        begin_authorization (source, start);
      else
        start->done (NULL, error, start->user_data);
      start_free (start);
    }
  if (source->flight.awaits_metadata)
    {
      source->flight.awaits_metadata = FALSE;
      source->flight.auth = first_auth (source);
      if (error == NULL)
        begin_request (source);
      else
        {
          TokenAnswer answer = { .words = error->message };
          fail_flight (source, &answer);
        }
    }
  if (source->is_revoking && source->revocation_number == 0)
    send_revocation (source);
}

static void
metadata_answered (TokenSource *source, const OAuthAnswer *answer)
{
  g_autoptr (GError) error = NULL;
  source->metadata_number = 0;
  ProviderMetadata *metadata = provider_metadata_read (source->settings->issuer, answer, &error);
  if (metadata != NULL)
    {
      g_clear_pointer (&source->metadata, provider_metadata_free);
      source->metadata = metadata;
      source->metadata_us = now_of (source);
      metadata_done (source, NULL);
      return;
    }
  g_autofree char *next = discovery_url (source->settings->issuer, ++source->metadata_nth);
  if (source->metadata_error == NULL
      || g_error_matches (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID))
    {
      g_clear_error (&source->metadata_error);
      source->metadata_error = g_steal_pointer (&error);
    }
  if (next != NULL)
    {
      send_metadata_request (source);
      return;
    }
  g_autoptr (GError) first = g_steal_pointer (&source->metadata_error);
  if (source->metadata != NULL)
    {
      /* What it said yesterday is more likely right than nothing. */
      source->metadata_us = now_of (source);
      metadata_done (source, NULL);
      return;
    }
  g_prefix_error (&first, "the issuer's metadata could not be had: ");
  metadata_done (source, first);
}

/* --- the flight --- */

static const char *
token_endpoint (const TokenSource *source)
{
  if (source->settings->token_url != NULL)
    return source->settings->token_url;
  return source->metadata == NULL ? NULL : source->metadata->token_endpoint;
}

static RequestMaterial
material_of (TokenSource *source, const char *url, ClientAuth auth)
{
  return (RequestMaterial){
    .settings = source->settings,
    .url = url,
    .auth = auth,
    .audience = source->settings->issuer != NULL ? source->settings->issuer : url,
    .now_us = now_of (source),
  };
}

static OAuthRequest *
flight_request (TokenSource *source, GError **error)
{
  const Flight *flight = &source->flight;
  const char *url = token_endpoint (source);
  if (flight->purpose == PURPOSE_REFRESH && source->settings->refresh_url != NULL)
    url = source->settings->refresh_url;
  if (url == NULL)
    {
      g_set_error_literal (error, CONNECTION_ERROR, CONNECTION_ERROR_INCOMPLETE,
                           "the issuer's metadata has no token endpoint: set tokenUrl");
      return NULL;
    }
  const RequestMaterial material = material_of (source, url, flight->auth);
  switch (flight->purpose)
    {
    case PURPOSE_CODE:
      return request_for_code (&material, flight->code->code, flight->code->verifier,
                               flight->code->redirect_uri, error);
    case PURPOSE_CLIENT:
      return request_for_client (&material, error);
    case PURPOSE_REFRESH:
    default:
      return request_for_refresh (&material, refresh_token_of (&source->current), error);
    }
}

static void
begin_request (TokenSource *source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OAuthRequest) request = flight_request (source, &error);
  if (request == NULL)
    {
      TokenAnswer answer = { .words = error->message, .is_final = TRUE };
      fail_flight (source, &answer);
      return;
    }
  source->flight.sent_us = now_of (source);
  source->flight.number = ++source->last_number;
  source->callbacks.send (source->flight.number, request, source->user_data);
}

static void
begin_flight (TokenSource *source, Purpose purpose, Code *code)
{
  source->flight = (Flight){ .is_on = TRUE,
                             .purpose = purpose,
                             .code = code,
                             .auth = first_auth (source),
                             .awaits_metadata = !has_metadata (source) };
  if (source->flight.awaits_metadata)
    want_metadata (source);
  else
    begin_request (source);
}

static void
renew (TokenSource *source)
{
  begin_flight (source, is_client_grant (source) ? PURPOSE_CLIENT : PURPOSE_REFRESH, NULL);
}

/* What is new, over what only the first answer said (RFC 6749 §5.1, §6: no new refresh token = the
 * old one stays; extras such as instance_url stay too). */
static json_t *
merge_token (const json_t *old, json_t *new)
{
  static const char *const own[] = { "expires_in", "id_token", "error", "issued_at" };
  json_t *merged = json_copy ((json_t *) old);
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    json_object_del (merged, own[i]);
  json_t *refresh_token = json_object_get (new, "refresh_token");
  if (json_string_length (refresh_token) == 0)
    json_object_del (new, "refresh_token");
  json_object_update (merged, new);
  return merged;
}

static void
take_token (TokenSource *source, const TokenAnswer *answer, gint64 obtained_us, gboolean is_renewal)
{
  gint64 life_us = answer->lifetime_s * SECOND;
  json_t *json = is_renewal ? merge_token (source->current.json, answer->token)
                            : json_incref (answer->token);
  token_clear (&source->unsaved);
  source->unsaved.json = json;
  source->unsaved.obtained_us = obtained_us;
  if (life_us > 0)
    {
      source->unsaved.expires_us = obtained_us + life_us;
      source->unsaved.refresh_us = refresh_time (source, obtained_us, life_us);
    }
}

static void
succeed_flight (TokenSource *source, const TokenAnswer *answer)
{
  Purpose purpose = source->flight.purpose;
  if (source->settings->client_auth == CLIENT_AUTH_AUTO)
    source->learned = source->flight.auth;
  source->flight.number = 0;
  take_token (source, answer, source->flight.sent_us, purpose == PURPOSE_REFRESH);
  source->last_at_us = now_of (source);
  source->last_was_ok = TRUE;
  g_clear_pointer (&source->error_code, g_free);
  if (source->status != TOKEN_STATUS_ACTIVE || purpose == PURPOSE_CODE)
    say (source, TOKEN_EVENT_INFO, "%s",
         purpose == PURPOSE_CODE ? "was authorized" : "has a token");
  set_status (source, TOKEN_STATUS_ACTIVE, NULL);
  source->failures = 0;
  source->retry_us = source->ask_retry_us = 0;
  save (source); /* the flight ends when it is saved */
}

static void
fail_code (TokenSource *source, Code *code, const TokenAnswer *answer)
{
  say (source, TOKEN_EVENT_ERROR, "the authorization gave no token: %s", answer->words);
  if (source->current.json == NULL)
    {
      set_status (source, TOKEN_STATUS_PENDING, answer->words);
      changed (source);
    }
  end_code (source, code, answer->words);
}

static void
fail_renewal (TokenSource *source, const TokenAnswer *answer)
{
  source->last_at_us = now_of (source);
  source->last_was_ok = FALSE;
  g_free (source->error_code);
  source->error_code = g_strdup (answer->error_code);
  if (answer->is_final)
    {
      set_status (source, TOKEN_STATUS_FAILED, answer->words);
      say (source, TOKEN_EVENT_ERROR, "no token can be had any more: %s", answer->words);
    }
  else
    {
      back_off (source, answer->retry_after_s);
      set_status (source, TOKEN_STATUS_ERROR, answer->words);
      g_autofree char *retry = iso_time (source->retry_us);
      say (source, TOKEN_EVENT_WARNING, "no new token: %s; tried again at %s", answer->words,
           retry);
    }
  save (source);
  changed (source);
}

static void
fail_flight (TokenSource *source, const TokenAnswer *answer)
{
  Flight flight = source->flight;
  source->flight = (Flight){ 0 };
  if (flight.purpose == PURPOSE_CODE)
    fail_code (source, flight.code, answer);
  else
    fail_renewal (source, answer);
  g_autofree char *problem = problem_words (source);
  answer_waiters (source, problem);
  begin_next (source);
}

/* The way in which the secret is sent may be the one that this provider does not take. */
static gboolean
should_change_auth (const TokenSource *source, const TokenAnswer *answer)
{
  return source->settings->client_auth == CLIENT_AUTH_AUTO && source->learned == CLIENT_AUTH_AUTO
         && !source->flight.has_changed_auth
         && (answer->blames_client_auth || g_strcmp0 (answer->error_code, "invalid_request") == 0);
}

static void
token_answered (TokenSource *source, const OAuthAnswer *from)
{
  Flight *flight = &source->flight;
  const char *secrets[] = { source->settings->client_secret,
                            json_get_string (source->current.json, "access_token"),
                            json_get_string (source->current.json, "refresh_token"),
                            flight->code == NULL ? NULL : flight->code->code,
                            flight->code == NULL ? NULL : flight->code->verifier,
                            NULL };
  const char *given[G_N_ELEMENTS (secrets)] = { NULL };
  for (guint i = 0, n = 0; i < G_N_ELEMENTS (secrets); i++)
    if (secrets[i] != NULL)
      given[n++] = secrets[i];
  g_autoptr (TokenAnswer) answer = token_answer_read (from, given, now_of (source));
  flight->number = 0;
  if (answer->token != NULL)
    succeed_flight (source, answer);
  else if (should_change_auth (source, answer))
    {
      flight->has_changed_auth = TRUE;
      flight->auth = flight->auth == CLIENT_AUTH_BASIC ? CLIENT_AUTH_POST : CLIENT_AUTH_BASIC;
      begin_request (source);
    }
  else
    fail_flight (source, answer);
}

/* When nothing is in flight: a code that waits comes first. */
static void
begin_next (TokenSource *source)
{
  if (source->flight.is_on || source->unsaved.json != NULL || source->settings == NULL
      || source->is_revoking)
    return;
  Code *code = g_queue_pop_head (source->codes);
  if (code != NULL)
    begin_flight (source, PURPOSE_CODE, code);
}

/* --- saved --- */

static void
promote (TokenSource *source)
{
  token_clear (&source->current);
  source->current = source->unsaved;
  source->unsaved = (Token){ 0 };
  source->was_used = source->waiters->length > 0;
}

static void
end_flight_saved (TokenSource *source)
{
  Flight flight = source->flight;
  source->flight = (Flight){ 0 };
  if (flight.code != NULL)
    end_code (source, flight.code, NULL);
  answer_waiters (source, NULL);
}

static void
not_saved (TokenSource *source)
{
  static const char *const words = "the new token could not be stored; that is tried again";
  Flight flight = source->flight;
  gint64 wait = MIN (SECOND << MIN (source->save_failures, 6), MOST_SAVE_BACKOFF_US);
  source->save_retry_us = now_of (source) + wait;
  if (source->save_failures++ == 0)
    say (source, TOKEN_EVENT_ERROR, "%s", words);
  if (!flight.is_on || flight.number != 0 || flight.awaits_metadata)
    return;
  source->flight = (Flight){ 0 };
  if (flight.code != NULL)
    end_code (source, flight.code, words);
  answer_waiters (source, words);
}

void
token_source_saved (TokenSource *source, gboolean is_saved)
{
  gboolean is_token = source->unsaved.json != NULL && source->saving == source->unsaved.json;
  source->is_saving = FALSE;
  source->saving = NULL;
  if (!is_saved)
    not_saved (source);
  else
    {
      source->save_failures = 0;
      if (is_token)
        {
          promote (source);
          changed (source);
          end_flight_saved (source);
        }
      if (source->must_save_again)
        save (source);
      begin_next (source);
    }
  reschedule (source);
}

/* --- asking --- */

static void
await_flight (TokenSource *source, TokenAsk ask, TokenDone done, gpointer user_data)
{
  if (done == NULL)
    return;
  Waiter *waiter = g_new (Waiter, 1);
  *waiter = (Waiter){ ask, done, user_data };
  g_queue_push_tail (source->waiters, waiter);
}

static gboolean
is_young (TokenSource *source)
{
  const Token *token = &source->current;
  gint64 young = YOUNG_US;
  if (token->expires_us != 0)
    young = MIN (young, (token->expires_us - token->obtained_us) / 2);
  return token->json != NULL && now_of (source) < token->obtained_us + young;
}

/* The current token will do for this. */
static gboolean
is_enough (TokenSource *source, TokenAsk ask)
{
  gint64 life = source->current.expires_us - source->current.obtained_us;
  if (ask == TOKEN_ASK_NOW || !is_usable (source))
    return FALSE;
  return ask == TOKEN_ASK_NEWER ? is_young (source)
                                : !has_expired (source, MIN (life / 10, 10 * SECOND));
}

/* No new token is to be tried for now. */
static gboolean
must_not_try (TokenSource *source, TokenAsk ask)
{
  if (!can_renew (source))
    return TRUE;
  return ask != TOKEN_ASK_NOW
         && (source->status == TOKEN_STATUS_FAILED || now_of (source) < source->ask_retry_us);
}

static void
refuse_ask (TokenSource *source, TokenAsk ask, TokenDone done, gpointer user_data)
{
  g_autofree char *problem = NULL;
  if (is_usable (source) && ask != TOKEN_ASK_VALID && !can_renew (source))
    problem = g_strdup_printf ("the provider gave connection \"%s\" no refresh token: a new token "
                               "needs a person, who runs: tenon connections authorize \"%s\" "
                               "--instance \"%s\"",
                               source->name, source->name, source->instance);
  else if (!is_usable (source) || ask != TOKEN_ASK_VALID)
    problem = problem_words (source);
  if (done != NULL)
    done (source, problem, user_data);
}

void
token_source_ask (TokenSource *source, TokenAsk ask, TokenDone done, gpointer user_data)
{
  gboolean was_used = source->was_used;
  source->was_used = TRUE;
  if (is_enough (source, ask))
    {
      if (done != NULL)
        done (source, NULL, user_data);
      if (!was_used)
        reschedule (source);
      return;
    }
  /* A token that is on its way, or waits to be stored, is what is asked for. */
  if (source->flight.is_on && source->waiters->length < MAX_WAITERS)
    await_flight (source, ask, done, user_data);
  else if (source->flight.is_on || source->unsaved.json != NULL || source->is_revoking
           || must_not_try (source, ask))
    refuse_ask (source, ask, done, user_data);
  else
    {
      await_flight (source, ask, done, user_data);
      renew (source);
    }
  reschedule (source);
}

void
token_source_forget (TokenSource *source, gpointer user_data)
{
  for (GList *link = source->waiters->head, *next; link != NULL; link = next)
    {
      next = link->next;
      if (((Waiter *) link->data)->user_data != user_data)
        continue;
      g_free (link->data);
      g_queue_delete_link (source->waiters, link);
    }
}

void
token_source_rejected (TokenSource *source, const guint8 *sha256)
{
  guint8 digest[32];
  const char *token = json_get_string (source->current.json, "access_token");
  if (token == NULL || source->flight.is_on || is_young (source))
    return;
  EVP_Digest (token, strlen (token), digest, NULL, EVP_sha256 (), NULL);
  if (CRYPTO_memcmp (digest, sha256, sizeof digest) == 0)
    token_source_ask (source, TOKEN_ASK_NEWER, NULL, NULL);
}

gboolean
token_source_set_token (TokenSource *source, const json_t *token, GError **error)
{
  g_autofree char *text = json_print (token);
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  const OAuthAnswer from = { .status = 200, .content_type = "application/json", .body = body };
  g_autoptr (TokenAnswer) answer = token_answer_read (&from, NULL, now_of (source));
  explicit_bzero (text, strlen (text));
  if (answer->token == NULL || source->flight.is_on)
    {
      g_set_error (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID, "the token can't be used: %s",
                   answer->token == NULL ? answer->words : "another one is just being fetched");
      return FALSE;
    }
  take_token (source, answer, now_of (source), FALSE);
  set_status (source, TOKEN_STATUS_ACTIVE, NULL);
  source->failures = 0;
  source->retry_us = source->ask_retry_us = 0;
  save (source);
  reschedule (source);
  return TRUE;
}

/* --- authorizing --- */

void
token_source_redeem (TokenSource *source, const char *code, const char *verifier,
                     const char *redirect_uri, TokenDone done, gpointer user_data)
{
  Code *waiting = g_new0 (Code, 1);
  waiting->code = g_strdup (code);
  waiting->verifier = g_strdup (verifier);
  waiting->redirect_uri = g_strdup (redirect_uri);
  waiting->done = done;
  waiting->user_data = user_data;
  g_queue_push_tail (source->codes, waiting);
  begin_next (source);
  reschedule (source);
}

void
token_source_authorize (TokenSource *source, const char *redirect_uri, TokenAuthorizeDone done,
                        gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  if (source->settings == NULL)
    g_set_error (&error, CONNECTION_ERROR, CONNECTION_ERROR_INCOMPLETE,
                 "connection \"%s\" can't be authorized yet: %s", source->name,
                 source->lacks == NULL ? "fields are missing" : source->lacks);
  else if (is_client_grant (source))
    g_set_error (
        &error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID,
        "connection \"%s\" (client credentials) needs no person to authorize it: it gets its "
        "token by itself",
        source->name);
  if (error != NULL)
    {
      done (NULL, error, user_data);
      return;
    }
  Start *start = g_new0 (Start, 1);
  start->redirect_uri = g_strdup (redirect_uri);
  start->done = done;
  start->user_data = user_data;
  if (has_metadata (source))
    {
      begin_authorization (source, start);
      start_free (start);
      return;
    }
  g_queue_push_tail (source->starts, start);
  want_metadata (source);
}

/* Whatever is out is not waited for any more. */
static void
drop_everything (TokenSource *source, const char *problem)
{
  Flight flight = source->flight;
  Code *code;
  Start *start;
  g_autoptr (GError) error
      = g_error_new_literal (CONNECTION_ERROR, CONNECTION_ERROR_INVALID, problem);
  source->flight = (Flight){ 0 };
  source->metadata_number = 0;
  authorization_set_drop (source->set, source);
  if (flight.code != NULL)
    end_code (source, flight.code, problem);
  while ((code = g_queue_pop_head (source->codes)) != NULL)
    end_code (source, code, problem);
  while ((start = g_queue_pop_head (source->starts)) != NULL)
    {
      start->done (NULL, error, start->user_data);
      start_free (start);
    }
  answer_waiters (source, problem);
}

/* --- revoking --- */

static void
end_revocation (TokenSource *source, const char *problem)
{
  TokenDone done = source->revoked;
  gpointer user_data = source->revoked_data;
  source->revoked = NULL;
  source->revocation_number = 0;
  source->is_revoking = FALSE;
  done (source, problem, user_data); /* may free the source */
}

/* The refresh token, with which the provider ends the rest (RFC 7009 §2.1); else the access token.
 */
static void
send_revocation (TokenSource *source)
{
  const Token *token = newest (source);
  const char *url = source->settings->revoke_url;
  gboolean is_refresh = refresh_token_of (token) != NULL;
  const char *text
      = is_refresh ? refresh_token_of (token) : json_get_string (token->json, "access_token");
  if (url == NULL && source->metadata != NULL)
    url = source->metadata->revocation_endpoint;
  if (url == NULL || text == NULL)
    {
      end_revocation (source, NULL);
      return;
    }
  const RequestMaterial material = material_of (source, url, first_auth (source));
  g_autoptr (GError) error = NULL;
  g_autoptr (OAuthRequest) request = request_for_revocation (
      &material, text, is_refresh ? "refresh_token" : "access_token", &error);
  if (request == NULL)
    {
      end_revocation (source, error->message);
      return;
    }
  source->revocation_number = ++source->last_number;
  source->callbacks.send (source->revocation_number, request, source->user_data);
}

void
token_source_revoke (TokenSource *source, TokenDone done, gpointer user_data)
{
  if (source->is_revoking)
    {
      done (source, "it is being revoked already", user_data);
      return;
    }
  drop_everything (source, "the connection is being deleted");
  source->is_revoking = TRUE;
  source->revoked = done;
  source->revoked_data = user_data;
  source->callbacks.wake_at (0, source->user_data);
  if (source->settings == NULL || newest (source)->json == NULL)
    end_revocation (source, NULL);
  else if (source->settings->revoke_url == NULL && !has_metadata (source))
    want_metadata (source);
  else
    send_revocation (source);
}

/* --- what comes back --- */

void
token_source_answered (TokenSource *source, guint number, const OAuthAnswer *answer)
{
  gboolean is_revoking = source->is_revoking; /* then what follows may free the source */
  if (number == 0)
    return;
  if (number == source->revocation_number)
    {
      g_autofree char *problem = revocation_problem (answer);
      end_revocation (source, problem);
    }
  else if (number == source->flight.number)
    token_answered (source, answer);
  else if (number == source->metadata_number)
    metadata_answered (source, answer);
  if (!is_revoking)
    reschedule (source);
}

void
token_source_wake (TokenSource *source)
{
  gint64 now = now_of (source), due = refresh_due (source);
  if (source->save_retry_us != 0 && now >= source->save_retry_us)
    {
      source->save_retry_us = 0;
      save (source);
    }
  else if (due != 0 && now >= due)
    renew (source);
  reschedule (source);
}

/* --- life --- */

TokenSource *
token_source_new (AuthorizationSet *set, const TokenSourceCallbacks *callbacks, gpointer user_data)
{
  TokenSource *source = g_new0 (TokenSource, 1);
  source->set = set;
  source->callbacks = *callbacks;
  source->user_data = user_data;
  source->instance = g_strdup ("");
  source->name = g_strdup ("");
  source->codes = g_queue_new ();
  source->waiters = g_queue_new ();
  source->starts = g_queue_new ();
  return source;
}

/* Another client, or another provider: the token is none of theirs. */
static void
forget_client (TokenSource *source)
{
  gboolean had_token = newest (source)->json != NULL;
  drop_everything (source, "the connection's fields were changed");
  token_clear (&source->current);
  token_clear (&source->unsaved);
  g_clear_pointer (&source->metadata, provider_metadata_free);
  source->metadata_number = 0;
  source->learned = CLIENT_AUTH_AUTO;
  source->failures = 0;
  source->retry_us = source->ask_retry_us = 0;
  source->last_at_us = 0;
  set_status (source, TOKEN_STATUS_PENDING, NULL);
  if (had_token)
    save (source);
}

/* Given up because of the client, whose fields are others now: it is worth another try. */
static void
give_another_try (TokenSource *source)
{
  gboolean was_grant = g_strcmp0 (source->error_code, "invalid_grant") == 0
                       || g_strcmp0 (source->error_code, "bad_refresh_token") == 0;
  source->learned = CLIENT_AUTH_AUTO;
  if (source->status != TOKEN_STATUS_FAILED && source->status != TOKEN_STATUS_ERROR)
    return;
  if (source->status == TOKEN_STATUS_FAILED && was_grant && !is_client_grant (source))
    return;
  source->failures = 0;
  source->retry_us = now_of (source);
  source->ask_retry_us = 0;
  set_status (source, source->current.json == NULL ? TOKEN_STATUS_PENDING : TOKEN_STATUS_ERROR,
              source->message);
}

static gboolean
same_secrets (const OAuthSettings *a, const OAuthSettings *b)
{
  return g_strcmp0 (a->client_secret, b->client_secret) == 0 && a->client_auth == b->client_auth;
}

void
token_source_configure (TokenSource *source, const char *instance, const char *name,
                        OAuthSettings *settings, const char *lacks)
{
  g_autoptr (OAuthSettings) old = g_steal_pointer (&source->settings);
  char *new_instance = g_strdup (instance), *new_name = g_strdup (name);
  g_free (source->instance);
  g_free (source->name);
  g_free (source->lacks);
  source->instance = new_instance;
  source->name = new_name;
  source->lacks = g_strdup (lacks);
  source->settings = settings;
  if (old != NULL && settings == NULL)
    drop_everything (source, "the connection's fields were changed");
  else if (old != NULL && !oauth_settings_same_client (old, settings))
    forget_client (source);
  else if (old != NULL && !same_secrets (old, settings))
    give_another_try (source);
  reschedule (source);
}

void
token_source_free (TokenSource *source)
{
  g_queue_clear_full (source->waiters, g_free);
  drop_everything (source, "the connection is no more");
  g_queue_free (source->codes);
  g_queue_free (source->waiters);
  g_queue_free (source->starts);
  token_clear (&source->current);
  token_clear (&source->unsaved);
  g_clear_pointer (&source->settings, oauth_settings_free);
  g_clear_pointer (&source->metadata, provider_metadata_free);
  g_clear_error (&source->metadata_error);
  g_free (source->instance);
  g_free (source->name);
  g_free (source->lacks);
  g_free (source->message);
  g_free (source->error_code);
  g_free (source);
}

/* --- what is kept, what is shown --- */

TokenStatus
token_source_status (TokenSource *source)
{
  return source->status;
}

json_t *
token_source_token (TokenSource *source)
{
  return is_usable (source) ? source->current.json : NULL;
}

json_t *
token_source_state (TokenSource *source)
{
  const Token *token = newest (source);
  if (token->json == NULL && source->status == TOKEN_STATUS_PENDING)
    return NULL;
  return json_pack ("{s:O*, s:I, s:I, s:I, s:s, s:s*, s:s*, s:s, s:I, s:b}", "token", token->json,
                    "obtainedAtUs", (json_int_t) token->obtained_us, "expiresAtUs",
                    (json_int_t) token->expires_us, "refreshAtUs", (json_int_t) token->refresh_us,
                    "status", token_status_name (source->status), "message", source->message,
                    "errorCode", source->error_code, "clientAuth",
                    client_auth_name (source->learned), "lastAtUs", (json_int_t) source->last_at_us,
                    "lastWasOk", (int) source->last_was_ok);
}

gboolean
token_source_load (TokenSource *source, const json_t *state, GError **error)
{
  json_t *token = json_object_get (state, "token");
  const char *status = json_get_string (state, "status");
  int auth = client_auth_find (json_get_string (state, "clientAuth"));
  if (!json_is_object (state) || status == NULL || (token != NULL && !json_is_object (token)))
    {
      g_set_error_literal (error, CONNECTION_ERROR, CONNECTION_ERROR_INVALID,
                           "the stored token can't be read");
      return FALSE;
    }
  source->current.json = token == NULL ? NULL : json_incref (token);
  source->current.obtained_us = json_get_int (state, "obtainedAtUs", 0);
  source->current.expires_us = json_get_int (state, "expiresAtUs", 0);
  source->current.refresh_us = json_get_int (state, "refreshAtUs", 0);
  source->learned = auth < 0 ? CLIENT_AUTH_AUTO : (ClientAuth) auth;
  source->last_at_us = json_get_int (state, "lastAtUs", 0);
  source->last_was_ok = json_get_bool (state, "lastWasOk", FALSE);
  source->error_code = g_strdup (json_get_string (state, "errorCode"));
  for (int i = TOKEN_STATUS_PENDING; i <= TOKEN_STATUS_FAILED; i++)
    if (strcmp (status, token_status_name ((TokenStatus) i)) == 0)
      set_status (source, (TokenStatus) i, json_get_string (state, "message"));
  reschedule (source);
  return TRUE;
}

static void
set_time (json_t *object, const char *key, gint64 at_us)
{
  g_autofree char *text = at_us == 0 ? NULL : iso_time (at_us);
  json_object_set_new (object, key, text == NULL ? json_null () : json_string (text));
}

static json_t *
public_token (const Token *token, char *(*fingerprint) (const char *, gpointer), gpointer user_data)
{
  const char *access_token = json_get_string (token->json, "access_token");
  json_t *json = json_pack ("{s:b, s:b, s:s?, s:s?}", "isSet", 1, "hasRefreshToken",
                            (int) (refresh_token_of (token) != NULL), "scope",
                            json_get_string (token->json, "scope"), "tokenType",
                            json_get_string (token->json, "token_type"));
  set_time (json, "obtainedAt", token->obtained_us);
  set_time (json, "expiresAt", token->expires_us);
  set_time (json, "refreshAt", token->refresh_us);
  if (fingerprint != NULL && access_token != NULL)
    {
      g_autofree char *text = fingerprint (access_token, user_data);
      json_object_set_new (json, "fingerprint", json_string (text));
    }
  return json;
}

json_t *
token_source_public (TokenSource *source, char *(*fingerprint) (const char *, gpointer),
                     gpointer user_data)
{
  const Token *token = newest (source);
  gboolean is_unset = source->settings == NULL;
  const char *message = is_unset ? source->lacks : source->message;
  json_t *json = json_pack (
      "{s:s, s:s?, s:o}", "status", is_unset ? "unset" : token_status_name (source->status),
      "statusMessage", message, "token",
      token->json == NULL ? json_null () : public_token (token, fingerprint, user_data));
  if (source->last_at_us == 0)
    json_object_set_new (json, "lastRefresh", json_null ());
  else
    {
      json_t *last = json_pack ("{s:b, s:s?}", "ok", (int) source->last_was_ok, "message",
                                source->last_was_ok ? NULL : source->message);
      set_time (last, "at", source->last_at_us);
      json_object_set_new (json, "lastRefresh", last);
    }
  return json;
}

json_t *
token_source_context (TokenSource *source)
{
  if (source->current.json == NULL)
    return NULL;
  json_t *json = json_object ();
  set_time (json, "obtainedAt", source->current.obtained_us);
  set_time (json, "expiresAt", source->current.expires_us);
  set_time (json, "refreshAt", source->current.refresh_us);
  return json;
}
