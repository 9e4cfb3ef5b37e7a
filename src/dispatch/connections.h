/* Connections in the server: sealed rows, what may be shown of them, and the calls to the keeper
 * that are not answered yet. The server opens none of it. */
#pragma once

#include "dispatch/private.h"

/* Opens the store's key with the keeper and hands it the rows; blocks until the keeper has said
 * whether the key fits. An error is the operator's to mend: nothing was written. Without a keeper
 * it has none and says so when asked. */
Connections *connections_new (Dispatcher *dispatcher, GError **error);
void connections_free (Connections *connections);

/* The keeper is there and has every row: executions may be granted. */
gboolean connections_are_open (Connections *connections);
/* Makes known what a deployment, its instance's present one, declares. */
void connections_define (Connections *connections, Deployment *deployment);
/* Names of the connections that it declares, NULL-terminated, or NULL for none. */
char **connection_names (const Version *version);

/* Sets those of a deploy, {name: JWE}, one after the other; `done` when all are answered, with what
 * was refused and what is still missing added to `faults`. */
typedef void (*ConnectionsDone) (gpointer user_data);
void connections_deploy (Connections *connections, Instance *instance, json_t *jwes,
                         FaultList *faults, ConnectionsDone done, gpointer user_data);
/* A store of before kept connections in the clear among its config values: they are sealed, handed
 * to the keeper, and taken out of the store. `clear`: {name: value}, taken out of `config` already.
 */
void connections_adopt (Connections *connections, Instance *instance, json_t *clear);
