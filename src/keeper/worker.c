/* Workers: each on a channel of its own, bound to one instance for its life.
 *
 * A worker gets the connections that its version declares when an execution is granted to it, and
 * newer tokens while one is. It is believed nothing: what it says is read with bounds, must be of a
 * slot that is granted and of a connection that it was bound to; else its channel ends, and with it
 * what it gets.
 */
#include "keeper/sign.h"
#include "keeper/vault.h"

#include <string.h>

#define MOST_ASKS 256 /* of one worker that wait for a token */
#define MOST_SIGNINGS 256 /* of one worker that wait to be made */
#define SHA256_BYTES 32

typedef struct
{
  guint64 number;
  char *execution_id;
  guint due; /* tokens that are waited for before it begins; then 0 */
  gboolean has_begun;
} Slot;

/* A token that a worker waits for. */
typedef struct
{
  WorkerPeer *peer;
  guint64 slot;
  VaultConnection *connection;
  gboolean is_grant; /* else WANT_FRESH */
} Ask;

/* A signature that a worker waits for. */
typedef struct
{
  guint64 slot, ticket;
  char *name, *field, *algorithm;
  GBytes *data;
} Signing;

struct WorkerPeer
{
  Keeper *keeper;
  guint64 number;
  FrameChannel *channel; /* NULL = ended */
  char *instance_id;     /* NULL = not bound */
  GPtrArray *names;      /* of the connections that its version declares */
  GHashTable *slots;     /* &number -> Slot */
  GPtrArray *asks;       /* of Ask */
  GQueue signings;       /* of Signing */
  guint signing;         /* the source that makes the next one; 0 = none waits */
};

static void
slot_free (gpointer data)
{
  Slot *slot = data;
  g_free (slot->execution_id);
  g_free (slot);
}

static void
drop_ask (WorkerPeer *peer, Ask *ask)
{
  g_ptr_array_remove_fast (peer->asks, ask);
  g_free (ask);
}

static void
forget_asks (WorkerPeer *peer, guint64 slot)
{
  for (guint i = peer->asks->len; i > 0; i--)
    {
      Ask *ask = g_ptr_array_index (peer->asks, i - 1);
      if (slot != 0 && ask->slot != slot)
        continue;
      if (ask->connection->source != NULL)
        token_source_forget (ask->connection->source, ask);
      drop_ask (peer, ask);
    }
}

static void
signing_free (gpointer data)
{
  Signing *signing = data;
  g_free (signing->name);
  g_free (signing->field);
  g_free (signing->algorithm);
  g_clear_pointer (&signing->data, g_bytes_unref);
  g_free (signing);
}

/* It said what it must not, or is gone. */
static void
end_channel (WorkerPeer *peer)
{
  forget_asks (peer, 0);
  g_queue_clear_full (&peer->signings, signing_free);
  if (peer->signing != 0)
    g_source_remove (peer->signing);
  peer->signing = 0;
  g_hash_table_remove_all (peer->slots);
  g_clear_pointer (&peer->channel, frame_channel_free);
}

/* --- what it gets --- */

static void
send_secret (WorkerPeer *peer, FrameWriter *writer, json_t *json)
{
  g_autoptr (SecretBytes) text = secret_json_print (json);
  g_autoptr (GBytes) frame = secret_frame (writer, text);
  g_autoptr (GError) error = NULL;
  if (peer->channel == NULL || frame_channel_send (peer->channel, frame, &error))
    return;
  if (g_error_matches (error, FRAME_ERROR, FRAME_ERROR_FULL))
    end_channel (peer); /* it does not read */
}

static gboolean
is_bound_to (const WorkerPeer *peer, const char *name)
{
  return peer->names != NULL
         && g_ptr_array_find_with_equal_func (peer->names, name, g_str_equal, NULL);
}

