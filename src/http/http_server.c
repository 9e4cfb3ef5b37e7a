/* libmicrohttpd on the main loop: its epoll descriptor is one GSource.
 *
 * A request is read whole, handled, and answered at once or later; while it
 * waits its connection is suspended. The library's own time-out only counts
 * silence, so a deadline of ours ends whoever drips: a head and a body each have
 * so many seconds in all.
 */
#include "http/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD_BYTES (64 << 10)
/* What is read of a body that is too large, so that its sender still gets the answer. */
#define EXCESS_BYTES (1 << 20)

/* --- connections and their deadlines --- */

static void
set_deadline (Connection *peer, guint seconds)
{
  if (peer != NULL)
    peer->deadline_us
        = seconds == 0 ? 0 : g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

static void
connection_changed (void *data, struct MHD_Connection *connection, void **context,
                    enum MHD_ConnectionNotificationCode code)
{
  HttpServer *server = data;
  if (code == MHD_CONNECTION_NOTIFY_STARTED)
    {
      Connection *peer = g_new0 (Connection, 1);
      peer->server = server;
      peer->fd
          = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
      set_deadline (peer, server->options.header_seconds);
      g_hash_table_add (server->connections, peer);
      *context = peer;
    }
  else
    {
      g_hash_table_remove (server->connections, *context);
      *context = NULL;
    }
}

static gboolean
cut_slow_clients (gpointer data)
{
  HttpServer *server = data;
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, server->connections);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      Connection *peer = key;
      if (peer->deadline_us != 0 && now > peer->deadline_us)
        {
          shutdown (peer->fd, SHUT_RDWR);
          peer->deadline_us = 0;
        }
    }
  return G_SOURCE_CONTINUE;
}

/* --- requests --- */

static void *
request_begins (void *data, const char *uri, struct MHD_Connection *connection)
{
  Request *request = g_new0 (Request, 1);
  request->server = data;
  request->connection = connection;
  request->uri = g_strdup (uri);
  request->references = 1;
  request->peer
      = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
  return request;
}

static void
request_ends (void *data, struct MHD_Connection *connection, void **state,
              enum MHD_RequestTerminationCode code)
{
  Request *request = *state;
  if (request == NULL)
    return;
  *state = NULL;
  request->is_gone = TRUE;
  g_hash_table_remove (request->server->waiting, request);
  if (request->ticket != 0)
    {
      dispatcher_forget (request->server->dispatcher, request->ticket);
      request->ticket = 0;
      request_release (request); /* `done` will not run */
    }
  set_deadline (request->peer, request->server->options.header_seconds);
  request_release (request);
}

/* RFC 9112 §6.1: both framings at once are an attempt to smuggle. */
static gboolean
has_two_framings (Request *request)
{
  return request_header (request, "Transfer-Encoding") != NULL
         && request_header (request, "Content-Length") != NULL;
}

static void
read_head (Request *request, const char *path, const char *method)
{
  request->path = g_strdup (path);
  request->method = method;
  set_deadline (request->peer, request->server->options.body_seconds);
  if (has_two_framings (request))
    request_problem_header (request, 400, "Connection", "close",
                            "a request has either Content-Length or Transfer-Encoding (RFC 9112 "
                            "section 6.1)");
  else
    route_begin (request);
}

/* FALSE ends the connection. */
static gboolean
read_body (Request *request, const char *data, size_t *size)
{
  gsize have = request->body == NULL ? 0 : request->body->len;
  if (have + *size > (gsize) request->most_body_bytes)
    request->is_too_large = TRUE;
  if (have + *size > (gsize) request->most_body_bytes + EXCESS_BYTES)
    return FALSE;
  if (request->body == NULL)
    request->body = g_byte_array_new ();
  g_byte_array_append (request->body, (const guint8 *) data, (guint) *size);
  *size = 0;
  return TRUE;
}

static enum MHD_Result
queue_answer (Request *request)
{
  struct MHD_Response *response = g_steal_pointer (&request->response);
  request->state = REQUEST_QUEUED;
  enum MHD_Result result = MHD_queue_response (request->connection, request->status, response);
  MHD_destroy_response (response);
  return result;
}

static enum MHD_Result
handle (void *data, struct MHD_Connection *connection, const char *path, const char *method,
        const char *version, const char *upload, size_t *upload_size, void **state)
{
  Request *request = *state;
  if (request->path == NULL)
    {
      read_head (request, path, method);
      return request->state == REQUEST_ANSWERED ? queue_answer (request) : MHD_YES;
    }
  if (request->state == REQUEST_ANSWERED)
    return queue_answer (request);
  if (request->state != REQUEST_READING)
    return MHD_YES;
  if (*upload_size > 0)
    return read_body (request, upload, upload_size) ? MHD_YES : MHD_NO;

  set_deadline (request->peer, 0);
  if (request->is_too_large)
    request_problem (request, 413, "the body is over the limit of %" G_GINT64_FORMAT " bytes",
                     request->most_body_bytes);
  else
    route_end (request);
  return request->state == REQUEST_ANSWERED ? queue_answer (request) : MHD_YES;
}

/* --- the source --- */

typedef struct
{
  GSource source;
  HttpServer *server;
  gpointer fd_tag;
} ServerSource;

