/* Limits: one table with every bound that Tenon keeps for user code.
 *
 * A limit has a name (as in `limits:` of an integration or a flow, and in
 * `--limit NAME=VALUE`), a unit, a default and a range. Where several places
 * set one: the flow's wins over the integration's over the server's, but none
 * may pass the server's `--limit-max`.
 */
#pragma once

#include <jansson.h>
#include <glib.h>

typedef enum
{
  LIMIT_WALL_MS,        /* one execution, from start to end */
  LIMIT_CPU_MS,         /* processor time of one execution */
  LIMIT_MEMORY_MB,      /* resident memory of a worker above its idle size, MiB */
  LIMIT_SYNC_MS,        /* how long a synchronous caller waits; the execution goes on */
  LIMIT_PAYLOAD_BYTES,  /* request body */
  LIMIT_RESULT_BYTES,   /* one step's result, JSON and binary */
  LIMIT_STATE_BYTES,    /* all persisted state of an instance */
  LIMIT_LOG_LINE_CHARS, /* characters (UTF-16 units, as JavaScript counts) of a line */
  LIMIT_LOG_BYTES,      /* all log lines of one execution, UTF-8 */
  LIMIT_TIMERS,         /* timers pending at once in one execution */
  LIMIT_REQUESTS,       /* outgoing requests in flight of one execution */
  LIMIT_FETCH_BYTES,    /* body of one outgoing response */
  LIMIT_CONCURRENCY,    /* executions of an instance running at once */
  LIMIT_QUEUE,          /* executions of an instance waiting; beyond: 429 */
  LIMIT_ATTEMPTS,       /* tries of an execution whose worker was killed under it */
  LIMIT_COUNT,
} LimitId;

typedef struct
{
  gint64 value[LIMIT_COUNT];
} Limits;

typedef struct
{
  const char *name;
  const char *unit;
  gint64 initial;
  gint64 least;
  gint64 most;
  const char *what; /* one sentence for documentation and errors */
} LimitInfo;

const LimitInfo *limit_info (LimitId id);
/* -1 when there is none of that name. */
int limit_find (const char *name);
void limits_init (Limits *limits); /* the defaults */
/* Errors (LIMITS_ERROR, code 0): unknown name (with a suggestion), not a number, out of range. */
gboolean limits_set (Limits *limits, const char *name, gint64 value, GError **error);
json_t *limits_to_json (const Limits *limits);
/* Sets those named in an object; unknown names are errors. */
gboolean limits_from_json (Limits *limits, json_t *object, GError **error);

#define LIMITS_ERROR (limits_error_quark ())
GQuark limits_error_quark (void);
