/* From an author's files to a version: YAML, validation, code blocks, bundling. */
#pragma once

#include <gio/gio.h>
#include "base/fault.h"
#include "definition/version.h"

typedef enum
{
  TARGET_INTEGRATION, /* a YAML file, or a folder that holds integration.yaml */
  TARGET_ACTION,      /* one code file, run as a step after an empty webhook trigger */
  TARGET_TRIGGER,     /* one code file, run as the trigger of a flow without further steps */
} TargetKind;

/* Builds the version of `path`. Collects every fault of the definition and of its code in one
 * pass; warnings may accompany a version. Returns NULL if there was an error.
 *
 * Runs esbuild as a subprocess for TypeScript, ES modules and code with imports; a CommonJS
 * .js block without imports of its own goes in as it is. Writes nothing outside a temporary
 * folder. Blocks. */
Version *definition_build (const char *path, TargetKind kind, FaultList *faults);

/* The same, and checks the types of its code (type_check.h), which takes seconds: wrong types are
 * errors. A check that can't be made, for want of npm or node, is a warning. */
Version *definition_check (const char *path, TargetKind kind, FaultList *faults);

/* An integration's definition without a look into its code, which may be unfinished: scripts hold
 * the authors' texts, and can't be run. */
Version *definition_outline (const char *path, FaultList *faults);

/* definition_build() from text in memory (the API's validation; fuzzing): no `code: {file: …}`. */
Version *
definition_build_text (const char *yaml, gsize length, const char *name, FaultList *faults);

/* A YAML or JSON document as JSON (config files, payload files, mocks): strings, numbers,
 * booleans and null by YAML 1.2 core rules. Faults carry line and column. NULL on error. */
json_t *yaml_load_json (const char *text, gsize length, const char *file, FaultList *faults);
