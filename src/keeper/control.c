/* What the server says. A frame that does not read ends the keeper: the server is to be believed,
 * so one that sends such is broken. */
#include "keeper/vault.h"

#include <string.h>

/* --- answering --- */

static void
send_json (Keeper *keeper, guint16 type, guint64 ticket, json_t *json)
{
  FrameWriter *writer = frame_writer_new (type, ticket);
  g_autoptr (GBytes) text = json_print_bytes (json);
  frame_write_gbytes (writer, text);
  frame_channel_send_writer (keeper->control, writer);
  json_decref (json);
}

void
keeper_answer (Keeper *keeper, guint64 ticket, json_t *answer)
{
  send_json (keeper, KEEPER_ANSWER, ticket, answer);
}

void
keeper_refuse (Keeper *keeper, guint64 ticket, json_t *problem)
{
  send_json (keeper, KEEPER_REFUSED, ticket, problem);
}

void
keeper_refuse_text (Keeper *keeper, guint64 ticket, const char *message)
{
  keeper_refuse (keeper, ticket, json_pack ("{s:s}", "message", message));
}

void
keeper_answer_connection (VaultConnection *connection, guint64 ticket, json_t *warnings)
{
  json_t *answer = json_pack ("{s:o}", "connection", vault_public (connection));
  if (warnings != NULL)
    json_object_set (answer, "warnings", warnings);
  keeper_answer (connection->keeper, ticket, answer);
}

void
keeper_tell_public (VaultConnection *connection)
{
  g_autoptr (json_t) public = vault_public (connection);
  g_autoptr (GBytes) text = json_print_bytes (public);
  FrameWriter *writer = frame_writer_new (KEEPER_PUBLIC, 0);
  frame_write_string (writer, connection->id);
  frame_write_gbytes (writer, text);
  frame_channel_send_writer (connection->keeper->control, writer);
}

void
keeper_tell_event (VaultConnection *connection, guint8 level, const char *text)
{
  FrameWriter *writer = frame_writer_new (KEEPER_EVENT, 0);
  frame_write_string (writer, connection->id);
  frame_write_u8 (writer, level);
  frame_write_string (writer, text);
  frame_channel_send_writer (connection->keeper->control, writer);
}

static VaultConnection *
find_or_refuse (Keeper *keeper, const char *id, guint64 ticket)
{
  VaultConnection *connection = vault_find (keeper, id);
  if (connection == NULL)
    keeper_refuse_text (keeper, ticket, "there is no such connection");
  return connection;
}

/* --- opening --- */

static void
send_check (Keeper *keeper, guint64 ticket, guint16 type)
{
  FrameWriter *writer = frame_writer_new (type, ticket);
  g_autoptr (GBytes) check = keyring_check (keeper->keyring);
  frame_write_gbytes (writer, check);
  if (type == KEEPER_OPENED)
    {
      g_autofree char *id = master_key_id_text (keeper->keyring->master->id);
      g_autoptr (json_t) keys = keyring_public (keeper->keyring);
      g_autoptr (GBytes) text = json_print_bytes (keys);
      frame_write_string (writer, id);
      frame_write_gbytes (writer, text);
    }
  frame_channel_send_writer (keeper->control, writer);
}

static gboolean
take_open (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = frame_read_text (reader);
  guint8 kind = frame_read_u8 (reader);
  g_autofree char *store = frame_read_text (reader);
  g_autoptr (GBytes) check = frame_read_gbytes (reader);
  gboolean has_rows = frame_read_bool (reader);
  if (!frame_reader_end (reader, NULL) || kind > MASTER_KEY_CREDENTIAL || keeper->keyring != NULL)
    return FALSE;
  keeper->keyring = keyring_open (path, (MasterKeyKind) kind, store, check, has_rows, &error);
  if (keeper->keyring != NULL)
    send_check (keeper, ticket, KEEPER_OPENED);
  else
    {
      FrameWriter *writer = frame_writer_new (KEEPER_FAILED, ticket);
      frame_write_string (writer, error->message);
      frame_channel_send_writer (keeper->control, writer);
    }
  return TRUE;
}

