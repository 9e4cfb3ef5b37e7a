/* What a provider answers to a token request: every shape that was seen, believed as little as
 * possible.
 *
 * A token is an answer of status 200 (any 2xx) that is a JSON object, or a form as GitHub's older
 * endpoint sends it, with a non-empty access_token, and without an error. Everything else becomes a
 * sentence for a person, and one decision: whether it makes sense to try again (a server that is
 * down, slow, or answers with a page) or not (the provider says that this grant, client or request
 * is no good).
 */
#include "connection/private.h"

#include <errno.h>
#include <math.h>

#define MAX_TOKEN_BYTES (64 << 10)
#define MOST_LIFETIME_S (366.0 * 24 * 3600 * 10) /* longer is nothing that can be believed */
#define MOST_RETRY_AFTER_S (24 * 3600)
#define MAX_QUOTE_CHARS 300

void
token_answer_free (TokenAnswer *answer)
{
  json_decref (answer->token);
  g_free (answer->error_code);
  g_free (answer->words);
  g_free (answer);
}

/* --- a stranger's words --- */

static void
strike_out (char **text, const char *secret)
{
  if (secret == NULL || strlen (secret) < 4 || strstr (*text, secret) == NULL)
    return;
  g_auto (GStrv) parts = g_strsplit (*text, secret, -1);
  g_free (*text);
  *text = g_strjoinv ("[redacted]", parts);
}

/* One line of what can be printed. */
static char *
clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (g_unichar_isspace (c))
        c = ' ';
      if (g_unichar_isprint (c))
        g_string_append_unichar (out, c);
    }
  return g_strstrip (g_string_free (out, FALSE));
}

/* Secrets are looked for in what will be shown: what is left out could have hidden one, and cutting
 * could leave half of one. */
char *
quote_stranger (const char *text, const char *const *secrets)
{
  char *shown = clean (text);
  for (guint i = 0; secrets != NULL && secrets[i] != NULL; i++)
    strike_out (&shown, secrets[i]);
  if (g_utf8_strlen (shown, -1) > MAX_QUOTE_CHARS)
    {
      char *end = g_utf8_offset_to_pointer (shown, MAX_QUOTE_CHARS);
      *end = '\0';
      char *cut = g_strconcat (shown, "…", NULL);
      g_free (shown);
      shown = cut;
    }
  return shown;
}

/* --- errors --- */

typedef struct
{
  const char *code, *meaning;
  gboolean is_temporary;
  gboolean blames_client_auth;
} KnownError;

static const KnownError known_errors[] = {
  /* RFC 6749 §4.1.2.1, §5.2 */
  { "invalid_request",
    "the request lacks something, or has something that the provider does not take", FALSE, FALSE },
  { "invalid_client",
    "the provider does not accept the client: client id, client secret or the way in which they "
    "are "
    "sent (option clientAuth) are wrong",
    FALSE, TRUE },
  { "invalid_grant",
    "the provider does not accept the authorization any more: it was used, has expired, or was "
    "withdrawn",
    FALSE, FALSE },
  { "unauthorized_client", "this client may not use this grant: allow it at the provider", FALSE,
    TRUE },
  { "unsupported_grant_type", "the provider does not know this grant at this token URL", FALSE,
    FALSE },
  { "unsupported_response_type", "the provider does not give codes at this authorize URL", FALSE,
    FALSE },
  { "invalid_scope", "a scope is not known to the provider, or not allowed for this client", FALSE,
    FALSE },
  { "access_denied", "the person or the provider said no", FALSE, FALSE },
  { "server_error", "something is broken at the provider", TRUE, FALSE },
  { "temporarily_unavailable", "the provider is overloaded or under maintenance", TRUE, FALSE },
  /* RFC 8707 §2, OpenID Connect Core §3.1.2.6 */
  { "invalid_target", "the provider does not know the audience or resource", FALSE, FALSE },
  { "login_required", "the provider wants the person to log in", FALSE, FALSE },
  { "consent_required", "the provider wants the person's consent", FALSE, FALSE },
  { "interaction_required", "the provider wants the person to do something", FALSE, FALSE },
  { "account_selection_required", "the provider wants the person to choose an account", FALSE,
    FALSE },
  /* RFC 8628 §3.5 and what providers made up */
  { "slow_down", "the provider wants fewer requests", TRUE, FALSE },
  { "ratelimited", "the provider wants fewer requests", TRUE, FALSE },
  { "rate_limited", "the provider wants fewer requests", TRUE, FALSE },
  { "rate_limit_exceeded", "the provider wants fewer requests", TRUE, FALSE },
  { "too_many_requests", "the provider wants fewer requests", TRUE, FALSE },
  { "internal_error", "something is broken at the provider", TRUE, FALSE },
  { "internal_server_error", "something is broken at the provider", TRUE, FALSE },
  { "fatal_error", "something is broken at the provider", TRUE, FALSE },
  { "service_unavailable", "the provider is overloaded or under maintenance", TRUE, FALSE },
  { "bad_refresh_token",
    "the provider does not accept the authorization any more: it was used, has expired, or was "
    "withdrawn",
    FALSE, FALSE },
  { "bad_verification_code", "the code was used, has expired, or is another client's", FALSE,
    FALSE },
  { "incorrect_client_credentials", "client id or client secret are wrong", FALSE, TRUE },
};

