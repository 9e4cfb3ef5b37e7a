#include "definition/js_scan.h"

#include <string.h>

static const char *const builtins[] = {
  "assert",
  "assert/strict",
  "async_hooks",
  "buffer",
  "child_process",
  "cluster",
  "console",
  "constants",
  "crypto",
  "dgram",
  "diagnostics_channel",
  "dns",
  "dns/promises",
  "domain",
  "events",
  "fs",
  "fs/promises",
  "http",
  "http2",
  "https",
  "inspector",
  "inspector/promises",
  "module",
  "net",
  "os",
  "path",
  "path/posix",
  "path/win32",
  "perf_hooks",
  "process",
  "punycode",
  "querystring",
  "readline",
  "readline/promises",
  "repl",
  "stream",
  "stream/consumers",
  "stream/promises",
  "stream/web",
  "string_decoder",
  "sys",
  "timers",
  "timers/promises",
  "tls",
  "trace_events",
  "tty",
  "url",
  "util",
  "util/types",
  "v8",
  "vm",
  "wasi",
  "worker_threads",
  "zlib",
  NULL,
};

gboolean
js_is_builtin (const char *name)
{
  /* node:test, node:sqlite and the like exist only with the prefix. */
  if (g_str_has_prefix (name, "node:"))
    return TRUE;
  return g_strv_contains (builtins, name);
}

gboolean
js_is_path (const char *name)
{
  return *name == '/' || g_str_has_prefix (name, "./") || g_str_has_prefix (name, "../")
         || strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '$' || ((guchar) c & 0x80) != 0;
}

static gboolean
has_word (const char *text, const char *word)
{
  gsize length = strlen (word);
  for (const char *p = text; (p = strstr (p, word)) != NULL; p += length)
    if ((p == text || !is_word (p[-1])) && !is_word (p[length]))
      return TRUE;
  return FALSE;
}

gboolean
js_has_module_syntax (const char *text)
{
  return has_word (text, "import") || has_word (text, "export");
}

/* The last things seen, so far as they tell a module's name from any other string, and a regular
 * expression from a division. */
typedef struct
{
  const char *text, *p;
  char last;         /* the last character that was not white space; a word's is 'w' */
  char word[12];     /* the last word, if it is a short one */
  gboolean is_call;  /* behind `require(` or `import(` */
  GArray *templates; /* open ${ in template literals: depth of braces */
  guint braces;
  GPtrArray *modules;
} Scanner;

static void
module_free (gpointer data)
{
  JsModule *module = data;
  g_free (module->name);
  g_free (module);
}

static void
skip_comment (Scanner *scanner)
{
  const char *end
      = scanner->p[1] == '/' ? strchr (scanner->p, '\n') : strstr (scanner->p + 2, "*/");
  if (end == NULL)
    end = scanner->p + strlen (scanner->p);
  else if (scanner->p[1] == '*')
    end += 2;
  scanner->p = end;
}

/* Behind the closing quote, or at the end of the line or text. */
static const char *
string_end (const char *p)
{
  char quote = *p++;
  while (*p != '\0' && *p != quote && *p != '\n')
    p += *p == '\\' && p[1] != '\0' ? 2 : 1;
  return *p == quote ? p + 1 : p;
}

static gboolean
is_module_place (const Scanner *scanner)
{
  if (scanner->is_call)
    return TRUE;
  return scanner->last == 'w'
         && (strcmp (scanner->word, "from") == 0 || strcmp (scanner->word, "import") == 0);
}

static void
read_string (Scanner *scanner)
{
  const char *end = string_end (scanner->p);
  if (is_module_place (scanner) && end - scanner->p >= 2)
    {
      JsModule *module = g_new (JsModule, 1);
      module->name = g_strndup (scanner->p + 1, (gsize) (end - scanner->p) - 2);
      module->offset = (gsize) (scanner->p - scanner->text);
      g_ptr_array_add (scanner->modules, module);
    }
  scanner->p = end;
  scanner->last = '"';
}

