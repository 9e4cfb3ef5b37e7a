/* A request of the OAuth client over an egress channel: redirects are not followed, the answer is
 * bounded. */
#include "connection/exchange.h"

#include "connection/private.h"

struct OAuthExchange
{
  EgressClient *client;
  guint64 number;
  OAuthExchangeDone done;
  gpointer user_data;
  guint status;
  char *content_type, *retry_after;
  GByteArray *body;
};

static void
exchange_free (OAuthExchange *exchange)
{
  g_free (exchange->content_type);
  g_free (exchange->retry_after);
  if (exchange->body->len > 0) /* else there is no data to point at */
    explicit_bzero (exchange->body->data, exchange->body->len);
  g_byte_array_unref (exchange->body);
  g_free (exchange);
}

/* `failure` NULL = it was answered. Frees the exchange. */
static void
finish (OAuthExchange *exchange, const char *failure, gboolean is_too_large)
{
  g_autoptr (GBytes) body = g_bytes_new (exchange->body->data, exchange->body->len);
  const OAuthAnswer answer = {
    .failure = failure,
    .status = exchange->status,
    .content_type = exchange->content_type,
    .retry_after = exchange->retry_after,
    .body = body,
    .is_too_large = is_too_large,
  };
  exchange->done (&answer, exchange->user_data);
  exchange_free (exchange);
}

static const char *
find_header (const GPtrArray *headers, const char *name)
{
  for (guint i = 0; i + 1 < headers->len; i += 2)
    if (g_ascii_strcasecmp (headers->pdata[i], name) == 0)
      return headers->pdata[i + 1];
  return NULL;
}

static void
on_head (const EgressHead *head, gpointer data)
{
  OAuthExchange *exchange = data;
  exchange->status = head->status;
  exchange->content_type = g_strdup (find_header (head->headers, "content-type"));
  exchange->retry_after = g_strdup (find_header (head->headers, "retry-after"));
}

static void
on_data (GBytes *chunk, gpointer data)
{
  OAuthExchange *exchange = data;
  gsize size, room = OAUTH_MAX_ANSWER_BYTES - exchange->body->len;
  gconstpointer bytes = g_bytes_get_data (chunk, &size);
  g_byte_array_append (exchange->body, bytes, (guint) MIN (size, room));
  if (size <= room)
    return;
  egress_client_cancel (exchange->client, exchange->number);
  finish (exchange, NULL, TRUE);
}

static void
on_end (gpointer data)
{
  finish (data, NULL, FALSE);
}

static void
on_failed (const char *code, const char *message, const char *host, guint port, gpointer data)
{
  g_autofree char *words = quote_stranger (message, NULL);
  finish (data, words, FALSE);
}

OAuthExchange *
oauth_exchange_send (EgressClient *client, const OAuthRequest *request, OAuthExchangeDone done,
                     gpointer user_data)
{
  static const EgressCallbacks callbacks
      = { .head = on_head, .data = on_data, .end = on_end, .failed = on_failed };
  const EgressRequest order = {
    .method = request->method,
    .url = request->url,
    .headers = request->headers,
    .redirect = EGRESS_REDIRECT_MANUAL,
    .timeout_ms = request->timeout_ms,
    /* One byte more than is wanted, so that an answer that is too large is told from one that just
       fits. */
    .most_body_bytes = OAUTH_MAX_ANSWER_BYTES * 4,
    .body = request->body,
  };
  OAuthExchange *exchange = g_new0 (OAuthExchange, 1);
  exchange->client = client;
  exchange->done = done;
  exchange->user_data = user_data;
  exchange->body = g_byte_array_new ();
  exchange->number = egress_client_request (client, &order, &callbacks, exchange);
  return exchange;
}

void
oauth_exchange_cancel (OAuthExchange *exchange)
{
  egress_client_cancel (exchange->client, exchange->number);
  exchange_free (exchange);
}
