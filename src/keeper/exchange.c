/* Requests of token sources: sent over the present channel to egress, failed where there is none or
 * it ends. */
#include "connection/exchange.h"
#include "keeper/vault.h"

typedef struct
{
  Keeper *keeper;
  VaultConnection *connection;
  guint number;
  OAuthExchange *exchange; /* NULL = it fails in the next turn */
  guint failing;
} Request;

void
keeper_request_free (gpointer data)
{
  Request *request = data;
  if (request->exchange != NULL)
    oauth_exchange_cancel (request->exchange);
  if (request->failing != 0)
    g_source_remove (request->failing);
  g_free (request);
}

/* The last of it: the source may send another one from inside. */
static void
tell (Request *request, const OAuthAnswer *answer)
{
  TokenSource *source = request->connection->source;
  guint number = request->number;
  g_ptr_array_remove_fast (request->keeper->requests, request);
  token_source_answered (source, number, answer);
}

static void
on_answer (const OAuthAnswer *answer, gpointer user_data)
{
  Request *request = user_data;
  request->exchange = NULL;
  tell (request, answer);
}

static gboolean
on_failing (gpointer user_data)
{
  static const OAuthAnswer failed
      = { .failure = "the process that makes outgoing requests was just started anew" };
  Request *request = user_data;
  request->failing = 0;
  tell (request, &failed);
  return G_SOURCE_REMOVE;
}

void
keeper_exchange (VaultConnection *connection, guint number, const OAuthRequest *oauth)
{
  Keeper *keeper = connection->keeper;
  Request *request = g_new0 (Request, 1);
  request->keeper = keeper;
  request->connection = connection;
  request->number = number;
  g_ptr_array_add (keeper->requests, request);
  if (keeper->egress != NULL)
    request->exchange = oauth_exchange_send (keeper->egress, oauth, on_answer, request);
  else
    request->failing = g_idle_add (on_failing, request);
}

void
keeper_set_egress (Keeper *keeper, int fd)
{
  for (guint i = 0; i < keeper->requests->len; i++)
    {
      Request *request = g_ptr_array_index (keeper->requests, i);
      if (request->exchange == NULL)
        continue;
      oauth_exchange_cancel (request->exchange);
      request->exchange = NULL;
      request->failing = g_idle_add (on_failing, request);
    }
  g_clear_pointer (&keeper->egress, egress_client_free);
  keeper->egress = egress_client_new (fd);
}

void
keeper_drop_requests (Keeper *keeper, VaultConnection *connection)
{
  for (guint i = keeper->requests->len; i > 0; i--)
    if (((Request *) g_ptr_array_index (keeper->requests, i - 1))->connection == connection)
      g_ptr_array_remove_index_fast (keeper->requests, i - 1);
}
