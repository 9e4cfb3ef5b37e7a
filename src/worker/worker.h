/* A worker's life after the sandbox is on: one VM, the executions of one
 * instance, two channels (server, egress), one GLib main loop. See protocol.h
 * for every message. */
#pragma once

#include <glib.h>
#include "worker/protocol.h"

/* Before seccomp: makes the VM, since the engine's start opens what the sandbox then forbids.
 * Call in the forked child, once. `page` stays mapped for the worker's life. */
void worker_prepare (WorkerPage *page);

/* After seccomp: serves the channels until the server's side closes, then returns the exit status.
 */
int worker_serve (void);
