/* A TCP connection of a worker: what net, tls and WebSocket are made of.
 *
 * The name is resolved here and the policy asked about each address just before it is connected to,
 * so that a name that answers differently the second time gains nothing. The worker may have
 * EGRESS_WINDOW_BYTES on their way to the network, and is told of each write that got there.
 */
#include "egress/private.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (64 << 10)
#define CONGESTED_MS 10
/* How long an address may take where there is another to try: many machines have an IPv6 that leads
 * nowhere (RFC 8305). */
#define ATTEMPT_MS 500

struct EgressSocket
{
  GMainContext *context;
  const EgressPolicy *policy;
  guint64 number;
  char *host;
  guint port;
  EgressSocketEvents events;
  gpointer user_data;

  GCancellable *resolving; /* NULL = resolved */
  GList *addresses;        /* of GInetAddress; the rest to be tried */
  int fd;
  GSource *reading, *writing, *timeout, *attempt, *waiting; /* NULL = not so */
  gboolean is_connected, is_held, has_ended, is_shut;
  GQueue writes; /* of GBytes */
  gsize written; /* of the first */
  gsize queued;
  EgressFailure *last_failure; /* of the addresses tried so far */
};

static int
open_stream (int family)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
  if (fd >= 0)
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void try_next (EgressSocket *socket);
static void update_sources (EgressSocket *socket);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_source_unref (*source);
  *source = NULL;
}

static GSource *
add_timer (EgressSocket *socket, guint ms, GSourceFunc callback)
{
  GSource *source = g_timeout_source_new (ms);
  g_source_set_callback (source, callback, socket, NULL);
  g_source_attach (source, socket->context);
  return source;
}

static GSource *
add_fd (EgressSocket *socket, GIOCondition condition, GUnixFDSourceFunc callback)
{
  GSource *source = g_unix_fd_source_new (socket->fd, condition);
  g_source_set_callback (source, G_SOURCE_FUNC (callback), socket, NULL);
  g_source_attach (source, socket->context);
  return source;
}

static void
close_socket (EgressSocket *socket)
{
  clear_source (&socket->reading);
  clear_source (&socket->writing);
  clear_source (&socket->timeout);
  clear_source (&socket->attempt);
  clear_source (&socket->waiting);
  if (socket->fd >= 0)
    close (socket->fd);
  socket->fd = -1;
}

/* The last event: the socket is freed in it. */
static void
finish (EgressSocket *socket, EgressFailure *failure)
{
  g_autoptr (EgressFailure) owned = failure;
  close_socket (socket);
  socket->events.done (socket, owned, socket->host, socket->port, socket->user_data);
}

static EgressFailure *
failure_of_errno (EgressSocket *socket, const char *syscall, int number, const char *address)
{
  const char *code = egress_errno_name (number);
  if (address == NULL)
    return egress_failure_new (code, "%s %s", syscall, code);
  return egress_failure_new (code, "%s %s %s:%u", syscall, code, address, socket->port);
}

/* --- reading --- */

static gboolean
on_congestion_over (gpointer user_data)
{
  EgressSocket *socket = user_data;
  clear_source (&socket->waiting);
  update_sources (socket);
  return G_SOURCE_REMOVE;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  EgressSocket *socket = user_data;
  guint8 buffer[READ_BYTES];
  ssize_t n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n < 0)
    {
      finish (socket, failure_of_errno (socket, "read", errno, NULL));
      return G_SOURCE_REMOVE;
    }
  if (n == 0)
    {
      socket->has_ended = TRUE;
      socket->events.eof (socket, socket->user_data);
      if (socket->is_shut && g_queue_is_empty (&socket->writes))
        {
          finish (socket, NULL);
          return G_SOURCE_REMOVE;
        }
    }
  else
    socket->events.data (socket, buffer, (gsize) n, socket->user_data);
  if (socket->events.is_congested (socket->user_data))
    socket->waiting = add_timer (socket, CONGESTED_MS, on_congestion_over);
  update_sources (socket);
  return G_SOURCE_CONTINUE;
}

/* --- writing --- */

