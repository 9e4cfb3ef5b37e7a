/* What the store keeps of a secret: AES-256-GCM under a random data key of its
 * own, which is wrapped by the master key with the same cipher.
 *
 *     u8 version (1)   8 bytes id of the master key
 *     12 nonce   32 wrapped data key   16 tag
 *     12 nonce   sealed text           16 tag
 *
 * The place where it belongs is associated data of both: a sealed text that was copied to another
 * store, row, instance, connection or column opens nowhere.
 */
#pragma once

#include "keeper/master_key.h"

typedef struct
{
  const char *store, *id, *instance, *connection, *column; /* none is NULL */
} EnvelopePlace;

#define ENVELOPE_ERROR (envelope_error_quark ())
GQuark envelope_error_quark (void);
typedef enum
{
  ENVELOPE_ERROR_KEY,    /* sealed under a master key that is not at hand */
  ENVELOPE_ERROR_FORGED, /* changed, or of another place */
} EnvelopeErrorCode;

GBytes *envelope_seal (const MasterKey *master, const EnvelopePlace *place, gconstpointer plain,
                       gsize length);
/* `masters`: of MasterKey; the one that it names opens it. */
SecretBytes *envelope_open (const GPtrArray *masters, const EnvelopePlace *place, GBytes *sealed,
                            GError **error);
/* The same text with its data key wrapped by another master key. */
GBytes *envelope_rewrap (const GPtrArray *masters, const MasterKey *master,
                         const EnvelopePlace *place, GBytes *sealed, GError **error);
/* The master key that it was sealed under: MASTER_KEY_ID_BYTES, borrowed. NULL where it is no
 * envelope. */
const guint8 *envelope_key_id (GBytes *sealed);
