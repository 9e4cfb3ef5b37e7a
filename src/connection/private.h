/* What the files of connection share. */
#pragma once

#include "connection/connection.h"

#include <string.h>

/* Secrets are in memory of the keeper, which wipes what JSON frees; texts that are made here on the
 * way are wiped by these. */
static inline void
wipe_text (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

static inline void
wipe_string (GString *string)
{
  explicit_bzero (string->str, string->allocated_len);
  g_string_free (string, TRUE);
}

/* --- types.c, shape.c --- */

json_t *connection_fields_to_json (const ConnectionField *fields);
const char *connection_grant_name (ConnectionGrant grant); /* NULL of NONE */
/* --- check.c --- */

/* An absolute URL that a secret may be sent to: https, or http to this machine or a private
 * network. NULL = it is; else why not (static). */
const char *connection_url_problem (const char *url);

/* --- form.c --- */

/* Appends name=value, after "&" where it is not the first. Space becomes "+". */
void form_append (GString *form, const char *name, const char *value);
void form_escape (GString *out, const char *text);
/* The URL with these added to its query; one that has a query keeps it (RFC 6749 §3.1). */
char *form_add_to_url (const char *url, const char *form);
/* Name and value in turn; NULL with an error where it is no form of UTF-8 text, has a NUL in it, or
 * too many. */
GPtrArray *form_parse (const char *form, gssize length, GError **error);
/* FALSE where a name is there more than once (RFC 6749 §3.1: no parameter twice). *value NULL = it
 * is not there. */
gboolean form_find (const GPtrArray *form, const char *name, const char **value);

/* --- settings.c --- */

typedef enum
{
  CLIENT_AUTH_AUTO,
  CLIENT_AUTH_BASIC,
  CLIENT_AUTH_POST,
  CLIENT_AUTH_NONE,
  CLIENT_AUTH_PRIVATE_KEY_JWT,
} ClientAuth;
const char *client_auth_name (ClientAuth auth);
/* -1 = there is none of that name. */
int client_auth_find (const char *name);

struct OAuthSettings
{
  ConnectionGrant grant;
  char *authorize_url, *token_url, *refresh_url, *revoke_url; /* NULL = from discovery, or none */
  char *issuer;                                               /* NULL = not known */
  char *client_id, *client_secret;
  char *scopes; /* as they are sent; "" = none */
  char *audience;
  char **resources; /* never NULL */
  ClientAuth client_auth;
  /* [{key, value}] or NULL */
  json_t *headers, *authorize_params, *token_params;
};

/* Whether a token of one can be used with the other: the same client of the same provider. */
gboolean oauth_settings_same_client (const OAuthSettings *a, const OAuthSettings *b);
gboolean oauth_settings_needs_discovery (const OAuthSettings *settings);

/* --- discovery.c --- */

typedef struct
{
  char *issuer, *authorization_endpoint, *token_endpoint,
      *revocation_endpoint; /* NULL = not said */
  gboolean sends_iss;       /* authorization_response_iss_parameter_supported */
  gboolean has_methods, takes_basic, takes_post, takes_private_key_jwt;
} ProviderMetadata;

void provider_metadata_free (ProviderMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProviderMetadata, provider_metadata_free)
/* Where it may be, the first first: RFC 8414 §3.1, OpenID Connect Discovery §4. `nth` from 0; NULL
 * = no more. */
char *discovery_url (const char *issuer, guint nth);
ProviderMetadata *
provider_metadata_read (const char *issuer, const OAuthAnswer *answer, GError **error);

/* --- request.c --- */

void oauth_request_free (OAuthRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OAuthRequest, oauth_request_free)

/* What a request is made of beside the settings. */
typedef struct
{
  const OAuthSettings *settings;
  const char *url;
  ClientAuth auth;      /* never AUTO */
  const char *audience; /* of the assertion of private_key_jwt: the issuer, or the URL */
  gint64 now_us;
} RequestMaterial;

/* base64url without padding of SHA-256 of the verifier (RFC 7636 §4.2). */
char *pkce_challenge (const char *verifier);
/* `bytes` random bytes in base64url. */
char *random_text (gsize bytes);
/* The URL that a browser is sent to. */
char *authorize_url (const OAuthSettings *settings, const char *endpoint, const char *redirect_uri,
                     const char *state, const char *challenge);
/* NULL with an error where the client's private key can't be used. */
OAuthRequest *request_for_code (const RequestMaterial *material, const char *code,
                                const char *verifier, const char *redirect_uri, GError **error);
OAuthRequest *
request_for_refresh (const RequestMaterial *material, const char *refresh_token, GError **error);
OAuthRequest *request_for_client (const RequestMaterial *material, GError **error);
OAuthRequest *request_for_revocation (const RequestMaterial *material, const char *token,
                                      const char *hint, GError **error);
OAuthRequest *request_for_metadata (const char *url);

/* --- answer.c --- */

typedef struct
{
  json_t *token;     /* the whole answer; NULL = an error */
  gint64 lifetime_s; /* 0 = not said, or nothing that can be believed */
  gboolean is_final; /* of an error: it will not work before a person has done something */
  gboolean blames_client_auth; /* the client was not recognised: another way may work */
  char *error_code;            /* the provider's; NULL = none */
  char *words;                 /* of an error: a sentence */
  gint64 retry_after_s;        /* of an error; 0 = not said */
} TokenAnswer;

void token_answer_free (TokenAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TokenAnswer, token_answer_free)
/* `secrets`: texts that must not be repeated in words (ends with NULL). `now_us` for a Retry-After
 * that is a date. */
TokenAnswer *
token_answer_read (const OAuthAnswer *answer, const char *const *secrets, gint64 now_us);
/* RFC 7009 §2.2. NULL = revoked. */
char *revocation_problem (const OAuthAnswer *answer);
/* What the codes of RFC 6749 §4.1.2.1 and §5.2 mean, for a person; NULL = not known. */
const char *oauth_error_meaning (const char *code);
/* A stranger's text for a sentence: one line, printable, at most 300 characters, without the
 * secrets. */
char *quote_stranger (const char *text, const char *const *secrets);

/* --- authorization.c --- */

#define AUTHORIZATION_LIFE_US ((gint64) 10 * 60 * G_USEC_PER_SEC)
#define AUTHORIZATION_MOST 1000
#define AUTHORIZATION_MOST_PER_SOURCE 20

/* One that has begun. Gives {url, cookie, expiresAt}. `issuer` NULL = not known. */
json_t *authorization_set_begin (AuthorizationSet *set, TokenSource *source,
                                 const OAuthSettings *settings, const char *endpoint,
                                 const char *issuer, gboolean sends_iss, const char *redirect_uri);
/* Of a source that is freed, or has other settings. */
void authorization_set_drop (AuthorizationSet *set, TokenSource *source);

/* --- token_source.c, for authorization.c --- */

const char *token_source_instance (TokenSource *source);
const char *token_source_name (TokenSource *source);
void token_source_redeem (TokenSource *source, const char *code, const char *verifier,
                          const char *redirect_uri, TokenDone done, gpointer user_data);

char *iso_time (gint64 at_us); /* "2025-03-01T12:00:00Z" */
