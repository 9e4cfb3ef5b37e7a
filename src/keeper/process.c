/* The keeper process: its start, and its loop. What it gives up is in harden.c. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/vault.h"

#include "base/process.h"

/* --- secrets on their way out --- */

SecretBytes *
secret_json_print (const json_t *json)
{
  size_t length = json_dumpb (json, NULL, 0, JSON_COMPACT);
  SecretBytes *text = secret_bytes_new_empty (length);
  json_dumpb (json, (char *) secret_bytes_writable (text), length, JSON_COMPACT);
  return text;
}

static void
unref_secret (gpointer secret)
{
  secret_bytes_unref (secret);
}

GBytes *
secret_frame (FrameWriter *writer, const SecretBytes *last)
{
  g_autoptr (GBytes) head = frame_writer_end (writer);
  gsize head_size, size = secret_bytes_size (last);
  gconstpointer bytes = g_bytes_get_data (head, &head_size);
  guint32 length = GUINT32_TO_LE ((guint32) size);
  guint32 body = GUINT32_TO_LE ((guint32) (head_size - FRAME_HEADER_BYTES + sizeof length + size));
  SecretBytes *frame = secret_bytes_new_empty (head_size + sizeof length + size);
  guint8 *out = secret_bytes_writable (frame);
  memcpy (out, bytes, head_size);
  memcpy (out, &body, sizeof body);
  memcpy (out + head_size, &length, sizeof length);
  memcpy (out + head_size + sizeof length, secret_bytes_data (last), size);
  return g_bytes_new_with_free_func (out, secret_bytes_size (frame), unref_secret, frame);
}

/* --- the loop --- */

static gint64
now (gpointer user_data)
{
  return g_get_real_time ();
}

static void
on_control_closed (FrameChannel *channel, const GError *error, gpointer user_data)
{
  Keeper *keeper = user_data;
  g_main_loop_quit (keeper->loop);
}

static void
free_json (gpointer json)
{
  json_decref (json);
}

void
keeper_serve (int control_fd)
{
  static const FrameChannelOptions options = { .max_frame_bytes = KEEPER_MAX_FRAME_BYTES,
                                               .max_queue_bytes = 64 * KEEPER_MAX_FRAME_BYTES,
                                               .accepts_fds = TRUE };
  Keeper keeper = { 0 };
  keeper.loop = g_main_loop_new (NULL, FALSE);
  keeper.connections = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, vault_connection_free);
  keeper.peers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                        (GDestroyNotify) worker_peer_free);
  keeper.saves = vault_saves_new ();
  keeper.warnings = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, free_json);
  keeper.requests = g_ptr_array_new_with_free_func (keeper_request_free);
  keeper.authorizations = authorization_set_new (now, NULL);
  keeper.control
      = frame_channel_new (control_fd, NULL, &options, control_frame, on_control_closed, &keeper);
  g_main_loop_run (keeper.loop);

  g_hash_table_remove_all (keeper.peers);
  g_hash_table_unref (keeper.connections);
  g_hash_table_unref (keeper.peers);
  g_hash_table_unref (keeper.saves);
  g_hash_table_unref (keeper.warnings);
  g_ptr_array_unref (keeper.requests);
  authorization_set_free (keeper.authorizations);
  g_clear_pointer (&keeper.egress, egress_client_free);
  g_clear_pointer (&keeper.keyring, keyring_free);
  frame_channel_free (keeper.control);
  g_main_loop_unref (keeper.loop);
}

/* --- the process --- */

/* What OpenSSL reads from files, it reads now. */
static void
warm_up (void)
{
  g_autoptr (SecretBytes) seed = secret_bytes_new_random (48);
  g_autoptr (SecretBytes) derived = master_key_derive (seed, "warm", 48);
  JweKey *key = jwe_key_from_seed (derived, NULL);
  OPENSSL_init_crypto (
      OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL);
  if (key != NULL)
    jwe_key_free (key);
}

void
keeper_main (int control_fd)
{
  g_autoptr (GError) error = NULL;
  secret_wipe_json_memory ();
  process_reset_signals ();
  setsid (); /* the interrupt key of the server's terminal is not for the keeper */
  clearenv ();
  warm_up ();
  if (!keeper_harden (&error))
    {
      g_printerr ("keeper: %s\n", error->message);
      _exit (1);
    }
  keeper_serve (control_fd);
  _exit (0);
}

/* In the child, possibly of a process with threads: nothing here may take a lock or allocate. */
static void
become_keeper (int fd, pid_t parent, char **arguments)
{
  static char *none[] = { NULL };
  if (!process_prepare_child (fd, parent))
    _exit (1);
  execve ("/proc/self/exe", arguments, none);
  _exit (127);
}

gboolean
keeper_start (int *control_fd, GPid *pid, GError **error)
{
  char *arguments[] = { (char *) "tenon: keeper", (char *) KEEPER_EXEC_ARGUMENT, NULL };
  pid_t parent = getpid ();
  int fds[2];
  if (!frame_socketpair (fds, error))
    return FALSE;
  *pid = fork ();
  if (*pid == 0)
    become_keeper (fds[1], parent, arguments);
  close (fds[1]);
  if (*pid > 0)
    {
      *control_fd = fds[0];
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "the keeper process can't be started: %s", g_strerror (errno));
  close (fds[0]);
  return FALSE;
}
