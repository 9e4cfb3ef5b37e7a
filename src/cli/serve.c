/* `tenon serve`: puts the server together.
 *
 * The order matters. The sandbox is tried, then the zygote and egress are forked
 * while this process has one thread and has read no secret; only then come the
 * token, the store (which has threads), the dispatcher, and at last the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/private.h"
#include "base/frame.h"
#include "dispatch/dispatch.h"
#include "http/http.h"

#define DEFAULT_LISTEN "127.0.0.1:8080"
#define DEFAULT_IDLE_SECONDS 300
#define DEFAULT_CONNECTIONS 4096
#define MOST_API_BODY_BYTES ((gint64) 256 << 20)
#define MOST_HEADER_SECONDS 10
#define DEFAULT_REQUEST_SECONDS 60
#define LOCK_TRIES 40
#define LOCK_WAIT_US 50000

typedef struct
{
  char *data, *listen, *public_url, *sandbox, *deploy, *instance;
  char **limits, **limits_most, **allow_private;
  int workers, spare_workers, idle_seconds, connections, connections_per_address,
      request_seconds;
  gint64 retain_days, retain_executions, retain_bytes;
  SandboxMode sandbox_mode;
  DispatcherOptions dispatcher;
} ServeOptions;

typedef struct
{
  const ServeOptions *options;
  WorkerHost *host;
  int lock_fd;
  char *token;
  Store *store;
  Dispatcher *dispatcher;
  HttpServer *http;
  char *public_url; /* without a slash at its end */
  char *url; /* where this machine reaches it */
  GMainLoop *loop;
} Server;

/* --- log --- */

/* Messages of GLib and of our rooms: one line each, for a service manager's journal. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user_data)
{
  const char *message = NULL;
  const char *name = (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0 ? "ERROR"
                     : (level & G_LOG_LEVEL_WARNING) != 0                      ? "WARN"
                                                                               : "INFO";
  if ((level & G_LOG_LEVEL_DEBUG) != 0)
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0)
      message = fields[i].value;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  print_log_line (stderr, time, name, "", message == NULL ? "" : message);
  return G_LOG_WRITER_HANDLED;
}

/* --- this process --- */

/* The token and people's data are in our memory: no core file, no debugger of the same user. */
static void
close_to_others (void)
{
  struct rlimit none = { 0, 0 };
  setrlimit (RLIMIT_CORE, &none);
#ifndef TENON_TEST_HOOKS
  prctl (PR_SET_DUMPABLE, 0);
#endif
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = MIN (limit.rlim_max, (rlim_t) 65536);
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* Two servers on one data folder would run every execution twice. A record lock belongs to this
 * process alone: no child that outlives a killed server for an instant can keep it. */
static gboolean
lock_data (Server *server, GError **error)
{
  g_autofree char *file = g_build_filename (server->options->data, "lock", NULL);
  server->lock_fd = open (file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (server->lock_fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", file,
                   g_strerror (errno));
      return FALSE;
    }
  for (int i = 0; i < LOCK_TRIES; i++)
    {
      struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
      if (fcntl (server->lock_fd, F_SETLK, &lock) == 0)
        return TRUE;
      g_usleep (LOCK_WAIT_US);
    }
  struct flock holder = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  fcntl (server->lock_fd, F_GETLK, &holder);
  g_set_error (
      error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
      "another server (process %d) has the data folder %s: stop it, or choose another with --data",
      holder.l_type == F_UNLCK ? 0 : (int) holder.l_pid, server->options->data);
  return FALSE;
}

/* --- addresses --- */

/* The webhooks' URLs are needed before the socket is there, so a port of 0 is settled here. */
static int
free_port (gboolean is_ipv6)
{
  struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
  struct sockaddr *address = is_ipv6 ? (struct sockaddr *) &v6 : (struct sockaddr *) &v4;
  socklen_t length = is_ipv6 ? sizeof v6 : sizeof v4;
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return 0;
  gboolean is_good = bind (fd, address, length) == 0 && getsockname (fd, address, &length) == 0;
  close (fd);
  if (!is_good)
    return 0;
  return ntohs (is_ipv6 ? v6.sin6_port : v4.sin_port);
}

/* "ADDR:PORT" into its host (without brackets) and port. */
static gboolean
parse_listen (const char *listen, char **host, guint *port, GError **error)
{
  const char *colon = strrchr (listen, ':');
  guint64 number = 0;
  if (colon == NULL || colon == listen
      || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--listen has the form ADDRESS:PORT, for example %s or [::1]:8080, not \"%s\"",
                   DEFAULT_LISTEN, listen);
      return FALSE;
    }
  gboolean is_bracketed = *listen == '[' && colon[-1] == ']';
  *host = is_bracketed ? g_strndup (listen + 1, (gsize) (colon - listen) - 2)
                       : g_strndup (listen, (gsize) (colon - listen));
  *port = (guint) number;
  if (!g_hostname_is_ip_address (*host))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--listen needs an IP address before the port, not \"%s\"", *host);
      return FALSE;
    }
  return TRUE;
}

