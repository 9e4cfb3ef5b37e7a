/* Signatures with a sealed key: the key stays here, code gets what it signed.
 *
 * Algorithms by their names in RFC 7518 §3.1 and RFC 8037: HS256, HS384, HS512 (the secret is the
 * field's text), RS256 … RS512, PS256 … PS512, ES256, ES384, ES512 (r and s side by side, as JOSE
 * has them), EdDSA (Ed25519). The last four take a private key in PEM form.
 */
#pragma once

#include <gio/gio.h>

#define SIGN_ERROR (sign_error_quark ())
GQuark sign_error_quark (void);
typedef enum
{
  SIGN_ERROR_ALGORITHM, /* there is none of that name */
  SIGN_ERROR_KEY,       /* the field's value is no key for it */
  SIGN_ERROR_FAILED,
} SignErrorCode;

/* `passphrase` opens an encrypted key; NULL or "" = none. No error quotes the key or the data. */
GBytes *keeper_sign (const char *algorithm, const char *key, const char *passphrase, GBytes *data,
                     GError **error);
