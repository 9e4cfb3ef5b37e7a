/* One request of a worker, with its redirects, each a turn of the same libcurl
 * easy handle.
 *
 * libcurl does not follow redirects here: the rules are the Fetch standard's
 * ("HTTP-redirect fetch"), the target of each is checked like the first, and
 * the policy is asked about each address that libcurl is about to connect to.
 * Sealed values are put in anew for each (seal.h).
 */
#include "egress/private.h"
#include "egress/seal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define MOST_REDIRECTS 20
#define CONNECT_TIMEOUT_MS 10000L
/* undici's headersTimeout and bodyTimeout: this long without a byte. */
#define SILENCE_SECONDS 300L
/* A redirect's body is read to keep the connection, up to here. */
#define DRAIN_BYTES (64 << 10)

struct Transfer
{
  Pool *pool;
  const EgressPolicy *policy;
  EgressOrder *order;
  TransferEvents events;
  gpointer user_data;

  CURL *easy;
  struct curl_slist *header_list;
  char curl_message[CURL_ERROR_SIZE];
  gboolean is_in_pool;
  EgressTarget *target;
  EgressSeals *seals;       /* of the worker; or NULL */
  EgressFilled *filled;     /* what is sent this turn, where that is not the order itself */
  Redactor *masks;          /* the sealed values that were sent so far; or NULL */
  RedactorStream *masking;  /* of the answer's body; or NULL */
  gint64 started_at_us;
  guint n_redirects;

  /* Of the answer under way. */
  guint status;
  char *status_text;
  GPtrArray *headers; /* of char*, name and value in turn, UTF-8 */
  gsize header_bytes;
  gboolean is_begun; /* the request has been sent, or is being sent */
  gboolean has_head;
  char *location; /* to be followed; NULL = none */
  gsize drained;
  guint64 body_bytes;

  gboolean is_held, is_paused, is_waiting_for_pool;
  GQueue chunks;      /* of GBytes: of a body that comes in pieces, not read by libcurl yet */
  gsize chunk_at;     /* read of the first */
  gsize chunk_bytes;  /* in all of them */
  gboolean is_body_whole, is_body_dropped, is_starved; /* libcurl waits for a chunk */
  char address[64];    /* the last one tried, in digits */
  const char *refusal; /* by the policy; static */
  EgressFailure *failure;
};

guint64
transfer_number (const Transfer *transfer)
{
  return transfer->order->number;
}

static void
fail (Transfer *transfer, EgressFailure *failure)
{
  if (transfer->failure == NULL)
    transfer->failure = failure;
  else
    egress_failure_free (failure);
}

/* --- the answer's head --- */

