/* Warm executions without sandbox, server or store: what is left is the engine, the runtime library
 * and the flow. For profiles (`valgrind --tool=callgrind build/release/bench-flow FOLDER 200`), and
 * to compare a change with what was before it. Prints µs of processor time for each execution,
 * of the round that was disturbed least. */
#include "definition/definition.h"
#include "flow/flow.h"
#include "runtime/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15

static gboolean is_over, has_failed;

static void
ignore_text (FlowRun *run, const char *text, gpointer data)
{
}

static void
ignore_answer (FlowRun *run, const HttpAnswer *answer, gpointer data)
{
}

static void
ignore_step (FlowRun *run, const FlowStepEnd *end, gpointer data)
{
}

static void
print_log (FlowRun *run, gint64 at, LogLevel level, const char *step, const char *text,
           gpointer data)
{
  if (!has_failed && level == LOG_ERROR)
    fprintf (stderr, "%s: %s\n", step, text);
}

static void
note_end (FlowRun *run, const FlowEnd *end, gpointer data)
{
  has_failed |= !end->is_success;
}

static void
over (FlowRun *run, gpointer data)
{
  is_over = TRUE;
  flow_run_free (run);
}

static const FlowSink sink
    = { ignore_text, ignore_answer, ignore_step, print_log, note_end, over };

/* What the HTTP front writes for this request (src/http/webhook_payload.c). */
static Value *
request_value (void)
{
  static const char body[] = "{\"foo\":\"bar\",\"baz\":123}";
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  g_autoptr (GBytes) raw = g_bytes_new_static (body, strlen (body));
  static const char json[]
      = "{\"headers\":{\"Host\":\"127.0.0.1:8080\",\"Content-Type\":\"application/json\","
        "\"Content-Length\":\"23\"},\"queryParameters\":null,\"pathFragment\":\"\","
        "\"contentType\":\"application/json\"}";
  g_ptr_array_add (parts, binary_part_new ("/rawBody", raw));
  return value_new (g_bytes_new_static (json, strlen (json)), parts);
}

static void
execute (FlowProgram *program)
{
  FlowStart *start = g_new0 (FlowStart, 1);
  static guint64 slot;
  start->slot = ++slot;
  start->execution_id = g_strdup ("0192f3a0-0000-7000-8000-000000000000");
  start->is_synchronous = TRUE;
  start->started_at_us = g_get_real_time ();
  start->invoke_url = g_strdup ("http://127.0.0.1:8080/trigger/abc");
  start->payload_kind = PAYLOAD_REQUEST;
  start->payload = request_value ();
  start->states = g_bytes_new (NULL, 0);
  start->mocks = g_bytes_new (NULL, 0);
  limits_init (&start->limits);
  is_over = FALSE;
  if (flow_run_start (program, start, &sink, NULL) != NULL)
    while (!is_over)
      g_main_context_iteration (NULL, TRUE);
}

static double
cpu_us (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

int
main (int argc, char **argv)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (GError) error = NULL;
  guint n = argc < 3 ? 400 : (guint) atoi (argv[2]);
  if (argc < 2)
    return EXIT_FAILURE;
  g_autoptr (Version) version = definition_build (argv[1], TARGET_INTEGRATION, faults);
  if (version == NULL)
    return EXIT_FAILURE;
  g_autoptr (GBytes) context = g_bytes_new_static ("{\"configVars\":{}}", 17);

  Vm *vm = vm_new ();
  runtime_init (vm, NULL);
  FlowProgram *program = flow_program_new (vm, version, context, &error);
  if (program == NULL)
    return EXIT_FAILURE;
  double least = 0;
  for (int round = 0; round < ROUNDS; round++)
    {
      double before = cpu_us ();
      for (guint i = 0; i < n; i++)
        execute (program);
      double each = (cpu_us () - before) / n;
      if (round == 0 || each < least)
        least = each;
    }
  printf ("%.1f us each, in the best of %d rounds; mean %.1f\n", least, ROUNDS, cpu_us () / n / ROUNDS);
  return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
