/* References ("getData.results.items[0].["a.b"]") and templates ("Hi {{#Name}}, {{$a.results}}"):
 * spec/definition-yaml.md, "References" and "Templates". */
#pragma once

#include "definition/version.h"

typedef struct
{
  gsize offset;        /* bytes into the text */
  const char *problem; /* in words, static */
} ReferenceFault;

/* NULL-terminated segments, free with g_strfreev; NULL with *fault. */
char **reference_parse (const char *text, gsize length, ReferenceFault *fault);

/* Pieces (of Input); `offsets` (of gsize) gets where each begins. An unclosed placeholder is
 * literal text, and *unclosed its offset (else G_MAXSIZE). NULL with *fault for a bad reference. */
GPtrArray *
template_parse (const char *text, GArray *offsets, gsize *unclosed, ReferenceFault *fault);
