/* Each block goes one of two ways. Plain CommonJS that asks only for Node.js
 * built-ins is taken as it is: no subprocess, and the engine sees the author's
 * own text. TypeScript, ES modules and code with imports go through esbuild.
 * Syntax errors of plain blocks are found by the engine, when a worker loads
 * the version. */
#include "definition/code_set.h"

#include "definition/bundler.h"
#include "definition/js_scan.h"
#include "definition/model.h"
#include "definition/scalar_map.h"
#include "definition/type_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CODE_BYTES ((gsize) 4 << 20)
#define MAX_INLINE_BUNDLES 200

typedef struct
{
  char *name; /* of the script */
  char *step;
  const Node *node; /* inline, else NULL */
  char *pointer; /* JSON pointer of the place that names it, for faults without one of their own */
  guint line, column;
  char *text; /* of a file; an inline block's is node->text */
  Script *script;
} Block;

struct CodeSet
{
  char *root; /* links resolved */
  char *name;
  GPtrArray *blocks; /* of Block */
  CodeWork work;
};

typedef struct
{
  CodeSet *set;
  Reporter *reporter;
  const Document *document;
} Compile;

static void
block_free (gpointer data)
{
  Block *block = data;
  g_free (block->name);
  g_free (block->step);
  g_free (block->pointer);
  g_free (block->text);
  g_clear_pointer (&block->script, script_free);
  g_free (block);
}

CodeSet *
code_set_new (const char *root, const char *name)
{
  CodeSet *set = g_new0 (CodeSet, 1);
  char *resolved = root == NULL ? NULL : realpath (root, NULL);
  set->root = g_strdup (resolved);
  set->name = g_strdup (name);
  set->blocks = g_ptr_array_new_with_free_func (block_free);
  free (resolved);
  return set;
}

void
code_set_free (CodeSet *set)
{
  g_ptr_array_unref (set->blocks);
  g_free (set->root);
  g_free (set->name);
  g_free (set);
}

void
code_set_choose_work (CodeSet *set, CodeWork work)
{
  set->work = work;
}

static Block *
add_block (CodeSet *set, const At *at, const char *name, const char *step)
{
  Block *block = g_new0 (Block, 1);
  block->name = g_strdup (name);
  block->step = g_strdup (step);
  block->pointer = at_pointer (at);
  block->line = at->node->line;
  block->column = at->node->column;
  g_ptr_array_add (set->blocks, block);
  return block;
}

int
code_set_add_inline (CodeSet *set, const At *text, const char *step)
{
  for (guint i = 0; i < set->blocks->len; i++)
    if (((Block *) g_ptr_array_index (set->blocks, i))->node == text->node)
      return (int) i;
  add_block (set, text, set->name, step)->node = text->node;
  return (int) set->blocks->len - 1;
}

/* Files. */

static gboolean
has_code_suffix (const char *path)
{
  static const char *const suffixes[] = { ".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", NULL };
  for (guint i = 0; suffixes[i] != NULL; i++)
    if (g_str_has_suffix (path, suffixes[i]))
      return TRUE;
  return FALSE;
}

/* The path below the root, its links resolved; NULL with *problem. */
static char *
resolve_inside (CodeSet *set, const char *path, const char **problem)
{
  g_autofree char *full = g_canonicalize_filename (path, set->root);
  g_autofree char *prefix = g_str_has_suffix (set->root, "/") ? g_strdup (set->root)
                                                              : g_strconcat (set->root, "/", NULL);
  *problem = NULL;
  if (g_path_is_absolute (path))
    *problem = "is an absolute path; write it from the folder of the definition";
  else if (!g_str_has_prefix (full, prefix))
    *problem = "leads out of the integration's folder";
  else if (!has_code_suffix (path))
    *problem = "is no code file: .js, .cjs, .mjs, .ts, .cts or .mts";
  if (*problem != NULL)
    return NULL;
  char *resolved = realpath (full, NULL);
  char *inside = resolved != NULL && g_str_has_prefix (resolved, prefix)
                     ? g_strdup (resolved + strlen (prefix))
                     : NULL;
  if (resolved == NULL)
    *problem = errno == ENOENT || errno == ENOTDIR ? "does not exist" : "can't be reached";
  else if (inside == NULL)
    *problem = "is a link that leads out of the integration's folder";
  free (resolved);
  return inside;
}

