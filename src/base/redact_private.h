/* Between the redactor's files. */
#pragma once

#include "base/redact.h"

/* All spellings of a secret (of GBytes), some twice. */
GPtrArray *redactor_spellings (const char *secret, gsize length);