/* Through text up to the closing backtick or the next ${. */
static void
read_template (Scanner *scanner)
{
  for (; *scanner->p != '\0' && *scanner->p != '`'; scanner->p++)
    if (*scanner->p == '\\' && scanner->p[1] != '\0')
      scanner->p++;
    else if (scanner->p[0] == '$' && scanner->p[1] == '{')
      {
        scanner->p += 2;
        g_array_append_val (scanner->templates, scanner->braces);
        scanner->last = '{';
        return;
      }
  scanner->p += *scanner->p == '`';
  scanner->last = '"';
}

static gboolean
regex_may_begin (const Scanner *scanner)
{
  static const char *const words[] = { "return", "typeof", "case",  "in",   "of", "delete",
                                       "void",   "throw",  "await", "else", NULL };
  if (scanner->last == 'w')
    return g_strv_contains (words, scanner->word);
  return strchr (")]}\"", scanner->last) == NULL || scanner->last == '\0';
}

static void
skip_regex (Scanner *scanner)
{
  gboolean in_class = FALSE;
  const char *p = scanner->p + 1;
  for (; *p != '\0' && *p != '\n' && (in_class || *p != '/'); p++)
    if (*p == '\\' && p[1] != '\0' && p[1] != '\n')
      p++;
    else if (*p == '[' || *p == ']')
      in_class = *p == '[';
  scanner->p = *p == '/' ? p + 1 : scanner->p + 1;
  scanner->last = '"';
}

static void
read_word (Scanner *scanner)
{
  gsize length = 0;
  gboolean is_member = scanner->last == '.';
  while (is_word (scanner->p[length]))
    length++;
  /* x.require("…") is somebody else's function. */
  g_strlcpy (scanner->word, is_member ? "" : scanner->p,
             MIN (sizeof scanner->word, is_member ? 1 : length + 1));
  if (length >= sizeof scanner->word)
    scanner->word[0] = '\0';
  scanner->p += length;
  scanner->last = 'w';
}

static void
read_mark (Scanner *scanner)
{
  char c = *scanner->p++;
  gboolean is_call
      = c == '(' && scanner->last == 'w'
        && (strcmp (scanner->word, "require") == 0 || strcmp (scanner->word, "import") == 0);
  scanner->is_call = is_call;
  scanner->last = c;
  if (c == '{')
    scanner->braces++;
  else if (c == '}')
    {
      guint n = scanner->templates->len;
      if (n > 0 && g_array_index (scanner->templates, guint, n - 1) == scanner->braces)
        {
          g_array_set_size (scanner->templates, n - 1);
          read_template (scanner);
        }
      else if (scanner->braces > 0)
        scanner->braces--;
    }
  else if (c == '`')
    read_template (scanner);
}

static void
scan_one (Scanner *scanner)
{
  char c = *scanner->p;
  if (g_ascii_isspace (c))
    scanner->p++;
  else if (c == '/' && (scanner->p[1] == '/' || scanner->p[1] == '*'))
    skip_comment (scanner);
  else if (is_word (c))
    {
      read_word (scanner);
      scanner->is_call = FALSE;
    }
  else if (c == '"' || c == '\'')
    {
      read_string (scanner);
      scanner->is_call = FALSE;
    }
  else if (c == '/' && regex_may_begin (scanner))
    skip_regex (scanner);
  else
    read_mark (scanner);
}

GPtrArray *
js_find_modules (const char *text)
{
  Scanner scanner
      = { .text = text, .p = text, .modules = g_ptr_array_new_with_free_func (module_free) };
  scanner.templates = g_array_new (FALSE, FALSE, sizeof (guint));
  while (*scanner.p != '\0')
    scan_one (&scanner);
  g_array_unref (scanner.templates);
  return scanner.modules;
}
