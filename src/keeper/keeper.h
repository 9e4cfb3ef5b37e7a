/* The keeper: the one process that holds the master key and opened secrets.
 *
 * It seals what the store keeps and opens it again, holds the connections'
 * present tokens, runs the OAuth exchanges (through egress, over a channel that
 * the server hands it), and gives opened connections only to a worker that the
 * server has granted an execution of their instance. It never says a secret to
 * the server: what the server gets is sealed, or fit to be shown.
 *
 * Everything a connection is made of that matters to its safety (fields that
 * are no secret, like the token URL, and the options too) is inside the sealed
 * text, so that nobody who writes to the store can send a secret elsewhere; the
 * `public` JSON beside it is only for showing.
 *
 *   keeper.h     this: starting it, and every message
 *   jwe.h        RFC 7516, both directions (the command line seals with it)
 *   envelope.h   what the store keeps: AES-256-GCM under wrapped data keys
 *   master_key.h the key file
 *   process.c    the process: hardening, the loop
 *   vault.c      connections in memory
 *   control.c    what the server says
 *   worker.c     what workers say
 *
 * Trust: the server is believed in what it grants, but it parses what strangers
 * send: a frame of it that does not read ends the keeper (which is started
 * anew), and nothing that it may send is answered with a secret. Workers are
 * believed nothing: a frame that does not read, or that names a slot which is
 * not granted, ends that worker's channel.
 */
#pragma once

#include <gio/gio.h>
#include "base/frame.h"

/* Server -> keeper. The stream is a ticket where an answer is due (never 0 then), the worker's
 * number for ATTACH … DETACH, else 0. Ids and names are texts; JSON and JWEs are gbytes. */
enum
{
  /* text key file, u8 MasterKeyKind (master_key.h), text store id, gbytes check (empty = the store
   * has none yet), u8 the store has rows. Once, first of all. -> OPENED or FAILED */
  KEEPER_OPEN = 1,

  /* A row of the store: text id, text instance id, text name, u64 revision, gbytes public,
   * gbytes sealed fields, gbytes sealed token (empty = none). A row that does not open makes the
   * connection one of status "error"; nobody else is concerned. */
  KEEPER_LOAD,

  KEEPER_LOADED, /* there are no more rows: a rotation that was under way goes on */

  /* What the instance's present version declares, for every connection of it, at start after the
   * rows and at every deploy: text id, text instance id, text instance name, text name, gbytes
   * declaration: the entry of requiredConfigVars as written (ConfigVar.raw). A connection without a
   * row becomes one of status "unset".
   * -> ANSWER {connection} */
  KEEPER_DEFINE,

  /* text id, gbytes JWE (empty = no fields change), gbytes options JSON (empty = as they are).
   * The JWE's plaintext is a JSON object, field -> value (text, or [{key, value}] for lists; null
   * removes); fields that it does not name keep their value. Its protected header has "ctx":
   * "INSTANCE NAME/CONNECTION NAME"; one for another place is refused. Plaintext may also hold
   * "token" (an object as a token endpoint answers it) of an OAuth 2.0 connection.
   * -> ANSWER {connection, warnings: [text]} when it is stored, or REFUSED */
  KEEPER_SET,

  /* text id. Revokes its tokens (RFC 7009), bounded in time, and forgets its fields -> ANSWER
   * {connection}; then delete the row */
  KEEPER_DELETE,
  KEEPER_REFRESH,   /* text id. Now, whatever its age -> ANSWER {connection}, or REFUSED */
  KEEPER_AUTHORIZE, /* text id, text redirect URI -> ANSWER {url, cookie, expiresAt}, or REFUSED */
  /* text raw query of the callback, text cookie (may be empty) -> ANSWER {ok, instance, connection,
     message, …} */
  KEEPER_CALLBACK,

