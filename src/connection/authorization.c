/* The authorizations that people have begun: what `state` stands for.
 *
 * A state is 256 random bits, good once, for ten minutes, and only in the browser that began (RFC
 * 6749 §10.12, RFC 9700 §2.1, §4.7): that browser holds a cookie, of which only the hash is kept
 * here. With the state stand the PKCE verifier, the exact redirect URI and the issuer that the
 * browser was sent to, which `iss` of the answer is compared with (RFC 9207), since all connections
 * share one redirect URI (RFC 9700 §4.4.2).
 *
 * All of it is in memory only: after a restart, people begin again.
 */
#include "connection/private.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define MAX_QUERY_BYTES (16 << 10)
#define HASH_BYTES 32

typedef struct
{
  TokenSource *source;
  char *state, *verifier, *redirect_uri;
  char *issuer;   /* NULL = not known */
  char *endpoint; /* the authorize URL that the browser was sent to */
  gboolean sends_iss;
  guint8 cookie_hash[HASH_BYTES];
  gint64 expires_us;
} Authorization;

struct AuthorizationSet
{
  gint64 (*now_us) (gpointer);
  gpointer user_data;
  GQueue *all; /* of Authorization; the oldest first */
};

static void
authorization_free (gpointer data)
{
  Authorization *authorization = data;
  wipe_text (authorization->state);
  wipe_text (authorization->verifier);
  g_free (authorization->redirect_uri);
  g_free (authorization->issuer);
  g_free (authorization->endpoint);
  g_free (authorization);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Authorization, authorization_free)

AuthorizationSet *
authorization_set_new (gint64 (*now_us) (gpointer), gpointer user_data)
{
  AuthorizationSet *set = g_new0 (AuthorizationSet, 1);
  set->now_us = now_us;
  set->user_data = user_data;
  set->all = g_queue_new ();
  return set;
}

void
authorization_set_free (AuthorizationSet *set)
{
  g_queue_free_full (set->all, authorization_free);
  g_free (set);
}

static void
hash_of (const char *text, guint8 *hash)
{
  EVP_Digest (text, strlen (text), hash, NULL, EVP_sha256 (), NULL);
}

/* --- beginning --- */

static void
drop_link (AuthorizationSet *set, GList *link)
{
  authorization_free (link->data);
  g_queue_delete_link (set->all, link);
}

/* The expired ones, and the oldest where there are too many. */
static void
make_room (AuthorizationSet *set, const TokenSource *source)
{
  gint64 now = set->now_us (set->user_data);
  guint n = 0;
  for (GList *link = set->all->tail, *next; link != NULL; link = next)
    {
      const Authorization *authorization = link->data;
      next = link->prev;
      if (authorization->expires_us <= now
          || (authorization->source == source && ++n >= AUTHORIZATION_MOST_PER_SOURCE))
        drop_link (set, link);
    }
  while (set->all->length >= AUTHORIZATION_MOST)
    drop_link (set, set->all->head);
}

char *
authorization_cookie_name (const char *state)
{
  return g_strdup_printf ("tenon-oauth-%.8s", state);
}

json_t *
authorization_set_begin (AuthorizationSet *set, TokenSource *source, const OAuthSettings *settings,
                         const char *endpoint, const char *issuer, gboolean sends_iss,
                         const char *redirect_uri)
{
  make_room (set, source);
  Authorization *authorization = g_new0 (Authorization, 1);
  authorization->source = source;
  authorization->state = random_text (32);
  authorization->verifier = random_text (32);
  authorization->redirect_uri = g_strdup (redirect_uri);
  authorization->issuer = g_strdup (issuer);
  authorization->endpoint = g_strdup (endpoint);
  authorization->sends_iss = sends_iss;
  authorization->expires_us = set->now_us (set->user_data) + AUTHORIZATION_LIFE_US;
  char *cookie = random_text (32);
  hash_of (cookie, authorization->cookie_hash);
  g_queue_push_tail (set->all, authorization);

  g_autofree char *challenge = pkce_challenge (authorization->verifier);
  g_autofree char *url
      = authorize_url (settings, endpoint, redirect_uri, authorization->state, challenge);
  g_autofree char *expires_at = iso_time (authorization->expires_us);
  /* Of its own for each, so that two authorizations of a browser don't overwrite each other's. */
  g_autofree char *cookie_name = authorization_cookie_name (authorization->state);
  json_t *answer = json_pack ("{s:s, s:s, s:s, s:s}", "url", url, "cookieName", cookie_name,
                              "cookie", cookie, "expiresAt", expires_at);
  wipe_text (cookie);
  return answer;
}

void
authorization_set_drop (AuthorizationSet *set, TokenSource *source)
{
  for (GList *link = set->all->head, *next; link != NULL; link = next)
    {
      next = link->next;
      if (((Authorization *) link->data)->source == source)
        drop_link (set, link);
    }
}

/* --- the callback --- */

/* Out of the set, whatever comes of it: a state is good once. */
static Authorization *
take (AuthorizationSet *set, const char *state)
{
  for (GList *link = set->all->head; link != NULL; link = link->next)
    {
      Authorization *authorization = link->data;
      if (strlen (state) != strlen (authorization->state)
          || CRYPTO_memcmp (state, authorization->state, strlen (state)) != 0)
        continue;
      g_queue_delete_link (set->all, link);
      return authorization;
    }
  return NULL;
}