static void
send_grant (WorkerPeer *peer, Slot *slot)
{
  g_autoptr (json_t) grant = json_object ();
  json_t *connections = json_object ();
  json_object_set_new (grant, "connections", connections);
  for (guint i = 0; i < peer->names->len; i++)
    {
      const char *name = g_ptr_array_index (peer->names, i);
      VaultConnection *connection = vault_find_named (peer->keeper, peer->instance_id, name);
      json_t *object = connection == NULL ? NULL : vault_for_code (connection);
      if (object != NULL)
        json_object_set_new (connections, name, object);
    }
  g_autoptr (SecretBytes) key = keyring_execution_key (peer->keeper->keyring, slot->execution_id);
  char *key_text = g_base64_encode (secret_bytes_data (key), secret_bytes_size (key));
  json_object_set_new (grant, "key", json_string (key_text));
  secret_text_free (key_text);
  slot->has_begun = TRUE;
  send_secret (peer, frame_writer_new (KEEPER_GRANTED, slot->number), grant);
}

static void
send_fresh (WorkerPeer *peer, guint64 slot, VaultConnection *connection)
{
  g_autoptr (json_t) object = vault_for_code (connection);
  if (object == NULL)
    object = json_object ();
  FrameWriter *writer = frame_writer_new (KEEPER_FRESH, slot);
  frame_write_string (writer, connection->name);
  send_secret (peer, writer, object);
}

static void
send_denied (WorkerPeer *peer, guint64 slot, const char *name, const char *message)
{
  FrameWriter *writer = frame_writer_new (KEEPER_DENIED, slot);
  frame_write_string (writer, name);
  frame_write_string (writer, message);
  if (peer->channel != NULL)
    frame_channel_send_writer (peer->channel, writer);
  else
    frame_writer_free (writer);
}

static void
ask_is_answered (Ask *ask, const char *problem)
{
  WorkerPeer *peer = ask->peer;
  VaultConnection *connection = ask->connection;
  guint64 number = ask->slot;
  gboolean is_grant = ask->is_grant;
  Slot *slot = g_hash_table_lookup (peer->slots, &number);
  drop_ask (peer, ask);
  if (slot == NULL)
    return;
  if (is_grant)
    {
      if (--slot->due == 0)
        send_grant (peer, slot);
    }
  else if (problem != NULL)
    send_denied (peer, number, connection->name, problem);
  else
    send_fresh (peer, number, connection);
}

static void
on_token (TokenSource *source, const char *problem, gpointer user_data)
{
  ask_is_answered (user_data, problem);
}

static void
ask (WorkerPeer *peer, guint64 slot, VaultConnection *connection, gboolean is_grant)
{
  Ask *made = g_new (Ask, 1);
  made->peer = peer;
  made->slot = slot;
  made->connection = connection;
  made->is_grant = is_grant;
  g_ptr_array_add (peer->asks, made);
  token_source_ask (connection->source, is_grant ? TOKEN_ASK_VALID : TOKEN_ASK_NEWER, on_token,
                    made);
}

/* Its source is about to be freed. */
void
worker_peers_forget (VaultConnection *connection)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, connection->keeper->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      WorkerPeer *peer = value;
      for (guint i = peer->asks->len; i > 0; i--)
        {
          Ask *one = g_ptr_array_index (peer->asks, i - 1);
          if (one->connection != connection)
            continue;
          token_source_forget (connection->source, one);
          ask_is_answered (one, "the connection was changed meanwhile");
          i = MIN (i, peer->asks->len + 1);
        }
    }
}

static void
tell_slots (WorkerPeer *peer, VaultConnection *connection)
{
  GHashTableIter iter;
  gpointer value;
  g_autoptr (GArray) slots = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_hash_table_iter_init (&iter, peer->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Slot *) value)->has_begun)
      g_array_append_val (slots, ((Slot *) value)->number);
  for (guint i = 0; i < slots->len && peer->channel != NULL; i++)
    send_fresh (peer, g_array_index (slots, guint64, i), connection);
}

void
worker_peers_tell (VaultConnection *connection)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, connection->keeper->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      WorkerPeer *peer = value;
      if (g_strcmp0 (peer->instance_id, connection->instance_id) == 0
          && is_bound_to (peer, connection->name))
        tell_slots (peer, connection);
    }
}

/* --- what the server says of it --- */

