/* Files that commands read: code and definitions, payloads, config values. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/private.h"

#define MOST_INPUT_BYTES ((gsize) 512 << 20)

static GBytes *
read_stdin (GError **error)
{
  static gboolean is_read = FALSE;
  if (is_read)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                   "standard input (\"-\") can be given once only");
      return NULL;
    }
  is_read = TRUE;
  GByteArray *bytes = g_byte_array_new ();
  for (;;)
    {
      guint8 chunk[65536];
      gssize n = read (STDIN_FILENO, chunk, sizeof chunk);
      if (n == 0)
        return g_byte_array_free_to_bytes (bytes);
      if (n < 0 || bytes->len + (gsize) n > MOST_INPUT_BYTES)
        break;
      g_byte_array_append (bytes, chunk, (guint) n);
    }
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_IO,
               "standard input can't be read, or is larger than %zu MiB", MOST_INPUT_BYTES >> 20);
  g_byte_array_unref (bytes);
  return NULL;
}

GBytes *
input_read (const char *file, GError **error)
{
  char *contents = NULL;
  gsize length = 0;
  if (strcmp (file, "-") == 0)
    return read_stdin (error);
  if (!g_file_get_contents (file, &contents, &length, error))
    return NULL;
  return g_bytes_new_take (contents, length);
}

void
faults_print (const FaultList *faults)
{
  if (fault_list_n (faults) == 0)
    return;
  g_autofree char *text = fault_list_to_text (faults);
  print_safely (stderr, text);
}

static gboolean
has_errors (const FaultList *faults)
{
  faults_print (faults);
  return fault_list_n_errors (faults) > 0;
}

json_t *
input_load (const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = input_read (file, &error);
  if (bytes == NULL)
    {
      fprintf (stderr, "%s: error: %s\n", file, error->message);
      return NULL;
    }
  gsize length = 0;
  const char *text = g_bytes_get_data (bytes, &length);
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (json_t) json = yaml_load_json (text == NULL ? "" : text, length,
                                            strcmp (file, "-") == 0 ? "(stdin)" : file, faults);
  return has_errors (faults) ? NULL : g_steal_pointer (&json);
}

json_t *
input_load_object (const char *file, const char *what)
{
  g_autoptr (json_t) json = input_load (file);
  if (json == NULL)
    return NULL;
  if (json_is_null (json)) /* an empty file */
    return json_object ();
  if (!json_is_object (json))
    {
      fprintf (stderr, "%s:1:1: error: this is to be an object: %s\n", file, what);
      return NULL;
    }
  return g_steal_pointer (&json);
}

TargetKind
input_target_kind (const char *path, gboolean is_trigger)
{
  static const char *const code_suffixes[] = { ".js", ".cjs", ".mjs", ".ts", ".cts", ".mts" };
  for (guint i = 0; i < G_N_ELEMENTS (code_suffixes); i++)
    if (g_str_has_suffix (path, code_suffixes[i]))
      return is_trigger ? TARGET_TRIGGER : TARGET_ACTION;
  return TARGET_INTEGRATION;
}

Version *
input_build (const char *path, TargetKind kind)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = definition_build (path, kind, faults);
  return has_errors (faults) ? NULL : g_steal_pointer (&version);
}

json_t *
input_config (const Version *version, const char *file)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (json_t) given
      = file == NULL ? json_object ()
                     : input_load_object (file, "config variables by name, \"App Base URL\": …");
  if (given == NULL)
    return NULL;
  g_autoptr (json_t) config = config_values_resolve (version, given, file, CONFIG_CONNECTIONS_REQUIRED, faults);
  return has_errors (faults) ? NULL : g_steal_pointer (&config);
}
