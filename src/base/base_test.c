/* Values, limits, faults, ids. */
#include "base/execution_id.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/value.h"

#include <string.h>

static Value *
value_with_part (const char *json, const char *pointer, const char *bytes)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  g_autoptr (GBytes) data = g_bytes_new (bytes, strlen (bytes));
  g_autoptr (GBytes) text = g_bytes_new (json, strlen (json));
  g_ptr_array_add (parts, binary_part_new (pointer, data));
  return value_new (text, parts);
}

static void
a_value_survives_encoding (void)
{
  g_autoptr (Value) value = value_with_part ("[null]", "/0", "bytes");
  g_autoptr (GBytes) encoded = value_encode (value);
  g_autoptr (Value) back = value_decode (encoded, NULL);
  g_assert_nonnull (back);
  g_assert_cmpuint (value_size (back), ==, 11);
  g_assert_cmpstr (value_part (back, 0)->pointer, ==, "/0");

  g_autoptr (Value) undefined = value_new_undefined ();
  g_autoptr (GBytes) nothing = value_encode (undefined);
  g_autoptr (Value) still_undefined = value_decode (nothing, NULL);
  g_assert_true (value_is_undefined (still_undefined));
}

static void
a_damaged_encoding_is_refused (void)
{
  g_autoptr (Value) value = value_with_part ("[null]", "/0", "bytes");
  g_autoptr (GBytes) encoded = value_encode (value);
  gsize size = g_bytes_get_size (encoded);
  for (gsize n = 0; n < size; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (encoded, 0, n);
      g_assert_null (value_decode (cut, &error));
      g_assert_nonnull (error);
    }
}

static void
a_binary_part_is_shown_in_its_place (void)
{
  static const struct
  {
    const char *json, *pointer, *shown;
  } rows[] = {
    { "null", "", "{\"type\":\"Buffer\",\"encoding\":\"base64\",\"data\":\"aGk=\"}" },
    { "{\"a/b\":[0,null]}", "/a~1b/1",
      "{\"a/b\":[0,{\"type\":\"Buffer\",\"encoding\":\"base64\",\"data\":\"aGk=\"}]}" },
    { "{\"x\":1}", "/nowhere/deep", "{\"x\":1}" },
    { "[1]", "/9", "[1]" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Value) value = value_with_part (rows[i].json, rows[i].pointer, "hi");
      g_autofree char *shown = value_to_json (value);
      g_assert_cmpstr (shown, ==, rows[i].shown);
    }
}

static void
a_limit_is_named_when_it_is_refused (void)
{
  Limits limits;
  g_autoptr (GError) unknown = NULL;
  g_autoptr (GError) range = NULL;
  limits_init (&limits);
  g_assert_cmpint (limits.value[LIMIT_PAYLOAD_BYTES], ==, 6 << 20);
  g_assert_true (limits_set (&limits, "wallMs", 1000, NULL));
  g_assert_cmpint (limits.value[LIMIT_WALL_MS], ==, 1000);
  g_assert_false (limits_set (&limits, "walMs", 1000, &unknown));
  g_assert_nonnull (strstr (unknown->message, "did you mean \"wallMs\""));
  g_assert_false (limits_set (&limits, "cpuMs", -1, &range));
  g_assert_nonnull (strstr (range->message, "cpuMs"));
}

static void
limits_survive_json (void)
{
  Limits limits, back;
  limits_init (&limits);
  limits.value[LIMIT_TIMERS] = 5;
  g_autoptr (json_t) json = limits_to_json (&limits);
  limits_init (&back);
  g_assert_true (limits_from_json (&back, json, NULL));
  g_assert_cmpmem (&limits, sizeof limits, &back, sizeof back);
}

static void
faults_are_shown_in_order_of_place (void)
{
  g_autoptr (FaultList) list = fault_list_new ();
  fault_list_add (list, FAULT_ERROR, "a.yaml", 9, 2, "/flows/0", NULL, "later");
  fault_list_add (list, FAULT_WARNING, "a.yaml", 3, 1, NULL, "do this", "unknown key \"x\"");
  g_autofree char *text = fault_list_to_text (list);
  g_assert_cmpstr (text, ==,
                   "a.yaml:3:1: warning: unknown key \"x\"\n  do this\n"
                   "a.yaml:9:2: error: later\n");
  g_assert_cmpuint (fault_list_n_errors (list), ==, 1);
}

static void
a_misspelt_word_gets_a_suggestion (void)
{
  static const char *const words[] = { "description", "steps", "name", NULL };
  g_assert_cmpstr (fault_suggest ("desciption", words), ==, "description");
  g_assert_cmpstr (fault_suggest ("Setps", words), ==, "steps");
  g_assert_null (fault_suggest ("flavour", words));
}

static void
ids_are_valid_and_sort_by_time (void)
{
  ExecutionId first, second;
  execution_id_make (&first);
  g_usleep (2000);
  execution_id_make (&second);
  g_assert_true (execution_id_is_valid (first.text));
  g_assert_cmpint (first.text[14], ==, '7');
  g_assert_cmpstr (first.text, <, second.text);
  g_assert_false (execution_id_is_valid ("0189-x"));
  g_assert_false (execution_id_is_valid ("0189F0A0-0000-7000-8000-000000000000"));
}

static void
json_errors_have_a_place (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (json_parse ("{\n  \"a\": ]", -1, &error));
  g_assert_true (g_str_has_prefix (error->message, "line 2, column"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/base/" #name, name)
  ADD (a_value_survives_encoding);
  ADD (a_damaged_encoding_is_refused);
  ADD (a_binary_part_is_shown_in_its_place);
  ADD (a_limit_is_named_when_it_is_refused);
  ADD (limits_survive_json);
  ADD (faults_are_shown_in_order_of_place);
  ADD (a_misspelt_word_gets_a_suggestion);
  ADD (ids_are_valid_and_sort_by_time);
  ADD (json_errors_have_a_place);
  return g_test_run ();
}