static gboolean
take_load (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autofree char *id = frame_read_text (reader);
  g_autofree char *instance_id = frame_read_text (reader);
  g_autofree char *name = frame_read_text (reader);
  guint64 revision = frame_read_u64 (reader);
  g_autoptr (GBytes) public = frame_read_gbytes (reader);
  g_autoptr (GBytes) fields = frame_read_gbytes (reader);
  g_autoptr (GBytes) token = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL) || vault_find (keeper, id) != NULL)
    return FALSE;
  VaultRow row = { id, instance_id, name, revision, public, fields, token };
  vault_load (keeper, &row);
  return TRUE;
}

static gboolean
take_define (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autofree char *id = frame_read_text (reader);
  g_autofree char *instance_id = frame_read_text (reader);
  g_autofree char *instance = frame_read_text (reader);
  g_autofree char *name = frame_read_text (reader);
  g_autoptr (GBytes) text = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  g_autoptr (json_t) declaration = json_parse_bytes (text, NULL);
  if (!json_is_object (declaration))
    return FALSE;
  VaultConnection *connection = vault_define (keeper, id, instance_id, instance, name, declaration);
  if (connection == NULL)
    return FALSE;
  keeper_answer_connection (connection, ticket, NULL);
  return TRUE;
}

/* --- rotation: the steps of keyring.c --- */

static void
end_rotation (Keeper *keeper, const char *problem)
{
  guint64 ticket = keeper->rotation_ticket;
  keeper->rotation_ticket = 0;
  keeper->rotation_is_on = FALSE;
  if (problem != NULL && ticket != 0)
    keeper_refuse_text (keeper, ticket, problem);
  else if (ticket != 0)
    {
      g_autofree char *id = master_key_id_text (keeper->keyring->master->id);
      keeper_answer (keeper, ticket,
                     json_pack ("{s:s, s:i}", "keyId", id, "rows", (int) keeper->rotation_rows));
    }
}

/* The check has the new key alone, and is on disk. */
static void
on_last_check (Keeper *keeper, VaultConnection *none, gboolean is_saved, guint64 answer)
{
  g_autoptr (GError) error = NULL;
  if (!is_saved || !keyring_end_rotation (keeper->keyring, &error))
    end_rotation (keeper, error != NULL
                              ? error->message
                              : "the store could not write; it is completed at the next start");
  else
    end_rotation (keeper, NULL);
}

static void
save_check (Keeper *keeper, SaveDone done)
{
  send_check (keeper, vault_save_new (keeper, "", done, 0), KEEPER_SAVE_CHECK);
}

static void
row_is_done (Keeper *keeper, gboolean is_saved)
{
  if (!is_saved)
    keeper->rotation_failed = TRUE;
  if (--keeper->rotation_due > 0)
    return;
  if (keeper->rotation_failed)
    {
      end_rotation (
          keeper,
          "some rows could not be stored; both keys stay in use, and the rotation goes on at the "
          "next start");
      return;
    }
  keeper->keyring->is_rotating = FALSE;
  save_check (keeper, on_last_check);
}

static void
on_row (Keeper *keeper, VaultConnection *connection, gboolean is_saved, guint64 answer)
{
  row_is_done (keeper, is_saved);
}

/* A row that does not open (it was tampered with) does not hold up the others. */
static void
rewrap_rows (Keeper *keeper)
{
  GHashTableIter iter;
  gpointer value;
  keeper->rotation_due = 1; /* this loop */
  keeper->rotation_rows = 0;
  keeper->rotation_failed = FALSE;
  g_hash_table_iter_init (&iter, keeper->connections);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      VaultConnection *connection = value;
      if (!connection->is_stored || connection->fault != NULL || !vault_rewrap (connection, on_row))
        continue;
      keeper->rotation_due++;
      keeper->rotation_rows++;
    }
  row_is_done (keeper, TRUE);
}

static void
on_first_check (Keeper *keeper, VaultConnection *none, gboolean is_saved, guint64 answer)
{
  if (is_saved)
    rewrap_rows (keeper);
  else
    end_rotation (keeper, "the store could not write; nothing was rewrapped");
}

static void
tell_keys (Keeper *keeper)
{
  g_autofree char *id = master_key_id_text (keeper->keyring->master->id);
  g_autoptr (json_t) keys = keyring_public (keeper->keyring);
  g_autoptr (GBytes) text = json_print_bytes (keys);
  FrameWriter *writer = frame_writer_new (KEEPER_KEYS, 0);
  frame_write_string (writer, id);
  frame_write_gbytes (writer, text);
  frame_channel_send_writer (keeper->control, writer);
}