/* How this machine reaches a server that listens there. */
static char *
local_url (const char *host, guint port)
{
  if (strcmp (host, "0.0.0.0") == 0)
    host = "127.0.0.1";
  else if (strcmp (host, "::") == 0)
    host = "::1";
  return strchr (host, ':') == NULL ? g_strdup_printf ("http://%s:%u", host, port)
                                    : g_strdup_printf ("http://[%s]:%u", host, port);
}

static gboolean
settle_addresses (Server *server, char **listen, GError **error)
{
  g_autofree char *host = NULL;
  guint port;
  if (!parse_listen (server->options->listen, &host, &port, error))
    return FALSE;
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  if (port == 0)
    port = (guint) free_port (is_ipv6);
  *listen
      = is_ipv6 ? g_strdup_printf ("[%s]:%u", host, port) : g_strdup_printf ("%s:%u", host, port);
  server->url = local_url (host, port);
  return TRUE;
}

/* --- start --- */

static gboolean
start_host (Server *server, GError **error)
{
  const ServeOptions *options = server->options;
  if (options->sandbox_mode == SANDBOX_FULL && !sandbox_check (error))
    {
      g_prefix_error (error, "this machine does not give workers the sandbox they need: ");
      /* What the layers are for, and the way round. */
      g_autofree char *message = g_strdup_printf (
          "%s\n`%s doctor` shows every layer. --sandbox weak runs without the missing "
          "ones: then code that breaks out of the engine is held by system call "
          "filters alone.",
          (*error)->message, program_name ());
      g_free ((*error)->message);
      (*error)->message = g_steal_pointer (&message);
      return FALSE;
    }
  server->host = worker_host_start (options->sandbox_mode,
                                    (const char *const *) options->allow_private, error);
  return server->host != NULL && worker_host_start_keeper (server->host, error);
}

static gboolean
start_dispatcher (Server *server, GError **error)
{
  const ServeOptions *options = server->options;
  StoreRetention retention = {
    .age_days = options->retain_days,
    .executions = options->retain_executions,
    .bytes = options->retain_bytes,
  };
  DispatcherOptions dispatcher = options->dispatcher;
  dispatcher.workers = (guint) options->workers;
  dispatcher.spare_workers = (guint) options->spare_workers;
  dispatcher.idle_seconds = (guint) options->idle_seconds;
  server->public_url = g_strdup (options->public_url == NULL ? server->url : options->public_url);
  gsize length = strlen (server->public_url);
  while (length > 0 && server->public_url[length - 1] == '/')
    server->public_url[--length] = '\0';
  dispatcher.public_url = server->public_url;

  server->store = store_open (options->data, &retention, error);
  if (server->store == NULL)
    return FALSE;
  server->dispatcher = dispatcher_new (server->store, server->host, &dispatcher, error);
  return server->dispatcher != NULL;
}

static gboolean
start_http (Server *server, const char *listen, GError **error)
{
  HttpOptions options = {
    .listen = listen,
    .api_token = server->token,
    .most_body_bytes = MOST_API_BODY_BYTES,
    .header_seconds = (guint) MIN (server->options->request_seconds, MOST_HEADER_SECONDS),
    .body_seconds = (guint) server->options->request_seconds,
    .connections = (guint) server->options->connections,
    .connections_per_address = (guint) server->options->connections_per_address,
    .public_url = server->public_url,
  };
  server->http = http_server_start (&options, server->dispatcher, server->store, error);
  return server->http != NULL;
}

static gboolean
start (Server *server, GError **error)
{
  g_autofree char *listen = NULL;
  if (!settle_addresses (server, &listen, error) || !start_host (server, error))
    return FALSE;
  /* Not before the forks: a main context's descriptors would go along. */
  server->loop = g_main_loop_new (NULL, FALSE);
  close_to_others ();
  raise_descriptor_limit ();
  if (!data_folder_prepare (server->options->data, error) || !lock_data (server, error))
    return FALSE;
  server->token = token_load_or_make (server->options->data, error);
  if (server->token == NULL)
    return FALSE;
  worker_host_attach (server->host, NULL);
  return start_dispatcher (server, error) && start_http (server, listen, error)
         && server_files_write (server->options->data, server->url, error);
}

/* --- life --- */

static gboolean
on_stop_signal (gpointer user_data)
{
  Server *server = user_data;
  g_message ("stopping");
  g_main_loop_quit (server->loop);
  return G_SOURCE_CONTINUE;
}

