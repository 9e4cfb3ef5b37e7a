/* What the files of cryptography share: OpenSSL's objects as JavaScript values,
 * and its errors as Node's. */
#pragma once

#include "runtime/private.h"

#include <openssl/evp.h>

/* An object that JavaScript can only hold and hand back. `free` runs when it is collected. */
typedef struct
{
  const char *name;
  void (*free) (gpointer thing);
  JSClassRef class; /* filled in at the first use */
} HandleType;

JSObjectRef handle_new (JSContextRef ctx, HandleType *type, gpointer thing);
/* NULL if the value is no handle of the type. */
gpointer handle_get (JSContextRef ctx, JSValueRef value, const HandleType *type);

/* Before the first use of OpenSSL: no configuration file is read, which a sandbox has not. */
void crypto_init (void);

/* Bytes of an argument: of a buffer or view (borrowed until JavaScript runs), or UTF-8 of a string.
 */
typedef struct
{
  const guint8 *data;
  gsize length;
  char *owned;
} Bytes;
gboolean bytes_read (JSContextRef ctx, JSValueRef value, Bytes *bytes, JSValueRef *exception);
void bytes_clear (Bytes *bytes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bytes, bytes_clear)

/* Texts and numbers of arguments that the library's own JavaScript has checked. */
char *argument_text (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index);
double argument_number (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index,
                        double otherwise);
gboolean argument_is (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index);

/* A digest by any of its names, or NULL. */
const EVP_MD *digest_find (const char *name);

/* Throws OpenSSL's last error as Node does: code ERR_OSSL_…, reason, library; `fallback` where it
 * has none. */
JSValueRef throw_openssl (JSContextRef ctx, JSValueRef *exception, const char *fallback);

/* A Uint8Array over bytes of OPENSSL_malloc or g_malloc; wipes nothing. Takes them. */
JSValueRef take_bytes (JSContextRef ctx, guint8 *data, gsize length, JSValueRef *exception);

/* key.c: the EVP_PKEY of a handle, borrowed; NULL if it is none. */
EVP_PKEY *key_get (JSContextRef ctx, JSValueRef value);
JSValueRef key_handle (JSContextRef ctx, EVP_PKEY *key); /* takes it */
