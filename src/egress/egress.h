/* Egress: the one process that opens outgoing connections, for workers' fetch.
 *
 * It holds a channel per worker (passed to it by the server) and one libcurl
 * multi handle. It believes nothing that a worker sends: a malformed frame ends
 * that worker's channel. The outbound policy is applied to the address that is
 * actually connected to, for every connection, after every redirect.
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
   * u8 has more body (the next issue's streaming: EGRESS_BODY frames follow) */
  EGRESS_REQUEST = 1,
  EGRESS_BODY,   /* gbytes chunk, u8 is last */
  EGRESS_CANCEL, /* no fields */

  /* u32 status, text status text, text final url, u8 was redirected, count of headers (text, text) */
  EGRESS_HEAD = 64,
  EGRESS_DATA,   /* gbytes chunk */
  EGRESS_END,    /* no fields */
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

/* Forks the egress process from the caller (one thread, no secret read). allowed_cidrs as above, NULL =
 * none. Returns the caller's end of the control channel. The child ends when it closes. */
gboolean egress_start (const char *const *allowed_cidrs, int *control_fd, GPid *pid,
                       GError **error);

/* The worker's side: requests over the worker's egress channel. */
typedef struct EgressClient EgressClient;

typedef struct
{
  const char *method, *url;
  GPtrArray *headers; /* of char*, name and value in turn */
  EgressRedirect redirect;
  guint timeout_ms;
  guint64 most_body_bytes;
  GBytes *body; /* may be NULL */
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