static void
begin_head (Transfer *transfer, const char *line, gsize length)
{
  g_autofree char *text = g_strndup (line, length);
  const char *status = strchr (text, ' ');
  const char *reason = status == NULL ? NULL : strchr (status + 1, ' ');

  transfer->status = status == NULL ? 0 : (guint) g_ascii_strtoull (status + 1, NULL, 10);
  g_free (transfer->status_text);
  transfer->status_text
      = g_convert (reason == NULL ? "" : reason + 1, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
  g_strchomp (transfer->status_text);
  g_ptr_array_set_size (transfer->headers, 0);
}

/* The bytes of a header as text: each byte is a character (Fetch standard, "isomorphic decode").
 * NUL, which a frame's text can't hold, is not allowed in a header. */
static char *
header_text (const char *bytes, gsize length)
{
  GString *text = g_string_sized_new (length);
  for (gsize i = 0; i < length; i++)
    g_string_append_unichar (text, bytes[i] == '\0' ? ' ' : (guint8) bytes[i]);
  return g_strstrip (g_string_free (text, FALSE));
}

static void
add_header (Transfer *transfer, const char *line, gsize length)
{
  const char *colon = memchr (line, ':', length);
  guint n = transfer->headers->len;

  if ((*line == ' ' || *line == '\t') && n > 0)
    {
      /* A folded line goes on with the last value (RFC 9112 §5.2). */
      g_autofree char *more = header_text (line, length);
      char *joined = g_strconcat (transfer->headers->pdata[n - 1], " ", more, NULL);
      g_free (transfer->headers->pdata[n - 1]);
      transfer->headers->pdata[n - 1] = joined;
      return;
    }
  if (colon == NULL || colon == line)
    return;
  g_ptr_array_add (transfer->headers, header_text (line, (gsize) (colon - line)));
  g_ptr_array_add (transfer->headers, header_text (colon + 1, length - (gsize) (colon + 1 - line)));
}

static const char *
answer_header (const Transfer *transfer, const char *name)
{
  for (guint i = 0; i + 1 < transfer->headers->len; i += 2)
    if (g_ascii_strcasecmp (transfer->headers->pdata[i], name) == 0)
      return transfer->headers->pdata[i + 1];
  return NULL;
}

static gboolean
is_redirect_status (guint status)
{
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* An encoding that libcurl does not know fails the request there; like Node, the body is given as
 * it came. */
static void
keep_unknown_encoding (Transfer *transfer)
{
  static const char *const known[]
      = { "gzip", "x-gzip", "deflate", "br", "zstd", "identity", "none", "", NULL };
  const curl_version_info_data *version = curl_version_info (CURLVERSION_NOW);
  const char *encoding = answer_header (transfer, "Content-Encoding");
  gboolean is_known = TRUE;

  if (encoding == NULL)
    return;
  g_auto (GStrv) parts = g_strsplit (encoding, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *coding = g_ascii_strdown (g_strstrip (parts[i]), -1);
      is_known &= g_strv_contains (known, coding);
      if (strcmp (coding, "br") == 0)
        is_known &= (version->features & CURL_VERSION_BROTLI) != 0;
      if (strcmp (coding, "zstd") == 0)
        is_known &= (version->features & CURL_VERSION_ZSTD) != 0;
    }
  if (!is_known)
    curl_easy_setopt (transfer->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
}

static void
mask (const Transfer *transfer, char **text)
{
  char *masked = redactor_text (transfer->masks, *text, -1);
  if (masked != NULL)
    {
      g_free (*text);
      *text = masked;
    }
}

/* A server may repeat what it was sent, a redirect's target may hold it. */
static void
mask_head (Transfer *transfer, char **url)
{
  if (transfer->masks == NULL)
    return;
  mask (transfer, url);
  for (guint i = 1; i < transfer->headers->len; i += 2)
    mask (transfer, (char **) &transfer->headers->pdata[i]);
  transfer->masking = redactor_stream_new (transfer->masks);
}

static void
end_head (Transfer *transfer)
{
  const char *location = answer_header (transfer, "Location");

  if (transfer->status < 200)
    return; /* an interim answer; the real one follows */
  transfer->has_head = TRUE;
  if (is_redirect_status (transfer->status) && location != NULL
      && transfer->order->redirect != EGRESS_REDIRECT_MANUAL)
    {
      if (transfer->order->redirect == EGRESS_REDIRECT_ERROR)
        fail (transfer, egress_failure_new ("UND_ERR_REDIRECT", "unexpected redirect"));
      else if (transfer->n_redirects >= MOST_REDIRECTS)
        fail (transfer, egress_failure_new ("UND_ERR_REDIRECT", "redirect count exceeded"));
      else
        transfer->location = g_convert (location, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
      return;
    }
  keep_unknown_encoding (transfer);
  g_autofree char *url = egress_target_url (transfer->target);
  mask_head (transfer, &url);
  transfer->events.head (transfer, transfer->status, transfer->status_text, url,
                         transfer->n_redirects > 0, transfer->headers, transfer->user_data);
}

static size_t
on_header (char *line, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  gsize length = size * n, whole = length;

  if (transfer->has_head)
    return whole; /* trailers */
  transfer->header_bytes += length;
  if (transfer->header_bytes > EGRESS_MAX_HEADER_BYTES)
    {
      fail (transfer, egress_failure_new ("UND_ERR_HEADERS_OVERFLOW", "Headers Overflow Error"));
      return CURL_WRITEFUNC_ERROR;
    }
  while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
    length--;
  if (length >= 5 && memcmp (line, "HTTP/", 5) == 0)
    begin_head (transfer, line, length);
  else if (length > 0)
    add_header (transfer, line, length);
  else
    end_head (transfer);
  return transfer->failure == NULL ? whole : CURL_WRITEFUNC_ERROR;
}

/* --- the answer's body --- */

static void
give_masked (Transfer *transfer, GBytes *piece)
{
  gsize length;
  const char *data = g_bytes_get_data (piece, &length);
  if (length > 0)
    transfer->events.data (transfer, data, length, transfer->user_data);
  g_bytes_unref (piece);
}

static void
give_body (Transfer *transfer, const char *data, gsize length)
{
  if (transfer->masking == NULL)
    transfer->events.data (transfer, data, length, transfer->user_data);
  else
    give_masked (transfer, redactor_stream_write (transfer->masking, data, length));
}

static size_t
on_body (char *data, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  gsize length = size * n;

  if (transfer->location != NULL)
    {
      transfer->drained += length;
      return transfer->drained > DRAIN_BYTES ? CURL_WRITEFUNC_ERROR : length;
    }
  if (transfer->is_held)
    {
      transfer->is_paused = TRUE;
      return CURL_WRITEFUNC_PAUSE;
    }
  if (transfer_pool_is_congested (transfer->pool))
    {
      transfer->is_paused = transfer->is_waiting_for_pool = TRUE;
      transfer_pool_add_paused (transfer->pool, transfer);
      return CURL_WRITEFUNC_PAUSE;
    }
  transfer->body_bytes += length;
  if (transfer->body_bytes > transfer->order->most_body_bytes)
    {
      fail (transfer, egress_failure_new ("UND_ERR_RES_EXCEEDED_MAX_SIZE",
                                          "Response content exceeded max size: it is longer than "
                                          "%" G_GUINT64_FORMAT " bytes (limit \"fetchBytes\")",
                                          transfer->order->most_body_bytes));
      return CURL_WRITEFUNC_ERROR;
    }
  give_body (transfer, data, length);
  return length;
}

static void
update_pause (Transfer *transfer)
{
  curl_easy_pause (transfer->easy, (transfer->is_paused ? CURLPAUSE_RECV : CURLPAUSE_RECV_CONT)
                                       | (transfer->is_starved ? CURLPAUSE_SEND
                                                               : CURLPAUSE_SEND_CONT));
}

static void
go_on (Transfer *transfer)
{
  transfer->is_paused = FALSE;
  update_pause (transfer);
}

void
transfer_resume (Transfer *transfer)
{
  transfer->is_waiting_for_pool = FALSE;
  go_on (transfer);
}

void
transfer_hold (Transfer *transfer, gboolean is_held)
{
  transfer->is_held = is_held;
  if (!is_held && transfer->is_paused && !transfer->is_waiting_for_pool)
    go_on (transfer);
}

/* --- a request's body in pieces --- */

static size_t
on_read_body (char *buffer, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  GBytes *chunk = g_queue_peek_head (&transfer->chunks);
  if (chunk == NULL)
    {
      if (transfer->is_body_whole)
        return 0;
      transfer->is_starved = TRUE;
      return CURL_READFUNC_PAUSE;
    }
  gsize length;
  const char *data = g_bytes_get_data (chunk, &length);
  gsize given = MIN (size * n, length - transfer->chunk_at);
  memcpy (buffer, data + transfer->chunk_at, given);
  transfer->chunk_at += given;
  if (transfer->chunk_at == length)
    {
      transfer->chunk_at = 0;
      transfer->chunk_bytes -= length;
      g_bytes_unref (g_queue_pop_head (&transfer->chunks));
      transfer->events.credit (transfer, (guint32) length, transfer->user_data);
    }
  return given;
}

gboolean
transfer_body (Transfer *transfer, GBytes *chunk, gboolean is_last)
{
  gsize length = g_bytes_get_size (chunk);
  if (!transfer->order->has_more_body || transfer->is_body_whole
      || transfer->chunk_bytes + length > EGRESS_WINDOW_BYTES)
    return FALSE;
  transfer->is_body_whole = is_last;
  if (transfer->is_body_dropped)
    {
      /* A redirect has made a GET of it. */
      transfer->events.credit (transfer, (guint32) length, transfer->user_data);
      return TRUE;
    }
  if (length > 0)
    g_queue_push_tail (&transfer->chunks, g_bytes_ref (chunk));
  transfer->chunk_bytes += length;
  if (transfer->is_starved)
    {
      transfer->is_starved = FALSE;
      update_pause (transfer);
    }
  return TRUE;
}

/* --- connecting --- */

static curl_socket_t
on_open_socket (void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
  Transfer *transfer = user_data;
  g_autofree char *text = egress_address_to_text (&address->addr);
  const char *refusal = egress_policy_check (transfer->policy, &address->addr);

  g_strlcpy (transfer->address, text, sizeof transfer->address);
  if (refusal != NULL)
    {
      transfer->refusal = refusal;
      return CURL_SOCKET_BAD;
    }
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A connection that was kept alive may turn out dead once the request is on it, and libcurl then
 * sends the request again. Right for a GET; a POST might have been carried out (RFC 9110 §9.2.2).
 */
static int
on_request_begins (void *user_data, char *to_address, char *from_address, int to_port,
                   int from_port)
{
  static const char *const repeatable[] = { "GET", "HEAD", "OPTIONS", "PUT", "DELETE", NULL };
  Transfer *transfer = user_data;
  gboolean is_repeated = transfer->is_begun;
  transfer->is_begun = TRUE;
  return is_repeated && !g_strv_contains (repeatable, transfer->order->method)
             ? CURL_PREREQFUNC_ABORT
             : CURL_PREREQFUNC_OK;
}

static EgressFailure *
policy_failure (const Transfer *transfer)
{
  const char *host = transfer->target->host;
  gboolean is_name = strcmp (host, transfer->address) != 0;
  return egress_failure_new (
      "EPOLICY",
      "the outbound policy refuses %s%s%s%s, %s; whoever runs Tenon can allow it with "
      "--allow-private %s",
      host, is_name ? " (" : "", is_name ? transfer->address : "", is_name ? ")" : "",
      transfer->refusal, transfer->address);
}

/* --- setting up --- */

static void
append_header (Transfer *transfer, const char *text)
{
  transfer->header_list = curl_slist_append (transfer->header_list, text);
}

static void
set_headers (Transfer *transfer)
{
  const EgressOrder *order = transfer->order;
  const GPtrArray *headers = transfer->filled == NULL ? order->headers : transfer->filled->headers;
  g_clear_pointer (&transfer->header_list, curl_slist_free_all);
  for (guint i = 0; i + 1 < headers->len; i += 2)
    {
      const char *name = headers->pdata[i], *value = headers->pdata[i + 1];
      /* libcurl's way of writing a header without a value */
      g_autofree char *line
          = *value == '\0' ? g_strconcat (name, ";", NULL) : g_strconcat (name, ": ", value, NULL);
      append_header (transfer, line);
    }
  /* What libcurl would add by itself. */
  append_header (transfer, "Expect:");
  if (egress_order_header (order, "Accept") == NULL)
    append_header (transfer, "Accept:");
  if (egress_order_header (order, "Content-Type") == NULL)
    append_header (transfer, "Content-Type:");
  curl_easy_setopt (transfer->easy, CURLOPT_HTTPHEADER, transfer->header_list);
}

static gboolean
expects_body (const char *method)
{
  return strcmp (method, "POST") == 0 || strcmp (method, "PUT") == 0
         || strcmp (method, "PATCH") == 0;
}

static void
set_method (Transfer *transfer)
{
  const EgressOrder *order = transfer->order;
  GBytes *body = transfer->filled == NULL ? order->body : transfer->filled->body;
  gsize length = 0;
  gconstpointer data = body == NULL ? NULL : g_bytes_get_data (body, &length);

  if (strcmp (order->method, "HEAD") == 0)
    {
      curl_easy_setopt (transfer->easy, CURLOPT_NOBODY, 1L);
      return;
    }
  if (order->has_more_body && !transfer->is_body_dropped)
    {
      curl_easy_setopt (transfer->easy, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt (transfer->easy, CURLOPT_READFUNCTION, on_read_body);
      curl_easy_setopt (transfer->easy, CURLOPT_READDATA, transfer);
      curl_easy_setopt (transfer->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) order->body_length);
    }
  else if (length > 0 || expects_body (order->method))
    {
      curl_easy_setopt (transfer->easy, CURLOPT_POST, 1L);
      curl_easy_setopt (transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) length);
      curl_easy_setopt (transfer->easy, CURLOPT_POSTFIELDS, length == 0 ? "" : data);
    }
  curl_easy_setopt (transfer->easy, CURLOPT_CUSTOMREQUEST, order->method);
}

/* An NTLM or Negotiate answer speaks for the connection, not for the request: it must not serve
 * another execution. */
static gboolean
authenticates_connection (const EgressOrder *order)
{
  const char *value = egress_order_header (order, "Authorization");
  return value != NULL
         && (g_ascii_strncasecmp (value, "NTLM", 4) == 0
             || g_ascii_strncasecmp (value, "Negotiate", 9) == 0);
}

static void
set_connection (Transfer *transfer)
{
  CURL *easy = transfer->easy;
  gboolean is_https = strcmp (transfer->target->scheme, "https") == 0;

  const EgressTarget *target
      = transfer->filled == NULL ? transfer->target : transfer->filled->target;
  curl_easy_setopt (easy, CURLOPT_CURLU, target->handle);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (easy, CURLOPT_PROXY, "");
  curl_easy_setopt (easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_PREREQFUNCTION, on_request_begins);
  curl_easy_setopt (easy, CURLOPT_PREREQDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
  curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
  /* Rather a stream on a connection that is being made than one more connection. */
  curl_easy_setopt (easy, CURLOPT_PIPEWAIT, is_https ? 1L : 0L);
  curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt (easy, CURLOPT_CAINFO, NULL);
  curl_easy_setopt (easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt (easy, CURLOPT_SSL_CTX_FUNCTION, egress_trust_apply);
  if (transfer->order->closes_connection || authenticates_connection (transfer->order))
    {
      curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, 1L);
      curl_easy_setopt (easy, CURLOPT_FORBID_REUSE, 1L);
    }
}

static void
set_up (Transfer *transfer, guint timeout_ms)
{
  CURL *easy = transfer->easy;
  curl_easy_reset (easy);
  *transfer->curl_message = '\0';
  curl_easy_setopt (easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, transfer->curl_message);
  set_connection (transfer);
  set_method (transfer);
  set_headers (transfer);
  curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_BUFFERSIZE, 64L << 10);
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
  curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) timeout_ms);
  if (transfer->order->is_decompressed)
    curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "");
}

/* --- the turns --- */

static void
end (Transfer *transfer, EgressFailure *failure)
{
  g_autoptr (EgressFailure) owned = failure;
  const EgressTarget *target = transfer->target;
  transfer->events.done (transfer, owned, target == NULL ? "" : target->host,
                         target == NULL ? 0 : target->port, transfer->user_data);
}

static EgressFailure *
total_timeout_failure (const Transfer *transfer)
{
  return egress_failure_new ("ETIMEDOUT", "the request took longer than its timeout of %u ms",
                             transfer->order->timeout_ms);
}

static void
turn (Transfer *transfer)
{
  guint timeout_ms = transfer->order->timeout_ms;
  if (timeout_ms > 0)
    {
      gint64 spent_ms = (g_get_monotonic_time () - transfer->started_at_us) / 1000;
      if (spent_ms >= timeout_ms)
        {
          end (transfer, total_timeout_failure (transfer));
          return;
        }
      timeout_ms -= (guint) spent_ms;
    }
  EgressFailure *failure = NULL;
  g_clear_pointer (&transfer->filled, egress_filled_free);
  transfer->filled = egress_seals_fill (transfer->seals, transfer->order, transfer->target,
                                        &transfer->masks, &failure);
  if (failure != NULL)
    {
      end (transfer, failure);
      return;
    }
  set_up (transfer, timeout_ms);
  transfer->is_in_pool = transfer_pool_add (transfer->pool, transfer->easy);
  if (!transfer->is_in_pool)
    end (transfer, egress_failure_new ("ENOMEM", "out of memory"));
}

Transfer *
transfer_new (Pool *pool, const EgressPolicy *policy, EgressSeals *seals, EgressOrder *order,
              const TransferEvents *events, gpointer user_data)
{
  Transfer *transfer = g_new0 (Transfer, 1);
  transfer->pool = pool;
  transfer->policy = policy;
  transfer->seals = seals == NULL ? NULL : egress_seals_ref (seals);
  transfer->order = order;
  transfer->events = *events;
  transfer->user_data = user_data;
  transfer->easy = curl_easy_init ();
  transfer->headers = g_ptr_array_new_with_free_func (g_free);
  transfer->started_at_us = g_get_monotonic_time ();
  g_queue_init (&transfer->chunks);
  return transfer;
}

void
transfer_start (Transfer *transfer)
{
  EgressFailure *failure = NULL;
  transfer->target = egress_target_new (transfer->order->url, &failure);
  if (failure != NULL)
    end (transfer, failure);
  else
    turn (transfer);
}

static void
drop_body (Transfer *transfer)
{
  EgressOrder *order = transfer->order;
  transfer->is_body_dropped = TRUE;
  while (!g_queue_is_empty (&transfer->chunks))
    {
      g_autoptr (GBytes) chunk = g_queue_pop_head (&transfer->chunks);
      transfer->events.credit (transfer, (guint32) g_bytes_get_size (chunk), transfer->user_data);
    }
  transfer->chunk_bytes = transfer->chunk_at = 0;
  transfer->is_starved = FALSE;
  static const char *const of_the_body[]
      = { "Content-Encoding", "Content-Language", "Content-Location", "Content-Type" };
  g_clear_pointer (&order->body, g_bytes_unref);
  for (guint i = 0; i < G_N_ELEMENTS (of_the_body); i++)
    egress_order_drop_header (order, of_the_body[i]);
}

/* Fetch standard, "HTTP-redirect fetch", from step 12. */
static void
redirect_order (Transfer *transfer, const EgressTarget *next)
{
  static const char *const of_the_origin[]
      = { "Authorization", "Proxy-Authorization", "Cookie", "Host" };
  EgressOrder *order = transfer->order;
  gboolean is_get = strcmp (order->method, "GET") == 0 || strcmp (order->method, "HEAD") == 0;

  if ((transfer->status <= 302 && strcmp (order->method, "POST") == 0)
      || (transfer->status == 303 && !is_get))
    {
      g_free (order->method);
      order->method = g_strdup ("GET");
      drop_body (transfer);
    }
  if (!egress_target_same_origin (transfer->target, next))
    for (guint i = 0; i < G_N_ELEMENTS (of_the_origin); i++)
      egress_order_drop_header (order, of_the_origin[i]);
}

static void
follow (Transfer *transfer)
{
  EgressFailure *failure = NULL;
  g_autofree char *location = g_steal_pointer (&transfer->location);
  EgressTarget *next = egress_target_redirect (transfer->target, location, &failure);
  if (next == NULL)
    {
      end (transfer, failure);
      return;
    }
  redirect_order (transfer, next);
  if (transfer->order->has_more_body && !transfer->is_body_dropped)
    {
      egress_target_free (next);
      end (transfer, egress_failure_new ("UND_ERR_REDIRECT",
                                         "a body that is a stream can't be sent a second time"));
      return;
    }
  egress_target_free (transfer->target);
  transfer->target = next;
  transfer->n_redirects++;
  transfer->has_head = transfer->is_begun = FALSE;
  transfer->header_bytes = transfer->drained = 0;
  transfer->refusal = NULL;
  *transfer->address = '\0';
  turn (transfer);
}

static EgressFailure *
failure_of (Transfer *transfer, CURLcode result)
{
  gint64 spent_ms = (g_get_monotonic_time () - transfer->started_at_us) / 1000;

  if (transfer->failure != NULL)
    return g_steal_pointer (&transfer->failure);
  if (result == CURLE_OK)
    return NULL;
  if (result == CURLE_COULDNT_CONNECT && transfer->refusal != NULL)
    return policy_failure (transfer);
  if (result == CURLE_OPERATION_TIMEDOUT && transfer->order->timeout_ms > 0
      && spent_ms >= transfer->order->timeout_ms)
    return total_timeout_failure (transfer);
  return egress_failure_from_curl (transfer->easy, result, transfer->curl_message,
                                   transfer->target->host, transfer->target->port,
                                   transfer->address, transfer->has_head);
}

void
transfer_finished (Transfer *transfer, CURLcode result)
{
  transfer_pool_remove (transfer->pool, transfer->easy);
  transfer->is_in_pool = FALSE;
  if (transfer->masking != NULL)
    give_masked (transfer, redactor_stream_end (transfer->masking));
  g_clear_pointer (&transfer->masking, redactor_stream_free);
  /* Whatever became of a redirect's own body. */
  if (transfer->location != NULL && transfer->failure == NULL)
    follow (transfer);
  else
    end (transfer, failure_of (transfer, result));
}

void
transfer_free (Transfer *transfer)
{
  if (transfer->is_waiting_for_pool)
    transfer_pool_remove_paused (transfer->pool, transfer);
  if (transfer->is_in_pool)
    transfer_pool_remove (transfer->pool, transfer->easy);
  curl_easy_cleanup (transfer->easy);
  curl_slist_free_all (transfer->header_list);
  g_clear_pointer (&transfer->target, egress_target_free);
  g_clear_pointer (&transfer->filled, egress_filled_free);
  g_clear_pointer (&transfer->masking, redactor_stream_free);
  g_clear_pointer (&transfer->masks, redactor_free);
  g_clear_pointer (&transfer->seals, egress_seals_unref);
  g_clear_pointer (&transfer->failure, egress_failure_free);
  g_ptr_array_unref (transfer->headers);
  g_queue_clear_full (&transfer->chunks, (GDestroyNotify) g_bytes_unref);
  g_free (transfer->status_text);
  g_free (transfer->location);
  egress_order_free (transfer->order);
  g_free (transfer);
}
