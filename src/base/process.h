/* Closing off a process of ours: the steps that egress and the keeper share. Each is for a process
 * that was just forked, or that has one thread and has read nothing of a stranger's.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The control channel of a child process; its standard descriptors are below, nothing is above. */
#define PROCESS_CONTROL_FD 3

/* In a child, possibly of a process with threads: takes no lock and allocates nothing. `fd` becomes
 * PROCESS_CONTROL_FD, standard input is /dev/null, all others above are closed, and the child dies
 * with the calling thread of `parent`. FALSE where the parent is gone already, or the descriptor
 * can't be had: _exit() then. */
gboolean process_prepare_child (int fd, pid_t parent);
/* As a new program has them, but for SIGPIPE, which is ignored. */
void process_reset_signals (void);
/* All of them, also out of the bounding set where that is allowed. */
void process_drop_capabilities (void);
