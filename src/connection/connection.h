/* Connections: their types, their fields, and the OAuth 2.0 client.
 *
 * Pure: no process, no store, no clock of its own. The keeper gives it a
 * clock, sends what it wants sent, stores what it wants stored, and tells it
 * what came back; the tests do the same with a clock that they turn.
 *
 *   types.c          the one table of connection types
 *   shape.c          what one declaration asks for: a type's inputs and its own
 *   check.c          whether fields are what they should be
 *   private_key.c    PEM and OpenSSH keys
 *   form.c           application/x-www-form-urlencoded, URLs that keep their query
 *   settings.c       fields and options as the OAuth client uses them
 *   request.c        what is sent to a provider
 *   answer.c         what a provider answers
 *   discovery.c      RFC 8414, OpenID Connect Discovery
 *   authorization.c  the authorizations that people have begun
 *   token_source.c   one connection's token, kept fresh
 *   exchange.c       a request over an egress channel
 *
 * The law is RFC 6749, 7636, 7009, 8414, 8707, 9207 and 9700; a comment names
 * the section where a rule comes from.
 */
#pragma once

#include "base/json.h"

#define CONNECTION_ERROR (connection_error_quark ())
GQuark connection_error_quark (void);
typedef enum
{
  CONNECTION_ERROR_INCOMPLETE, /* a field is missing */
  CONNECTION_ERROR_INVALID,    /* a field, option or answer is not what it should be */
  CONNECTION_ERROR_TEMPORARY,  /* may work later */
  CONNECTION_ERROR_REFUSED,    /* will not work before a person has done something */
} ConnectionErrorCode;

/* --- types --- */

typedef enum
{
  CONNECTION_FIELD_TEXT,
  CONNECTION_FIELD_LINES, /* text of several lines */
  CONNECTION_FIELD_URL,
  CONNECTION_FIELD_SCOPES,
  CONNECTION_FIELD_PAIRS, /* [{key, value}] */
  CONNECTION_FIELD_BOOLEAN,
  CONNECTION_FIELD_CHOICE,
} ConnectionFieldKind;

const char *connection_field_kind_name (ConnectionFieldKind kind); /* "text", …, as in the API */

typedef struct
{
  const char *key, *label, *comment;
  ConnectionFieldKind kind;
  gboolean is_required;
  gboolean is_secret;         /* write-only: nothing gives it back but to code */
  const char *initial;        /* NULL = none */
  const char *const *choices; /* of CHOICE; ends with NULL */
} ConnectionField;

typedef enum
{
  CONNECTION_GRANT_NONE,
  CONNECTION_GRANT_AUTHORIZATION_CODE, /* RFC 6749 §4.1 */
  CONNECTION_GRANT_CLIENT_CREDENTIALS, /* §4.4 */
} ConnectionGrant;

typedef struct
{
  const char *key, *label, *comment;
  ConnectionGrant grant;          /* NONE = it has no token */
  const ConnectionField *fields;  /* what code sees; ends with a NULL key */
  const ConnectionField *options; /* how Tenon gets the token; never secret; ends with a NULL key */
} ConnectionType;

/* The six types of the code component; NULL where there is none of that key. */
const ConnectionType *connection_type_find (const char *key);
const char *const *connection_type_keys (void); /* ends with NULL */
json_t *connection_types_to_json (void); /* [{key, label, comment, grant?, fields, options}] */

/* --- what one declaration (an entry of requiredConfigVars) asks for --- */

typedef struct
{
  char *key, *label, *comment;
  ConnectionFieldKind kind;
  gboolean is_required, is_secret;
  gboolean is_own; /* the declaration's, not the type's */
  const char *const *choices;
  json_t *value; /* what the declaration gives it, or the type's initial one; NULL = nothing */
  gboolean is_template; /* `value` has {{#other input}} in it */
} ConnectionInput;

typedef struct
{
  const ConnectionType
      *type;         /* NULL: of a component that Tenon does not know, which takes any field */
  char *type_key;    /* "" where the declaration says none */
  GPtrArray *inputs; /* of ConnectionInput */
} ConnectionShape;

ConnectionShape *connection_shape_new (const json_t *declaration);
void connection_shape_free (ConnectionShape *shape);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConnectionShape, connection_shape_free)
const ConnectionInput *connection_shape_find (const ConnectionShape *shape, const char *key);
/* {type, label, grant?, fields: [...], options: [...]}, as a form needs it. No value of a secret
 * input. */
