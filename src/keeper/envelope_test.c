/* Master keys and what is sealed with them. */
#include "keeper/envelope.h"

#include <glib/gstdio.h>
#include <string.h>

static const EnvelopePlace here = { "store", "row", "instance", "CRM", "fields" };

static char *
new_path (void)
{
  g_autofree char *folder = g_dir_make_tmp ("tenon-key-XXXXXX", NULL);
  return g_build_filename (folder, "master.key", NULL);
}

static void
remove_path (char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_unlink (path);
  g_rmdir (folder);
  g_free (path);
}

static void
write_key (const char *path, const char *text)
{
  g_unlink (path);
  g_assert_true (
      g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

static MasterKey *
new_master (void)
{
  g_autoptr (GError) error = NULL;
  char *path = new_path ();
  MasterKey *key = master_key_make (path, &error);
  g_assert_no_error (error);
  remove_path (path);
  return key;
}

static GPtrArray *
list_of (MasterKey *key)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) master_key_free);
  g_ptr_array_add (list, key);
  return list;
}

static void
a_key_that_was_made_is_read_again (void)
{
  g_autoptr (GError) error = NULL;
  char *path = new_path ();
  GStatBuf info;
  g_autoptr (MasterKey) made = master_key_make (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_autoptr (MasterKey) read = master_key_read (path, MASTER_KEY_DEFAULT, &error);
  g_assert_no_error (error);
  g_assert_true (secret_bytes_equal (made->secret, read->secret));
  g_assert_cmpmem (made->id, MASTER_KEY_ID_BYTES, read->id, MASTER_KEY_ID_BYTES);
  g_assert_null (master_key_make (path, &error)); /* never over one that is there */
  remove_path (path);
}

static void
a_key_may_be_raw_hexadecimal_or_base64 (void)
{
  static const char *const forms[] = {
    "0123456789abcdef0123456789abcdef",
    "3031323334353637383961626364656630313233343536373839616263646566\n",
    "  3031323334353637383961626364656630313233343536373839616263646566  ",
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n",
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",
  };
  char *path = new_path ();
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autoptr (GError) error = NULL;
      write_key (path, forms[i]);
      g_autoptr (MasterKey) key = master_key_read (path, MASTER_KEY_FILE, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (secret_bytes_data (key->secret), 32, forms[0], 32);
    }
  remove_path (path);
}

static void
check_unfit (const char *path, MasterKeyErrorCode code)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (master_key_read (path, MASTER_KEY_FILE, &error));
  g_assert_error (error, MASTER_KEY_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, path));
}

static void
a_file_that_is_no_key_is_refused (void)
{
  static const char *const texts[]
      = { "", "short", "zz31323334353637383961626364656630313233343536373839616263646566",
          "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZW" };
  char *path = new_path ();
  check_unfit (path, MASTER_KEY_ERROR_MISSING);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      write_key (path, texts[i]);
      check_unfit (path, MASTER_KEY_ERROR_UNFIT);
    }
  g_autofree char *long_text = g_strnfill (5000, 'a');
  write_key (path, long_text);
  check_unfit (path, MASTER_KEY_ERROR_UNFIT);
  remove_path (path);
}

static void
a_key_that_others_can_read_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  char *path = new_path ();
  g_autoptr (MasterKey) made = master_key_make (path, NULL);
  g_chmod (path, 0640);
  check_unfit (path, MASTER_KEY_ERROR_READABLE);
  g_autoptr (MasterKey) credential = master_key_read (path, MASTER_KEY_CREDENTIAL, &error);
  g_assert_no_error (error);
  g_chmod (path, 0604);
  check_unfit (path, MASTER_KEY_ERROR_READABLE);
  g_assert_null (master_key_read (path, MASTER_KEY_CREDENTIAL, NULL));
  remove_path (path);
}

static void
what_was_sealed_opens_in_its_place (void)
{
  g_autoptr (GPtrArray) masters = list_of (new_master ());
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) sealed = envelope_seal (g_ptr_array_index (masters, 0), &here, "hunter2", 7);
  g_assert_null (g_strstr_len (g_bytes_get_data (sealed, NULL), (gssize) g_bytes_get_size (sealed),
                               "hunter2"));
  g_autoptr (SecretBytes) plain = envelope_open (masters, &here, sealed, &error);
  g_assert_no_error (error);
  g_assert_cmpstr ((const char *) secret_bytes_data (plain), ==, "hunter2");
}

static void
a_sealed_text_opens_in_no_other_place (void)
{
  static const EnvelopePlace places[] = {
    { "other", "row", "instance", "CRM", "fields" },
    { "store", "rox", "instance", "CRM", "fields" },
    { "store", "row", "another", "CRM", "fields" },
    { "store", "row", "instance", "ERP", "fields" },
    { "store", "row", "instance", "CRM", "token" },
    { "store", "row", "instanc", "eCRM", "fields" },
  };
  g_autoptr (GPtrArray) masters = list_of (new_master ());
  const MasterKey *master = g_ptr_array_index (masters, 0);
  g_autoptr (GBytes) sealed = envelope_seal (master, &here, "hunter2", 7);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (envelope_open (masters, &places[i], sealed, &error));
      g_assert_error (error, ENVELOPE_ERROR, ENVELOPE_ERROR_FORGED);
      g_assert_null (envelope_rewrap (masters, master, &places[i], sealed, NULL));
    }
}

static void
any_changed_byte_is_refused (void)
{
  g_autoptr (GPtrArray) masters = list_of (new_master ());
  g_autoptr (GBytes) sealed = envelope_seal (g_ptr_array_index (masters, 0), &here, "hunter2", 7);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (sealed, &size);
  for (gsize i = 0; i <= size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (bytes, size);
      if (i < size)
        copy[i] ^= 1;
      g_autoptr (GBytes) changed = g_bytes_new (copy, i < size ? size : size - 1);
      g_assert_null (envelope_open (masters, &here, changed, NULL));
    }
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_assert_null (envelope_open (masters, &here, empty, NULL));
}

static void
a_rewrapped_text_opens_with_the_new_key_only (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) old = list_of (new_master ());
  g_autoptr (GPtrArray) new = list_of (new_master ());
  g_autoptr (GBytes) sealed = envelope_seal (g_ptr_array_index (old, 0), &here, "hunter2", 7);
  g_autoptr (GBytes) rewrapped
      = envelope_rewrap (old, g_ptr_array_index (new, 0), &here, sealed, &error);
  g_assert_no_error (error);
  g_autoptr (SecretBytes) plain = envelope_open (new, &here, rewrapped, &error);
  g_assert_no_error (error);
  g_assert_cmpstr ((const char *) secret_bytes_data (plain), ==, "hunter2");
  g_assert_null (envelope_open (old, &here, rewrapped, &error));
  g_assert_error (error, ENVELOPE_ERROR, ENVELOPE_ERROR_KEY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/envelope/" #name, name)
  ADD (a_key_that_was_made_is_read_again);
  ADD (a_key_may_be_raw_hexadecimal_or_base64);
  ADD (a_file_that_is_no_key_is_refused);
  ADD (a_key_that_others_can_read_is_refused);
  ADD (what_was_sealed_opens_in_its_place);
  ADD (a_sealed_text_opens_in_no_other_place);
  ADD (any_changed_byte_is_refused);
  ADD (a_rewrapped_text_opens_with_the_new_key_only);
  return g_test_run ();
}
