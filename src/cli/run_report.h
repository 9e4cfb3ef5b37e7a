/* What `tenon run` learns of its execution, frame by frame, and the one JSON object of it. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>
#include "base/frame.h"
#include "dispatch/answer.h"

typedef struct RunReport RunReport;

/* One line was logged. `time` is of the day, local. */
typedef void (*RunReportLog) (const char *time, const char *level, const char *step,
                              const char *text, gpointer user_data);

/* `on_log` may be NULL. is_synchronous: whose answer is the response (see run_report_to_json()). */
RunReport *run_report_new (const char *execution_id, gboolean is_synchronous,
                           gsize most_result_bytes, RunReportLog on_log, gpointer user_data);
void run_report_free (RunReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunReport, run_report_free)

/* The execution is being started: durations count from here. */
void run_report_begin (RunReport *report);
/* FALSE where the frame is not what a worker of ours would write. */
gboolean run_report_take (RunReport *report, const Frame *frame, GError **error);
gboolean run_report_is_over (RunReport *report);
/* The worker is gone under it. `limit` -1 = it crashed. */
void run_report_fail (RunReport *report, const char *reason, int limit);

gboolean run_report_has_succeeded (RunReport *report);
double run_report_duration_ms (RunReport *report);
/* Borrowed; NULL = none. The result is undefined where there is none. */
json_t *run_report_error (RunReport *report);
Value *run_report_result (RunReport *report);
/* What a webhook's caller would have got: the flow's answer where it is synchronous, else the
 * trigger's. NULL after a failure before there was one. */
const Answer *run_report_answer (RunReport *report);

/* status, result, response, stepResults, logs, state, error, durationMs, executionId. Compact; the
 * values of the execution stand in it as the worker wrote them, digit for digit. Free with g_free.
 */
char *run_report_to_json (RunReport *report);
