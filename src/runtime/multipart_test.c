#include "runtime/multipart.h"

#include <string.h>

static const char type[] = "multipart/form-data; boundary=\"b b\"";

static GPtrArray *
parse (const char *content_type, const char *text, char **message)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  return multipart_parse (body, content_type, message);
}

static void
assert_part (GPtrArray *parts, guint index, const char *name, const char *file_name,
             const char *part_type, const char *data)
{
  const MultipartPart *part = parts->pdata[index];
  gsize length;
  const char *bytes = g_bytes_get_data (part->data, &length);
  g_assert_cmpstr (part->name, ==, name);
  g_assert_cmpstr (part->file_name, ==, file_name);
  g_assert_cmpstr (part->type, ==, part_type);
  g_assert_cmpmem (bytes, length, data, strlen (data));
}

static void
test_parts_are_read_in_order (void)
{
  g_autofree char *message = NULL;
  g_autoptr (GPtrArray) parts = parse (
      type,
      "a preamble\r\n--b b\r\nContent-Disposition: form-data; name=\"one\"\r\n\r\n1\r\n"
      "--b b  \r\ncontent-type: text/csv\r\nCONTENT-DISPOSITION: form-data; "
      "filename=\"a;\\\"b.csv\"; name=two\r\n\r\nx,y\r\n--b\r\n"
      "--b b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--b b--\r\nan epilogue",
      &message);
  g_assert_cmpstr (message, ==, NULL);
  g_assert_cmpuint (parts->len, ==, 3);
  assert_part (parts, 0, "one", NULL, NULL, "1");
  assert_part (parts, 1, "two", "a;\"b.csv", "text/csv", "x,y\r\n--b");
  assert_part (parts, 2, "", NULL, NULL, "");
}

static void
test_a_parameter_is_not_found_inside_another (void)
{
  g_autofree char *message = NULL;
  g_autoptr (GPtrArray) parts
      = parse ("multipart/form-data; x=\"; boundary=no\"; boundary=yes",
               "--yes\r\nContent-Disposition: form-data; filename=\"; name=a\"; name=\"b\"\r\n\r\n"
               "c\r\n--yes--",
               &message);
  g_assert_cmpstr (message, ==, NULL);
  assert_part (parts, 0, "b", "; name=a", NULL, "c");
}

static void
test_a_broken_body_is_refused_with_the_reason (void)
{
#define HEAD "Content-Disposition: form-data; name=\"a\"\r\n\r\n"
  static const struct
  {
    const char *content_type, *body, *reason;
  } cases[] = {
    { "multipart/form-data", "x", "no boundary" },
    { "multipart/form-data; boundary=", "x", "no boundary" },
    { "multipart/form-data; xboundary=b", "--b--", "no boundary" },
    { "multipart/form-data; "
      "boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "x", "no boundary" },
    { type, "", "empty" },
    { type, "no boundary at all", "does not occur" },
    { type, "--b b\r\n" HEAD "x", "last boundary" },
    { type, "--b b\r\n" HEAD "x\r\n--b b", "does not end its line" },
    { type, "--b b\r\n" HEAD "x\r\n--b bx", "does not end its line" },
    { type, "--b b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b b--", "no name" },
    { type, "--b b\r\nX: y\r\n\r\nx\r\n--b b--", "no name" },
    { type, "--b b\r\nX: y", "header has no end" },
    { type, "--b b", "does not end its line" },
  };
#undef HEAD
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *message = NULL;
      g_test_message ("case %u", i);
      g_assert_null (parse (cases[i].content_type, cases[i].body, &message));
      g_assert_nonnull (strstr (message, cases[i].reason));
    }
}

static void
test_parts_are_bounded (void)
{
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *message = NULL;
  for (guint i = 0; i < 1001; i++)
    g_string_append (many, "--b b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n");
  g_string_append (many, "--b b--");
  g_assert_null (parse (type, many->str, &message));
  g_assert_nonnull (strstr (message, "more than 1000 parts"));

  g_autofree char *filler = g_strnfill (20000, 'x');
  g_autofree char *long_header = g_strconcat ("--b b\r\nX: ", filler, "\r\n\r\nx\r\n--b b--", NULL);
  g_clear_pointer (&message, g_free);
  g_assert_null (parse (type, long_header, &message));
  g_assert_nonnull (strstr (message, "header has no end"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/runtime/multipart/parts_are_read_in_order", test_parts_are_read_in_order);
  g_test_add_func ("/runtime/multipart/a_parameter_is_not_found_inside_another",
                   test_a_parameter_is_not_found_inside_another);
  g_test_add_func ("/runtime/multipart/a_broken_body_is_refused_with_the_reason",
                   test_a_broken_body_is_refused_with_the_reason);
  g_test_add_func ("/runtime/multipart/parts_are_bounded", test_parts_are_bounded);
  return g_test_run ();
}
