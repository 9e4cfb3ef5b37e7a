/* What the commands share. One file a command; the table is in cli.c. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>
#include "base/fault.h"
#include "base/limits.h"
#include "definition/definition.h"
#include "sandbox/sandbox.h"

enum
{
  EXIT_DONE = 0,
  EXIT_FAILED = 1, /* the execution, or what was asked of the server */
  EXIT_WRONG = 2,  /* the command or its input */
};

typedef struct
{
  const char *name;
  const char *arguments; /* "TARGET", for the usage line */
  const char *summary;   /* one line */
  const char *text;      /* below the options in --help; may be NULL */
  /* argv[0] is the command's name. */
  int (*run) (int argc, char **argv);
} Command;

extern const Command command_run, command_serve, command_deploy, command_executions, command_logs,
    command_instances, command_pause, command_resume, command_doctor, command_check, command_init,
    command_types, command_keys, command_connections;

/* --- options.c: arguments --- */

typedef enum
{
  PARSE_GO_ON,
  PARSE_HELP,  /* printed: exit with EXIT_DONE */
  PARSE_WRONG, /* printed: exit with EXIT_WRONG */
} ParseResult;

/* Takes the options out of argv; what is left, from argv[1] on, are the arguments: between `least`
 * and `most` of them. */
ParseResult options_parse (const Command *command, const GOptionEntry *entries, guint least,
                           guint most, int *argc, char ***argv);
/* "tenon run: …", and where to read more. Returns EXIT_WRONG. */
int usage_error (const Command *command, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* How this program was called, for lines to paste. */
const char *program_name (void);
/* "tenon run: …" for what failed though the command was right. Returns EXIT_FAILED. */
int failure (const Command *command, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Splits "NAME=VALUE". *name is free with g_free; the value is within `text`. NULL where there is
 * no "=". */
const char *split_assignment (const char *text, char **name);
/* `--limit NAME=VALUE`, any number of them (NULL = none). */
gboolean options_set_limits (Limits *limits, char **assignments, GError **error);
gboolean sandbox_mode_parse (const char *text, SandboxMode *mode, GError **error);

/* --- input.c: files --- */

/* "-" = standard input, once a command. */
GBytes *input_read (const char *file, GError **error);
/* YAML or JSON. Faults, or the error of reading, are printed; NULL then. */
json_t *input_load (const char *file);
json_t *input_load_object (const char *file, const char *what);
/* Builds `path`; prints faults and warnings. NULL where there were errors. */
Version *input_build (const char *path, TargetKind kind);
TargetKind input_target_kind (const char *path, gboolean is_trigger);
void faults_print (const FaultList *faults);
/* The version's config values from `file` (NULL = none given). Prints faults. */
json_t *input_config (const Version *version, const char *file);

/* --- types.c --- */

/* tenon.d.ts and tenon-env.d.ts, over those of before; tsconfig.json only where there is none, nor
 * a jsconfig.json. */
gboolean types_write (const char *folder, const Version *version, GError **error);

/* --- terminal.c --- */

typedef enum
{
  STYLE_NONE,
  STYLE_DIM,
  STYLE_BOLD,
  STYLE_RED,
  STYLE_YELLOW,
  STYLE_GREEN,
  STYLE_BLUE,
} Style;

/* The escape sequence, or "" where the stream is no terminal or NO_COLOR is set. */
const char *style_on (FILE *stream, Style style);
const char *style_off (FILE *stream);
/* Text that came from elsewhere: control characters can't reach the terminal. */
void print_safely (FILE *stream, const char *text);
void print_json (const json_t *json);
/* "12:34:56.789 WARN  mapFields  text" */
void print_log_line (FILE *stream, const char *time, const char *level, const char *step,
                     const char *text);
/* An execution's error with its excerpt and stack. */
void print_execution_error (FILE *stream, const json_t *error);
/* Rows of `columns` texts, aligned. */
typedef struct Table Table;
Table *table_new (const char *const *titles);
void table_add (Table *table, const char *const *cells);
void table_print (Table *table);
void table_free (Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Table, table_free)

/* --- client.c: the running server --- */

#define CLIENT_OPTIONS(data_variable, json_variable)                                               \
  { "data",                                                                                        \
    0,                                                                                             \
    0,                                                                                             \
    G_OPTION_ARG_FILENAME,                                                                         \
    data_variable,                                                                                 \
    "The server's data folder (default: the server last started by this user)",                    \
    "DIR" },                                                                                       \
  {                                                                                                \
    "json", 0, 0, G_OPTION_ARG_NONE, json_variable, "Print JSON", NULL                             \
  }

typedef struct Client Client;
/* By TENON_SERVER and TENON_TOKEN, else by what a server on this machine has left in `data`, or,
 * NULL, in this user's own place. */
Client *client_new (const char *data, GError **error);
void client_free (Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)
const char *client_url (Client *client);
/* NULL with an error for no connection, or an answer other than 2xx: its problem's title and
 * detail, with *problem (may be NULL) the whole of it. `body` NULL = none. */
json_t *client_call (Client *client, const char *method, const char *path, const json_t *body,
                     json_t **problem, GError **error);
/* "?a=1&b=2" of names and values in turn, NULL-terminated; those whose value is NULL are left out.
 */
char *client_query (const char *name, ...) G_GNUC_NULL_TERMINATED;

/* --- server_files.c: what a server leaves for clients of the same machine --- */

/* Makes the folder (0700) where needed. */
gboolean data_folder_prepare (const char *data, GError **error);
/* Reads DATA/token, or makes it: 32 random bytes, mode 0600. Refuses one that others can read. */
char *token_load_or_make (const char *data, GError **error);
char *token_load (const char *data, GError **error);
/* DATA/server.json and this user's pointer to it. */
gboolean server_files_write (const char *data, const char *url, GError **error);
void server_files_remove (const char *data);
/* {url, pid, data} of the server in `data`, or of the last one started by this user. */
json_t *server_files_read (const char *data, GError **error);