gboolean
worker_peer_bind (WorkerPeer *peer, char *instance_id, GPtrArray *names)
{
  gboolean is_first = peer->instance_id == NULL;
  if (is_first)
    {
      peer->instance_id = instance_id;
      peer->names = names;
      return TRUE;
    }
  g_free (instance_id);
  g_ptr_array_unref (names);
  return FALSE;
}

void
worker_peer_grant (WorkerPeer *peer, guint64 number, const char *execution_id)
{
  if (peer->channel == NULL || peer->instance_id == NULL
      || g_hash_table_contains (peer->slots, &number))
    return;
  Slot *slot = g_new0 (Slot, 1);
  slot->number = number;
  slot->execution_id = g_strdup (execution_id);
  slot->due = 1; /* this loop */
  g_hash_table_insert (peer->slots, &slot->number, slot);
  for (guint i = 0; i < peer->names->len; i++)
    {
      VaultConnection *connection
          = vault_find_named (peer->keeper, peer->instance_id, g_ptr_array_index (peer->names, i));
      if (connection == NULL || connection->source == NULL)
        continue;
      slot->due++;
      ask (peer, number, connection, TRUE);
    }
  if (--slot->due == 0)
    send_grant (peer, slot);
}

void
worker_peer_revoke (WorkerPeer *peer, guint64 slot)
{
  forget_asks (peer, slot);
  g_hash_table_remove (peer->slots, &slot);
}

/* --- what it says --- */

/* Of the frame's slot and this name; NULL = it may not. */
static VaultConnection *
find_granted (WorkerPeer *peer, guint64 slot, const char *name)
{
  if (!g_hash_table_contains (peer->slots, &slot) || !is_bound_to (peer, name))
    return NULL;
  return vault_find_named (peer->keeper, peer->instance_id, name);
}

static gboolean
take_want_fresh (WorkerPeer *peer, FrameReader *reader, guint64 slot)
{
  g_autofree char *name = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return FALSE;
  VaultConnection *connection = find_granted (peer, slot, name);
  if (connection == NULL)
    return FALSE;
  if (connection->source == NULL)
    send_fresh (peer, slot, connection);
  else if (peer->asks->len >= MOST_ASKS)
    send_denied (peer, slot, name, "too many requests for a fresh token wait already");
  else
    ask (peer, slot, connection, FALSE);
  return TRUE;
}

static gboolean
take_rejected (WorkerPeer *peer, FrameReader *reader, guint64 slot)
{
  g_autofree char *name = frame_read_text (reader);
  g_autoptr (GBytes) digest = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL) || g_bytes_get_size (digest) != SHA256_BYTES)
    return FALSE;
  VaultConnection *connection = find_granted (peer, slot, name);
  if (connection == NULL)
    return FALSE;
  if (connection->source != NULL)
    token_source_rejected (connection->source, g_bytes_get_data (digest, NULL));
  return TRUE;
}

/* --- signatures --- */

static void
send_signed (WorkerPeer *peer, const Signing *signing, GBytes *signature, const char *problem)
{
  FrameWriter *writer = frame_writer_new (KEEPER_SIGNED, signing->slot);
  frame_write_u64 (writer, signing->ticket);
  frame_write_u8 (writer, signature != NULL);
  if (signature != NULL)
    frame_write_gbytes (writer, signature);
  else
    frame_write_bytes (writer, problem, strlen (problem));
  frame_channel_send_writer (peer->channel, writer);
}

/* What a connection signs with where code does not say: the last secret that its type requires, so
 * the private key, the password, the second of two keys. */
static const char *
signing_field (const ConnectionShape *shape)
{
  for (guint i = shape->inputs->len; i > 0; i--)
    {
      const ConnectionInput *input = g_ptr_array_index (shape->inputs, i - 1);
      if (!input->is_own && input->is_secret && input->is_required)
        return input->key;
    }
  return "";
}

