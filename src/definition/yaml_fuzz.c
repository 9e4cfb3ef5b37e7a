/* Whatever text an API call brings as a definition, a config file or a payload. */
#include "base/json.h"
#include "definition/definition.h"

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  /* No subprocess for each input: blocks that need bundling end in an error. */
  g_setenv ("TENON_ESBUILD", "/nonexistent", TRUE);
  return 0;
}

/* A version that was built can be written, read back and given config values. */
static void
use_version (const Version *version, FaultList *faults)
{
  g_autoptr (json_t) json = version_to_json (version);
  g_autoptr (GError) error = NULL;
  g_autoptr (Version) again = version_from_json (json, &error);
  if (again == NULL)
    g_error ("a version that was built is not read back: %s", error->message);
  g_autofree char *hash = version_hash (version), *hash_again = version_hash (again);
  g_assert_cmpstr (hash, ==, hash_again);
  guint errors = fault_list_n_errors (faults);
  g_autoptr (json_t) values = config_values_resolve (version, NULL, "c", CONFIG_CONNECTIONS_REQUIRED, faults);
  g_assert_true ((values == NULL) == (fault_list_n_errors (faults) > errors));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version
      = definition_build_text ((const char *) data, size, "integration.yaml", faults);
  g_assert_true ((version == NULL) == (fault_list_n_errors (faults) > 0));
  if (version != NULL)
    use_version (version, faults);
  g_autofree char *text = fault_list_to_text (faults);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  guint errors = fault_list_n_errors (faults);
  g_autoptr (json_t) json = yaml_load_json ((const char *) data, size, "data", faults);
  g_assert_true ((json == NULL) == (fault_list_n_errors (faults) > errors));
  return 0;
}