static gboolean
take_rotate (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  if (keeper->rotation_is_on)
    keeper_refuse_text (keeper, ticket, "a rotation is under way");
  else if (!keeper->keyring->is_rotating && !keyring_begin_rotation (keeper->keyring, file, &error))
    keeper_refuse_text (keeper, ticket, error->message);
  else
    {
      keeper->rotation_ticket = ticket;
      keeper->rotation_is_on = TRUE;
      tell_keys (keeper);
      save_check (keeper, on_first_check);
    }
  return TRUE;
}

static gboolean
take_loaded (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  if (keeper->keyring->is_rotating && !keeper->rotation_is_on)
    {
      keeper->rotation_is_on = TRUE;
      save_check (keeper, on_first_check);
    }
  return TRUE;
}

/* --- setting, deleting, authorizing --- */

static void
on_set_saved (Keeper *keeper, VaultConnection *connection, gboolean is_saved, guint64 ticket)
{
  if (connection == NULL)
    keeper_refuse_text (keeper, ticket, "the connection was deleted meanwhile");
  else if (!is_saved)
    keeper_refuse_text (
        keeper, ticket,
        "the store could not write it: what was set is used until the next start only");
  else
    {
      json_t *warnings = g_hash_table_lookup (keeper->warnings, &ticket);
      keeper_answer_connection (connection, ticket, warnings);
      if (connection->source != NULL)
        token_source_ask (connection->source, TOKEN_ASK_VALID, NULL, NULL);
    }
  g_hash_table_remove (keeper->warnings, &ticket);
}

/* The fields of a JWE that is for this connection. NULL with a message. */
static json_t *
open_fields (const VaultConnection *connection, GBytes *jwe, GError **error)
{
  g_autoptr (json_t) header = NULL;
  g_autofree char *place = g_strdup_printf ("%s/%s", connection->instance, connection->name);
  gsize length;
  const char *compact = g_bytes_get_data (jwe, &length);
  g_autoptr (SecretBytes) text
      = jwe_open (connection->keeper->keyring->jwe, compact, length, &header, error);
  if (text == NULL)
    {
      g_prefix_error (error, "the JWE: ");
      return NULL;
    }
  if (g_strcmp0 (json_get_string (header, "ctx"), place) != 0)
    {
      g_set_error (
          error, JWE_ERROR, JWE_ERROR_FORM,
          "the JWE is not for this connection: its protected header must have \"ctx\": \"%s\"",
          place);
      return NULL;
    }
  json_t *fields = json_parse ((const char *) secret_bytes_data (text),
                               (gssize) secret_bytes_size (text), NULL);
  if (json_is_object (fields))
    return fields;
  json_decref (fields);
  g_set_error_literal (error, JWE_ERROR, JWE_ERROR_MALFORMED,
                       "what is sealed in the JWE must be a JSON object of the fields");
  return NULL;
}

static gboolean
take_set (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = frame_read_text (reader);
  g_autoptr (GBytes) jwe = frame_read_gbytes (reader);
  g_autoptr (GBytes) options_text = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  VaultConnection *connection = find_or_refuse (keeper, id, ticket);
  if (connection == NULL)
    return TRUE;
  g_autoptr (json_t) options
      = g_bytes_get_size (options_text) == 0 ? NULL : json_parse_bytes (options_text, NULL);
  g_autoptr (json_t) fields
      = g_bytes_get_size (jwe) == 0 ? NULL : open_fields (connection, jwe, &error);
  g_autoptr (json_t) warnings = json_array ();
  if (error == NULL && g_bytes_get_size (options_text) > 0 && !json_is_object (options))
    g_set_error_literal (&error, JWE_ERROR, JWE_ERROR_MALFORMED, "the options must be an object");
  if (error != NULL)
    {
      keeper_refuse_text (keeper, ticket, error->message);
      return TRUE;
    }
  json_t *problem = vault_set (connection, fields, options, warnings);
  if (problem != NULL)
    keeper_refuse (keeper, ticket, problem);
  else
    {
      g_hash_table_insert (keeper->warnings, g_memdup2 (&ticket, sizeof ticket),
                           g_steal_pointer (&warnings));
      vault_save (connection, on_set_saved, ticket);
    }
  return TRUE;
}

