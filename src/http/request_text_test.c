#include "base/json.h"
#include "http/request_text.h"

static json_t *
text_of (FieldList *headers, FieldList *queries, const char *fragment, const char *type)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = request_text (headers, queries, fragment, "POST", type);
  json_t *json = json_parse_bytes (text, &error);
  g_assert_no_error (error);
  return json;
}

static void
test_header_names_keep_their_case_and_repeated_ones_are_joined (void)
{
  g_autoptr (FieldList) headers = field_list_new (TRUE), queries = field_list_new (FALSE);
  field_list_add (headers, "X-Own", "a");
  field_list_add (headers, "x-OWN", "b");
  field_list_add (headers, "Cookie", "c=1");
  field_list_add (headers, "cookie", "d=2");
  field_list_add (headers, "Empty", NULL);
  g_autoptr (json_t) json = text_of (headers, queries, "", "text/csv");
  const json_t *read = json_object_get (json, "headers");
  g_assert_cmpuint (json_object_size (read), ==, 3);
  g_assert_cmpstr (json_get_string (read, "X-Own"), ==, "a, b");
  g_assert_cmpstr (json_get_string (read, "Cookie"), ==, "c=1; d=2");
  g_assert_cmpstr (json_get_string (read, "Empty"), ==, "");
  g_assert_cmpstr (json_get_string (json, "contentType"), ==, "text/csv");
}

static void
test_of_a_repeated_query_parameter_the_last_counts (void)
{
  g_autoptr (FieldList) headers = field_list_new (TRUE), queries = field_list_new (FALSE);
  field_list_add (queries, "a", "1");
  field_list_add (queries, "A", "2");
  field_list_add (queries, "a", "3");
  g_autoptr (json_t) json = text_of (headers, queries, "orders/7", NULL);
  const json_t *read = json_object_get (json, "queryParameters");
  g_assert_cmpstr (json_get_string (read, "a"), ==, "3");
  g_assert_cmpstr (json_get_string (read, "A"), ==, "2");
  g_assert_cmpstr (json_get_string (json, "pathFragment"), ==, "orders/7");
  g_assert_null (json_object_get (json, "contentType"));
}

static void
test_any_bytes_become_valid_text (void)
{
  g_autoptr (FieldList) headers = field_list_new (TRUE), queries = field_list_new (FALSE);
  field_list_add (headers, "A", "\xe4\xf6 \"quoted\" \\ \x01");
  field_list_add (queries, "b\xff", "\xc3\xbc");
  g_autoptr (json_t) json = text_of (headers, queries, "\x80", NULL);
  g_assert_cmpstr (json_get_string (json_object_get (json, "headers"), "A"), ==,
                   "\xc3\xa4\xc3\xb6 \"quoted\" \\ \x01");
  g_assert_cmpstr (json_get_string (json_object_get (json, "queryParameters"), "b\xc3\xbf"), ==,
                   "\xc3\xbc");
  g_assert_cmpstr (json_get_string (json, "pathFragment"), ==, "\xc2\x80");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/header_names_keep_their_case_and_repeated_ones_are_joined",
                   test_header_names_keep_their_case_and_repeated_ones_are_joined);
  g_test_add_func ("/http/of_a_repeated_query_parameter_the_last_counts",
                   test_of_a_repeated_query_parameter_the_last_counts);
  g_test_add_func ("/http/any_bytes_become_valid_text", test_any_bytes_become_valid_text);
  return g_test_run ();
}