/* The text, a byte order mark removed; NULL with *problem. */
static char *
read_code (const char *root, const char *path, const char **problem)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  g_autofree char *text = NULL;
  gsize length;
  struct stat info;

  *problem = NULL;
  if (stat (full, &info) != 0 || !S_ISREG (info.st_mode))
    *problem = "is not a regular file";
  else if ((gsize) info.st_size > MAX_CODE_BYTES)
    *problem = "has more than 4 MiB";
  else if (!g_file_get_contents (full, &text, &length, NULL))
    *problem = "can't be read";
  else if (!g_utf8_validate_len (text, length, NULL))
    *problem = "is not UTF-8 text";
  if (*problem != NULL)
    return NULL;
  return g_strdup (g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text);
}

int
code_set_add_file (CodeSet *set, Reporter *reporter, const At *path, const char *step)
{
  const char *written = node_text (path->node), *problem = NULL;
  if (written == NULL || *written == '\0' || set->root == NULL)
    {
      report (reporter, FAULT_ERROR, path,
              set->root == NULL ? "put the code into the definition" : NULL,
              set->root == NULL
                  ? "code files can't be read here: the definition came without its folder"
                  : "\"file\" must be the path of a code file");
      return -1;
    }
  g_autofree char *name = resolve_inside (set, written, &problem);
  for (guint i = 0; name != NULL && i < set->blocks->len; i++)
    {
      const Block *block = g_ptr_array_index (set->blocks, i);
      if (block->node == NULL && strcmp (block->name, name) == 0)
        return (int) i;
    }
  g_autofree char *text = name == NULL ? NULL : read_code (set->root, name, &problem);
  if (text == NULL)
    {
      report (reporter, FAULT_ERROR, path, NULL, "the code file \"%s\" %s", written, problem);
      return -1;
    }
  add_block (set, path, name, step)->text = g_steal_pointer (&text);
  return (int) set->blocks->len - 1;
}

/* Which way. */

static gboolean
asks_for_files (const char *text)
{
  g_autoptr (GPtrArray) modules = js_find_modules (text);
  for (guint i = 0; i < modules->len; i++)
    if (!js_is_builtin (((JsModule *) g_ptr_array_index (modules, i))->name))
      return TRUE;
  return FALSE;
}

static const char *
block_text (const Block *block)
{
  return block->node != NULL ? node_text (block->node) : block->text;
}

static gboolean
needs_bundler (const Block *block)
{
  const char *text = block_text (block);
  if (block->node == NULL && !g_str_has_suffix (block->name, ".js")
      && !g_str_has_suffix (block->name, ".cjs"))
    return TRUE;
  return js_has_module_syntax (text) || asks_for_files (text);
}

static Script *
make_script (const Block *block)
{
  Script *script = script_new ();
  script->name = g_strdup (block->name);
  script->step = g_strdup (block->step);
  return script;
}

/* A text that is folded or escaped in the file gets a map back to it. */
static Script *
plain_script (const Compile *compile, const Block *block)
{
  Script *script = make_script (block);
  script->code = g_strdup (block_text (block));
  if (block->node != NULL
      && !scalar_is_verbatim (compile->document, block->node, &script->first_line,
                              &script->first_column))
    {
      script->first_line = 1;
      script->first_column = 0;
      script->source_map = scalar_source_map (compile->document, block->node, block->name);
    }
  return script;
}

/* Bundling. */

static Bundle *
make_bundle (const Compile *compile, Block *block)
{
  Bundle *bundle = g_new0 (Bundle, 1);
  bundle->name = g_strdup (block->name);
  bundle->owner = block;
  if (block->node == NULL)
    return bundle;
  /* esbuild composes its map with this one: errors then show the line of the definition. */
  g_autofree char *map = scalar_source_map (compile->document, block->node, block->name);
  g_autofree char *base64 = g_base64_encode ((const guchar *) map, strlen (map));
  bundle->text
      = g_strconcat (block_text (block), "\n//# sourceMappingURL=data:application/json;base64,",
                     base64, "\n", NULL);
  return bundle;
}

static const Block *
find_file_block (const CodeSet *set, const char *name)
{
  for (guint i = 0; i < set->blocks->len; i++)
    {
      const Block *block = g_ptr_array_index (set->blocks, i);
      if (block->node == NULL && strcmp (block->name, name) == 0)
        return block;
    }
  return NULL;
}