static gboolean
source_prepare (GSource *source, gint *timeout)
{
  MHD_UNSIGNED_LONG_LONG ms;
  HttpServer *server = ((ServerSource *) source)->server;
  *timeout = MHD_get_timeout (server->daemon, &ms) == MHD_YES ? (gint) MIN (ms, 10000) : -1;
  return *timeout == 0 || server->has_resumed;
}

static gboolean
source_check (GSource *source)
{
  MHD_UNSIGNED_LONG_LONG ms;
  ServerSource *own = (ServerSource *) source;
  return own->server->has_resumed || g_source_query_unix_fd (source, own->fd_tag) != 0
         || (MHD_get_timeout (own->server->daemon, &ms) == MHD_YES && ms == 0);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc unused, gpointer also_unused)
{
  HttpServer *server = ((ServerSource *) source)->server;
  server->has_resumed = FALSE;
  MHD_run (server->daemon);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs
    = { .prepare = source_prepare, .check = source_check, .dispatch = source_dispatch };

static GSource *
source_new (HttpServer *server)
{
  GSource *source = g_source_new (&source_funcs, sizeof (ServerSource));
  ServerSource *own = (ServerSource *) source;
  int fd = MHD_get_daemon_info (server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  own->server = server;
  own->fd_tag = g_source_add_unix_fd (source, fd, G_IO_IN);
  g_source_attach (source, NULL);
  return source;
}

/* --- starting and stopping --- */

static gboolean
resolve (const char *listen, struct sockaddr_storage *address, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GSocketConnectable) place = g_network_address_parse (listen, 8080, &reason);
  struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
  struct addrinfo *found = NULL;
  if (place != NULL)
    {
      GNetworkAddress *network = G_NETWORK_ADDRESS (place);
      g_autofree char *port = g_strdup_printf ("%u", g_network_address_get_port (network));
      if (getaddrinfo (g_network_address_get_hostname (network), port, &hints, &found) == 0)
        {
          memcpy (address, found->ai_addr, found->ai_addrlen);
          freeaddrinfo (found);
          return TRUE;
        }
    }
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "\"%s\" is not an address to listen on: expected ADDRESS:PORT, such as 127.0.0.1:8080 "
      "or [::1]:8080",
      listen);
  return FALSE;
}

static struct MHD_Daemon *
start_daemon (HttpServer *server, struct sockaddr_storage *address)
{
  unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
  if (address->ss_family == AF_INET6)
    flags |= MHD_USE_IPv6;
  return MHD_start_daemon (
      flags, 0, NULL, NULL, handle, server, MHD_OPTION_SOCK_ADDR, address,
      MHD_OPTION_NOTIFY_COMPLETED, request_ends, server, MHD_OPTION_NOTIFY_CONNECTION,
      connection_changed, server, MHD_OPTION_URI_LOG_CALLBACK, request_begins, server,
      MHD_OPTION_CONNECTION_LIMIT, server->options.connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t) HEAD_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int) 0,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, server->options.connections_per_address,
      MHD_OPTION_STRICT_FOR_CLIENT, (int) 1, MHD_OPTION_END);
}

HttpServer *
http_server_start (const HttpOptions *options, Dispatcher *dispatcher, Store *store, GError **error)
{
  struct sockaddr_storage address = { 0 };
  if (!resolve (options->listen, &address, error))
    return NULL;
  HttpServer *server = g_new0 (HttpServer, 1);
  server->options = *options;
  server->api_token = g_strdup (options->api_token);
  server->public_url = g_strdup (options->public_url == NULL ? "" : options->public_url);
  server->dispatcher = dispatcher;
  server->store = store;
  server->connections = g_hash_table_new_full (NULL, NULL, g_free, NULL);
  server->waiting = g_hash_table_new (NULL, NULL);
  server->start_tickets = start_tickets_new ();
  errno = 0;
  server->daemon = start_daemon (server, &address);
  if (server->daemon == NULL)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "listening on %s: %s",
                   options->listen, g_strerror (errno));
      g_hash_table_unref (server->connections);
      g_hash_table_unref (server->waiting);
      start_tickets_free (server->start_tickets);
      g_free (server->api_token);
      g_free (server->public_url);
      g_free (server);
      return NULL;
    }
  server->source = source_new (server);
  server->deadline_timer = g_timeout_add (500, cut_slow_clients, server);
  return server;
}

guint
http_server_port (HttpServer *server)
{
  return MHD_get_daemon_info (server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void
http_server_set_public_url (HttpServer *server, const char *url)
{
  g_free (server->public_url);
  server->public_url = g_strdup (url);
}

/* The library may not stop while connections are suspended: they are answered first, as far as
 * their clients take it at once. */
static void
answer_waiting (HttpServer *server)
{
  guint n;
  g_autofree gpointer *waiting = g_hash_table_get_keys_as_array (server->waiting, &n);
  for (guint i = 0; i < n; i++)
    request_problem_header (waiting[i], 503, "Retry-After", "5", "the server stops");
  for (guint i = 0; i < 3; i++)
    MHD_run (server->daemon);
}

void
http_server_stop (HttpServer *server)
{
  g_source_remove (server->deadline_timer);
  answer_waiting (server);
  g_source_destroy (server->source);
  g_source_unref (server->source);
  MHD_stop_daemon (server->daemon);
  g_hash_table_unref (server->connections);
  g_hash_table_unref (server->waiting);
  start_tickets_free (server->start_tickets);
  explicit_bzero (server->api_token, strlen (server->api_token));
  g_free (server->api_token);
  g_free (server->public_url);
  g_free (server);
}