static const KnownError *
find_error (const char *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_errors); i++)
    if (strcmp (known_errors[i].code, code) == 0)
      return &known_errors[i];
  return NULL;
}

const char *
oauth_error_meaning (const char *code)
{
  const KnownError *known = find_error (code);
  return known == NULL ? NULL : known->meaning;
}

static gboolean
is_temporary_status (guint status)
{
  return status >= 500 || status == 429 || status == 408 || status == 425;
}

/* RFC 9110 §10.2.3: seconds, or a date. */
static gint64
read_retry_after (const char *text, gint64 now_us)
{
  gint64 seconds = 0;
  if (text == NULL)
    return 0;
  if (g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &seconds, NULL))
    return MIN (seconds, MOST_RETRY_AFTER_S);
  struct tm parts = { 0 };
  if (strptime (text, "%a, %d %b %Y %H:%M:%S GMT", &parts) == NULL)
    return 0;
  return CLAMP ((gint64) timegm (&parts) - now_us / G_USEC_PER_SEC, 0, MOST_RETRY_AFTER_S);
}

static char *
provider_words (const json_t *json, const char *code, const char *const *secrets)
{
  static const char *const places[] = { "error_description", "message", "error_message", "detail" };
  const char *description = NULL;
  for (guint i = 0; description == NULL && i < G_N_ELEMENTS (places); i++)
    description = json_get_string (json, places[i]);
  if (description == NULL)
    description = json_get_string (json_object_get (json, "error"), "message");
  g_autofree char *quoted
      = description == NULL ? g_strdup ("") : quote_stranger (description, secrets);
  g_autofree char *quoted_code = quote_stranger (code, secrets);
  const char *meaning = oauth_error_meaning (code);
  return g_strdup_printf ("the provider answered \"%s\"%s%s%s%s%s", quoted_code,
                          meaning == NULL ? "" : ": ", meaning == NULL ? "" : meaning,
                          *quoted == '\0' ? "" : " (it says: ", quoted, *quoted == '\0' ? "" : ")");
}

static void
set_provider_error (TokenAnswer *answer, guint status, const json_t *json, const char *code,
                    const char *const *secrets)
{
  const KnownError *known = find_error (code);
  answer->error_code = quote_stranger (code, secrets);
  answer->words = provider_words (json, code, secrets);
  answer->is_final = !is_temporary_status (status) && (known == NULL || !known->is_temporary);
  answer->blames_client_auth = known != NULL ? known->blames_client_auth : status == 401;
}

/* The code of an error answer; NULL = it is none. Some providers send an object, some {"ok":
 * false}. */
static const char *
error_code_of (const json_t *json, guint status)
{
  const json_t *error = json_object_get (json, "error");
  const char *code = json_string_value (error);
  if (code == NULL && json_is_object (error))
    {
      code = json_get_string (error, "status");
      if (code == NULL)
        code = json_get_string (error, "type");
      if (code == NULL)
        code = json_get_string (error, "code");
      if (code == NULL)
        code = "error";
    }
  if (code == NULL && status >= 400)
    code = json_get_string (json, "errorCode");
  if (code == NULL && json_is_false (json_object_get (json, "ok")))
    code = "error";
  return code;
}

/* --- the body --- */

static gboolean
is_form_type (const char *content_type)
{
  return content_type != NULL
         && g_ascii_strncasecmp (content_type, "application/x-www-form-urlencoded", 33) == 0;
}

static json_t *
form_to_json (const char *data, gsize size)
{
  g_autoptr (GPtrArray) form = form_parse (data, (gssize) size, NULL);
  if (form == NULL || form->len == 0)
    return NULL;
  json_t *json = json_object ();
  for (guint i = 0; i < form->len; i += 2)
    json_object_set_new (json, form->pdata[i], json_string (form->pdata[i + 1]));
  return json;
}

/* NULL = it is neither. A form without its content type is believed where it begins like a token.
 */
static json_t *
read_body (const OAuthAnswer *answer)
{
  gsize size;
  const char *data = g_bytes_get_data (answer->body, &size);
  if (data == NULL)
    return NULL;
  if (is_form_type (answer->content_type) || (size > 13 && memcmp (data, "access_token=", 13) == 0)
      || (size > 6 && memcmp (data, "error=", 6) == 0))
    return form_to_json (data, size);
  json_t *json = json_parse (data, (gssize) size, NULL);
  if (json_is_object (json))
    return json;
  json_decref (json);
  return NULL;
}