json_t *connection_shape_to_json (const ConnectionShape *shape);
/* The keys that a declaration's own inputs may have, for validation: ends with NULL. */
extern const char *const connection_own_input_keys[];

/* Whether what is given (all fields that are set, options) is what it should be. Appends {field,
 * message, hint?} to `faults` and texts to `warnings`, none of which quotes a value. Missing fields
 * are no fault. FALSE where there are faults. */
gboolean connection_check (const ConnectionShape *shape, const json_t *given, const json_t *options,
                           json_t *faults, json_t *warnings);
/* What is missing, as a sentence; NULL = nothing. */
char *connection_lacks (const ConnectionShape *shape, const json_t *given, const json_t *options);
/* The fields as code sees them: what is given, over what the declaration gives, over initial
 * values. */
json_t *connection_fields (const ConnectionShape *shape, const json_t *given);
/* {name, type, value} and {key, value} lists, or an object of texts, as [{key, value}]; NULL = none
 * of these. */
json_t *connection_pairs (const json_t *given);
/* Whether the values under this name of a list of pairs (a header) are to be treated as secrets in
 * texts: FALSE for those that say nothing, such as Accept. */
gboolean connection_pair_is_secret (const char *name);

/* Whether `key` is a private key in PEM (PKCS #1, PKCS #8, SEC 1) or OpenSSH form that opens with
 * `passphrase` (NULL or "" = none). Says nothing of the key. */
gboolean connection_private_key_check (const char *key, const char *passphrase, GError **error);

/* --- requests and answers --- */

typedef struct
{
  const char *method;
  char *url;
  GPtrArray *headers; /* of char*, name and value in turn */
  GBytes *body;       /* NULL = none */
  guint timeout_ms;
} OAuthRequest;

#define OAUTH_MAX_ANSWER_BYTES ((gsize) 256 << 10)

typedef struct
{
  const char *failure; /* it was not answered: why, in words; NULL = it was, and the rest holds */
  guint status;
  const char *content_type; /* NULL = none */
  const char *retry_after;  /* NULL = none */
  GBytes *body;
  gboolean is_too_large; /* over OAUTH_MAX_ANSWER_BYTES; the body is cut there */
} OAuthAnswer;

/* --- the OAuth client of one connection --- */

typedef struct OAuthSettings OAuthSettings;
/* `fields` as connection_fields() gives them. Errors: INCOMPLETE, INVALID. Only of types with a
 * grant. */
OAuthSettings *oauth_settings_new (const ConnectionShape *shape, const json_t *fields,
                                   const json_t *options, GError **error);
void oauth_settings_free (OAuthSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OAuthSettings, oauth_settings_free)

/* The authorizations that have begun and not ended: in memory only, ten minutes each, and a bounded
 * number. One for all connections, since they share the redirect URI. */
typedef struct AuthorizationSet AuthorizationSet;
AuthorizationSet *authorization_set_new (gint64 (*now_us) (gpointer), gpointer user_data);
void authorization_set_free (AuthorizationSet *set); /* after all sources */
/* The redirect that a browser brought back. `query` without "?", as it came; `cookie` the value
 * that token_source_authorize() gave, or "". `done` runs once, maybe at once: {ok, instance?,
 * connection?, message, providerError?, providerErrorDescription?}; no secret in it. */
typedef void (*AuthorizationDone) (json_t *page, gpointer user_data);
void authorization_set_callback (AuthorizationSet *set, const char *query, const char *cookie,
                                 AuthorizationDone done, gpointer user_data);

/* The name of the cookie that belongs to a state; free with g_free. */
char *authorization_cookie_name (const char *state);

typedef enum
{
  TOKEN_STATUS_PENDING, /* nobody has authorized it yet, or it has not been asked for */
  TOKEN_STATUS_ACTIVE,
  TOKEN_STATUS_ERROR,  /* the last try failed; it is tried again */
  TOKEN_STATUS_FAILED, /* given up: a person must act */
} TokenStatus;
const char *token_status_name (TokenStatus status); /* "pending", … */

typedef enum
{
  TOKEN_EVENT_INFO,
  TOKEN_EVENT_WARNING,
  TOKEN_EVENT_ERROR,
} TokenEventLevel;

typedef struct TokenSource TokenSource;

