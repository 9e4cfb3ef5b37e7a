/* The keeper among liars: hostile workers and a broken server, over real sockets. The keeper runs
 * in a child of its own; a crash of it, or a report of a sanitizer, is its exit status. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "keeper/vault.h"

#define SECRET "planted-secret-in-the-keeper"

typedef struct
{
  char *folder;
  pid_t pid;
  int fd; /* the server's end */
} World;

static World
start_keeper (void)
{
  World world = { .folder = g_dir_make_tmp ("tenon-hostile-XXXXXX", NULL) };
  int fds[2];
  g_assert_true (frame_socketpair (fds, NULL));
  world.pid = fork ();
  if (world.pid == 0)
    {
      close (fds[0]);
      secret_wipe_json_memory ();
      g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
      keeper_serve (fds[1]);
      _exit (0);
    }
  close (fds[1]);
  world.fd = fds[0];
  return world;
}

static int
end_keeper (World *world)
{
  int status = -1;
  g_autofree char *key = g_build_filename (world->folder, "master.key", NULL);
  close (world->fd);
  waitpid (world->pid, &status, 0);
  g_unlink (key);
  g_rmdir (world->folder);
  g_free (world->folder);
  return status;
}

static void
say (const World *world, FrameWriter *writer, int fd)
{
  g_autoptr (GBytes) frame = frame_writer_end (writer);
  frame_send (world->fd, frame, &fd, fd < 0 ? 0 : 1, NULL);
}

/* The next frame of that type; FALSE at the end. */
static gboolean
hear (int fd, guint16 type, Frame *frame)
{
  while (frame_receive (fd, KEEPER_MAX_FRAME_BYTES, FALSE, frame, NULL))
    {
      if (frame->type == type)
        return TRUE;
      frame_clear (frame);
    }
  return FALSE;
}

static json_t *
open_store (const World *world)
{
  g_autofree char *key = g_build_filename (world->folder, "master.key", NULL);
  Frame frame;
  FrameReader reader;
  FrameWriter *writer = frame_writer_new (KEEPER_OPEN, 1);
  frame_write_string (writer, key);
  frame_write_u8 (writer, MASTER_KEY_DEFAULT);
  frame_write_string (writer, "store");
  frame_write_gbytes (writer, NULL);
  frame_write_u8 (writer, FALSE);
  say (world, writer, -1);
  g_assert_true (hear (world->fd, KEEPER_OPENED, &frame));
  frame_reader_init (&reader, &frame);
  g_autoptr (GBytes) check = frame_read_gbytes (&reader);
  g_autofree char *id = frame_read_text (&reader);
  g_autoptr (GBytes) keys = frame_read_gbytes (&reader);
  g_assert_true (frame_reader_end (&reader, NULL));
  frame_clear (&frame);
  say (world, frame_writer_new (KEEPER_LOADED, 0), -1);
  return json_parse_bytes (keys, NULL);
}

static void
define (const World *world, const char *id, const char *instance)
{
  Frame frame;
  static const char declaration[]
      = "{\"key\":\"CRM\",\"dataType\":\"connection\",\"required\":true,"
        "\"connection\":{\"key\":\"apiKey\",\"component\":\"code\"}}";
  FrameWriter *writer = frame_writer_new (KEEPER_DEFINE, 2);
  frame_write_string (writer, id);
  frame_write_string (writer, instance);
  frame_write_string (writer, instance);
  frame_write_string (writer, "CRM");
  frame_write_bytes (writer, declaration, strlen (declaration));
  say (world, writer, -1);
  g_assert_true (hear (world->fd, KEEPER_ANSWER, &frame));
  frame_clear (&frame);
}

/* The text of the row that it sends to be stored. */
static void
set_secret (const World *world, json_t *keys, const char *id, const char *instance)
{
  static const char fields[] = "{\"apiKey\":\"" SECRET "\"}";
  g_autofree char *ctx = g_strconcat (instance, "/CRM", NULL);
  g_autofree char *jwe = jwe_seal (keys, ctx, fields, strlen (fields), NULL);
  Frame frame;
  FrameWriter *writer = frame_writer_new (KEEPER_SET, 3);
  frame_write_string (writer, id);
  frame_write_bytes (writer, jwe, strlen (jwe));
  frame_write_gbytes (writer, NULL);
  say (world, writer, -1);
  g_assert_true (hear (world->fd, KEEPER_SAVE, &frame));
  gsize size;
  const char *body = g_bytes_get_data (frame.body, &size);
  g_assert_null (memmem (body, size, SECRET, strlen (SECRET)));
  FrameWriter *saved = frame_writer_new (KEEPER_SAVED, frame.stream);
  frame_clear (&frame);
  frame_write_u8 (saved, TRUE);
  say (world, saved, -1);
  g_assert_true (hear (world->fd, KEEPER_ANSWER, &frame));
  body = g_bytes_get_data (frame.body, &size);
  g_assert_null (memmem (body, size, SECRET, strlen (SECRET)));
  g_assert_nonnull (memmem (body, size, "fingerprint", 11));
  frame_clear (&frame);
}

