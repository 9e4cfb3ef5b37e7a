/* The cut through an object's text agrees with the parser: same members, each value's text being
 * JSON that is equal. Input that is no JSON is cut as well, which must end within it. */
#include "base/json.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint n = 0;
  g_autofree JsonMember *members = json_split_object ((const char *) data, size, &n);
  g_autoptr (json_t) whole = json_parse ((const char *) data, (gssize) size, NULL);
  if (whole == NULL || members == NULL)
    return 0;
  g_assert_cmpuint (n, ==, json_object_size (whole));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strndup (members[i].name, members[i].name_length);
      g_autoptr (json_t) value
          = json_parse (members[i].text, (gssize) members[i].text_length, NULL);
      g_assert_nonnull (value);
      g_assert_true (json_equal (value, json_object_get (whole, name)));
    }
  return 0;
}
