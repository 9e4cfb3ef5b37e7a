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
};

/* Worker <-> egress. The stream is the request's number, chosen by the worker. */
enum
{
  /* text method, text url, count of headers (text name, text value), u8 redirect (EgressRedirect),
   * u32 timeout ms (0 = none), u64 most response body bytes, u8 decompress, gbytes body,
   * u8 has more body: 0. The place of streamed request bodies (EGRESS_BODY frames would follow);
   * until egress answers them with credit, so that a slow server slows the worker, it is refused.
   * Header values: each character is one byte, at most U+00FF. */
  EGRESS_REQUEST = 1,
  EGRESS_BODY,   /* kept for it: gbytes chunk, u8 is last */
  EGRESS_CANCEL, /* no fields */
  EGRESS_HOLD,   /* u8 is held: no more EGRESS_DATA of this request until it is not */

  /* u32 status, text status text, text final url, u8 was redirected, count of headers (text, text)
   */
  EGRESS_HEAD = 64,
  EGRESS_DATA, /* gbytes chunk */
  EGRESS_END,  /* no fields */
  /* text code ("ECONNREFUSED", "ENOTFOUND", "EPOLICY", "ETIMEDOUT", …), text message (no credential
   * of the URL in it), text host, u32 port */
  EGRESS_FAILED,
};

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
  gboolean keeps_encoding; /* the body is given as it was sent, compressed or not */
} EgressRequest;

typedef struct
{
  guint status;
  const char *status_text, *url;
  gboolean was_redirected;
  GPtrArray *headers; /* of char*, name and value in turn, as received */
} EgressHead;

/* Callbacks run on the default main context; after `end` or `failed` nothing more comes. */
typedef struct
{
  void (*head) (const EgressHead *head, gpointer user_data);
  void (*data) (GBytes *chunk, gpointer user_data);
  void (*end) (gpointer user_data);
  void (*failed) (const char *code, const char *message, const char *host, guint port,
                  gpointer user_data);
} EgressCallbacks;

EgressClient *egress_client_new (int fd);
void egress_client_free (EgressClient *client);
/* Returns the request's number, for cancelling. */
guint64 egress_client_request (EgressClient *client, const EgressRequest *request,
                               const EgressCallbacks *callbacks, gpointer user_data);
/* No callback runs after it. */
void egress_client_cancel (EgressClient *client, guint64 number);
/* While held, no data comes beyond what is already on its way (about a megabyte). */
void egress_client_hold (EgressClient *client, guint64 number, gboolean is_held);
