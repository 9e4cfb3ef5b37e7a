/* The keeper's own: what its files share once a key is open. One thread, one of each. */
#pragma once

#include "connection/connection.h"
#include "egress/egress.h"
#include "keeper/envelope.h"
#include "keeper/keeper.h"
#include "keeper/private.h"

typedef struct Keeper Keeper;
typedef struct VaultConnection VaultConnection;
typedef struct WorkerPeer WorkerPeer;

/* --- keyring.c: which master key, and the secret of the store that it guards --- */

typedef struct
{
  char *path; /* of the key's file */
  MasterKeyKind kind;
  char *store;             /* the store's id */
  GPtrArray *masters;      /* of MasterKey: those that open */
  const MasterKey *master; /* the one that seals */
  SecretBytes *secret;     /* the store's: fingerprints and execution keys come from it */
  SecretBytes *fingerprint_key;
  JweKey *jwe;
  gboolean is_rotating; /* from another of `masters` to `master` */
} Keyring;

Keyring *keyring_open (const char *path, MasterKeyKind kind, const char *store, GBytes *check,
                       gboolean has_rows, GError **error);
void keyring_free (Keyring *keyring);
/* What is to be stored now. */
GBytes *keyring_check (const Keyring *keyring);
json_t *keyring_public (const Keyring *keyring); /* JWK set */
/* The first step of a rotation: the new key is on disk, and seals from now on. `file` "" = makes
 * one. */
gboolean keyring_begin_rotation (Keyring *keyring, const char *file, GError **error);
/* The last: nothing is sealed under the others any more. */
gboolean keyring_end_rotation (Keyring *keyring, GError **error);
char *keyring_fingerprint (const Keyring *keyring, const char *secret);
SecretBytes *keyring_execution_key (const Keyring *keyring, const char *execution_id);

/* --- vault.c: connections --- */

struct VaultConnection
{
  Keeper *keeper;
  char *id, *instance_id, *instance, *name;
  guint64 revision;
  gboolean is_stored;
  ConnectionShape *shape; /* NULL = no version declares it (any more) */
  gboolean is_required;
  json_t *given; /* field -> value, those that were set */
  json_t *options;
  json_t *changed;      /* field -> when it was set, ISO 8601 */
  char *fault;          /* its row does not open: why */
  TokenSource *source;  /* of types with a token, else NULL */
  json_t *loaded_token; /* the row's, until the type is known */
  guint wake;           /* its timer */
  GBytes *sealed_fields, *sealed_token;
  gint64 updated_at_us;
};

VaultConnection *vault_find (Keeper *keeper, const char *id);
VaultConnection *vault_find_named (Keeper *keeper, const char *instance_id, const char *name);
void vault_connection_free (gpointer connection);
typedef struct
{
  const char *id, *instance_id, *name;
  guint64 revision;
  GBytes *public, *fields, *token;
} VaultRow;
/* One that does not open is kept with its fault. */
void vault_load (Keeper *keeper, const VaultRow *row);
/* The declaration of a connection, which is made where it is not there. NULL where the id is
 * another's. */
VaultConnection *vault_define (Keeper *keeper, const char *id, const char *instance_id,
                               const char *instance, const char *name, json_t *declaration);
/* Merges `fields` (NULL = none) and `options` (NULL = as they are). NULL, or the faults: {message,
 * faults}. */
json_t *vault_set (VaultConnection *connection, json_t *fields, json_t *options, json_t *warnings);
void vault_forget (VaultConnection *connection);
json_t *vault_public (VaultConnection *connection);
/* What code sees, or {problem}; NULL = it is not set. With `secrets`: {label: value}. */
json_t *vault_for_code (VaultConnection *connection);
/* Seals what changed and has it stored; `done` runs when the server has answered. */
typedef void (*SaveDone) (Keeper *keeper, VaultConnection *connection, gboolean is_saved,
                          guint64 ticket);
void vault_save (VaultConnection *connection, SaveDone done, guint64 ticket);
GHashTable *vault_saves_new (void);
/* A ticket for something that is to be stored; `id` of the connection, or "". */
guint64 vault_save_new (Keeper *keeper, const char *id, SaveDone done, guint64 answer);
void vault_saved (Keeper *keeper, guint64 ticket, gboolean is_saved);
/* Puts both texts under the present master key and has them stored. FALSE if one does not open. */
gboolean vault_rewrap (VaultConnection *connection, SaveDone done);

/* --- control.c: the server --- */

struct Keeper
{
  GMainLoop *loop;
  FrameChannel *control;
  Keyring *keyring;
  AuthorizationSet *authorizations;
  EgressClient *egress;    /* NULL = none now */
  GPtrArray *requests;     /* under way, see exchange.c */
  GHashTable *connections; /* id -> VaultConnection */
  GHashTable *peers;       /* &number -> WorkerPeer */
  GHashTable *saves;       /* &ticket -> Save */
  GHashTable *warnings;    /* &ticket of a SET -> json_t, until it is stored */
  guint64 last_ticket;

  /* A rotation under way. */
  gboolean rotation_is_on;
  guint64 rotation_ticket; /* of who asked; 0 = nobody waits */
  guint rotation_due;      /* rows whose answer is missing */
  guint rotation_rows;
  gboolean rotation_failed;
};

void control_frame (FrameChannel *channel, Frame *frame, gpointer keeper);
void keeper_answer (Keeper *keeper, guint64 ticket, json_t *answer);  /* takes `answer` */
void keeper_refuse (Keeper *keeper, guint64 ticket, json_t *problem); /* takes `problem` */
void keeper_refuse_text (Keeper *keeper, guint64 ticket, const char *message);
/* What may be shown of it has changed without a save. */
void keeper_tell_public (VaultConnection *connection);
void keeper_tell_event (VaultConnection *connection, guint8 level, const char *text);
/* Answers {connection, warnings?}. */
void keeper_answer_connection (VaultConnection *connection, guint64 ticket, json_t *warnings);

/* --- exchange.c: requests of token sources, over egress --- */

void keeper_exchange (VaultConnection *connection, guint number, const OAuthRequest *request);
/* Takes the channel; what is under way fails. */
void keeper_set_egress (Keeper *keeper, int fd);
void
keeper_drop_requests (Keeper *keeper, VaultConnection *connection); /* before its source is freed */
void keeper_request_free (gpointer request);

/* --- worker.c: workers --- */

WorkerPeer *worker_peer_new (Keeper *keeper, guint64 number, int fd);
void worker_peer_free (WorkerPeer *peer);
gboolean
worker_peer_bind (WorkerPeer *peer, char *instance_id, GPtrArray *names); /* takes both; once */
void worker_peer_grant (WorkerPeer *peer, guint64 slot, const char *execution_id);
void worker_peer_revoke (WorkerPeer *peer, guint64 slot);
/* Its token changed: those who use it hear of it. */
void worker_peers_tell (VaultConnection *connection);
/* Its source is about to be freed: who waits for it is answered. */
void worker_peers_forget (VaultConnection *connection);

/* --- process.c --- */

/* JSON text in memory that is wiped. */
SecretBytes *secret_json_print (const json_t *json);
/* A frame of ours whose last field is a secret, in memory that is wiped once it has left. Ends
 * `writer`. */
GBytes *secret_frame (FrameWriter *writer, const SecretBytes *last);
void keeper_serve (int control_fd);      /* until the server's side closes */
gboolean keeper_harden (GError **error); /* harden.c */
