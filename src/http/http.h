/* The HTTP front: webhooks, the API, health and metrics, on libmicrohttpd with
 * an external epoll set whose descriptor is a GSource of the main context.
 *
 * Parses what strangers send; believes none of it. docs/http.md has every
 * status that it answers and why.
 */
#pragma once

#include <gio/gio.h>
#include "dispatch/dispatch.h"
#include "store/store.h"

typedef struct
{
  const char *listen;    /* "127.0.0.1:8080", "[::1]:0" */
  const char *api_token; /* Authorization: Bearer …; compared in constant time */
  gint64 most_body_bytes; /* of an API request; webhooks have LIMIT_PAYLOAD_BYTES of their flow */
  guint header_seconds;  /* a request's head and body must be complete within these */
  guint body_seconds;
  guint connections;     /* at once, in all */
  guint connections_per_address; /* of one client; 0 = as many as in all */
  const char *public_url; /* what invoke URLs begin with; NULL = set later */
} HttpOptions;

typedef struct HttpServer HttpServer;
HttpServer *http_server_start (const HttpOptions *options, Dispatcher *dispatcher, Store *store,
                               GError **error);
guint http_server_port (HttpServer *server); /* the real one where 0 was asked for */
void http_server_set_public_url (HttpServer *server, const char *url);
void http_server_stop (HttpServer *server);
