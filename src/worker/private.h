/* What the files of the worker share. */
#pragma once

#include "base/frame.h"
#include "flow/flow.h"
#include "worker/worker.h"

/* A queue longer than this is written at once, also in the middle of an entry. */
#define WORKER_LOG_FLUSH_BYTES (64 << 10)

typedef struct
{
  WorkerPage *page;
  Vm *vm;
  GMainLoop *loop;
  FrameChannel *channel;
  FlowProgram *program; /* NULL = blank */
  guint n_flows;
  GHashTable *runs;     /* slot -> FlowRun */
  gboolean has_grants;  /* executions wait for their connections */
  FrameChannel *keeper; /* NULL = gone */
  GHashTable *waiting;  /* slot -> what is there of an execution to begin */
  guint clock;
  guint lines_of_entry;
} Worker;

/* frames.c: see protocol.h for the fields. */
FlowStart *read_start (Frame *frame, GError **error);
void frame_write_answer (FrameWriter *frame, const HttpAnswer *answer);

/* worker.c: begins an execution that has all it needs. Takes `start`. */
void worker_begin (FlowStart *start);

/* --- keeper.c --- */

void worker_open_keeper (Worker *worker);
/* Takes `start`; it begins when its grant is there. */
void worker_wait_for_grant (Worker *worker, FlowStart *start);
/* Ends one that waits, as failed. FALSE = it does not wait. */
gboolean worker_cancel_waiting (Worker *worker, guint64 slot, const char *message);
void worker_want_fresh (Worker *worker, guint64 slot, const char *connection);
void worker_token_rejected (Worker *worker, guint64 slot, const char *connection,
                            const guint8 sha256[32]);

#ifdef TENON_TEST_HOOKS
/* attack.c */
void worker_add_test_hooks (void);
/* worker.c: a frame whose body is exactly `data`. */
void worker_send_raw (guint16 type, guint64 stream, gconstpointer data, gsize length);
#endif
