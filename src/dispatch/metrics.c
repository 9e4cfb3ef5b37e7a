/* Prometheus text: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "dispatch/private.h"

static void
head (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP tenon_%s %s\n# TYPE tenon_%s %s\n", name, help, name, type);
}

static void
counter (GString *text, const char *name, const char *help, guint64 value)
{
  head (text, name, "counter", help);
  g_string_append_printf (text, "tenon_%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
gauge (GString *text, const char *name, const char *help, guint64 value)
{
  head (text, name, "gauge", help);
  g_string_append_printf (text, "tenon_%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
append_executions (GString *text, const DispatcherCounts *counts)
{
  counter (text, "executions_accepted_total", "Executions accepted.", counts->accepted);
  counter (text, "executions_refused_total", "Calls refused since a queue was full.",
           counts->refused_full);
  head (text, "executions_ended_total", "counter", "Executions that ended.");
  g_string_append_printf (
      text, "tenon_executions_ended_total{status=\"succeeded\"} %" G_GUINT64_FORMAT "\n",
      counts->succeeded);
  g_string_append_printf (text,
                          "tenon_executions_ended_total{status=\"failed\"} %" G_GUINT64_FORMAT "\n",
                          counts->failed);
  head (text, "executions_seconds_total", "counter", "Time from acceptance to end, summed up.");
  g_string_append_printf (text, "tenon_executions_seconds_total %.6f\n",
                          (double) counts->duration_us / 1e6);
  counter (text, "executions_rejected_total", "Bodies that were not what their content type says.",
           counts->rejected);
  counter (text, "executions_run_again_total", "Executions taken up again after their worker died.",
           counts->run_again);
  counter (text, "answers_late_total",
           "Callers answered before their execution had something to say.", counts->late);
  counter (text, "store_errors_total", "Writes that the store refused.", counts->store_errors);
}

static void
append_workers (GString *text, Dispatcher *dispatcher)
{
  guint64 resident = 0;
  guint busy = 0;
  for (guint i = 0; i < dispatcher->workers->len; i++)
    {
      Worker *worker = dispatcher->workers->pdata[i];
      busy += worker->executions->len > 0;
      resident += worker_process_resident_bytes (worker->process);
    }
  head (text, "workers", "gauge", "Worker processes.");
  g_string_append_printf (text, "tenon_workers{state=\"blank\"} %u\n", dispatcher->n_blank);
  g_string_append_printf (text, "tenon_workers{state=\"busy\"} %u\n", busy);
  g_string_append_printf (text, "tenon_workers{state=\"idle\"} %u\n",
                          dispatcher->workers->len - dispatcher->n_blank - busy);
  gauge (text, "workers_resident_bytes",
         "Resident memory of all workers; shared pages count in each.", resident);
  counter (text, "workers_started_total", "Worker processes started.",
           dispatcher->counts.workers_started);
  counter (text, "workers_died_total", "Worker processes that ended other than by being retired.",
           dispatcher->counts.workers_died);
  head (text, "workers_killed_total", "counter", "Worker processes killed for a limit.");
  for (int i = 0; i < LIMIT_COUNT; i++)
    if (i == LIMIT_WALL_MS || i == LIMIT_CPU_MS || i == LIMIT_MEMORY_MB)
      g_string_append_printf (text,
                              "tenon_workers_killed_total{limit=\"%s\"} %" G_GUINT64_FORMAT "\n",
                              limit_info ((LimitId) i)->name, dispatcher->counts.killed_for[i]);
}

void
dispatcher_metrics (Dispatcher *dispatcher, GString *text)
{
  append_executions (text, &dispatcher->counts);
  gauge (text, "executions_queued", "Executions that wait for a worker.", dispatcher->n_queued);
  gauge (text, "executions_running", "Executions that run.", dispatcher->n_running);
  append_workers (text, dispatcher);
  gauge (text, "instances", "Instances deployed.", dispatcher->instances->len);
  gauge (text, "ready", "Whether webhooks would be run: zygote and egress are up.",
         dispatcher_is_ready (dispatcher));
}