static void
on_deployed (GPid pid, int wait_status, gpointer user_data)
{
  if (!g_spawn_check_wait_status (wait_status, NULL))
    g_warning ("the integration of --deploy was not deployed; the server runs on");
  g_spawn_close_pid (pid);
}

/* By the command, in a process of its own: this one reads no author's file. */
static void
deploy (Server *server)
{
  const ServeOptions *options = server->options;
  g_autoptr (GError) error = NULL;
  GPid pid;
  char *argv[] = { (char *) "/proc/self/exe",
                   (char *) program_name (),
                   (char *) "deploy",
                   options->deploy,
                   (char *) "--data",
                   options->data,
                   (char *) "--instance",
                   options->instance == NULL ? (char *) "default" : options->instance,
                   NULL };
  GSpawnFlags flags
      = G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN;
  if (g_spawn_async (NULL, argv, NULL, flags, NULL, NULL, &pid, &error))
    g_child_watch_add (pid, on_deployed, NULL);
  else
    g_warning ("--deploy: %s", error->message);
}

static void
print_ready (Server *server)
{
  printf ("Tenon " TENON_VERSION " is ready on %s (data in %s, process %d)\n", server->url,
          server->options->data, (int) getpid ());
  if (server->options->sandbox_mode != SANDBOX_FULL)
    puts ("WARNING: workers run without namespaces (--sandbox)");
  fflush (stdout);
}

static void
stop (Server *server)
{
  if (server->http != NULL)
    {
      server_files_remove (server->options->data);
      http_server_stop (server->http);
    }
  g_clear_pointer (&server->dispatcher, dispatcher_free);
  g_clear_pointer (&server->host, worker_host_free);
  g_clear_pointer (&server->store, store_close);
  if (server->token != NULL)
    explicit_bzero (server->token, strlen (server->token));
  g_free (server->token);
  g_free (server->url);
  g_free (server->public_url);
  if (server->lock_fd >= 0)
    close (server->lock_fd);
}

static int
serve (const ServeOptions *options)
{
  g_autoptr (GError) error = NULL;
  Server server = { .options = options, .lock_fd = -1 };
  int status = EXIT_DONE;
  g_log_set_writer_func (write_log, NULL, NULL);
  if (start (&server, &error))
    {
      /* Only now: children would inherit an ignored signal. */
      signal (SIGPIPE, SIG_IGN);
      signal (SIGHUP, SIG_IGN);
      g_unix_signal_add (SIGTERM, on_stop_signal, &server);
      g_unix_signal_add (SIGINT, on_stop_signal, &server);
      print_ready (&server);
      if (options->deploy != NULL)
        deploy (&server);
      g_main_loop_run (server.loop);
    }
  else
    status = failure (&command_serve, "%s", error->message);
  stop (&server);
  g_clear_pointer (&server.loop, g_main_loop_unref);
  return status;
}

/* --- options --- */

static void
serve_options_init (ServeOptions *options)
{
  options->workers = (int) CLAMP (g_get_num_processors () * 2, 4, 256);
  options->spare_workers = 1;
  options->idle_seconds = DEFAULT_IDLE_SECONDS;
  options->connections = DEFAULT_CONNECTIONS;
  options->request_seconds = DEFAULT_REQUEST_SECONDS;
  options->retain_days = 30;
  options->retain_executions = 0;
  options->retain_bytes = (gint64) 10 << 30;
  limits_init (&options->dispatcher.limits);
  for (int i = 0; i < LIMIT_COUNT; i++)
    options->dispatcher.limits_most.value[i] = limit_info ((LimitId) i)->most;
}

static void
serve_options_clear (ServeOptions *options)
{
  char *texts[] = { options->data,    options->listen, options->public_url,
                    options->sandbox, options->deploy, options->instance };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_strfreev (options->limits);
  g_strfreev (options->limits_most);
  g_strfreev (options->allow_private);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ServeOptions, serve_options_clear)

/* Where only --limit-max lowers a bound, the default follows. */
static void
lower_to_most (DispatcherOptions *options)
{
  for (int i = 0; i < LIMIT_COUNT; i++)
    options->limits.value[i] = MIN (options->limits.value[i], options->limits_most.value[i]);
}

static gboolean
check_public_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = url == NULL ? NULL : g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri == NULL ? NULL : g_uri_get_scheme (uri);
  if (url == NULL || (g_strcmp0 (scheme, "https") == 0 || g_strcmp0 (scheme, "http") == 0))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--public-url begins with https:// or http://, and is what callers of webhooks see; "
               "\"%s\" is not",
               url);
  return FALSE;
}

