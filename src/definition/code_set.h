/* The code blocks of a definition: collected while the model is built, then
 * turned into scripts all at once (several files are bundled in one run of
 * esbuild). */
#pragma once

#include "definition/report.h"
#include "definition/version.h"

typedef struct CodeSet CodeSet;

/* `root`: the integration's folder, or NULL where there are no files (definition_build_text).
 * `name`: the definition file's own name, relative to root, for scripts of inline blocks. */
CodeSet *code_set_new (const char *root, const char *name);
void code_set_free (CodeSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CodeSet, code_set_free)

/* Both return the index of the script. The same file or node twice is one script. */
int code_set_add_inline (CodeSet *set, const At *text, const char *step);
/* Reports a path that is not allowed or can't be read, and returns -1. */
int code_set_add_file (CodeSet *set, Reporter *reporter, const At *path, const char *step);

typedef enum
{
  CODE_BUNDLED,    /* scripts that the engine takes */
  CODE_CHECKED,    /* the same, and where there are no other errors the code's types are checked */
  CODE_AS_WRITTEN, /* the authors' texts in place of scripts: not to be run */
} CodeWork;

/* What code_set_compile() does; CODE_BUNDLED if nothing else is said. */
void code_set_choose_work (CodeSet *set, CodeWork work);

/* Appends a Script for each block to version->scripts in order, and sets its packages; where there
 * are errors, they are reported and neither is to be used. `document` may be NULL if there are no
 * inline blocks. The version's flows are read for the types of its steps. */
void
code_set_compile (CodeSet *set, Reporter *reporter, const Document *document, Version *version);
