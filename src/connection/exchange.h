/* A request of the OAuth client, over an egress channel. */
#pragma once

#include "connection/connection.h"
#include "egress/egress.h"

typedef struct OAuthExchange OAuthExchange;
/* Runs once, on the default main context, never inside oauth_exchange_send(); the exchange is gone
 * afterwards. */
typedef void (*OAuthExchangeDone) (const OAuthAnswer *answer, gpointer user_data);
OAuthExchange *oauth_exchange_send (EgressClient *client, const OAuthRequest *request,
                                    OAuthExchangeDone done, gpointer user_data);
void oauth_exchange_cancel (OAuthExchange *exchange); /* `done` does not run */
