/* Egress: the one process that opens outgoing connections, for workers' fetch.
 *
 * It holds a channel per worker (passed to it by the server) and for each a libcurl
 * multi handle, made at the worker's first request. It believes nothing that a worker sends: a
 * malformed frame ends that worker's channel. The outbound policy is applied to the address that is
 * actually connected to, for every connection, after every redirect.
 *
 * Each channel has its own pool of keep-alive connections, since a channel is an instance's: what a
 * server knows of a connection must not be shared between instances.
 */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>
#include "base/frame.h"

/* Server -> egress (control channel). */
enum
{
  EGRESS_ATTACH = 1, /* stream: the worker's number; one descriptor: its channel */
  EGRESS_DETACH,     /* stream: the worker's number; its requests are aborted */
  EGRESS_ATTACH_KEEPER, /* one descriptor: the keeper's channel, instead of any before */
};

/* Worker <-> egress. The stream is a number that the worker chooses for each request, connection or query. */
enum
{
  /* text method, text url, count of headers (text name, text value), u8 redirect (EgressRedirect),
   * u32 timeout ms (0 = none), u64 most response body bytes, u8 decompress, gbytes body, u8 has more
   * body: EGRESS_BODY frames follow, within EGRESS_WINDOW_BYTES that are not credited yet.
   * Header values: each character is one byte, at most U+00FF. */
  EGRESS_REQUEST = 1,
  EGRESS_BODY,    /* gbytes chunk, u8 is last */
  EGRESS_CANCEL,  /* no fields; of anything */
  EGRESS_HOLD,    /* u8 is held: no more EGRESS_DATA of this request or connection until it is not */
  EGRESS_CONNECT, /* text host, u32 port, u32 timeout ms */
  EGRESS_WRITE,   /* gbytes chunk, not empty; as EGRESS_BODY */
  EGRESS_SHUT,    /* no fields: nothing more is written */
  EGRESS_RESOLVE, /* text name or address, u8 EgressQueryKind */
  EGRESS_TRUST,   /* no fields: the certificate authorities, please */
  /* Of the keeper alone, whose other frames are as a worker's; the stream is the worker's number, attached or to be.
   * What that worker's requests are filled with from now on (seal.h):
   * count: text placeholder, text label, gbytes secret, count of hosts (text) */
  EGRESS_SEAL,

  /* u32 status, text status text, text final url, u8 was redirected, count of headers (text, text)
   */
  EGRESS_HEAD = 64,
  EGRESS_DATA, /* gbytes chunk */
  EGRESS_END,  /* no fields; of a connection: both sides have ended it */
  /* text code ("ECONNREFUSED", "ENOTFOUND", "EPOLICY", "ETIMEDOUT", …), text message (no credential
   * of the URL in it), text host, u32 port */
  EGRESS_FAILED,
  EGRESS_CREDIT,    /* u32 bytes of EGRESS_BODY or EGRESS_WRITE that have left */
  EGRESS_CONNECTED, /* text address, u8 family (4, 6), u32 own port */
  EGRESS_EOF,       /* no fields: the other side writes no more */
  EGRESS_RECORDS,   /* text: a JSON array */
  EGRESS_AUTHORITIES, /* gbytes: certificates, DER, one after the other */
};

/* What of a body or connection may be on its way to the network. */
#define EGRESS_WINDOW_BYTES ((gsize) 256 << 10)
#define EGRESS_CHUNK_BYTES ((gsize) 64 << 10) /* what a client makes of larger pieces */

typedef enum
{
  EGRESS_QUERY_ADDRESS,
  EGRESS_QUERY_IPV4,
  EGRESS_QUERY_IPV6,
  EGRESS_QUERY_MX,   /* {priority, exchange} */
  EGRESS_QUERY_TXT,  /* a list of texts */
  EGRESS_QUERY_SRV,  /* {name, port, priority, weight} */
  EGRESS_QUERY_NS,   /* text */
  EGRESS_QUERY_SOA,  /* {nsname, hostmaster, serial, refresh, retry, expire, minttl} */
  EGRESS_QUERY_NAME, /* of an address */
  EGRESS_QUERY_COUNT,
} EgressQueryKind;

