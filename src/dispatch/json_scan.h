/* Is this text JSON? Without making anything of it. */
#pragma once

#include <glib.h>

/* TRUE if the bytes are one JSON value (RFC 8259) as JavaScript's JSON.parse takes it, and valid
 * UTF-8. Deeper nesting than 2000 is refused: what goes wrong there is the engine's to say. */
gboolean json_scan (const char *text, gsize length);
/* The same, and it is an object. */
gboolean json_scan_object (const char *text, gsize length);
gboolean json_scan_bytes (GBytes *bytes);
gboolean json_scan_object_bytes (GBytes *bytes);