/* FALSE when the socket is gone. */
static gboolean
write_some (EgressSocket *socket)
{
  while (!g_queue_is_empty (&socket->writes))
    {
      GBytes *chunk = g_queue_peek_head (&socket->writes);
      gsize length;
      const guint8 *data = g_bytes_get_data (chunk, &length);
      ssize_t n = send (socket->fd, data + socket->written, length - socket->written,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return TRUE;
      if (n < 0)
        {
          finish (socket, failure_of_errno (socket, "write", errno, NULL));
          return FALSE;
        }
      socket->written += (gsize) n;
      if (socket->written < length)
        return TRUE;
      socket->written = 0;
      socket->queued -= length;
      g_bytes_unref (g_queue_pop_head (&socket->writes));
      socket->events.credit (socket, (guint32) length, socket->user_data);
    }
  if (!socket->is_shut)
    return TRUE;
  if (socket->has_ended)
    {
      finish (socket, NULL);
      return FALSE;
    }
  shutdown (socket->fd, SHUT_WR);
  return TRUE;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  EgressSocket *socket = user_data;
  if (!write_some (socket))
    return G_SOURCE_REMOVE;
  if (g_queue_is_empty (&socket->writes))
    {
      clear_source (&socket->writing);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
update_sources (EgressSocket *socket)
{
  gboolean reads
      = socket->is_connected && !socket->is_held && !socket->has_ended && socket->waiting == NULL;
  if (reads && socket->reading == NULL)
    socket->reading = add_fd (socket, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
  else if (!reads)
    clear_source (&socket->reading);
  if (socket->is_connected && !g_queue_is_empty (&socket->writes) && socket->writing == NULL)
    socket->writing = add_fd (socket, G_IO_OUT | G_IO_ERR | G_IO_HUP, on_writable);
}

gboolean
egress_socket_write (EgressSocket *socket, GBytes *chunk)
{
  gsize length = g_bytes_get_size (chunk);
  if (socket->is_shut || length == 0 || socket->queued + length > EGRESS_WINDOW_BYTES)
    return FALSE;
  g_queue_push_tail (&socket->writes, g_bytes_ref (chunk));
  socket->queued += length;
  if (socket->is_connected && socket->writing == NULL && write_some (socket))
    update_sources (socket);
  return TRUE;
}

void
egress_socket_shut (EgressSocket *socket)
{
  socket->is_shut = TRUE;
  if (socket->is_connected && g_queue_is_empty (&socket->writes))
    write_some (socket);
}

void
egress_socket_hold (EgressSocket *socket, gboolean is_held)
{
  socket->is_held = is_held;
  if (socket->is_connected)
    update_sources (socket);
}

/* --- connecting --- */

static void
keep_failure (EgressSocket *socket, EgressFailure *failure)
{
  g_clear_pointer (&socket->last_failure, egress_failure_free);
  socket->last_failure = failure;
}

static void
tell_connected (EgressSocket *socket)
{
  struct sockaddr_storage peer = { 0 }, own = { 0 };
  socklen_t peer_length = sizeof peer, own_length = sizeof own;
  getpeername (socket->fd, (struct sockaddr *) &peer, &peer_length);
  getsockname (socket->fd, (struct sockaddr *) &own, &own_length);
  g_autofree char *peer_text = egress_address_to_text ((struct sockaddr *) &peer);
  guint own_port = own.ss_family == AF_INET6
                       ? ntohs (((struct sockaddr_in6 *) (void *) &own)->sin6_port)
                       : ntohs (((struct sockaddr_in *) (void *) &own)->sin_port);
  socket->events.connected (socket, peer_text, own.ss_family == AF_INET6 ? 6 : 4, own_port,
                            socket->user_data);
}

static gboolean
on_connected (int fd, GIOCondition condition, gpointer user_data)
{
  EgressSocket *socket = user_data;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &length);
  clear_source (&socket->writing);
  if (error != 0)
    {
      g_autofree char *address = g_inet_address_to_string (socket->addresses->data);
      keep_failure (socket, failure_of_errno (socket, "connect", error, address));
      try_next (socket);
      return G_SOURCE_REMOVE;
    }
  clear_source (&socket->timeout);
  clear_source (&socket->attempt);
  socket->is_connected = TRUE;
  tell_connected (socket);
  if (write_some (socket))
    update_sources (socket);
  return G_SOURCE_REMOVE;
}

/* FALSE = this address will not do, and why has been kept. */
static gboolean
connect_to (EgressSocket *socket, GInetAddress *address)
{
  struct sockaddr_storage storage = { 0 };
  g_autoptr (GSocketAddress) target = g_inet_socket_address_new (address, (guint16) socket->port);
  g_autofree char *text = g_inet_address_to_string (address);
  gssize size = g_socket_address_get_native_size (target);
  g_socket_address_to_native (target, &storage, sizeof storage, NULL);
  const char *refusal = egress_policy_check (socket->policy, (struct sockaddr *) &storage);
  if (refusal != NULL)
    {
      gboolean is_name = strcmp (socket->host, text) != 0;
      keep_failure (socket, egress_failure_new (
                                "EPOLICY",
                                "the outbound policy refuses %s%s%s%s, %s; whoever runs Tenon can "
                                "allow it with --allow-private %s",
                                socket->host, is_name ? " (" : "", is_name ? text : "",
                                is_name ? ")" : "", refusal, text));
      return FALSE;
    }
  socket->fd = open_stream (storage.ss_family);
  if (socket->fd >= 0
      && (connect (socket->fd, (struct sockaddr *) &storage, (socklen_t) size) == 0
          || errno == EINPROGRESS))
    return TRUE;
  keep_failure (socket, failure_of_errno (socket, "connect", errno, text));
  return FALSE;
}

static gboolean
on_attempt_over (gpointer user_data)
{
  EgressSocket *socket = user_data;
  g_autofree char *address = g_inet_address_to_string (socket->addresses->data);
  keep_failure (socket, failure_of_errno (socket, "connect", ETIMEDOUT, address));
  try_next (socket);
  return G_SOURCE_REMOVE;
}

static void
try_next (EgressSocket *socket)
{
  for (;;)
    {
      clear_source (&socket->writing);
      clear_source (&socket->attempt);
      if (socket->fd >= 0)
        {
          close (socket->fd);
          socket->fd = -1;
          g_object_unref (socket->addresses->data);
          socket->addresses = g_list_delete_link (socket->addresses, socket->addresses);
        }
      if (socket->addresses == NULL)
        {
          finish (socket, g_steal_pointer (&socket->last_failure));
          return;
        }
      if (connect_to (socket, socket->addresses->data))
        {
          socket->writing = add_fd (socket, G_IO_OUT | G_IO_ERR | G_IO_HUP, on_connected);
          if (socket->addresses->next != NULL)
            socket->attempt = add_timer (socket, ATTEMPT_MS, on_attempt_over);
          return;
        }
      if (socket->fd < 0)
        {
          g_object_unref (socket->addresses->data);
          socket->addresses = g_list_delete_link (socket->addresses, socket->addresses);
        }
    }
}

static gboolean
on_timeout (gpointer user_data)
{
  EgressSocket *socket = user_data;
  g_autofree char *address = socket->addresses == NULL
                                 ? g_strdup (socket->host)
                                 : g_inet_address_to_string (socket->addresses->data);
  finish (socket, failure_of_errno (socket, "connect", ETIMEDOUT, address));
  return G_SOURCE_REMOVE;
}

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the socket is gone */
  EgressSocket *socket = user_data;
  g_clear_object (&socket->resolving);
  socket->addresses = addresses;
  if (addresses == NULL)
    keep_failure (socket,
                  egress_failure_new ("ENOTFOUND", "getaddrinfo ENOTFOUND %s", socket->host));
  try_next (socket);
}

EgressSocket *
egress_socket_new (GMainContext *context, const EgressPolicy *policy, guint64 number,
                   const char *host, guint port, guint timeout_ms, const EgressSocketEvents *events,
                   gpointer user_data)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  EgressSocket *socket = g_new0 (EgressSocket, 1);
  socket->context = context;
  socket->policy = policy;
  socket->number = number;
  socket->host = g_strdup (host);
  socket->port = port;
  socket->events = *events;
  socket->user_data = user_data;
  socket->fd = -1;
  g_queue_init (&socket->writes);
  socket->timeout = add_timer (socket, timeout_ms, on_timeout);
  socket->resolving = g_cancellable_new ();
  g_resolver_lookup_by_name_async (resolver, host, socket->resolving, on_resolved, socket);
  return socket;
}

guint64
egress_socket_number (const EgressSocket *socket)
{
  return socket->number;
}

void
egress_socket_free (EgressSocket *socket)
{
  if (socket->resolving != NULL)
    g_cancellable_cancel (socket->resolving);
  g_clear_object (&socket->resolving);
  close_socket (socket);
  g_list_free_full (socket->addresses, g_object_unref);
  g_queue_clear_full (&socket->writes, (GDestroyNotify) g_bytes_unref);
  g_clear_pointer (&socket->last_failure, egress_failure_free);
  g_free (socket->host);
  g_free (socket);
}