static gboolean
check_numbers (const ServeOptions *o, GError **error)
{
  const struct
  {
    const char *name;
    gint64 value, least;
  } numbers[] = {
    { "workers", o->workers, 1 },           { "spare-workers", o->spare_workers, 0 },
    { "idle-seconds", o->idle_seconds, 1 }, { "connections", o->connections, 1 },
    { "retain-days", o->retain_days, 0 },   { "retain-executions", o->retain_executions, 0 },
    { "retain-bytes", o->retain_bytes, 0 }, { "connections-per-address", o->connections_per_address, 0 },
    { "request-seconds", o->request_seconds, 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (numbers[i].value < numbers[i].least)
      {
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     "--%s must be at least %" G_GINT64_FORMAT, numbers[i].name, numbers[i].least);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_options (ServeOptions *o, GError **error)
{
  if (o->data == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--data DIR is missing: the folder where everything is kept");
      return FALSE;
    }
  if (o->listen == NULL)
    o->listen = g_strdup (DEFAULT_LISTEN);
  if (!options_set_limits (&o->dispatcher.limits_most, o->limits_most, error)
      || !options_set_limits (&o->dispatcher.limits, o->limits, error))
    return FALSE;
  lower_to_most (&o->dispatcher);
  g_autofree char *host = NULL;
  guint port;
  return parse_listen (o->listen, &host, &port, error)
         && sandbox_mode_parse (o->sandbox, &o->sandbox_mode, error)
         && check_public_url (o->public_url, error) && check_numbers (o, error);
}

static int
serve_run (int argc, char **argv)
{
  g_auto (ServeOptions) o = { 0 };
  serve_options_init (&o);
  const GOptionEntry entries[] = {
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &o.data,
      "Where everything is kept (made if it is not there)", "DIR" },
    { "listen", 0, 0, G_OPTION_ARG_FILENAME, &o.listen, "Default: " DEFAULT_LISTEN, "ADDR:PORT" },
    { "public-url", 0, 0, G_OPTION_ARG_FILENAME, &o.public_url,
      "What webhook URLs begin with, where it is not the address above", "URL" },
    { "workers", 0, 0, G_OPTION_ARG_INT, &o.workers, "Worker processes in all", "N" },
    { "spare-workers", 0, 0, G_OPTION_ARG_INT, &o.spare_workers,
      "Blank ones kept ready (default: 1)", "N" },
    { "idle-seconds", 0, 0, G_OPTION_ARG_INT, &o.idle_seconds,
      "A worker without work ends after so long (default: 300)", "N" },
    { "connections", 0, 0, G_OPTION_ARG_INT, &o.connections, "Connections at once (default: 4096)",
      "N" },
    { "connections-per-address", 0, 0, G_OPTION_ARG_INT, &o.connections_per_address,
      "Of one client at once (default: 0, no limit but the above: clients behind a proxy have one "
      "address)",
      "N" },
    { "request-seconds", 0, 0, G_OPTION_ARG_INT, &o.request_seconds,
      "A request must have come whole within so long (default: 60)", "N" },
    { "limit", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.limits,
      "A limit where integration and flow set none; may be given again", "NAME=VALUE" },
    { "limit-max", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.limits_most,
      "A bound that no integration passes; may be given again", "NAME=VALUE" },
    { "allow-private", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.allow_private,
      "Let code reach this private network; may be given again", "CIDR" },
    { "sandbox", 0, 0, G_OPTION_ARG_FILENAME, &o.sandbox,
      "full (default), or weak: without namespaces", "MODE" },
    { "retain-days", 0, 0, G_OPTION_ARG_INT64, &o.retain_days,
      "Forget executions after so long (default: 30; 0: never)", "N" },
    { "retain-executions", 0, 0, G_OPTION_ARG_INT64, &o.retain_executions,
      "Keep at most so many (default: 0, any number)", "N" },
    { "retain-bytes", 0, 0, G_OPTION_ARG_INT64, &o.retain_bytes,
      "Keep at most so much (default: 10 GiB; 0: any)", "N" },
    { "deploy", 0, 0, G_OPTION_ARG_FILENAME, &o.deploy,
      "Deploy this integration once the server is ready", "TARGET" },
    { "instance", 0, 0, G_OPTION_ARG_FILENAME, &o.instance, "Its instance (default: default)",
      "NAME" },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  switch (options_parse (&command_serve, entries, 0, 0, &argc, &argv))
    {
    case PARSE_HELP:
      return EXIT_DONE;
    case PARSE_WRONG:
      return EXIT_WRONG;
    case PARSE_GO_ON:
      break;
    }
  if (!check_options (&o, &error))
    return usage_error (&command_serve, "%s", error->message);
  return serve (&o);
}

const Command command_serve = {
  .name = "serve",
  .arguments = "--data DIR",
  .summary = "Start the server: webhooks, API, store",
  .text
  = "The API's token is in DIR/token; commands of the same user on this machine find it by\n"
    "themselves. SIGTERM and SIGINT stop the server in order; a kill loses no accepted execution.\n"
    "docs/cli.md lists the limits.\n",
  .run = serve_run,
};