static int
attach (const World *world, guint64 number, const char *instance)
{
  int fds[2];
  g_assert_true (frame_socketpair (fds, NULL));
  say (world, frame_writer_new (KEEPER_ATTACH, number), fds[0]);
  close (fds[0]);
  FrameWriter *writer = frame_writer_new (KEEPER_BIND, number);
  frame_write_string (writer, instance);
  frame_write_u32 (writer, 1);
  frame_write_string (writer, "CRM");
  say (world, writer, -1);
  return fds[1];
}

static void
grant (const World *world, guint64 number, guint64 slot)
{
  FrameWriter *writer = frame_writer_new (KEEPER_GRANT, number);
  frame_write_u64 (writer, slot);
  frame_write_string (writer, "execution");
  say (world, writer, -1);
}

/* TRUE if the grant that comes has the secret in it. */
static gboolean
gets_secret (int worker)
{
  Frame frame;
  gsize size;
  if (!hear (worker, KEEPER_GRANTED, &frame))
    return FALSE;
  const char *body = g_bytes_get_data (frame.body, &size);
  gboolean has = memmem (body, size, SECRET, strlen (SECRET)) != NULL;
  frame_clear (&frame);
  return has;
}

static World
start_with_secret (void)
{
  World world = start_keeper ();
  g_autoptr (json_t) keys = open_store (&world);
  define (&world, "c1", "i1");
  define (&world, "c2", "i2");
  set_secret (&world, keys, "c1", "i1");
  return world;
}

static void
a_secret_goes_to_a_granted_worker_of_its_instance_alone (void)
{
  World world = start_with_secret ();
  int own = attach (&world, 1, "i1"), other = attach (&world, 2, "i2");
  grant (&world, 1, 10);
  grant (&world, 2, 10);
  g_assert_true (gets_secret (own));
  g_assert_false (gets_secret (other));
  close (own);
  close (other);
  g_assert_cmpint (end_keeper (&world), ==, 0);
}

typedef FrameWriter *(*Lie) (void);

static FrameWriter *
lie_unknown_type (void)
{
  return frame_writer_new (7, 10);
}

static FrameWriter *
lie_servers_frame (void)
{
  FrameWriter *writer = frame_writer_new (KEEPER_GRANT, 1);
  frame_write_u64 (writer, 11);
  frame_write_string (writer, "execution");
  return writer;
}

static FrameWriter *
lie_slot_zero (void)
{
  FrameWriter *writer = frame_writer_new (KEEPER_WANT_FRESH, 0);
  frame_write_string (writer, "CRM");
  return writer;
}

static FrameWriter *
lie_other_name (void)
{
  FrameWriter *writer = frame_writer_new (KEEPER_WANT_FRESH, 10);
  frame_write_string (writer, "ERP");
  return writer;
}

static FrameWriter *
lie_no_name (void)
{
  return frame_writer_new (KEEPER_WANT_FRESH, 10);
}

static FrameWriter *
lie_more_than_a_name (void)
{
  FrameWriter *writer = frame_writer_new (KEEPER_WANT_FRESH, 10);
  frame_write_string (writer, "CRM");
  frame_write_u8 (writer, 1);
  return writer;
}

static FrameWriter *
lie_short_digest (void)
{
  FrameWriter *writer = frame_writer_new (KEEPER_REJECTED, 10);
  frame_write_string (writer, "CRM");
  frame_write_bytes (writer, "abc", 3);
  return writer;
}

static FrameWriter *
lie_too_large (void)
{
  FrameWriter *writer = frame_writer_new (KEEPER_WANT_FRESH, 10);
  g_autofree char *name = g_strnfill (2 << 20, 'x');
  frame_write_string (writer, name);
  return writer;
}

