/* What the files of the HTTP front share. */
#pragma once

#include <microhttpd.h>
#include "base/json.h"
#include "http/http.h"

typedef struct Request Request;

#define ROUTE_MAX_ARGUMENTS 2

typedef enum
{
  REQUEST_READING,  /* the body is coming */
  REQUEST_WAITING,  /* suspended until somebody answers */
  REQUEST_ANSWERED, /* `response` waits to be queued */
  REQUEST_QUEUED,
} RequestState;

/* One TCP connection; its deadline is for all of what is awaited from the client. */
typedef struct
{
  HttpServer *server;
  int fd;
  gint64 deadline_us; /* monotonic; 0 = nothing is awaited */
} Connection;

struct Request
{
  HttpServer *server;
  struct MHD_Connection *connection;
  Connection *peer;
  char *uri;  /* as sent */
  char *path; /* decoded */
  const char *method;
  RequestState state;
  struct MHD_Response *response;
  guint status;
  GByteArray *body;
  gint64 most_body_bytes;
  gboolean is_too_large;
  guint64 ticket; /* of the dispatcher; 0 = none */
  guint timer;
  guint references; /* 1 while MHD has it, and one for each answer that is awaited */
  gboolean is_gone; /* the client has left */
  const struct Route *route;
  char **segments;                            /* of the path, decoded; of routes */
  const char *arguments[ROUTE_MAX_ARGUMENTS]; /* those in braces, within `segments` */
  char *token;                                /* of a webhook */
  const char *rest;                           /* path behind the token, within `path` */
  gint64 wait_until_us;
};

typedef struct StartTickets StartTickets;

struct HttpServer
{
  HttpOptions options;
  char *api_token, *public_url;
  Dispatcher *dispatcher;
  Store *store;
  struct MHD_Daemon *daemon;
  GSource *source;
  guint deadline_timer;
  GHashTable *connections; /* of Connection */
  GHashTable *waiting;     /* of Request, suspended */
  gboolean has_resumed;    /* the library must run, which it does not ask for by itself */
  guint64 answers[6];      /* by status class */
  StartTickets *start_tickets;
};

/* --- answer.c --- */

Request *request_hold (Request *request);
void request_release (Request *request);
/* Takes `response`. Queues it now, or when the connection has been resumed. */
void request_answer (Request *request, guint status, struct MHD_Response *response);
void request_answer_bytes (Request *request, guint status, const char *content_type, GBytes *bytes);
void request_answer_json (Request *request, guint status, json_t *json); /* borrows json */
/* RFC 9457. `detail` says what was wrong and what to do. */
void request_problem (Request *request, guint status, const char *format, ...) G_GNUC_PRINTF (3, 4);
void request_problem_header (Request *request, guint status, const char *header, const char *value,
                             const char *format, ...) G_GNUC_PRINTF (5, 6);
/* The connection sleeps until request_answer(). */
void request_wait (Request *request);
const char *request_header (Request *request, const char *name);
const char *request_query (Request *request, const char *name);
const char *request_cookie (Request *request, const char *name);
const char *request_raw_query (Request *request); /* without "?"; never NULL */
/* The body as a JSON object; NULL = answered 400. */
json_t *request_json (Request *request);
/* For calls that answer later: the request waits, and is held for `done` (a StoreJsonDone). */
Request *request_wait_for_json (Request *request);
void request_json_done (json_t *json, const GError *error, gpointer request);
/* In constant time. */
gboolean secrets_equal (const char *a, const char *b);

/* --- router.c --- */

typedef struct Route
{
  const char *path; /* "/api/v1/executions/{id}": a segment in braces is an argument */
  const char *method;
  gboolean needs_token;
  void (*handle) (Request *request,
                  const char *argument); /* the first; more are in request->arguments */
} Route;

/* At the request's head: refuses, or says how large the body may be. */
void route_begin (Request *request);
/* The body is complete. */
void route_end (Request *request);
const Route *routes_all (guint *n);

/* --- webhook.c --- */

void webhook_begin (Request *request);
void webhook_end (Request *request);

/* --- webhook_payload.c --- */

Value *webhook_payload (Request *request);

/* --- connections.c --- */

void api_connection_types (Request *request, const char *unused);
void api_connections (Request *request, const char *instance);
void api_connection (Request *request, const char *instance);
void api_connection_set (Request *request, const char *instance);
void api_connection_delete (Request *request, const char *instance);
void api_connection_authorize (Request *request, const char *instance);
void api_connection_refresh (Request *request, const char *instance);

/* --- oauth.c: what a person's browser sees of an authorization --- */

StartTickets *start_tickets_new (void);
void start_tickets_free (StartTickets *tickets);
/* A ticket that is good once, for ten minutes. Free with g_free. */
char *start_tickets_add (StartTickets *tickets, const char *instance, const char *connection,
                         gint64 *expires_us);
void oauth_start (Request *request, const char *ticket);
void oauth_callback (Request *request, const char *unused);

/* --- api.c, metrics.c --- */

void api_deploy (Request *request, const char *unused);
void api_instances (Request *request, const char *unused);
void api_pause (Request *request, const char *name);
void api_resume (Request *request, const char *name);
void api_executions (Request *request, const char *unused);
void api_execution (Request *request, const char *id);
void api_logs (Request *request, const char *unused);
void api_sweep (Request *request, const char *unused);
void api_connection_keys (Request *request, const char *unused);
void api_rotate_keys (Request *request, const char *unused);
void api_openapi (Request *request, const char *unused);
void api_health (Request *request, const char *unused);
void api_ready (Request *request, const char *unused);
void api_metrics (Request *request, const char *unused);
void api_root (Request *request, const char *unused);
