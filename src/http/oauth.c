/* What a person's browser sees of an authorization.
 *
 * /oauth2/start/TICKET    our link: unguessable, good once, for ten minutes. Sets the cookie that
 * binds the browser to the authorization, and sends it to the provider (303). /oauth2/callback
 * where the provider sends it back. Ends on a page of ours.
 *
 * The pages have nothing of anybody else in them, run no script and tell no other site where they
 * were (RFC 9700 §4.2.4); what a provider says stands in them escaped.
 */
#include "http/private.h"

#include "connection/connection.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define TICKET_LIFE_US ((gint64) 10 * 60 * G_USEC_PER_SEC)
#define MOST_TICKETS 1000
#define COOKIE_SECONDS 600
#define CALLBACK_PATH "/oauth2/callback"

/* --- tickets --- */

typedef struct
{
  char *ticket, *instance, *connection;
  gint64 expires_us;
} Ticket;

struct StartTickets
{
  GQueue *all; /* of Ticket; the oldest first */
};

static void
ticket_free (gpointer data)
{
  Ticket *ticket = data;
  g_free (ticket->ticket);
  g_free (ticket->instance);
  g_free (ticket->connection);
  g_free (ticket);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ticket, ticket_free)

StartTickets *
start_tickets_new (void)
{
  StartTickets *tickets = g_new0 (StartTickets, 1);
  tickets->all = g_queue_new ();
  return tickets;
}

void
start_tickets_free (StartTickets *tickets)
{
  g_queue_free_full (tickets->all, ticket_free);
  g_free (tickets);
}

static void
make_room (StartTickets *tickets)
{
  Ticket *oldest;
  while ((oldest = g_queue_peek_head (tickets->all)) != NULL
         && (oldest->expires_us <= g_get_real_time () || tickets->all->length >= MOST_TICKETS))
    ticket_free (g_queue_pop_head (tickets->all));
}

char *
start_tickets_add (StartTickets *tickets, const char *instance, const char *connection,
                   gint64 *expires_us)
{
  guint8 random[24];
  make_room (tickets);
  if (RAND_bytes (random, sizeof random) != 1)
    g_error ("no random numbers are to be had");
  Ticket *ticket = g_new0 (Ticket, 1);
  ticket->ticket = g_base64_encode (random, sizeof random);
  g_strdelimit (g_strdelimit (ticket->ticket, "+", '-'), "/", '_');
  ticket->instance = g_strdup (instance);
  ticket->connection = g_strdup (connection);
  ticket->expires_us = *expires_us = g_get_real_time () + TICKET_LIFE_US;
  g_queue_push_tail (tickets->all, ticket);
  return g_strdup (ticket->ticket);
}

/* Out of the list: it is good once. */
static Ticket *
take (StartTickets *tickets, const char *text)
{
  make_room (tickets);
  for (GList *link = tickets->all->head; link != NULL; link = link->next)
    {
      Ticket *ticket = link->data;
      if (!secrets_equal (ticket->ticket, text))
        continue;
      g_queue_delete_link (tickets->all, link);
      return ticket;
    }
  return NULL;
}

/* --- pages --- */

static const char style[]
    = ":root{color-scheme:light dark}body{font:16px/1.5 "
      "system-ui,sans-serif;max-width:34rem;margin:12vh "
      "auto;padding:0 1.5rem}h1{font-size:1.4rem}p{overflow-wrap:anywhere}.says{border-left:3px "
      "solid "
      "#8886;padding-left:.8rem}footer{opacity:.6;font-size:.85rem;margin-top:3rem}";

/* Only this style, by its hash; nothing else may be loaded, framed or sent (CSP level 3). */
static char *
content_security_policy (void)
{
  guint8 digest[32];
  EVP_Digest (style, strlen (style), digest, NULL, EVP_sha256 (), NULL);
  g_autofree char *hash = g_base64_encode (digest, sizeof digest);
  return g_strdup_printf ("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action "
                          "'none'; frame-ancestors 'none'",
                          hash);
}

static void
append_says (GString *html, const json_t *page)
{
  const char *code = json_get_string (page, "providerError");
  const char *words = json_get_string (page, "providerErrorDescription");
  if (code == NULL)
    return;
  g_autofree char *text
      = g_markup_printf_escaped ("<p class=\"says\">The provider answered <b>%s</b>%s%s</p>\n",
                                 code, words == NULL ? "" : ": ", words == NULL ? "" : words);
  g_string_append (html, text);
}

static char *
page_html (const json_t *page)
{
  gboolean is_ok = json_get_bool (page, "ok", FALSE);
  const char *message = json_get_string (page, "message");
  const char *instance = json_get_string (page, "instance");
  const char *connection = json_get_string (page, "connection");
  const char *title = is_ok ? "Connected" : "Not connected";
  GString *html = g_string_new (NULL);
  g_string_append_printf (
      html,
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" "
      "content=\"noindex\">\n<title>%s</title>\n<style>%s</style>\n<h1>%s</h1>\n",
      title, style, title);
  g_autofree char *text = g_markup_printf_escaped ("<p>%s</p>\n", message == NULL ? "" : message);
  g_string_append (html, text);
  append_says (html, page);
  if (connection != NULL)
    {
      g_autofree char *what
          = g_markup_printf_escaped ("<footer>Connection \"%s\" of the instance \"%s\"</footer>\n",
                                     connection, instance == NULL ? "" : instance);
      g_string_append (html, what);
    }
  g_string_append (html, "</html>\n");
  return g_string_free (html, FALSE);
}