/* The line of a text, without its line break. */
static const char *
text_line (const char *text, guint line, gsize *length)
{
  for (guint n = 1; n < line && text != NULL; n++)
    {
      text = strchr (text, '\n');
      text = text == NULL ? NULL : text + 1;
    }
  *length = text == NULL ? 0 : strcspn (text, "\r\n");
  return text;
}

/* As the reporter shows the definition: its folder, then the file. */
static char *
shown_path (const Reporter *reporter, const char *file)
{
  g_autofree char *folder = g_path_get_dirname (reporter->file);
  return strcmp (folder, ".") == 0 ? g_strdup (file) : g_build_filename (folder, file, NULL);
}

#define EXCERPT_MOST_CHARS 120

static char *
make_hint (const BundleFault *fault, const char *line, gsize length)
{
  if (line == NULL)
    return g_strdup (fault->hint);
  g_autofree char *copy = g_strndup (line, length);
  g_strstrip (copy);
  if (g_utf8_strlen (copy, -1) > EXCERPT_MOST_CHARS)
    *g_utf8_offset_to_pointer (copy, EXCERPT_MOST_CHARS) = '\0';
  if (fault->hint == NULL)
    return g_strdup_printf ("the line: %s", copy);
  return g_strdup_printf ("%s; the line: %s", fault->hint, copy);
}

/* A fault in an inline block: the bundler counts lines of the block, the author those of the file.
 */
static void
report_inline (const Compile *compile, const Block *block, const BundleFault *fault)
{
  gsize length;
  const char *text = block_text (block), *line = text_line (text, fault->line, &length);
  g_autofree char *hint = make_hint (fault, line, length);
  gsize offset = line == NULL ? 0 : (gsize) (line - text) + MIN (fault->column_bytes, length);
  TextPlace place = scalar_place (compile->document, block->node, offset);
  fault_list_add (compile->reporter->faults, fault->is_error ? FAULT_ERROR : FAULT_WARNING,
                  compile->reporter->file, place.line, place.column, block->pointer, hint, "%s",
                  fault->message);
}

static void
report_file (const Compile *compile, const BundleFault *fault)
{
  const Block *block = find_file_block (compile->set, fault->file);
  const char *problem;
  g_autofree char *read = block != NULL ? g_strdup (block->text)
                                        : read_code (compile->set->root, fault->file, &problem);
  gsize length = 0;
  const char *line = read == NULL ? NULL : text_line (read, fault->line, &length);
  g_autofree char *hint = make_hint (fault, fault->line > 0 ? line : NULL, length);
  g_autofree char *shown = shown_path (compile->reporter, fault->file);
  guint column = line == NULL || fault->line == 0
                     ? fault->column_bytes
                     : (guint) g_utf8_strlen (line, (gssize) MIN (fault->column_bytes, length));
  fault_list_add (compile->reporter->faults, fault->is_error ? FAULT_ERROR : FAULT_WARNING, shown,
                  fault->line, fault->line > 0 ? column + 1 : 0,
                  block == NULL ? NULL : block->pointer, hint, "%s", fault->message);
}

static void
on_bundle_fault (const BundleFault *fault, gpointer user_data)
{
  const Compile *compile = user_data;
  Reporter *reporter = compile->reporter;
  if (reporter->n_reported >= REPORT_MOST_FAULTS)
    {
      reporter->n_dropped[fault->is_error ? FAULT_ERROR : FAULT_WARNING]++;
      return;
    }
  reporter->n_reported++;
  if (fault->bundle != NULL
      && (fault->file == NULL || strcmp (fault->file, fault->bundle->name) == 0))
    report_inline (compile, fault->bundle->owner, fault);
  else if (fault->file != NULL)
    report_file (compile, fault);
  else
    fault_list_add (reporter->faults, fault->is_error ? FAULT_ERROR : FAULT_WARNING, reporter->file,
                    0, 0, NULL, fault->hint, "%s", fault->message);
}

/* esbuild is missing or broken: said once, at the first block that needs it. */
static void
report_no_bundler (const Compile *compile, const GPtrArray *bundles, const GError *error)
{
  const Block *block = ((Bundle *) g_ptr_array_index (bundles, 0))->owner;
  fault_list_add (
      compile->reporter->faults, FAULT_ERROR, compile->reporter->file, block->line, block->column,
      block->pointer, NULL,
      "the code of step \"%s\" uses TypeScript, modules or imports and must be bundled: "
      "%s",
      block->step, error->message);
}