static FrameWriter *
sign_frame (guint64 slot, guint64 ticket, const char *name, const char *field)
{
  FrameWriter *writer = frame_writer_new (KEEPER_SIGN, slot);
  frame_write_u64 (writer, ticket);
  frame_write_string (writer, name);
  frame_write_string (writer, field);
  frame_write_string (writer, "HS256");
  frame_write_bytes (writer, "data", 4);
  return writer;
}

static FrameWriter *
lie_sign_other_name (void)
{
  return sign_frame (10, 1, "ERP", "");
}

static FrameWriter *
lie_sign_more (void)
{
  FrameWriter *writer = sign_frame (10, 1, "CRM", "");
  frame_write_u8 (writer, 1);
  return writer;
}

static void
a_worker_that_lies_loses_its_channel_and_nobody_else_does (void)
{
  static const Lie lies[]
      = { lie_unknown_type, lie_servers_frame,    lie_slot_zero,    lie_other_name,
          lie_no_name,      lie_more_than_a_name, lie_short_digest, lie_too_large,
          lie_sign_other_name, lie_sign_more };
  World world = start_with_secret ();
  int honest = attach (&world, 1, "i1");
  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      Frame frame;
      guint64 number = 100 + i;
      int liar = attach (&world, number, "i1");
      grant (&world, number, 10);
      g_assert_true (gets_secret (liar));
      g_autoptr (GBytes) lie = frame_writer_end (lies[i]());
      frame_send (liar, lie, NULL, 0, NULL);
      g_assert_false (hear (liar, KEEPER_GRANTED, &frame)); /* the end */
      grant (&world, number, 12);                           /* of no use any more, and no harm */
      grant (&world, 1, 200 + i);
      g_assert_true (gets_secret (honest));
      close (liar);
    }
  close (honest);
  g_assert_cmpint (end_keeper (&world), ==, 0);
}

/* The next SIGNED; free with g_bytes_unref. */
static GBytes *
hear_signed (int worker, guint64 *ticket, gboolean *worked)
{
  Frame frame;
  FrameReader reader;
  g_assert_true (hear (worker, KEEPER_SIGNED, &frame));
  frame_reader_init (&reader, &frame);
  *ticket = frame_read_u64 (&reader);
  *worked = frame_read_bool (&reader);
  GBytes *answer = frame_read_gbytes (&reader);
  g_assert_true (frame_reader_end (&reader, NULL));
  frame_clear (&frame);
  return answer;
}

static void
a_flood_of_signatures_is_bounded_each_is_answered_and_none_tells_the_key (void)
{
  World world = start_with_secret ();
  int worker = attach (&world, 1, "i1");
  guint n_worked = 0, n_refused = 0;
  g_autofree char *expected
      = g_compute_hmac_for_data (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET),
                                 (const guchar *) "data", 4);
  grant (&world, 1, 10);
  g_assert_true (gets_secret (worker));
  for (guint i = 0; i < 400; i++)
    {
      g_autoptr (GBytes) frame
          = frame_writer_end (sign_frame (10, i, "CRM", i % 4 == 3 ? "other" : ""));
      g_assert_true (frame_send (worker, frame, NULL, 0, NULL));
    }
  for (guint i = 0; i < 400; i++)
    {
      guint64 ticket;
      gboolean worked;
      gsize size;
      g_autoptr (GBytes) answer = hear_signed (worker, &ticket, &worked);
      const guint8 *bytes = g_bytes_get_data (answer, &size);
      g_assert_null (memmem (bytes, size, SECRET, strlen (SECRET)));
      n_worked += worked != FALSE;
      n_refused += !worked;
      if (!worked)
        continue;
      g_assert_cmpuint (ticket % 4, !=, 3);
      g_assert_cmpuint (size, ==, 32);
      g_autoptr (GString) hex = g_string_new (NULL);
      for (gsize at = 0; at < size; at++)
        g_string_append_printf (hex, "%02x", bytes[at]);
      g_assert_cmpstr (hex->str, ==, expected);
    }
  g_assert_cmpuint (n_worked, >, 0);
  g_assert_cmpuint (n_refused, >=, 100);
  close (worker);
  g_assert_cmpint (end_keeper (&world), ==, 0);
}

