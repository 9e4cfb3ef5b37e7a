/* Versions as JSON: there and back, and whatever a deploy may send instead. */
#include "definition/test_support.h"

static Version *
load_corpus (const char *name)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autofree char *path
      = g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "tests", "definitions", name, NULL);
  return definition_build (path, TARGET_INTEGRATION, faults);
}

static void
a_version_survives_the_way_through_json (void)
{
  static const char *const names[]
      = { "order-intake.yml", "nightly-sync.yml", "shared-endpoint.yml", "version-6.yml" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (Version) version = load_corpus (names[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) json = version_to_json (version);
      g_autofree char *text = json_print (json);
      g_autoptr (json_t) parsed = json_parse (text, -1, NULL);
      g_autoptr (Version) again = version_from_json (parsed, &error);
      g_assert_no_error (error);
      g_autoptr (json_t) json_again = version_to_json (again);
      g_autofree char *text_again = json_print (json_again);
      g_assert_cmpstr (text, ==, text_again);
      g_autofree char *hash = version_hash (version);
      g_autofree char *hash_again = version_hash (again);
      g_assert_cmpstr (hash, ==, hash_again);
      g_assert_cmpuint (strlen (hash), ==, 64);
      /* What the JSON leaves out is worked out again. */
      guint last = ((Flow *) g_ptr_array_index (version->flows, 0))->steps->len - 1;
      const Step *step = nth_step (version, 0, last), *step_again = nth_step (again, 0, last);
      g_assert_true (nth_step (again, 0, 0)->is_trigger);
      g_assert_cmpstr (step_again->identifier, ==, step->identifier);
      g_assert_cmpint (step_again->is_known, ==, step->is_known);
    }
}

static void
the_hash_does_not_depend_on_the_order_of_keys (void)
{
  const char *tail = "flows: [{name: F, steps: [{name: S, code: x}]}]\n";
  g_autofree char *one = g_strconcat ("name: A\ncategory: c\nlabels: [l]\n", tail, NULL);
  g_autofree char *two = g_strconcat ("labels: [l]\ncategory: c\nname: A\n", tail, NULL);
  g_autofree char *three = g_strconcat ("labels: [m]\ncategory: c\nname: A\n", tail, NULL);
  g_autoptr (Version) a = build_clean (one), b = build_clean (two), c = build_clean (three);
  g_autofree char *x = version_hash (a), *y = version_hash (b), *z = version_hash (c);
  g_assert_cmpstr (x, ==, y);
  g_assert_cmpstr (x, !=, z);
}

static void
flows_are_found_by_name_then_stable_key (void)
{
  g_autoptr (Version) version
      = build_clean ("name: T\nflows:\n- {name: A, stableKey: B, steps: [{name: S, code: x}]}\n"
                     "- {name: B, stableKey: C, steps: [{name: S, code: x}]}\n");
  g_assert_cmpstr (version_find_flow (version, "A")->name, ==, "A");
  g_assert_cmpstr (version_find_flow (version, "B")->name, ==, "B");
  g_assert_cmpstr (version_find_flow (version, "C")->name, ==, "B");
  g_assert_null (version_find_flow (version, "D"));
}

/* A small version, with one thing in it changed. */
#define SMALL(head, var, flow, step, input, script)                                                \
  "{\"format\":1,\"name\":\"A\",\"definitionVersion\":7" head ",\"configVars\":[{\"key\":\"K\","   \
  "\"stableKey\":\"K\",\"dataType\":\"string\"" var                                                \
  "}],\"flows\":[{\"name\":\"F\",\"stableKey\":\"F\","                                             \
  "\"security\":\"unsecured\"" flow                                                                \
  ",\"steps\":[{\"name\":\"T\",\"component\":\"code\",\"action\":"                                 \
  "\"runCodeTrigger\",\"script\":0},{\"name\":\"S\",\"component\":\"x\",\"action\":\"y\"" step     \
  ",\"inputs\":[{\"key\":\"i\"" input "}]}]}],\"scripts\":[{\"name\":\"n\",\"code\":\"c\"" script  \
  "}]}"

static const struct
{
  const char *json, *error;
} hostile[] = {
  { "[]", "at \"\": an object is expected" },
  { "{}", "at \"\": format 0 is not known to this Tenon; it reads 1" },
  { "{\"format\":2}", "at \"\": format 2 is not known to this Tenon; it reads 1" },
  { "{\"format\":1}", "at \"/scripts\": an array of at most 5000 entries is expected" },
  { SMALL (",\"zzz\":1", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"\": the key \"zzz\" is not known" },
  { SMALL (",\"limits\":{\"wallMs\":1}", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"\": limit \"wallMs\" (time an execution may take) must be from 10 to 86400000 ms, not "
    "1" },
  { SMALL (",\"extra\":[]", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"\": \"extra\" must be an object" },
  { SMALL (",\"description\":\"\\u0000\"", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"\": \"description\" must be a text without NUL" },
  { SMALL ("", ",\"collectionType\":\"set\"", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/configVars/0\": \"collectionType\" is missing or has no such value" },
  { SMALL ("", ",\"pickList\":[1]", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/configVars/0\": \"pickList\" must hold only texts without NUL" },
  { SMALL ("", ",\"isRequired\":1", "", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/configVars/0\": \"isRequired\" must be a boolean" },
  { SMALL ("", "", ",\"limits\":{\"x\":1}", "", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0\": there is no limit \"x\"" },
  { SMALL ("", "", "", ",\"script\":1", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1\": \"script\" must be a whole number from 0 to 0" },
  { SMALL ("", "", "", ",\"script\":-1", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1\": \"script\" must be a whole number from 0 to 0" },
  { SMALL ("", "", "", ",\"script\":0", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1\": only a code block can have a script" },
  { SMALL ("", "", "", ",\"isTrigger\":true", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1\": the key \"isTrigger\" is not known" },
  { SMALL ("", "", "", ",\"errorConfig\":{\"onError\":\"retry\",\"maxAttempts\":6}",
           ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1/errorConfig\": \"maxAttempts\" must be a whole number from 0 to 5" },
  { SMALL ("", "", "", ",\"line\":4294967296", ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1\": \"line\" must be a whole number from 0 to 2147483647" },
  { SMALL ("", "", "", ",\"steps\":[{\"name\":\"t\",\"component\":\"x\",\"action\":\"y\"}]",
           ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0\": two steps have the identifier \"t\"" },
  { SMALL ("", "", "", ",\"steps\":[{\"name\":\"%\",\"component\":\"x\",\"action\":\"y\"}]",
           ",\"type\":\"value\",\"text\":\"\"", ""),
    "at \"/flows/0/steps/1/steps/0\": the step's name gives no identifier" },
  { SMALL ("", "", "", "", "", ""),
    "at \"/flows/0/steps/1/inputs/0\": \"type\" is missing or has no such value" },
  { SMALL ("", "", "", "", ",\"type\":\"value\"", ""),
    "at \"/flows/0/steps/1/inputs/0\": the input lacks what its type needs" },
  { SMALL ("", "", "", "", ",\"type\":\"reference\",\"path\":[]", ""),
    "at \"/flows/0/steps/1/inputs/0\": the input lacks what its type needs" },
  { SMALL ("", "", "", "", ",\"type\":\"complex\",\"json\":{}", ""),
    "at \"/flows/0/steps/1/inputs/0\": the input lacks what its type needs" },
  { SMALL ("", "", "", "",
           ",\"type\":\"template\",\"parts\":[{\"type\":\"template\",\"parts\":[]}]", ""),
    "at \"/flows/0/steps/1/inputs/0\": a template can't hold a template or a list" },
  { SMALL ("", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ",\"firstLine\":0"),
    "at \"/scripts/0\": \"firstLine\" must be a whole number from 1 to 2147483647" },
};

static void
what_is_not_a_version_is_refused_by_its_pointer (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) json = json_parse (hostile[i].json, -1, &error);
      g_assert_no_error (error);
      g_assert_null (version_from_json (json, &error));
      g_assert_error (error, VERSION_ERROR, 0);
      g_autofree char *expected
          = g_strconcat ("the version is not well-formed ", hostile[i].error, NULL);
      g_assert_true (g_str_has_prefix (error->message, expected));
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) good
      = json_parse (SMALL ("", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""), -1, NULL);
  g_autoptr (Version) version = version_from_json (good, &error);
  g_assert_no_error (error);
  g_assert_nonnull (version);
}

static void
twins_among_names_are_refused (void)
{
  static const char *const keys[] = { "flows", "configVars" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) json
          = json_parse (SMALL ("", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""), -1, NULL);
      json_t *array = json_object_get (json, keys[i]);
      json_array_append_new (array, json_deep_copy (json_array_get (array, 0)));
      g_assert_null (version_from_json (json, &error));
      g_assert_nonnull (strstr (error->message, "two "));
    }
}

static void
hostile_depth_is_refused (void)
{
  g_autoptr (json_t) json
      = json_parse (SMALL ("", "", "", "", ",\"type\":\"value\",\"text\":\"\"", ""), -1, NULL);
  json_t *step = json_array_get (
      json_object_get (json_array_get (json_object_get (json, "flows"), 0), "steps"), 1);
  json_t *input = json_array_get (json_object_get (step, "inputs"), 0);
  for (int i = 0; i < 1000; i++)
    {
      json_object_set_new (input, "name", json_pack ("{s:s, s:s}", "type", "value", "text", ""));
      input = json_object_get (input, "name");
    }
  g_autoptr (GError) error = NULL;
  g_assert_null (version_from_json (json, &error));
  g_assert_nonnull (strstr (error->message, "it nests too deep"));
}

static void
versions_are_counted (void)
{
  Version *version = build_clean ("name: T\nflows: [{name: A, steps: [{name: S, code: x}]}]\n");
  Version *same = version_ref (version);
  version_unref (version);
  g_assert_cmpstr (same->name, ==, "T");
  version_unref (same);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/version/" #name, name)
  ADD (a_version_survives_the_way_through_json);
  ADD (the_hash_does_not_depend_on_the_order_of_keys);
  ADD (flows_are_found_by_name_then_stable_key);
  ADD (what_is_not_a_version_is_refused_by_its_pointer);
  ADD (twins_among_names_are_refused);
  ADD (hostile_depth_is_refused);
  ADD (versions_are_counted);
  return g_test_run ();
}