typedef enum
{
  EGRESS_REDIRECT_FOLLOW,
  EGRESS_REDIRECT_ERROR,
  EGRESS_REDIRECT_MANUAL,
} EgressRedirect;

/* The outbound policy: private, loopback, link-local, metadata, multicast, unspecified and reserved
 * addresses are refused (IANA special-purpose registries, RFC 6890), unless allowed by CIDR. */
typedef struct EgressPolicy EgressPolicy;
EgressPolicy *egress_policy_new (const char *const *allowed_cidrs, GError **error);
void egress_policy_free (EgressPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EgressPolicy, egress_policy_free)
/* NULL if allowed, else the reason in words (static). `address` is what connect() will get. */
const char *egress_policy_check (const EgressPolicy *policy, const struct sockaddr *address);

/* Starts the egress process. A caller with one thread is forked (it must have read no secret); one
 * with threads is forked and executed anew, as `/proc/self/exe EGRESS_EXEC_ARGUMENT CIDR...`, for
 * which main() must call egress_main (3, argv + 2) first of all. allowed_cidrs as above, NULL =
 * none. Returns the caller's end of the control channel. The child ends when it closes, or when the
 * calling thread does. */
#define EGRESS_EXEC_ARGUMENT "__egress"
gboolean
egress_start (const char *const *allowed_cidrs, int *control_fd, GPid *pid, GError **error);
G_NORETURN void egress_main (int control_fd, const char *const *allowed_cidrs);

/* The worker's side: requests over the worker's egress channel. */
typedef struct EgressClient EgressClient;

typedef struct
{
  const char *method, *url;
  GPtrArray *headers; /* of char*, name and value in turn */
  EgressRedirect redirect;
  guint timeout_ms;
  guint64 most_body_bytes;
  GBytes *body;            /* may be NULL */
  gboolean has_more_body;  /* egress_client_write() follows, and egress_client_shut() */
  gboolean keeps_encoding; /* the body is given as it was sent, compressed or not */
} EgressRequest;

typedef struct
{
  guint status;
  const char *status_text, *url;
  gboolean was_redirected;
  GPtrArray *headers; /* of char*, name and value in turn, as received */
} EgressHead;

/* Callbacks run on the default main context; after `end` or `failed` nothing more comes. Those that a request has no
 * use for may be NULL. */
typedef struct
{
  void (*head) (const EgressHead *head, gpointer user_data);
  void (*data) (GBytes *chunk, gpointer user_data);
  void (*end) (gpointer user_data);
  void (*failed) (const char *code, const char *message, const char *host, guint port,
                  gpointer user_data);
  void (*credit) (guint32 bytes, gpointer user_data); /* of what was written */
  void (*connected) (const char *address, guint family, guint own_port, gpointer user_data);
  void (*eof) (gpointer user_data);
  void (*records) (const char *json, gpointer user_data); /* the last of a query */
  void (*authorities) (GBytes *certificates, gpointer user_data); /* the last of it */
} EgressCallbacks;

EgressClient *egress_client_new (int fd);
void egress_client_free (EgressClient *client);
/* Returns the request's number, for cancelling. */
guint64 egress_client_request (EgressClient *client, const EgressRequest *request,
                               const EgressCallbacks *callbacks, gpointer user_data);
guint64 egress_client_connect (EgressClient *client, const char *host, guint port,
                               guint timeout_ms, const EgressCallbacks *callbacks,
                               gpointer user_data);
guint64 egress_client_resolve (EgressClient *client, const char *name, EgressQueryKind kind,
                               const EgressCallbacks *callbacks, gpointer user_data);
guint64 egress_client_trust (EgressClient *client, const EgressCallbacks *callbacks,
                             gpointer user_data);
/* Of a body or connection: at most EGRESS_WINDOW_BYTES that are not credited yet. */
void egress_client_write (EgressClient *client, guint64 number, GBytes *chunk);
void egress_client_shut (EgressClient *client, guint64 number); /* no more is written */
/* No callback runs after it. */
void egress_client_cancel (EgressClient *client, guint64 number);
/* While held, no data comes beyond what is already on its way (about a megabyte). */
void egress_client_hold (EgressClient *client, guint64 number, gboolean is_held);
