/* Secrets: their pages, their end. */
#include "base/secret.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
a_secret_is_a_copy_of_what_it_was_made_from (void)
{
  char text[] = "hunter2";
  g_autoptr (SecretBytes) secret = secret_bytes_new (text, strlen (text));
  secret_wipe (text, sizeof text);
  g_assert_cmpmem (text, sizeof text, "\0\0\0\0\0\0\0", 8);
  g_assert_cmpuint (secret_bytes_size (secret), ==, 7);
  g_assert_cmpstr ((const char *) secret_bytes_data (secret), ==, "hunter2");
}

static void
secrets_are_equal_by_their_bytes (void)
{
  g_autoptr (SecretBytes) a = secret_bytes_new ("abc", 3);
  g_autoptr (SecretBytes) same = secret_bytes_new ("abc", 3);
  g_autoptr (SecretBytes) other = secret_bytes_new ("abd", 3);
  g_autoptr (SecretBytes) longer = secret_bytes_new ("abcd", 4);
  g_assert_true (secret_bytes_equal (a, same));
  g_assert_false (secret_bytes_equal (a, other));
  g_assert_false (secret_bytes_equal (a, longer));
}

static void
random_secrets_differ (void)
{
  g_autoptr (SecretBytes) a = secret_bytes_new_random (5000);
  g_autoptr (SecretBytes) b = secret_bytes_new_random (5000);
  g_assert_false (secret_bytes_equal (a, b));
}

static void
a_forked_child_does_not_have_the_secret (void)
{
  g_autoptr (SecretBytes) secret = secret_bytes_new ("inherit me not", 14);
  const guint8 *bytes = secret_bytes_data (secret);
  int status = 0;
  pid_t pid = fork ();
  if (pid == 0)
    {
      for (guint i = 0; i < 14; i++)
        if (bytes[i] != 0)
          _exit (1);
      _exit (0);
    }
  waitpid (pid, &status, 0);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpmem (bytes, 14, "inherit me not", 14);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/secret/" #name, name)
  ADD (a_secret_is_a_copy_of_what_it_was_made_from);
  ADD (secrets_are_equal_by_their_bytes);
  ADD (random_secrets_differ);
  ADD (a_forked_child_does_not_have_the_secret);
  return g_test_run ();
}