static gboolean
check_bundles (const Compile *compile, const GPtrArray *bundles)
{
  guint n_inline = 0;
  for (guint i = 0; i < bundles->len; i++)
    n_inline += ((Bundle *) g_ptr_array_index (bundles, i))->text != NULL;
  if (n_inline <= MAX_INLINE_BUNDLES)
    return TRUE;
  fault_list_add (compile->reporter->faults, FAULT_ERROR, compile->reporter->file, 0, 0, NULL,
                  "move their code to files: code: {file: …}",
                  "%u inline code blocks use modules or imports; at most %d may", n_inline,
                  MAX_INLINE_BUNDLES);
  return FALSE;
}

static void
compile_bundles (const Compile *compile, GPtrArray *bundles, PackageBundle *packages)
{
  g_autoptr (GError) error = NULL;
  if (bundles->len == 0 || !check_bundles (compile, bundles))
    return;
  if (!bundler_run (compile->set->root, bundles, on_bundle_fault, (gpointer) compile, packages,
                    &error))
    {
      report_no_bundler (compile, bundles, error);
      return;
    }
  for (guint i = 0; i < bundles->len; i++)
    {
      Bundle *bundle = g_ptr_array_index (bundles, i);
      Block *block = bundle->owner;
      if (bundle->code == NULL)
        continue;
      block->script = make_script (block);
      block->script->code = g_steal_pointer (&bundle->code);
      block->script->source_map = g_steal_pointer (&bundle->source_map);
    }
}

static void
take_packages (PackageBundle *packages, Version *version)
{
  if (packages->code == NULL)
    return;
  Script *script = version->packages = script_new ();
  script->name = g_strdup (PACKAGES_SCRIPT_NAME);
  script->step = g_strdup ("");
  script->code = g_steal_pointer (&packages->code);
  script->source_map = g_steal_pointer (&packages->source_map);
  version->package_list = g_steal_pointer (&packages->list);
}

/* Types. */

static void
check_types (const Compile *compile, const Version *version)
{
  Reporter *reporter = compile->reporter;
  const CodeSet *set = compile->set;
  g_autoptr (GPtrArray) bundles = g_ptr_array_new_with_free_func ((GDestroyNotify) bundle_free);
  g_autoptr (GError) error = NULL;
  if (set->root == NULL || fault_list_n_errors (reporter->faults) > 0
      || !type_check_has_work (set->root, version))
    return;
  for (guint i = 0; i < set->blocks->len; i++)
    {
      Block *block = g_ptr_array_index (set->blocks, i);
      Bundle *bundle = g_new0 (Bundle, 1);
      bundle->name = g_strdup (block->name);
      bundle->text = block->node == NULL ? NULL : g_strdup (block_text (block));
      bundle->owner = block;
      g_ptr_array_add (bundles, bundle);
    }
  if (!type_check (set->root, version, bundles, on_bundle_fault, (gpointer) compile, &error))
    fault_list_add (reporter->faults, FAULT_WARNING, reporter->file, 0, 0, NULL,
                    "--no-types leaves them out", "the types of the code were not checked: %s", error->message);
}

void
code_set_compile (CodeSet *set, Reporter *reporter, const Document *document, Version *version)
{
  Compile compile = { set, reporter, document };
  PackageBundle packages = { 0 };
  g_autoptr (GPtrArray) bundles = g_ptr_array_new_with_free_func ((GDestroyNotify) bundle_free);
  gboolean uses_context = FALSE;
  for (guint i = 0; i < set->blocks->len; i++)
    uses_context |= bundler_uses_context (block_text (g_ptr_array_index (set->blocks, i)));
  for (guint i = 0; i < set->blocks->len; i++)
    {
      Block *block = g_ptr_array_index (set->blocks, i);
      if (set->work != CODE_AS_WRITTEN && (uses_context || needs_bundler (block)))
        g_ptr_array_add (bundles, make_bundle (&compile, block));
      else
        block->script = plain_script (&compile, block);
    }
  compile_bundles (&compile, bundles, &packages);
  take_packages (&packages, version);
  package_bundle_clear (&packages);
  for (guint i = 0; i < set->blocks->len; i++)
    {
      Block *block = g_ptr_array_index (set->blocks, i);
      if (block->script != NULL)
        g_ptr_array_add (version->scripts, g_steal_pointer (&block->script));
    }  if (set->work == CODE_CHECKED)
    check_types (&compile, version);
}
