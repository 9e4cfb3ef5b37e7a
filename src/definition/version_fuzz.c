/* Whatever JSON a deploy brings as a version. */
#include "base/json.h"
#include "definition/version.h"

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) json = json_parse ((const char *) data, (gssize) size, NULL);
  if (json == NULL)
    return 0;
  g_autoptr (Version) version = version_from_json (json, &error);
  g_assert_true ((version == NULL) == (error != NULL));
  if (version == NULL)
    return 0;
  g_autoptr (json_t) written = version_to_json (version);
  g_autoptr (Version) again = version_from_json (written, &error);
  g_assert_no_error (error);
  g_autofree char *hash = version_hash (version), *hash_again = version_hash (again);
  g_assert_cmpstr (hash, ==, hash_again);
  return 0;
}
