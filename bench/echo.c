/* The ceiling: libmicrohttpd reading a POST and sending it back, nothing else, on
 * the same external epoll loop as Tenon's front. Prints its port. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES 4096

typedef struct
{
  char body[BODY_BYTES];
  size_t length;
} Request;

static enum MHD_Result
handle (void *unused, struct MHD_Connection *connection, const char *url, const char *method,
        const char *version, const char *data, size_t *size, void **state)
{
  Request *request = *state;
  if (request == NULL)
    {
      *state = calloc (1, sizeof *request);
      return MHD_YES;
    }
  if (*size > 0)
    {
      size_t room = sizeof request->body - request->length;
      size_t n = *size < room ? *size : room;
      memcpy (request->body + request->length, data, n);
      request->length += n;
      *size = 0;
      return MHD_YES;
    }
  struct MHD_Response *response
      = MHD_create_response_from_buffer (request->length, request->body, MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header (response, "Content-Type", "application/json");
  enum MHD_Result result = MHD_queue_response (connection, MHD_HTTP_OK, response);
  MHD_destroy_response (response);
  return result;
}

static void
completed (void *unused, struct MHD_Connection *connection, void **state,
           enum MHD_RequestTerminationCode code)
{
  free (*state);
  *state = NULL;
}

int
main (void)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct MHD_Daemon *daemon
      = MHD_start_daemon (MHD_USE_EPOLL, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
                          &address, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
  if (daemon == NULL)
    return EXIT_FAILURE;
  printf ("%u\n", MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush (stdout);
  struct pollfd epoll = { .fd = MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                          .events = POLLIN };
  for (;;)
    {
      poll (&epoll, 1, 100);
      MHD_run (daemon);
    }
}
