#include "dispatch/json_scan.h"

#include <string.h>

typedef struct
{
  const char *text;
  gboolean is_json;
} Row;

/* RFC 8259, sections 2 to 8. */
static const Row rows[] = {
  { "{}", TRUE },
  { "[]", TRUE },
  { " [ 1 , 2 ] \n", TRUE },
  { "{\"a\":{\"b\":[true,false,null]},\"c\":\"\"}", TRUE },
  { "\"text\"", TRUE },
  { "0", TRUE },
  { "-0", TRUE },
  { "-1.5e+10", TRUE },
  { "1E5", TRUE },
  { "123456789012345678901234567890", TRUE },
  { "1e999", TRUE },
  { "\"\\ud800\"", TRUE }, /* a lone surrogate as an escape: JSON.parse takes it */
  { "{\"a\":1,\"a\":2}", TRUE },
  { "\"\\u00e9\\n\\\"\"", TRUE },
  { "\"\xc3\xa9\"", TRUE },
  { "", FALSE },
  { " ", FALSE },
  { "{", FALSE },
  { "}", FALSE },
  { "[1,]", FALSE },
  { "[,1]", FALSE },
  { "{\"a\":}", FALSE },
  { "{\"a\"}", FALSE },
  { "{\"a\":1,}", FALSE },
  { "{a:1}", FALSE },
  { "{\"a\":1]", FALSE },
  { "[1}", FALSE },
  { "[1 2]", FALSE },
  { "{} {}", FALSE },
  { "01", FALSE },
  { "1.", FALSE },
  { ".5", FALSE },
  { "+1", FALSE },
  { "1e", FALSE },
  { "-", FALSE },
  { "tru", FALSE },
  { "NaN", FALSE },
  { "'a'", FALSE },
  { "\"a", FALSE },
  { "\"\t\"", FALSE },
  { "\"\\x41\"", FALSE },
  { "\"\\u12g4\"", FALSE },
  { "\"\xff\"", FALSE },
  { "\xef\xbb\xbf{}", FALSE },
};

static void
test_texts_are_told_apart (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].text);
      g_assert_cmpint (json_scan (rows[i].text, strlen (rows[i].text)), ==, rows[i].is_json);
    }
}

static void
test_a_nul_is_not_white_space (void)
{
  g_assert_false (json_scan ("1\0", 2));
  g_assert_false (json_scan ("\"\\\0\"", 4));
}

static void
test_depth_has_a_bound (void)
{
  g_autofree char *fits = g_strnfill (4000, '[');
  memset (fits + 2000, ']', 2000);
  g_assert_true (json_scan (fits, 4000));
  g_autofree char *deep = g_strnfill (4002, '[');
  memset (deep + 2001, ']', 2001);
  g_assert_false (json_scan (deep, 4002));
}

static void
test_objects_are_told_from_the_rest (void)
{
  g_assert_true (json_scan_object (" {\"a\":1}", 8));
  g_assert_false (json_scan_object ("[1]", 3));
  g_assert_false (json_scan_object ("{\"a\":1", 6));
  g_assert_false (json_scan_object ("", 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dispatch/json/texts_are_told_apart", test_texts_are_told_apart);
  g_test_add_func ("/dispatch/json/a_nul_is_not_white_space", test_a_nul_is_not_white_space);
  g_test_add_func ("/dispatch/json/depth_has_a_bound", test_depth_has_a_bound);
  g_test_add_func ("/dispatch/json/objects_are_told_from_the_rest",
                   test_objects_are_told_from_the_rest);
  return g_test_run ();
}
