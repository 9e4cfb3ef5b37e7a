/* A light look at JavaScript: does it need bundling, and where does it ask for modules.
 *
 * Not a parser. Comments, strings, template literals and regular expressions
 * are stepped over well enough for code as people write it; where it errs, it
 * errs towards bundling, and the bundler's own parser decides.
 */
#pragma once

#include <glib.h>

typedef struct
{
  char *name;   /* "lodash", "./lib/dates", "node:fs" */
  gsize offset; /* of the quote, in bytes */
} JsModule;

/* The words `import` or `export` are anywhere in the text, comments included. */
gboolean js_has_module_syntax (const char *text);
/* Texts in require("…"), import "…", import("…") and … from "…" outside comments. Of JsModule. */
GPtrArray *js_find_modules (const char *text);
/* A module that Node.js has built in, with or without "node:". */
gboolean js_is_builtin (const char *name);
/* "./x", "../x", "/x": a file, not a package. */
gboolean js_is_path (const char *name);