static struct MHD_Response *
page_response (const json_t *page)
{
  g_autofree char *html = page_html (page);
  g_autofree char *policy = content_security_policy ();
  struct MHD_Response *response
      = MHD_create_response_from_buffer (strlen (html), html, MHD_RESPMEM_MUST_COPY);
  const char *headers[][2] = {
    { "Content-Type", "text/html; charset=utf-8" },
    { "Content-Security-Policy", policy },
    { "Referrer-Policy", "no-referrer" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Cache-Control", "no-store" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    MHD_add_response_header (response, headers[i][0], headers[i][1]);
  return response;
}

static void
answer_page (Request *request, guint status, const json_t *page)
{
  request_answer (request, status, page_response (page));
}

static void
answer_message (Request *request, guint status, const char *message)
{
  g_autoptr (json_t) page = json_pack ("{s:b, s:s}", "ok", 0, "message", message);
  answer_page (request, status, page);
}

/* --- the start --- */

/* Lax: it must come back with the provider's redirect, which is a navigation from another site. */
static char *
set_cookie (Request *request, const char *name, const char *value, guint seconds)
{
  gboolean is_secure = g_str_has_prefix (request->server->public_url, "https:");
  return g_strdup_printf ("%s=%s; Path=" CALLBACK_PATH "; Max-Age=%u; HttpOnly; SameSite=Lax%s",
                          name, value, seconds, is_secure ? "; Secure" : "");
}

static void
started (json_t *answer, const GError *error, gpointer data)
{
  Request *request = data;
  const char *url = json_get_string (answer, "url");
  const char *name = json_get_string (answer, "cookieName");
  const char *value = json_get_string (answer, "cookie");
  if (error != NULL)
    answer_message (request, 502, error->message);
  else if (url == NULL || name == NULL || value == NULL)
    answer_message (request, 500, "The authorization could not be begun.");
  else
    {
      struct MHD_Response *response
          = MHD_create_response_from_buffer (0, NULL, MHD_RESPMEM_PERSISTENT);
      g_autofree char *cookie = set_cookie (request, name, value, COOKIE_SECONDS);
      MHD_add_response_header (response, "Location", url);
      MHD_add_response_header (response, "Set-Cookie", cookie);
      MHD_add_response_header (response, "Referrer-Policy", "no-referrer");
      MHD_add_response_header (response, "Cache-Control", "no-store");
      request_answer (request, 303, response);
    }
  request_release (request);
}

static char *
redirect_uri (HttpServer *server)
{
  return g_strconcat (server->public_url, CALLBACK_PATH, NULL);
}

void
oauth_start (Request *request, const char *text)
{
  /* What looks at links before a person opens them asks for the head only: that must not use it up.
   */
  if (strcmp (request->method, "HEAD") == 0)
    {
      answer_message (request, 200, "");
      return;
    }
  g_autoptr (Ticket) ticket = take (request->server->start_tickets, text);
  if (ticket == NULL)
    {
      answer_message (request, 410,
                      "This link is not good any more: it was opened already, or is older than ten "
                      "minutes. Ask for a new one.");
      return;
    }
  g_autofree char *back = redirect_uri (request->server);
  dispatcher_connection_authorize (request->server->dispatcher, ticket->instance,
                                   ticket->connection, back, started,
                                   request_wait_for_json (request));
}

/* --- the callback --- */

static void
came_back (json_t *page, const GError *error, gpointer data)
{
  Request *request = data;
  const char *state = request_query (request, "state");
  if (error != NULL)
    {
      answer_message (request, 503, error->message);
      request_release (request);
      return;
    }
  struct MHD_Response *response = page_response (page);
  if (state != NULL && !request->is_gone)
    {
      g_autofree char *name = authorization_cookie_name (state);
      g_autofree char *cookie = set_cookie (request, name, "", 0);
      if (strpbrk (name, "=;, \t\r\n\"\\") == NULL && g_str_is_ascii (name))
        MHD_add_response_header (response, "Set-Cookie", cookie);
    }
  request_answer (request, json_get_bool (page, "ok", FALSE) ? 200 : 400, response);
  request_release (request);
}

void
oauth_callback (Request *request, const char *unused)
{
  const char *state = request_query (request, "state");
  g_autofree char *name = authorization_cookie_name (state == NULL ? "" : state);
  const char *cookie = request_cookie (request, name);
  if (strcmp (request->method, "HEAD") == 0)
    answer_message (request, 200, "");
  else
    dispatcher_connection_callback (request->server->dispatcher, request_raw_query (request),
                                    cookie == NULL ? "" : cookie, came_back,
                                    request_wait_for_json (request));
}
