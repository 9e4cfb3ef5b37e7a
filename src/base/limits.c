#include "base/limits.h"

#include "base/fault.h"
#include "base/json.h"

#include <string.h>

G_DEFINE_QUARK (limits - error - quark, limits_error)

#define MIB ((gint64) 1 << 20)

/* Defaults: spec/code-component.md "Runtime and limits" and spec/triggers-and-flows.md "Limits"
 * where the platform has one; ours where it does not (CPU, log volume, timers, requests, queue).
 * The step result's is lower than the platform's practical 128 MB, since every result is kept. */
static const LimitInfo infos[LIMIT_COUNT] = {
  [LIMIT_WALL_MS] = { "wallMs", "ms", 900000, 10, 86400000, "time an execution may take" },
  [LIMIT_CPU_MS] = { "cpuMs", "ms", 60000, 10, 86400000, "processor time of an execution" },
  [LIMIT_MEMORY_MB]
  = { "memoryMb", "MiB", 1024, 16, 1048576, "memory of an execution above an idle worker's" },
  [LIMIT_SYNC_MS]
  = { "syncMs", "ms", 30000, 10, 3600000, "time a synchronous caller waits for its answer" },
  [LIMIT_PAYLOAD_BYTES]
  = { "payloadBytes", "bytes", 6 * MIB, 0, 512 * MIB, "size of a request's body" },
  [LIMIT_RESULT_BYTES]
  = { "resultBytes", "bytes", 32 * MIB, 1024, 512 * MIB, "size of one step's result" },
  [LIMIT_STATE_BYTES]
  = { "stateBytes", "bytes", 64 * MIB, 0, 512 * MIB, "size of all persisted state of an instance" },
  [LIMIT_LOG_LINE_CHARS]
  = { "logLineChars", "characters", 4096, 64, 1048576, "length of a log line" },
  [LIMIT_LOG_BYTES]
  = { "logBytes", "bytes", 10 * MIB, 1024, 1024 * MIB, "size of an execution's log lines" },
  [LIMIT_TIMERS] = { "timers", "timers", 10000, 1, 1000000, "timers pending at once" },
  [LIMIT_REQUESTS] = { "requests", "requests", 64, 1, 10000, "outgoing requests in flight" },
  [LIMIT_FETCH_BYTES]
  = { "fetchBytes", "bytes", 64 * MIB, 1024, 512 * MIB, "size of an outgoing request's response" },
  [LIMIT_CONCURRENCY]
  = { "concurrency", "executions", 32, 1, 10000, "executions of an instance running at once" },
  [LIMIT_QUEUE]
  = { "queue", "executions", 10000, 1, 10000000, "executions of an instance waiting" },
  [LIMIT_ATTEMPTS]
  = { "attempts", "attempts", 3, 1, 100, "tries of an execution whose worker dies under it" },
};

const LimitInfo *
limit_info (LimitId id)
{
  g_assert (id < LIMIT_COUNT);
  return &infos[id];
}

int
limit_find (const char *name)
{
  for (int i = 0; i < LIMIT_COUNT; i++)
    if (strcmp (infos[i].name, name) == 0)
      return i;
  return -1;
}

void
limits_init (Limits *limits)
{
  for (int i = 0; i < LIMIT_COUNT; i++)
    limits->value[i] = infos[i].initial;
}

static void
set_unknown (const char *name, GError **error)
{
  const char *names[LIMIT_COUNT + 1] = { NULL };
  for (int i = 0; i < LIMIT_COUNT; i++)
    names[i] = infos[i].name;
  const char *near = fault_suggest (name, names);
  if (near != NULL)
    g_set_error (error, LIMITS_ERROR, 0, "there is no limit \"%s\"; did you mean \"%s\"?", name,
                 near);
  else
    {
      g_autofree char *all = g_strjoinv (", ", (char **) names);
      g_set_error (error, LIMITS_ERROR, 0, "there is no limit \"%s\"; the limits are %s", name,
                   all);
    }
}

gboolean
limits_set (Limits *limits, const char *name, gint64 value, GError **error)
{
  int id = limit_find (name);
  if (id < 0)
    {
      set_unknown (name, error);
      return FALSE;
    }
  if (value < infos[id].least || value > infos[id].most)
    {
      g_set_error (error, LIMITS_ERROR, 0,
                   "limit \"%s\" (%s) must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                   " %s, not %" G_GINT64_FORMAT,
                   name, infos[id].what, infos[id].least, infos[id].most, infos[id].unit, value);
      return FALSE;
    }
  limits->value[id] = value;
  return TRUE;
}

json_t *
limits_to_json (const Limits *limits)
{
  json_t *object = json_object ();
  for (int i = 0; i < LIMIT_COUNT; i++)
    json_object_set_new (object, infos[i].name, json_integer (limits->value[i]));
  return object;
}

gboolean
limits_from_json (Limits *limits, json_t *object, GError **error)
{
  const char *name;
  json_t *value;

  if (!json_is_object (object))
    {
      g_set_error (error, LIMITS_ERROR, 0, "limits must be an object of limit name to number");
      return FALSE;
    }
  json_object_foreach (object, name, value)
  {
    if (!json_is_integer (value))
      {
        g_set_error (error, LIMITS_ERROR, 0, "limit \"%s\" must be a whole number", name);
        return FALSE;
      }
    if (!limits_set (limits, name, json_integer_value (value), error))
      return FALSE;
  }
  return TRUE;
}
