/* What the files of egress share. */
#pragma once

#include "egress/egress.h"

#include <curl/curl.h>

#include "base/json.h"

/* Bounds on what one worker can make egress hold. The worker keeps its own, smaller limit on
 * requests (LIMIT_REQUESTS); these hold against one that doesn't. */
#define EGRESS_MAX_REQUESTS 1024
#define EGRESS_MAX_CONNECTIONS 256
#define EGRESS_MAX_IDLE_CONNECTIONS 32
#define EGRESS_MAX_FRAME_BYTES ((gsize) 544 << 20)
#define EGRESS_MAX_QUEUE_BYTES ((gsize) 16 << 20)
#define EGRESS_MAX_HEADER_BYTES (64 << 10)
#define EGRESS_CONNECT_MS 10000
#define EGRESS_MAX_URL_BYTES (64 << 10)
/* Reading from the network stops when this much waits to be read by the worker, and goes on below
 * the second. */
#define EGRESS_PAUSE_BYTES ((gsize) 1 << 20)
#define EGRESS_RESUME_BYTES ((gsize) 256 << 10)

/* policy.c. The address in digits; "" for other families. */
char *egress_address_to_text (const struct sockaddr *address);

/* Why a request failed, in Node's words. */
typedef struct
{
  const char *code; /* static */
  char *message;
} EgressFailure;

EgressFailure *egress_failure_new (const char *code, const char *format, ...) G_GNUC_PRINTF (2, 3);
void egress_failure_free (EgressFailure *failure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EgressFailure, egress_failure_free)

/* target.c: where a URL leads. Parsed by libcurl's own parser and handed to libcurl parsed, so that
 * nothing is understood in two ways. */
typedef struct
{
  CURLU *handle;
  char *scheme, *host; /* host without brackets, lower case */
  guint port;
} EgressTarget;

EgressTarget *egress_target_new (const char *url, EgressFailure **failure);
/* `location` against `base`. */
EgressTarget *
egress_target_redirect (const EgressTarget *base, const char *location, EgressFailure **failure);
void egress_target_free (EgressTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EgressTarget, egress_target_free)
gboolean egress_target_same_origin (const EgressTarget *a, const EgressTarget *b);
char *egress_target_url (const EgressTarget *target); /* g_free */

/* request.c: what a worker asked for. */
typedef struct
{
  guint64 number;
  char *method, *url;
  GPtrArray *headers; /* of char*, name and value in turn; values are ISO-8859-1 bytes */
  EgressRedirect redirect;
  guint timeout_ms;
  guint64 most_body_bytes;
  gboolean is_decompressed;
  GBytes *body;
  gboolean has_more_body;
  gint64 body_length;         /* of one that has more, as the worker says; -1 = it does not */
  gboolean closes_connection; /* "Connection: close" was asked for */
} EgressOrder;

/* NULL with an error where the frame is malformed: the channel ends. */
EgressOrder *egress_order_read (Frame *frame, GError **error);
/* NULL, or why a well-formed order can't be carried out. Drops the framing headers that repeat what
 * libcurl does by itself. */
EgressFailure *egress_order_check (EgressOrder *order);
void egress_order_free (EgressOrder *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EgressOrder, egress_order_free)
const char *egress_order_header (const EgressOrder *order, const char *name);
void egress_order_drop_header (EgressOrder *order, const char *name);

/* pool.c: the connections of one worker, and its requests' progress on the main context. */
typedef struct Pool Pool;
typedef struct Transfer Transfer;

/* `is_congested`: whether the worker reads too slowly at the moment. */
typedef gboolean (*PoolIsCongested) (gpointer user_data);
Pool *transfer_pool_new (GMainContext *context, PoolIsCongested is_congested, gpointer user_data);
/* All transfers must have been removed. Closes the connections. */
void transfer_pool_free (Pool *pool);
gboolean transfer_pool_is_congested (Pool *pool);
gboolean transfer_pool_add (Pool *pool, CURL *easy);
void transfer_pool_remove (Pool *pool, CURL *easy);
/* A transfer paused for congestion is told by transfer_resume() when it is over. */
void transfer_pool_add_paused (Pool *pool, Transfer *transfer);
void transfer_pool_remove_paused (Pool *pool, Transfer *transfer);

/* seal.h */
typedef struct EgressSeals EgressSeals;

/* transfer.c: one request with its redirects. */
typedef struct
{
  void (*head) (Transfer *transfer, guint status, const char *status_text, const char *url,
                gboolean was_redirected, GPtrArray *headers, gpointer user_data);
  void (*data) (Transfer *transfer, const char *data, gsize length, gpointer user_data);
  void (*credit) (Transfer *transfer, guint32 bytes, gpointer user_data);
  /* The last one: failure NULL = all is well. The transfer is freed by the callee. */
  void (*done) (Transfer *transfer, const EgressFailure *failure, const char *host, guint port,
                gpointer user_data);
} TransferEvents;