static char *
describe_body (const OAuthAnswer *answer, const char *const *secrets)
{
  if (g_bytes_get_size (answer->body) == 0)
    return g_strdup ("an empty answer");
  if (answer->content_type != NULL
      && g_ascii_strncasecmp (answer->content_type, "text/html", 9) == 0)
    return g_strdup ("a web page (text/html)");
  g_autofree char *type
      = answer->content_type == NULL ? NULL : quote_stranger (answer->content_type, secrets);
  return type == NULL ? g_strdup ("something that is not JSON")
                      : g_strdup_printf ("something that is not JSON (%s)", type);
}

static void
set_no_answer (TokenAnswer *answer, const OAuthAnswer *from, const char *const *secrets)
{
  if (from->failure != NULL)
    answer->words = g_strdup_printf ("the provider could not be reached: %s", from->failure);
  else if (from->is_too_large)
    answer->words = g_strdup_printf ("the provider answered %u with more than %d KiB", from->status,
                                     (int) (OAUTH_MAX_ANSWER_BYTES >> 10));
  else if (from->status >= 300 && from->status < 400)
    answer->words = g_strdup_printf ("the provider answered %u, a redirect: secrets are only sent "
                                     "to the URL that was set, so it "
                                     "is not followed; is the token URL right?",
                                     from->status);
  else
    {
      g_autofree char *what = describe_body (from, secrets);
      answer->words = g_strdup_printf (
          "the provider answered %u with %s in place of a token; is the token URL right?",
          from->status, what);
    }
  answer->blames_client_auth = from->failure == NULL && from->status == 401;
}

/* --- the token --- */

/* Numbers, and texts that are numbers. 0 where it says nothing that can be believed. */
static gint64
read_lifetime (const json_t *token)
{
  const json_t *value = json_object_get (token, "expires_in");
  const char *text = json_string_value (value);
  double seconds = json_number_value (value);
  if (text != NULL)
    {
      char *end;
      seconds = g_ascii_strtod (text, &end);
      if (end == text || *end != '\0')
        return 0;
    }
  return isfinite (seconds) && seconds >= 1 && seconds <= MOST_LIFETIME_S ? (gint64) seconds : 0;
}

/* What a code block could put into a header (RFC 6750 §2.1 is narrower than what providers send).
 */
static const char *
token_problem (const json_t *token)
{
  const char *access_token = json_get_string (token, "access_token");
  const char *type = json_get_string (token, "token_type");
  const json_t *refresh_token = json_object_get (token, "refresh_token");
  if (access_token == NULL || *access_token == '\0')
    return "has no access_token";
  if (strlen (access_token) > MAX_TOKEN_BYTES)
    return "has an access_token that is too long";
  for (const char *p = access_token; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return "has an access_token with control characters in it";
  if (refresh_token != NULL && !json_is_null (refresh_token) && !json_is_string (refresh_token))
    return "has a refresh_token that is no text";
  if (json_string_length (refresh_token) > MAX_TOKEN_BYTES)
    return "has a refresh_token that is too long";
  /* RFC 6749 §7.1: a type that can't be used must not be. */
  if (type != NULL
      && (g_ascii_strcasecmp (type, "mac") == 0 || g_ascii_strcasecmp (type, "dpop") == 0))
    return "has a token of a type (token_type) that needs a key, which was not asked for";
  return NULL;
}

static void
read_token (TokenAnswer *answer, const OAuthAnswer *from, json_t *json)
{
  const char *problem = token_problem (json);
  if (problem == NULL)
    {
      answer->token = json_incref (json);
      answer->lifetime_s = read_lifetime (json);
    }
  else
    answer->words = g_strdup_printf ("the provider's answer (%u) %s", from->status, problem);
}

TokenAnswer *
token_answer_read (const OAuthAnswer *from, const char *const *secrets, gint64 now_us)
{
  TokenAnswer *answer = g_new0 (TokenAnswer, 1);
  g_autoptr (json_t) json
      = from->failure != NULL || from->is_too_large || (from->status >= 300 && from->status < 400)
            ? NULL
            : read_body (from);
  const char *code = json == NULL ? NULL : error_code_of (json, from->status);
  if (from->failure == NULL)
    answer->retry_after_s = read_retry_after (from->retry_after, now_us);
  if (code != NULL)
    set_provider_error (answer, from->status, json, code, secrets);
  else if (json != NULL && from->status >= 200 && from->status < 300)
    read_token (answer, from, json);
  else if (json != NULL)
    {
      g_autofree char *status = g_strdup_printf ("%u", from->status);
      set_provider_error (answer, from->status, json, status, secrets);
      answer->is_final = FALSE; /* it did not say what is wrong */
    }
  else
    set_no_answer (answer, from, secrets);
  return answer;
}

char *
revocation_problem (const OAuthAnswer *answer)
{
  if (answer->failure != NULL)
    return g_strdup_printf ("the provider could not be reached: %s", answer->failure);
  if (answer->status >= 200 && answer->status < 300)
    return NULL;
  return g_strdup_printf ("the provider answered %u", answer->status);
}