/* What waits for a token source, by the ticket that is to be answered. */
typedef struct
{
  VaultConnection *connection;
  guint64 ticket;
} Waiting;

static Waiting *
waiting_new (VaultConnection *connection, guint64 ticket)
{
  Waiting *waiting = g_new (Waiting, 1);
  waiting->connection = connection;
  waiting->ticket = ticket;
  return waiting;
}

static void
forget (VaultConnection *connection, guint64 ticket)
{
  vault_forget (connection);
  keeper_answer_connection (connection, ticket, NULL);
}

static gboolean
forget_later (gpointer user_data)
{
  Waiting *waiting = user_data;
  forget (waiting->connection, waiting->ticket);
  g_free (waiting);
  return G_SOURCE_REMOVE;
}

/* In the next turn: the source can't be freed from inside itself. */
static void
on_revoked (TokenSource *source, const char *problem, gpointer user_data)
{
  Waiting *waiting = user_data;
  if (problem != NULL)
    keeper_tell_event (waiting->connection, 3, problem);
  g_idle_add (forget_later, waiting);
}

static gboolean
take_delete (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autofree char *id = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  VaultConnection *connection = find_or_refuse (keeper, id, ticket);
  if (connection != NULL && connection->source != NULL)
    token_source_revoke (connection->source, on_revoked, waiting_new (connection, ticket));
  else if (connection != NULL)
    forget (connection, ticket);
  return TRUE;
}

static void
on_refreshed (TokenSource *source, const char *problem, gpointer user_data)
{
  Waiting *waiting = user_data;
  if (problem != NULL)
    keeper_refuse_text (waiting->connection->keeper, waiting->ticket, problem);
  else
    keeper_answer_connection (waiting->connection, waiting->ticket, NULL);
  g_free (waiting);
}

static gboolean
take_refresh (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autofree char *id = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  VaultConnection *connection = find_or_refuse (keeper, id, ticket);
  if (connection == NULL)
    return TRUE;
  if (connection->source == NULL)
    keeper_refuse_text (keeper, ticket, "a connection of this type has no token to refresh");
  else
    token_source_ask (connection->source, TOKEN_ASK_NOW, on_refreshed,
                      waiting_new (connection, ticket));
  return TRUE;
}

static void
on_authorize (json_t *answer, const GError *error, gpointer user_data)
{
  Waiting *waiting = user_data;
  Keeper *keeper = waiting->connection->keeper;
  if (error != NULL)
    keeper_refuse_text (keeper, waiting->ticket, error->message);
  else
    keeper_answer (keeper, waiting->ticket, json_incref (answer));
  g_free (waiting);
}

static gboolean
take_authorize (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autofree char *id = frame_read_text (reader);
  g_autofree char *redirect_uri = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  VaultConnection *connection = find_or_refuse (keeper, id, ticket);
  if (connection == NULL)
    return TRUE;
  if (connection->source == NULL)
    keeper_refuse_text (keeper, ticket, "a connection of this type is not authorized by a browser");
  else
    token_source_authorize (connection->source, redirect_uri, on_authorize,
                            waiting_new (connection, ticket));
  return TRUE;
}

typedef struct
{
  Keeper *keeper;
  guint64 ticket;
} Callback;

static void
on_callback (json_t *page, gpointer user_data)
{
  Callback *callback = user_data;
  keeper_answer (callback->keeper, callback->ticket, json_incref (page));
  g_free (callback);
}

static gboolean
take_callback (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  g_autofree char *query = frame_read_text (reader);
  g_autofree char *cookie = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  Callback *callback = g_new (Callback, 1);
  callback->keeper = keeper;
  callback->ticket = ticket;
  authorization_set_callback (keeper->authorizations, query, cookie, on_callback, callback);
  return TRUE;
}

/* --- workers --- */

static WorkerPeer *
find_peer (Keeper *keeper, guint64 number)
{
  return g_hash_table_lookup (keeper->peers, &number);
}