/* Takes the order; references seals, which may be NULL. Never calls an event before it returns. */
Transfer *transfer_new (Pool *pool, const EgressPolicy *policy, EgressSeals *seals,
                        EgressOrder *order, const TransferEvents *events, gpointer user_data);
void transfer_start (Transfer *transfer);
void transfer_free (Transfer *transfer); /* aborts; no event runs after it */
guint64 transfer_number (const Transfer *transfer);
void transfer_hold (Transfer *transfer, gboolean is_held);
/* More of its body. FALSE where the worker may not send so much, or nothing more. */
gboolean transfer_body (Transfer *transfer, GBytes *chunk, gboolean is_last);
/* For the pool. */
void transfer_resume (Transfer *transfer);
void transfer_finished (Transfer *transfer, CURLcode result);

/* failure.c. host and port of the current hop, address the last one tried ("" = none). */
EgressFailure *
egress_failure_from_curl (CURL *easy, CURLcode result, const char *curl_message, const char *host,
                          guint port, const char *address, gboolean has_head);

const char *egress_errno_name (int number); /* "ECONNREFUSED", …; static */

/* socket.c: one TCP connection. `done` is the last event, in which the socket is freed; failure NULL = both sides
 * have ended it. Events may come before egress_socket_write() or _shut() has returned. */
typedef struct EgressSocket EgressSocket;
typedef struct
{
  void (*connected) (EgressSocket *socket, const char *address, guint family, guint own_port,
                     gpointer user_data);
  void (*data) (EgressSocket *socket, const guint8 *data, gsize length, gpointer user_data);
  void (*eof) (EgressSocket *socket, gpointer user_data);
  void (*credit) (EgressSocket *socket, guint32 bytes, gpointer user_data);
  void (*done) (EgressSocket *socket, const EgressFailure *failure, const char *host, guint port,
                gpointer user_data);
  gboolean (*is_congested) (gpointer user_data);
} EgressSocketEvents;
EgressSocket *egress_socket_new (GMainContext *context, const EgressPolicy *policy, guint64 number,
                                 const char *host, guint port, guint timeout_ms,
                                 const EgressSocketEvents *events, gpointer user_data);
void egress_socket_free (EgressSocket *socket); /* no event runs after it */
guint64 egress_socket_number (const EgressSocket *socket);
/* FALSE where the worker may not send so much, or nothing more. */
gboolean egress_socket_write (EgressSocket *socket, GBytes *chunk);
void egress_socket_shut (EgressSocket *socket); /* no more is written */
void egress_socket_hold (EgressSocket *socket, gboolean is_held);

/* resolve.c: one question about a name. `done` runs once, in which the query is freed; records or a failure. */
typedef struct EgressQuery EgressQuery;
typedef void (*EgressQueryDone) (EgressQuery *query, json_t *records,
                                 const EgressFailure *failure, const char *name,
                                 gpointer user_data);
EgressQuery *egress_query_new (const EgressPolicy *policy, guint64 number, const char *name,
                               EgressQueryKind kind, EgressQueryDone done, gpointer user_data);
void egress_query_start (EgressQuery *query);
void egress_query_free (EgressQuery *query);
guint64 egress_query_number (const EgressQuery *query);

/* peer.c: a worker's channel. */
typedef struct EgressPeer EgressPeer;
/* Takes the descriptor. `ended` runs later, from the main context, when the channel has closed by
 * itself; it may free the peer. */
typedef void (*EgressPeerEnded) (EgressPeer *peer, gpointer user_data);
EgressPeer *egress_peer_new (int fd, GMainContext *context, const EgressPolicy *policy,
                             EgressPeerEnded ended, gpointer user_data);
void egress_peer_free (EgressPeer *peer);
/* What its requests are filled with from now on; NULL = nothing. References it. */
void egress_peer_set_seals (EgressPeer *peer, EgressSeals *seals);
/* Makes it the keeper's: it may send EGRESS_SEAL, whose frames `seal` gets. FALSE ends the channel. */
typedef gboolean (*EgressSeal) (Frame *frame, gpointer user_data, GError **error);
void egress_peer_trust (EgressPeer *peer, EgressSeal seal);
guint egress_peer_n_requests (const EgressPeer *peer);

/* trust.c: the certificate authorities, read once and shared by all connections. */
GBytes *egress_trust_certificates (void); /* DER, one after the other; borrowed */
CURLcode egress_trust_apply (CURL *easy, void *ssl_ctx, void *unused);

/* process.c: the loop, without the hardening; until the control channel closes. */
void egress_serve (int control_fd, const EgressPolicy *policy);

/* harden.c: gives up what a process that only makes requests does not need. Each step that the
 * kernel refuses is skipped, except no_new_privs: FALSE then. */
gboolean egress_harden (GError **error);
