/* The query that a browser brings back. "STATE" and "COOKIE" in the input are those of an
 * authorization that has begun; only with both of them may a code be redeemed. */
#include "connection/private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gint64
now_us (gpointer data)
{
  return G_USEC_PER_SEC;
}

static void
ignore_time (gint64 at_us, gpointer data)
{
}

static void
on_send (guint number, const OAuthRequest *request, gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
ignore (gpointer data)
{
}

static void
on_event (TokenEventLevel level, const char *text, gpointer data)
{
}

static void
on_start (json_t *start, const GError *error, gpointer data)
{
  *(json_t **) data = json_incref (start);
}

static void
on_page (json_t *page, gpointer data)
{
  const char *message = json_get_string (page, "message");
  g_assert_true (message != NULL && g_utf8_validate (message, -1, NULL));
}

static TokenSource *
source_new (AuthorizationSet *set, gboolean *was_sent)
{
  static const TokenSourceCallbacks callbacks = { .now_us = now_us,
                                                  .wake_at = ignore_time,
                                                  .send = on_send,
                                                  .save = ignore,
                                                  .changed = ignore,
                                                  .event = on_event };
  g_autoptr (json_t) declaration = json_pack ("{s:s}", "connection", "authorizationCode");
  g_autoptr (json_t) fields
      = json_pack ("{s:s, s:s, s:s, s:s}", "authorizeUrl", "https://p.example/a", "tokenUrl",
                   "https://p.example/t", "clientId", "i", "clientSecret", "s");
  g_autoptr (ConnectionShape) shape = connection_shape_new (declaration);
  TokenSource *source = token_source_new (set, &callbacks, was_sent);
  token_source_configure (source, "i", "c", oauth_settings_new (shape, fields, NULL, NULL), NULL);
  return source;
}

static char *
with (const char *text, const char *word, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (text, word, -1);
  return g_strjoinv (value, parts);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  gboolean was_sent = FALSE;
  g_autoptr (json_t) start = NULL;
  AuthorizationSet *set = authorization_set_new (now_us, NULL);
  TokenSource *source = source_new (set, &was_sent);
  token_source_authorize (source, "https://t/oauth2/callback", on_start, &start);
  const char *state = strstr (json_get_string (start, "url"), "&state=") + 7;
  g_autofree char *own_state = g_strndup (state, strcspn (state, "&"));

  g_autofree char *input = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (input, "\n", 2);
  g_autofree char *query = with (lines[0] == NULL ? "" : lines[0], "STATE", own_state);
  const char *cookie = lines[0] == NULL || lines[1] == NULL ? "" : lines[1];
  gboolean is_ours = strcmp (cookie, "COOKIE") == 0;
  authorization_set_callback (set, query, is_ours ? json_get_string (start, "cookie") : cookie,
                              on_page, NULL);
  g_assert_true (!was_sent || (is_ours && strstr (query, own_state) != NULL));
  token_source_free (source);
  authorization_set_free (set);
  return 0;
}
