/* argv to command. Everything else is in cli/, but for the processes that the server starts
 * from this very program: the keeper always, the others when they have died: a server with threads can't simply fork them. */
#include <string.h>

#include "cli/cli.h"
#include "egress/egress.h"
#include "keeper/keeper.h"
#include "sandbox/sandbox.h"
#include "worker/worker.h"

/* Where both have their channel. */
#define CHANNEL_FD 3

static void
prepare (gpointer page)
{
  worker_prepare (page);
}

static int
be_zygote (const char *mode)
{
  static const SandboxGuest guest
      = { .prepare = prepare, .serve = worker_serve, .page_bytes = sizeof (WorkerPage) };
  return zygote_main ((SandboxMode) (mode[0] - '0'), &guest, CHANNEL_FD);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && strcmp (argv[1], ZYGOTE_COMMAND) == 0)
    return be_zygote (argv[2]);
  if (argc >= 2 && strcmp (argv[1], EGRESS_EXEC_ARGUMENT) == 0)
    egress_main (CHANNEL_FD, (const char *const *) argv + 2);
  if (argc == 2 && strcmp (argv[1], KEEPER_EXEC_ARGUMENT) == 0)
    keeper_main (CHANNEL_FD);
  return cli_main (argc, argv);
}
