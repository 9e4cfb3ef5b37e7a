/* The command line: argv to command, and the exit status.
 *
 * 0 success, 1 the execution or the operation failed, 2 the command or its
 * input was wrong. What a command is asked for goes to stdout; progress,
 * warnings and errors go to stderr.
 */
#pragma once

int cli_main (int argc, char **argv);
