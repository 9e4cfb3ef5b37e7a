/* The real worker, apart from worker_host.c so that tests can have another one. */
#include "dispatch/worker_private.h"
#include "worker/worker.h"

static void
prepare (gpointer page)
{
  worker_prepare (page);
}

WorkerHost *
worker_host_start (SandboxMode mode, const char *const *allowed_cidrs, GError **error)
{
  static const SandboxGuest guest
      = { .prepare = prepare, .serve = worker_serve, .page_bytes = sizeof (WorkerPage) };
  return worker_host_start_guest (mode, &guest, allowed_cidrs, error);
}