static void
sign (WorkerPeer *peer, const Signing *signing)
{
  VaultConnection *connection = find_granted (peer, signing->slot, signing->name);
  g_autoptr (GError) error = NULL;
  if (connection == NULL || connection->shape == NULL)
    {
      send_signed (peer, signing, NULL, "the connection is not set any more");
      return;
    }
  g_autoptr (json_t) fields = connection_fields (connection->shape, connection->given);
  const char *field
      = *signing->field != '\0' ? signing->field : signing_field (connection->shape);
  const char *key = json_get_string (fields, field);
  if (key == NULL || *key == '\0')
    {
      send_signed (peer, signing, NULL, "the connection has no such field, or it is not set");
      return;
    }
  g_autoptr (GBytes) signature = keeper_sign (
      signing->algorithm, key, json_get_string (fields, "passphrase"), signing->data, &error);
  send_signed (peer, signing, signature, error == NULL ? NULL : error->message);
}

/* One at a time, after all else that is due: a signature takes milliseconds of processor time, and
 * a worker that wants many of them must not keep the others waiting. */
static gboolean
on_signing (gpointer user_data)
{
  WorkerPeer *peer = user_data;
  Signing *signing = g_queue_pop_head (&peer->signings);
  gboolean has_more = !g_queue_is_empty (&peer->signings);
  if (!has_more)
    peer->signing = 0;
  if (g_hash_table_contains (peer->slots, &signing->slot))
    sign (peer, signing);
  signing_free (signing);
  return has_more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
take_sign (WorkerPeer *peer, FrameReader *reader, guint64 slot)
{
  Signing *signing = g_new0 (Signing, 1);
  signing->slot = slot;
  signing->ticket = frame_read_u64 (reader);
  signing->name = frame_read_text (reader);
  signing->field = frame_read_text (reader);
  signing->algorithm = frame_read_text (reader);
  signing->data = frame_read_gbytes (reader);
  gboolean is_good
      = frame_reader_end (reader, NULL) && find_granted (peer, slot, signing->name) != NULL;
  if (is_good && g_queue_get_length (&peer->signings) < MOST_SIGNINGS)
    {
      g_queue_push_tail (&peer->signings, signing);
      if (peer->signing == 0)
        peer->signing = g_idle_add (on_signing, peer);
      return TRUE;
    }
  if (is_good)
    send_signed (peer, signing, NULL, "too many signatures wait already");
  signing_free (signing);
  return is_good;
}

/* A slot may have ended in the server's eyes while its last frame was on the way: that is no fault.
 */
static gboolean
is_late (WorkerPeer *peer, guint64 slot)
{
  return slot != 0 && !g_hash_table_contains (peer->slots, &slot);
}

static gboolean
take (WorkerPeer *peer, Frame *frame)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  switch (frame->type)
    {
    case KEEPER_WANT_FRESH:
      return is_late (peer, frame->stream) || take_want_fresh (peer, &reader, frame->stream);
    case KEEPER_REJECTED:
      return is_late (peer, frame->stream) || take_rejected (peer, &reader, frame->stream);
    case KEEPER_SIGN:
      return is_late (peer, frame->stream) || take_sign (peer, &reader, frame->stream);
    default:
      return FALSE;
    }
}

static void
on_frame (FrameChannel *channel, Frame *frame, gpointer user_data)
{
  WorkerPeer *peer = user_data;
  if (!take (peer, frame))
    end_channel (peer);
}

static void
on_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  end_channel (user_data);
}

WorkerPeer *
worker_peer_new (Keeper *keeper, guint64 number, int fd)
{
  static const FrameChannelOptions options = { .max_frame_bytes = KEEPER_MAX_WORKER_FRAME_BYTES,
                                               .max_queue_bytes = 16 * KEEPER_MAX_FRAME_BYTES };
  WorkerPeer *peer = g_new0 (WorkerPeer, 1);
  peer->keeper = keeper;
  peer->number = number;
  peer->slots = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, slot_free);
  peer->asks = g_ptr_array_new ();
  g_queue_init (&peer->signings);
  peer->channel = frame_channel_new (fd, NULL, &options, on_frame, on_closed, peer);
  return peer;
}

void
worker_peer_free (WorkerPeer *peer)
{
  end_channel (peer);
  g_hash_table_unref (peer->slots);
  g_ptr_array_unref (peer->asks);
  g_clear_pointer (&peer->names, g_ptr_array_unref);
  g_free (peer->instance_id);
  g_free (peer);
}
