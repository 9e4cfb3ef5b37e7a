/* What the files of the bundler share: one call of bundler_run(). */
#pragma once

#include "base/json.h"
#include "definition/bundler.h"
#include "definition/subprocess.h"

/* A package as some file asks for it. */
typedef struct
{
  char *name; /* as written */
  char *importer;
  const Bundle *bundle; /* the inline block that asks, or NULL */
} PackageRequest;

typedef struct
{
  const char *folder; /* with its links resolved; NULL = no files */
  char *executable;
  char *temporary;
  BundleReport report;
  gpointer user_data;
  guint n_errors;
  GPtrArray *requests; /* of PackageRequest; each name once */
  gboolean keeps_context; /* bundler_uses_context() of any text */
} BundleRun;

void bundler_report (BundleRun *run, const BundleFault *fault);
/* A fault at the place where a file asks for a module. */
void bundler_report_import (BundleRun *run, gboolean is_error, const char *importer,
                            const Bundle *bundle, const char *module, const char *message,
                            const char *hint);
/* A file that esbuild wrote to run->temporary. */
char *bundler_read_output (BundleRun *run, const char *name, GError **error);
/* The options of every run that say what the engine understands. */
void bundler_add_options (BundleRun *run, GPtrArray *argv);
/* Starts esbuild in `folder`. */
gboolean bundler_execute (GPtrArray *argv, const char *folder, const char *input,
                          SubprocessResult *result, GError **error);

/* bundler_packages.c: one script of all that was asked for. Faults go to the report; FALSE with an
 * error where a tool could not do its work. */
gboolean bundler_build_packages (BundleRun *run, PackageBundle *out, GError **error);