typedef struct
{
  gint64 (*now_us) (gpointer user_data); /* since 1970 */
  double (*jitter) (gpointer user_data); /* from 0 to under 1; NULL = random */
  /* token_source_wake() at that time; replaces what was asked before; 0 = never. */
  void (*wake_at) (gint64 at_us, gpointer user_data);
  /* token_source_answered() with that number later, never inside. */
  void (*send) (guint number, const OAuthRequest *request, gpointer user_data);
  /* Make token_source_state() and token_source_public() durable, then token_source_saved(), never
   * inside. Not called again before that. */
  void (*save) (gpointer user_data);
  /* token_source_token(), _problem() or _public() gives something new. */
  void (*changed) (gpointer user_data);
  /* For the log of the instance; the text does not name the connection. */
  void (*event) (TokenEventLevel level, const char *text, gpointer user_data);
} TokenSourceCallbacks;

/* One connection's token. No `done` may free it, but that of token_source_revoke(). What it
 * promises:
 * - one request that obtains a token at a time;
 * - a new token is given to nobody before it is saved;
 * - a refresh token that came is never replaced by none, and the old one is used until the new one
 * is saved;
 * - no secret in any sentence.
 * `callbacks` are copied. */
TokenSource *
token_source_new (AuthorizationSet *set, const TokenSourceCallbacks *callbacks, gpointer user_data);
void token_source_free (TokenSource *source); /* waiters hear nothing more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TokenSource, token_source_free)

/* Names for sentences, and the settings (taken; NULL = fields are missing: `lacks`, copied, says
 * which). Where the client or the provider is another one, the token is dropped and it is pending
 * again. */
void token_source_configure (TokenSource *source, const char *instance, const char *name,
                             OAuthSettings *settings, const char *lacks);
/* What token_source_state() gave once; before anything is asked. */
gboolean token_source_load (TokenSource *source, const json_t *state, GError **error);
json_t *token_source_state (TokenSource *source); /* holds the secrets; NULL = nothing to be kept */
/* {status, statusMessage, token: {…} | null, lastRefresh: {at, ok, message} | null}; `fingerprint`
 * (free with g_free) is put into token where it is not NULL. */
json_t *
token_source_public (TokenSource *source, char *(*fingerprint) (const char *secret, gpointer),
                     gpointer user_data);
TokenStatus token_source_status (TokenSource *source);
/* The token as the provider gave it, saved, for code; NULL = there is none that can be used.
 * Borrowed. */
json_t *token_source_token (TokenSource *source);
json_t *token_source_context (
    TokenSource *source); /* {obtainedAt, expiresAt?, refreshAt?} as ISO 8601; NULL = no token */
/* Why there is no token that can be used, in words for whoever runs the code; NULL = there is one.
 */
char *token_source_problem (TokenSource *source);

typedef enum
{
  TOKEN_ASK_VALID, /* one that has not expired: at once, or after a refresh */
  TOKEN_ASK_NEWER, /* code wants a newer one; a token that is very young is given as it is */
  TOKEN_ASK_NOW,   /* a person wants one: whatever its age, also where it was given up */
} TokenAsk;
/* `problem` NULL = token_source_token() is what was asked for. */
typedef void (*TokenDone) (TokenSource *source, const char *problem, gpointer user_data);
/* `done` runs once, maybe at once. NULL = nobody waits. */
void token_source_ask (TokenSource *source, TokenAsk ask, TokenDone done, gpointer user_data);
void token_source_forget (TokenSource *source, gpointer user_data); /* its `done` runs no more */
/* A request with the access token of this SHA-256 (32 bytes) was answered 401. */
void token_source_rejected (TokenSource *source, const guint8 *sha256);
/* A token as a token endpoint would answer it, from a person. */
gboolean token_source_set_token (TokenSource *source, const json_t *token, GError **error);

/* A person wants to authorize it. `done` runs once, maybe at once: {url, cookieName, cookie,
 * expiresAt}, or an error. The value of the cookie must come back with the callback from the same
 * browser. */
typedef void (*TokenAuthorizeDone) (json_t *answer, const GError *error, gpointer user_data);
void token_source_authorize (TokenSource *source, const char *redirect_uri, TokenAuthorizeDone done,
                             gpointer user_data);
/* RFC 7009, before it is deleted. `done` runs once, maybe at once; `problem` NULL = revoked, or
 * nothing to revoke. Takes no longer than the request's timeout. */
void token_source_revoke (TokenSource *source, TokenDone done, gpointer user_data);

void token_source_answered (TokenSource *source, guint number, const OAuthAnswer *answer);
void token_source_saved (TokenSource *source, gboolean is_saved);
void token_source_wake (TokenSource *source);
