/* JSON text without a tree. */
#include "flow/private.h"

#include <string.h>

/* RFC 8259 §7. `text` is valid UTF-8 and may hold NUL. */
void
flow_json_append_text (GString *json, const char *text, gsize length)
{
  gsize from = 0;
  g_string_append_c (json, '"');
  for (gsize i = 0; i < length; i++)
    {
      guchar c = (guchar) text[i];
      if (c >= 0x20 && c != '"' && c != '\\')
        continue;
      g_string_append_len (json, text + from, (gssize) (i - from));
      from = i + 1;
      if (c == '"' || c == '\\')
        {
          g_string_append_c (json, '\\');
          g_string_append_c (json, (char) c);
        }
      else
        g_string_append_printf (json, "\\u%04x", c);
    }
  g_string_append_len (json, text + from, (gssize) (length - from));
  g_string_append_c (json, '"');
}

/* {id, name, stableId} */
char *
flow_object_text (FlowRun *run)
{
  GString *json = g_string_new ("{\"id\":");
  flow_json_append_text (json, run->flow->stable_key, strlen (run->flow->stable_key));
  g_string_append (json, ",\"name\":");
  flow_json_append_text (json, run->flow->name, strlen (run->flow->name));
  g_string_append (json, ",\"stableId\":");
  flow_json_append_text (json, run->flow->stable_key, strlen (run->flow->stable_key));
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* spec/context.md: ISO 8601, milliseconds, UTC. */
char *
flow_iso_time (gint64 at_us)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int) (at_us % G_USEC_PER_SEC / 1000));
}
