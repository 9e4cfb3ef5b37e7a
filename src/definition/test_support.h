/* For the tests of this room: build from text and compare every fault, word for word. */
#pragma once

#include "base/json.h"
#include "definition/definition.h"

#include <glib/gstdio.h>
#include <string.h>

static inline Version *
build_text (const char *yaml, FaultList *faults)
{
  return definition_build_text (yaml, strlen (yaml), "t.yaml", faults);
}

/* The faults of a definition as "line:column severity message [hint]" lines. */
static inline void
assert_faults (const char *yaml, const char *expected)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = build_text (yaml, faults);
  g_autofree char *text = fault_list_to_text (faults);
  g_assert_cmpstr (text, ==, expected);
  g_assert_true ((version == NULL) == (fault_list_n_errors (faults) > 0));
}

static inline Version *
build_clean (const char *yaml)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  Version *version = build_text (yaml, faults);
  g_autofree char *text = fault_list_to_text (faults);
  g_assert_cmpstr (text, ==, "");
  g_assert_nonnull (version);
  return version;
}

static inline const Script *
nth_script (const Version *version, guint index)
{
  return g_ptr_array_index (version->scripts, index);
}

static inline const Step *
nth_step (const Version *version, guint flow, guint index)
{
  return g_ptr_array_index (((Flow *) g_ptr_array_index (version->flows, flow))->steps, index);
}

static inline const Input *
find_input (const Step *step, const char *key)
{
  for (guint i = 0; i < step->inputs->len; i++)
    {
      const Input *input = g_ptr_array_index (step->inputs, i);
      if (g_strcmp0 (input->key, key) == 0)
        return input;
    }
  return NULL;
}

/* A file below a folder, its parents made. */
static inline void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_mkdir_with_parents (parent, 0700);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static inline void
remove_tree (const char *path)
{
  GDir *folder = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *entry = g_build_filename (path, name, NULL);
      remove_tree (entry);
    }
  if (folder != NULL)
    g_dir_close (folder);
  g_remove (path);
}

/* The repository's own esbuild where TENON_ESBUILD names none: its native executable in
 * node_modules. */
static inline gboolean
find_test_esbuild (void)
{
  const char *source = g_getenv ("TENON_SOURCE_DIR");
  if (g_getenv ("TENON_ESBUILD") != NULL || source == NULL)
    return g_getenv ("TENON_ESBUILD") != NULL;
  g_autofree char *scope = g_build_filename (source, "node_modules", "@esbuild", NULL);
  g_autoptr (GDir) folder = g_dir_open (scope, 0, NULL);
  const char *name = folder == NULL ? NULL : g_dir_read_name (folder);
  if (name != NULL)
    {
      g_autofree char *path = g_build_filename (scope, name, "bin", "esbuild", NULL);
      g_setenv ("TENON_ESBUILD", path, TRUE);
      return TRUE;
    }
  g_autofree char *found = g_find_program_in_path ("esbuild");
  return found != NULL;
}