static json_t *
page_new (const Authorization *authorization, gboolean is_ok, const char *message)
{
  json_t *page = json_pack ("{s:b, s:s}", "ok", (int) is_ok, "message", message);
  if (authorization != NULL)
    {
      json_object_set_new (page, "instance",
                           json_string (token_source_instance (authorization->source)));
      json_object_set_new (page, "connection",
                           json_string (token_source_name (authorization->source)));
    }
  return page;
}

static gboolean
has_cookie (const Authorization *authorization, const char *cookie)
{
  guint8 hash[HASH_BYTES];
  hash_of (cookie, hash);
  return CRYPTO_memcmp (hash, authorization->cookie_hash, HASH_BYTES) == 0;
}

static gboolean
same_origin (const char *a, const char *b)
{
  g_autoptr (GUri) one = g_uri_parse (a, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  g_autoptr (GUri) other = g_uri_parse (b, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  return one != NULL && other != NULL
         && strcmp (g_uri_get_scheme (one), g_uri_get_scheme (other)) == 0
         && g_ascii_strcasecmp (g_uri_get_host (one), g_uri_get_host (other)) == 0
         && g_uri_get_port (one) == g_uri_get_port (other);
}

/* RFC 9207 §2.4. Where the issuer is not known (only URLs were set), the answer must at least come
 * from where the browser was sent. NULL = fine. */
static const char *
issuer_problem (const Authorization *authorization, const char *iss)
{
  if (iss == NULL)
    return authorization->sends_iss
               ? "The answer does not say which provider it is from (iss), though "
                 "this provider always does. It was not used."
               : NULL;
  gboolean is_right = authorization->issuer != NULL ? strcmp (iss, authorization->issuer) == 0
                                                    : same_origin (iss, authorization->endpoint);
  return is_right
             ? NULL
             : "The answer is from another provider (iss) than the one that this browser was sent "
               "to. It was not used.";
}

static json_t *
provider_refused (const Authorization *authorization, const GPtrArray *query, const char *error)
{
  const char *description, *meaning = oauth_error_meaning (error);
  const char *secrets[] = { authorization->state, authorization->verifier, NULL };
  form_find (query, "error_description", &description);
  g_autofree char *code = quote_stranger (error, secrets);
  g_autofree char *words = quote_stranger (description == NULL ? "" : description, secrets);
  g_autofree char *message = g_strdup_printf ("The provider did not authorize it: %s.",
                                              meaning == NULL ? code : meaning);
  json_t *page = page_new (authorization, FALSE, message);
  json_object_set_new (page, "providerError", json_string (code));
  if (*words != '\0')
    json_object_set_new (page, "providerErrorDescription", json_string (words));
  return page;
}

typedef struct
{
  Authorization *authorization;
  AuthorizationDone done;
  gpointer user_data;
} Redemption;

static void
redeemed (TokenSource *source, const char *problem, gpointer data)
{
  Redemption *redemption = data;
  g_autofree char *message
      = problem == NULL
            ? g_strdup ("The connection is authorized. You can close this page.")
            : g_strdup_printf ("The provider authorized it, but gave no token: %s.", problem);
  g_autoptr (json_t) page = page_new (redemption->authorization, problem == NULL, message);
  redemption->done (page, redemption->user_data);
  authorization_free (redemption->authorization);
  g_free (redemption);
}

/* The page, or NULL: the code is being redeemed (then *authorization is taken). */
static json_t *
answer_or_redeem (Authorization **authorization, const GPtrArray *query, AuthorizationDone done,
                  gpointer user_data)
{
  const char *iss, *error, *code, *problem;
  if (!form_find (query, "iss", &iss) || !form_find (query, "error", &error)
      || !form_find (query, "code", &code))
    return page_new (*authorization, FALSE,
                     "The provider's answer has a parameter twice. It was not used.");
  if ((problem = issuer_problem (*authorization, iss)) != NULL)
    return page_new (*authorization, FALSE, problem);
  if (error != NULL)
    return provider_refused (*authorization, query, error);
  if (code == NULL || *code == '\0')
    return page_new (*authorization, FALSE,
                     "The provider's answer has neither a code nor an error.");
  Redemption *redemption = g_new0 (Redemption, 1);
  redemption->authorization = g_steal_pointer (authorization);
  redemption->done = done;
  redemption->user_data = user_data;
  token_source_redeem (redemption->authorization->source, code, redemption->authorization->verifier,
                       redemption->authorization->redirect_uri, redeemed, redemption);
  return NULL;
}

void
authorization_set_callback (AuthorizationSet *set, const char *query, const char *cookie,
                            AuthorizationDone done, gpointer user_data)
{
  static const char *const used = "This authorization is not known: it was used already, or was "
                                  "begun more than ten minutes ago. "
                                  "Begin again with a new link.";
  g_autoptr (json_t) page = NULL;
  g_autoptr (Authorization) authorization = NULL;
  g_autoptr (GPtrArray) form
      = strlen (query) > MAX_QUERY_BYTES ? NULL : form_parse (query, -1, NULL);
  const char *state = NULL;
  if (form == NULL || !form_find (form, "state", &state) || state == NULL)
    page = page_new (NULL, FALSE,
                     "This is no answer of a provider that can be read: it has no state.");
  else if ((authorization = take (set, state)) == NULL)
    page = page_new (NULL, FALSE, used);
  else if (!has_cookie (authorization, cookie))
    page = page_new (
        NULL, FALSE,
        "This browser did not begin this authorization. Open the link in the browser in "
        "which you authorize.");
  else if (authorization->expires_us <= set->now_us (set->user_data))
    page = page_new (NULL, FALSE, used);
  else
    page = answer_or_redeem (&authorization, form, done, user_data);
  if (page != NULL)
    done (page, user_data);
}