static void
a_revoked_slot_gets_nothing_more (void)
{
  World world = start_with_secret ();
  int worker = attach (&world, 1, "i1");
  grant (&world, 1, 10);
  g_assert_true (gets_secret (worker));
  FrameWriter *revoke = frame_writer_new (KEEPER_REVOKE, 1);
  frame_write_u64 (revoke, 10);
  say (&world, revoke, -1);
  define (&world, "c1", "i1"); /* so that the revocation has been read */
  g_autoptr (GBytes) ask = frame_writer_end (lie_other_name ()); /* late: not even looked at */
  frame_send (worker, ask, NULL, 0, NULL);
  FrameWriter *want = frame_writer_new (KEEPER_WANT_FRESH, 10);
  frame_write_string (want, "CRM");
  g_autoptr (GBytes) fresh = frame_writer_end (want);
  frame_send (worker, fresh, NULL, 0, NULL);
  grant (&world, 1, 11);
  Frame frame;
  g_assert_true (frame_receive (worker, KEEPER_MAX_FRAME_BYTES, FALSE, &frame, NULL));
  g_assert_cmpuint (frame.type, ==, KEEPER_GRANTED);
  g_assert_cmpuint (frame.stream, ==, 11);
  frame_clear (&frame);
  close (worker);
  g_assert_cmpint (end_keeper (&world), ==, 0);
}

/* Whatever comes, it ends in order, and nothing that it says on the way has the secret. */
static void
check_harmless (World *world)
{
  Frame frame;
  shutdown (world->fd, SHUT_WR);
  while (frame_receive (world->fd, KEEPER_MAX_FRAME_BYTES, FALSE, &frame, NULL))
    {
      gsize size;
      const char *body = g_bytes_get_data (frame.body, &size);
      g_assert_null (memmem (body, size, SECRET, strlen (SECRET)));
      frame_clear (&frame);
    }
  g_assert_cmpint (end_keeper (world), ==, 0);
}

static void
a_server_that_sends_nonsense_ends_the_keeper_without_a_secret (void)
{
  for (guint16 type = 0; type < 80; type++)
    for (guint filled = 0; filled < 3; filled++)
      {
        World world;
        if (filled == 0 && type % 4 != 0)
          continue; /* each is a process: these are the same in kind */
        world = start_with_secret ();
        FrameWriter *writer = frame_writer_new (type, type + 7U);
        for (guint i = 0; i < filled; i++)
          frame_write_string (writer, i == 0 ? "c1" : "{}");
        say (&world, writer, -1);
        check_harmless (&world);
        if (type > KEEPER_ROTATE + 2)
          break;
      }
}

static void
random_frames_end_nobody_by_force (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  for (guint round = 0; round < 40; round++)
    {
      World world = start_with_secret ();
      int worker = attach (&world, 1, "i1");
      grant (&world, 1, 10);
      for (guint i = 0; i < 30; i++)
        {
          gboolean is_worker = i % 2 == 0;
          FrameWriter *writer
              = frame_writer_new ((guint16) (is_worker ? g_rand_int_range (rand, 60, 70)
                                                       : g_rand_int_range (rand, 2, 22)),
                                  (guint64) g_rand_int_range (rand, 0, 12));
          for (gint fields = g_rand_int_range (rand, 0, 6); fields > 0; fields--)
            switch (g_rand_int_range (rand, 0, 5))
              {
              case 0:
                frame_write_string (writer, "c1");
                break;
              case 1:
                frame_write_string (writer, NULL);
                break;
              case 2:
                frame_write_u32 (writer, g_rand_int (rand));
                break;
              case 3:
                frame_write_u64 (writer, (guint64) g_rand_int_range (rand, 0, 20));
                break;
              default:
                frame_write_bytes (writer, "{\"a\":[1]}", 9);
              }
          g_autoptr (GBytes) frame = frame_writer_end (writer);
          frame_send (is_worker ? worker : world.fd, frame, NULL, 0, NULL);
        }
      close (worker);
      check_harmless (&world);
    }
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/keeper/" #name, name)
  ADD (a_secret_goes_to_a_granted_worker_of_its_instance_alone);
  ADD (a_worker_that_lies_loses_its_channel_and_nobody_else_does);
  ADD (a_flood_of_signatures_is_bounded_each_is_answered_and_none_tells_the_key);
  ADD (a_revoked_slot_gets_nothing_more);
  ADD (a_server_that_sends_nonsense_ends_the_keeper_without_a_secret);
  ADD (random_frames_end_nobody_by_force);
  return g_test_run ();
}