  KEEPER_ATTACH, /* stream: worker's number; one descriptor: its channel */
  /* stream: worker's number; text instance id, count of text: the connections its version declares.
     Once. */
  KEEPER_BIND,
  KEEPER_GRANT,  /* stream: worker's number; u64 slot, text execution id */
  KEEPER_REVOKE, /* stream: worker's number; u64 slot */
  KEEPER_DETACH, /* stream: worker's number */

  KEEPER_EGRESS, /* one descriptor: a channel to egress, in place of one before */
  KEEPER_SAVED,  /* stream: the ticket of SAVE or SAVE_CHECK; u8 it is on disk */
  /* text file of the new key; empty = make one in place of the present file -> ANSWER {keyId,
     rows}, or REFUSED */
  KEEPER_ROTATE,

  /* Keeper -> server. */

  /* stream: of OPEN. gbytes check: store it where it differs; text key id, gbytes JWK set */
  KEEPER_OPENED = 64,
  KEEPER_FAILED, /* stream: of OPEN. text message: the key is missing, or is not this store's */
  KEEPER_ANSWER, /* stream: the ticket; gbytes JSON object */
  /* stream: the ticket; gbytes JSON {message, faults?: [{field, message, hint?}]}: never a secret
     in it */
  KEEPER_REFUSED,
  /* stream: a ticket of the keeper's. text id, u64 revision, gbytes public, gbytes sealed fields,
   * gbytes sealed token. Make it durable, then SAVED. */
  KEEPER_SAVE,
  KEEPER_SAVE_CHECK, /* stream: a ticket of the keeper's. gbytes check */
  KEEPER_PUBLIC,     /* text id, gbytes public: it changed, and nothing is to be stored */
  KEEPER_EVENT,      /* text id, u8 LogLevel, text line */
  KEEPER_KEYS,       /* text key id, gbytes JWK set: after a rotation */
};

/* Keeper <-> worker, on WORKER_FD_KEEPER. The stream is the slot, never 0. */
enum
{
  /* Keeper to worker. */

  /* gbytes JSON {connections: {name: connection}, key: base64}. A connection is what code sees
   * ({key, configVarKey, fields, token?, context?}) and, where its token can't be used, "problem":
   * a sentence. "secrets": {label: value} are those that must not leave the execution. `key` is the
   * execution's own, for what it stores to be resumed from. Connections that are not set are
   * missing. */
  KEEPER_GRANTED = 1,
  /* text name, gbytes connection as above: a newer one, to every granted slot of its instance, and
   * the answer to WORKER_REFRESH */
  KEEPER_FRESH,
  KEEPER_DENIED, /* text name, text message: the answer to WORKER_REFRESH where there is no newer
                    token */
  /* u64 ticket, u8 worked, gbytes signature or message */
  KEEPER_SIGNED,

  /* Worker to keeper. */

  KEEPER_WANT_FRESH = 64, /* text name */
  /* text name, gbytes SHA-256 of the access token that a request was answered 401 with: refreshes
   * where that is still the present one. No answer but FRESH. */
  KEEPER_REJECTED,
  /* u64 ticket, text name, text field ("" = the type's own), text algorithm (sign.h), gbytes data
   * -> SIGNED, when all else is done */
  KEEPER_SIGN,
};

#define KEEPER_MAX_FRAME_BYTES ((gsize) 4 << 20)
/* What a worker may say at once. */
#define KEEPER_MAX_WORKER_FRAME_BYTES ((gsize) 1 << 20)
#define KEEPER_MAX_CONNECTION_BYTES ((gsize) 256 << 10) /* of all fields of one */

/* Starts the keeper: forked and executed anew from this program as
 * `/proc/self/exe KEEPER_EXEC_ARGUMENT`, for which main() calls keeper_main() first of all. Always
 * executed, so that its memory is laid out differently from that of the workers' ancestors. Returns
 * the caller's end of the control channel; the child ends when it closes. */
#define KEEPER_EXEC_ARGUMENT "__keeper"
gboolean keeper_start (int *control_fd, GPid *pid, GError **error);
G_NORETURN void keeper_main (int control_fd);