static gboolean
take_attach (Keeper *keeper, Frame *frame, FrameReader *reader)
{
  guint64 number = frame->stream;
  if (!frame_reader_end (reader, NULL) || frame->n_fds != 1)
    return FALSE;
  g_hash_table_replace (keeper->peers, g_memdup2 (&number, sizeof number),
                        worker_peer_new (keeper, number, g_steal_fd (&frame->fds[0])));
  return TRUE;
}

static gboolean
take_bind (Keeper *keeper, FrameReader *reader, guint64 number)
{
  g_autofree char *instance_id = frame_read_text (reader);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  guint32 n = frame_read_count (reader, sizeof (guint32));
  for (guint32 i = 0; i < n; i++)
    g_ptr_array_add (names, frame_read_text (reader));
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  WorkerPeer *peer = find_peer (keeper, number);
  return peer == NULL
         || worker_peer_bind (peer, g_steal_pointer (&instance_id), g_steal_pointer (&names));
}

static gboolean
take_grant (Keeper *keeper, FrameReader *reader, guint64 number)
{
  guint64 slot = frame_read_u64 (reader);
  g_autofree char *execution_id = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL) || slot == 0)
    return FALSE;
  WorkerPeer *peer = find_peer (keeper, number);
  if (peer != NULL)
    worker_peer_grant (peer, slot, execution_id);
  return TRUE;
}

static gboolean
take_revoke (Keeper *keeper, FrameReader *reader, guint64 number)
{
  guint64 slot = frame_read_u64 (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  WorkerPeer *peer = find_peer (keeper, number);
  if (peer != NULL)
    worker_peer_revoke (peer, slot);
  return TRUE;
}

static gboolean
take_detach (Keeper *keeper, FrameReader *reader, guint64 number)
{
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  g_hash_table_remove (keeper->peers, &number);
  return TRUE;
}

static gboolean
take_egress (Keeper *keeper, Frame *frame, FrameReader *reader)
{
  if (!frame_reader_end (reader, NULL) || frame->n_fds != 1)
    return FALSE;
  keeper_set_egress (keeper, g_steal_fd (&frame->fds[0]));
  return TRUE;
}

static gboolean
take_saved (Keeper *keeper, FrameReader *reader, guint64 ticket)
{
  gboolean is_saved = frame_read_bool (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  vault_saved (keeper, ticket, is_saved);
  return TRUE;
}

/* --- all of it --- */

static gboolean
take (Keeper *keeper, Frame *frame)
{
  FrameReader reader;
  guint64 stream = frame->stream;
  frame_reader_init (&reader, frame);
  switch (frame->type)
    {
    case KEEPER_OPEN:
      return take_open (keeper, &reader, stream);
    case KEEPER_ATTACH:
      return take_attach (keeper, frame, &reader);
    case KEEPER_DETACH:
      return take_detach (keeper, &reader, stream);
    case KEEPER_EGRESS:
      return take_egress (keeper, frame, &reader);
    default:
      break;
    }
  if (keeper->keyring == NULL)
    return FALSE; /* nothing else before a key is open */
  switch (frame->type)
    {
    case KEEPER_LOAD:
      return take_load (keeper, &reader, stream);
    case KEEPER_LOADED:
      return take_loaded (keeper, &reader, stream);
    case KEEPER_DEFINE:
      return take_define (keeper, &reader, stream);
    case KEEPER_SET:
      return take_set (keeper, &reader, stream);
    case KEEPER_DELETE:
      return take_delete (keeper, &reader, stream);
    case KEEPER_REFRESH:
      return take_refresh (keeper, &reader, stream);
    case KEEPER_AUTHORIZE:
      return take_authorize (keeper, &reader, stream);
    case KEEPER_CALLBACK:
      return take_callback (keeper, &reader, stream);
    case KEEPER_BIND:
      return take_bind (keeper, &reader, stream);
    case KEEPER_GRANT:
      return take_grant (keeper, &reader, stream);
    case KEEPER_REVOKE:
      return take_revoke (keeper, &reader, stream);
    case KEEPER_SAVED:
      return take_saved (keeper, &reader, stream);
    case KEEPER_ROTATE:
      return take_rotate (keeper, &reader, stream);
    default:
      return FALSE;
    }
}

void
control_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  Keeper *keeper = user_data;
  if (take (keeper, frame))
    return;
  g_printerr ("keeper: the server sent a frame (type %u) that can't be; ending\n", frame->type);
  g_main_loop_quit (keeper->loop);
}
