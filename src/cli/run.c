/* `tenon run`: one execution, in the same sandboxed worker that the server uses.
 *
 * What takes longest is forking and the engine's start, so the zygote and egress
 * are started first and the worker is asked for before the target is read: it
 * comes up while the version is built here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/execution_id.h"
#include "base/json.h"
#include "cli/private.h"
#include "cli/run_input.h"
#include "cli/run_report.h"
#include "dispatch/dispatch.h"

#define SLOT 1

typedef struct
{
  char *kind, *flow, *payload, *config, *step_results, *mock, *sandbox;
  gboolean is_full_payload, is_json;
  char **limits, **allow_private;
  SandboxMode sandbox_mode;
  TargetKind target_kind;
} RunOptions;

/* Everything that the START frame is made of. */
typedef struct
{
  Version *version;
  Flow *flow;
  guint flow_index;
  json_t *config_vars, *mocks;
  Value *payload;
  Limits limits;
} RunInput;

static void
run_input_clear (RunInput *input)
{
  g_clear_pointer (&input->version, version_unref);
  g_clear_pointer (&input->config_vars, json_decref);
  g_clear_pointer (&input->mocks, json_decref);
  g_clear_pointer (&input->payload, value_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RunInput, run_input_clear)

typedef struct
{
  const RunOptions *options;
  WorkerHost *host;
  WorkerProcess *worker;
  guint readies; /* times that the worker said it was ready */
  GMainLoop *loop;
  const RunInput *input; /* NULL until there is one */
  ExecutionId id;
  RunReport *report;
  char *early_death; /* of the worker, before there was a report */
} Run;

/* --- the start --- */

/* A code file alone shows all of its answer; a flow answers as it is declared. */
static gboolean
is_synchronous (const RunInput *input)
{
  return input->flow->is_synchronous || input->version->definition_version == 0;
}

static GBytes *
start_frame (const RunInput *input, const RunOptions *options, const ExecutionId *id)
{
  static const char no_states[]
      = "{\"instanceState\":{},\"crossFlowState\":{},\"integrationState\":{}}";
  g_autofree char *invoke_url = run_invoke_url (input->flow);
  g_autoptr (json_t) limits_object = limits_to_json (&input->limits);
  g_autoptr (GBytes) limits = json_print_bytes (limits_object);
  g_autoptr (GBytes) mocks
      = json_object_size (input->mocks) == 0 ? NULL : json_print_bytes (input->mocks);
  g_autoptr (GBytes) states = g_bytes_new_static (no_states, sizeof no_states - 1);
  FrameWriter *frame = frame_writer_new (WORKER_START, SLOT);
  frame_write_string (frame, id->text);
  frame_write_u32 (frame, input->flow_index);
  frame_write_u8 (frame, INVOKE_TEST);
  frame_write_u8 (frame, is_synchronous (input));
  frame_write_i64 (frame, g_get_real_time ());
  frame_write_string (frame, invoke_url);
  frame_write_u8 (frame, options->is_full_payload ? PAYLOAD_FULL : PAYLOAD_REQUEST);
  frame_write_value (frame, input->payload);
  frame_write_gbytes (frame, states);
  frame_write_gbytes (frame, limits);
  frame_write_gbytes (frame, mocks);
  frame_write_u32 (frame, 0); /* resumed steps */
  return frame_writer_end (frame);
}

/* --- the worker --- */

/* Once after the fork, and once after the assignment. Only then is the execution started, so that
 * its limits are not spent on the worker's own start. */
static void
on_ready (WorkerProcess *worker, gpointer user_data)
{
  Run *run = user_data;
  if (++run->readies < 2)
    return;
  g_autoptr (GBytes) start = start_frame (run->input, run->options, &run->id);
  run_report_begin (run->report);
  worker_process_run (worker, SLOT, start, &run->input->limits);
}

static void
on_frame (WorkerProcess *worker, Frame *frame, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  if (run->report == NULL || run_report_is_over (run->report))
    return;
  if (!run_report_take (run->report, frame, &error))
    run_report_fail (run->report, error->message, -1);
  if (run_report_is_over (run->report))
    g_main_loop_quit (run->loop);
}

static void
on_died (WorkerProcess *worker, guint64 slot, int limit, const char *reason, gpointer user_data)
{
  Run *run = user_data;
  run->worker = NULL; /* gone by itself */
  if (run->report == NULL)
    run->early_death = g_strdup (reason);
  else if (!run_report_is_over (run->report))
    run_report_fail (run->report, reason, limit);
  g_main_loop_quit (run->loop);
}

static gboolean
start_worker (Run *run, GError **error)
{
  static const WorkerProcessEvents events = { on_ready, on_frame, on_died };
  const RunOptions *options = run->options;
  run->host = worker_host_start (options->sandbox_mode,
                                 (const char *const *) options->allow_private, error);
  if (run->host == NULL)
    return FALSE;
  /* Not before the forks: a main context's descriptors would go along. */
  run->loop = g_main_loop_new (NULL, FALSE);
  worker_host_attach (run->host, NULL);
  run->worker = worker_process_new (run->host, &events, run);
  /* What was queued for the zygote leaves at the end of a turn. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return TRUE;
}

/* --- its input --- */

static gboolean
find_flow (const Command *command, RunInput *input, const char *name)
{
  GPtrArray *flows = input->version->flows;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < flows->len; i++)
    g_ptr_array_add (names, ((Flow *) flows->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  g_autofree char *all = g_strjoinv ("\", \"", (char **) names->pdata);

  if (name == NULL && flows->len != 1)
    {
      usage_error (command, "there are several flows: choose one with --flow: \"%s\"", all);
      return FALSE;
    }
  input->flow = name == NULL ? flows->pdata[0] : version_find_flow (input->version, name);
  if (input->flow == NULL)
    {
      const char *near = fault_suggest (name, (const char *const *) names->pdata);
      if (near == NULL)
        usage_error (command, "there is no flow \"%s\"; the flows are \"%s\"", name, all);
      else
        usage_error (command, "there is no flow \"%s\"; did you mean \"%s\"?", name, near);
      return FALSE;
    }
  return g_ptr_array_find (flows, input->flow, &input->flow_index);
}

static gboolean
set_limits (const Command *command, RunInput *input, const RunOptions *options)
{
  g_autoptr (GError) error = NULL;
  Limits defaults, most;
  limits_init (&defaults);
  for (int i = 0; i < LIMIT_COUNT; i++)
    most.value[i] = limit_info ((LimitId) i)->most;
  version_limits (input->version, input->flow, &defaults, &most, &input->limits);
  if (options_set_limits (&input->limits, options->limits, &error))
    return TRUE;
  usage_error (command, "--limit: %s", error->message);
  return FALSE;
}

static Value *
load_payload (const RunOptions *options)
{
  return options->is_full_payload ? run_payload_of_object (options->payload)
                                  : run_payload_of_body (options->payload);
}

static gboolean
load_input (const Command *command, const char *target, const RunOptions *options, RunInput *input)
{
  input->mocks = json_object ();
  input->version = input_build (target, options->target_kind);
  if (input->version == NULL || !find_flow (command, input, options->flow)
      || !set_limits (command, input, options))
    return FALSE;
  input->config_vars = input_config (input->version, options->config);
  if (input->config_vars == NULL)
    return FALSE;
  if (options->step_results != NULL
      && !run_add_step_results (options->step_results, input->version, input->flow, input->mocks))
    return FALSE;
  if (options->mock != NULL && !run_add_mocks (options->mock, input->flow, input->mocks))
    return FALSE;
  input->payload = load_payload (options);
  if (input->payload == NULL)
    return FALSE;
  if (value_size (input->payload) <= (gsize) input->limits.value[LIMIT_PAYLOAD_BYTES])
    return TRUE;
  usage_error (command,
               "the payload is larger than its limit of %" G_GINT64_FORMAT
               " bytes; raise it with --limit payloadBytes=…",
               input->limits.value[LIMIT_PAYLOAD_BYTES]);
  return FALSE;
}

/* --- the run --- */

static void
on_log (const char *time, const char *level, const char *step, const char *text, gpointer user_data)
{
  print_log_line (stderr, time, level, step, text);
}

static void
execute (Run *run, const RunInput *input)
{
  execution_id_make (&run->id);
  run->input = input;
  run->report = run_report_new (run->id.text, is_synchronous (input),
                                (gsize) input->limits.value[LIMIT_RESULT_BYTES],
                                run->options->is_json ? NULL : on_log, run);
  if (run->worker == NULL)
    {
      run_report_fail (run->report, run->early_death, -1);
      return;
    }
  g_autoptr (json_t) version = version_to_json (input->version);
  g_autoptr (GBytes) document = json_print_bytes (version);
  g_autoptr (GBytes) context = run_context (input->version, input->config_vars, &input->limits);
  worker_process_assign (run->worker, document, context);
  if (!run_report_is_over (run->report))
    g_main_loop_run (run->loop);
}

/* --- what is printed --- */

static void
print_result (Value *result)
{
  if (result == NULL || value_is_undefined (result))
    return;
  g_autofree char *text = value_to_json (result);
  g_autoptr (json_t) json = json_parse (text, -1, NULL);
  if (json_is_string (json))
    {
      print_safely (stdout, json_string_value (json));
      fputc ('\n', stdout);
    }
  else if (json != NULL)
    print_json (json);
  else /* a number that 64 bits can't hold: as it is */
    {
      print_safely (stdout, text);
      fputc ('\n', stdout);
    }
}

static void
print_answer (const Answer *answer)
{
  if (answer == NULL || (answer->status == 200 && answer->body == NULL))
    return;
  gsize size = answer->body == NULL ? 0 : g_bytes_get_size (answer->body);
  fprintf (stderr, "%sresponse: %u, ", style_on (stderr, STYLE_DIM), answer->status);
  print_safely (stderr, answer->content_type == NULL ? "no content type" : answer->content_type);
  fprintf (stderr, ", %zu bytes%s\n", size, style_off (stderr));
}

static int
print_report (Run *run)
{
  RunReport *report = run->report;
  gboolean has_succeeded = run_report_has_succeeded (report);
  if (run->options->is_json)
    {
      g_autofree char *json = run_report_to_json (report);
      puts (json);
      return has_succeeded ? EXIT_DONE : EXIT_FAILED;
    }
  print_answer (run_report_answer (report));
  if (!has_succeeded)
    {
      print_execution_error (stderr, run_report_error (report));
      return EXIT_FAILED;
    }
  fprintf (stderr, "%ssucceeded in %.1f ms%s\n", style_on (stderr, STYLE_DIM),
           run_report_duration_ms (report), style_off (stderr));
  print_result (run_report_result (report));
  return EXIT_DONE;
}

static int
run_once (const Command *command, const char *target, const RunOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_auto (RunInput) input = { 0 };
  Run run = { .options = options };
  int status = EXIT_WRONG;

  if (!start_worker (&run, &error))
    return failure (command, "%s", error->message);
  if (load_input (command, target, options, &input))
    {
      execute (&run, &input);
      status = print_report (&run);
      fflush (stdout);
    }
  g_clear_pointer (&run.worker, worker_process_free);
  worker_host_free (run.host);
  g_main_loop_unref (run.loop);
  g_clear_pointer (&run.report, run_report_free);
  g_free (run.early_death);
  return status;
}

/* --- options --- */

static gboolean
check_options (const Command *command, const char *target, RunOptions *options)
{
  g_autoptr (GError) error = NULL;
  gboolean is_trigger = g_strcmp0 (options->kind, "trigger") == 0;
  if (options->kind != NULL && !is_trigger && strcmp (options->kind, "action") != 0)
    usage_error (command, "--kind is \"action\" or \"trigger\", not \"%s\"", options->kind);
  else if (options->is_full_payload && options->payload == NULL)
    usage_error (command, "--full-payload says what --payload FILE holds, which is missing");
  else if (!sandbox_mode_parse (options->sandbox, &options->sandbox_mode, &error))
    usage_error (command, "%s", error->message);
  else
    {
      options->target_kind = input_target_kind (target, is_trigger);
      return TRUE;
    }
  return FALSE;
}

static void
run_options_clear (RunOptions *options)
{
  char *texts[] = { options->kind,         options->flow, options->payload, options->config,
                    options->step_results, options->mock, options->sandbox };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_strfreev (options->limits);
  g_strfreev (options->allow_private);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RunOptions, run_options_clear)

static int
run (int argc, char **argv)
{
  g_auto (RunOptions) o = { 0 };
  const GOptionEntry entries[] = {
    { "kind", 0, 0, G_OPTION_ARG_FILENAME, &o.kind,
      "What a code file is: action (default) or trigger", "KIND" },
    { "flow", 0, 0, G_OPTION_ARG_FILENAME, &o.flow, "The flow to run, where there are several",
      "NAME" },
    { "payload", 0, 0, G_OPTION_ARG_FILENAME, &o.payload, "The body that the trigger receives",
      "FILE" },
    { "full-payload", 0, 0, G_OPTION_ARG_NONE, &o.is_full_payload,
      "--payload holds the whole payload object", NULL },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &o.config,
      "Config variables and connections (JSON or YAML)", "FILE" },
    { "step-results", 0, 0, G_OPTION_ARG_FILENAME, &o.step_results,
      "Results of earlier steps, by step", "FILE" },
    { "mock", 0, 0, G_OPTION_ARG_FILENAME, &o.mock,
      "Results for steps that are not to run, by step", "FILE" },
    { "limit", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.limits, "Set a limit, for example wallMs=5000",
      "NAME=VALUE" },
    { "allow-private", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.allow_private,
      "Let code reach this private network", "CIDR" },
    { "sandbox", 0, 0, G_OPTION_ARG_FILENAME, &o.sandbox,
      "full (default), or weak: without namespaces", "MODE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &o.is_json,
      "Print one JSON object: status, result, response, …", NULL },
    { NULL },
  };
  switch (options_parse (&command_run, entries, 1, 1, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  return check_options (&command_run, argv[1], &o) ? run_once (&command_run, argv[1], &o)
                                                   : EXIT_WRONG;
}

const Command command_run = {
  .name = "run",
  .arguments = "TARGET",
  .summary = "Run code or an integration once, without a server",
  .text
  = "TARGET is a code file (.js, .ts) or an integration (.yml, .yaml, or a folder that holds\n"
    "integration.yaml). A FILE that is \"-\" is standard input. The result goes to standard\n"
    "output, log lines to standard error. Exit status: 0 success, 1 the execution failed,\n"
    "2 the command or its input was wrong.\n\n"
    "Examples:\n"
    "  tenon run map-order.ts --step-results results.json\n"
    "  tenon run my-integration --flow \"New order\" --payload order.json --config config.yaml\n"
    "  curl -s https://example.com/order.json | tenon run my-integration --payload - --json\n",
  .run = run,
};
