/* The bundled JavaScript (runtime/build.mjs writes the tables). */
#pragma once

#include <stddef.h>

typedef struct
{
  const char *name; /* NULL ends the table */
  const char *source;
  size_t length;
  int is_service;
  int is_public;
} RuntimeScript;

typedef struct
{
  const char *name; /* NULL ends the table */
  const char *module;
} RuntimeGlobal;

extern const RuntimeScript runtime_scripts[];
extern const RuntimeGlobal runtime_globals[];
