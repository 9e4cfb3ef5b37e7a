/* What the files of cryptography share. See crypto.h. */
#include "runtime/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

void
crypto_init (void)
{
  static gsize is_done;
  if (g_once_init_enter (&is_done))
    {
      OPENSSL_init_crypto (OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
      g_once_init_leave (&is_done, 1);
    }
}

/* --- handles --- */

typedef struct
{
  HandleType *type;
  gpointer thing;
} Handle;

static void
finalize_handle (JSObjectRef object)
{
  Handle *handle = JSObjectGetPrivate (object);
  handle->type->free (handle->thing);
  g_free (handle);
}

JSObjectRef
handle_new (JSContextRef ctx, HandleType *type, gpointer thing)
{
  if (type->class == NULL)
    {
      JSClassDefinition definition = kJSClassDefinitionEmpty;
      definition.className = type->name;
      definition.attributes = kJSClassAttributeNoAutomaticPrototype;
      definition.finalize = finalize_handle;
      type->class = JSClassCreate (&definition);
    }
  Handle *handle = g_new (Handle, 1);
  handle->type = type;
  handle->thing = thing;
  return JSObjectMake (ctx, type->class, handle);
}

gpointer
handle_get (JSContextRef ctx, JSValueRef value, const HandleType *type)
{
  if (type->class == NULL || !JSValueIsObjectOfClass (ctx, value, type->class))
    return NULL;
  return ((Handle *) JSObjectGetPrivate ((JSObjectRef) value))->thing;
}

/* --- arguments --- */

gboolean
bytes_read (JSContextRef ctx, JSValueRef value, Bytes *bytes, JSValueRef *exception)
{
  guint8 *data;
  memset (bytes, 0, sizeof *bytes);
  if (JSValueIsString (ctx, value))
    {
      bytes->owned = js_to_utf8 (ctx, value, &bytes->length, exception);
      bytes->data = (const guint8 *) bytes->owned;
      return bytes->owned != NULL;
    }
  if (!js_get_bytes (ctx, value, &data, &bytes->length))
    {
      js_throw_code (ctx, exception, "TypeError", "ERR_INVALID_ARG_TYPE",
                     "The argument must be of type string or an instance of Buffer, TypedArray, or "
                     "DataView.");
      return FALSE;
    }
  bytes->data = data;
  return TRUE;
}

void
bytes_clear (Bytes *bytes)
{
  if (bytes->owned != NULL)
    OPENSSL_cleanse (bytes->owned, bytes->length);
  g_clear_pointer (&bytes->owned, g_free);
}

char *
argument_text (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index)
{
  if (index >= n || !JSValueIsString (ctx, arguments[index]))
    return NULL;
  return js_to_utf8 (ctx, arguments[index], NULL, NULL);
}

double
argument_number (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index,
                 double otherwise)
{
  if (index >= n || !JSValueIsNumber (ctx, arguments[index]))
    return otherwise;
  return JSValueToNumber (ctx, arguments[index], NULL);
}

gboolean
argument_is (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index)
{
  return index < n && JSValueToBoolean (ctx, arguments[index]);
}

/* --- results --- */

static void
free_bytes (void *data, void *length)
{
  OPENSSL_cleanse (data, GPOINTER_TO_SIZE (length));
  g_free (data);
}

JSValueRef
take_bytes (JSContextRef ctx, guint8 *data, gsize length, JSValueRef *exception)
{
  JSObjectRef array = NULL;
  if (length == 0)
    {
      g_free (data);
      array = js_uint8array (ctx, "", 0, exception);
    }
  else
    array
        = JSObjectMakeTypedArrayWithBytesNoCopy (ctx, kJSTypedArrayTypeUint8Array, data, length,
                                                 free_bytes, GSIZE_TO_POINTER (length), exception);
  return array == NULL ? js_undefined (ctx) : array;
}

/* "wrong final block length" becomes ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH. */
static char *
error_code (const char *reason)
{
  GString *code = g_string_new ("ERR_OSSL_");
  for (; *reason != '\0'; reason++)
    g_string_append_c (code, g_ascii_isalnum (*reason) ? g_ascii_toupper (*reason) : '_');
  return g_string_free (code, FALSE);
}

JSValueRef
throw_openssl (JSContextRef ctx, JSValueRef *exception, const char *fallback)
{
  unsigned long number = ERR_peek_last_error ();
  const char *reason = number == 0 ? NULL : ERR_reason_error_string (number);
  ERR_clear_error ();
  if (reason == NULL)
    return js_throw_code (ctx, exception, "Error", "ERR_CRYPTO_OPERATION_FAILED", "%s", fallback);

  char text[256];
  g_autofree char *code = error_code (reason);
  ERR_error_string_n (number, text, sizeof text);
  js_throw_code (ctx, exception, "Error", code, "%s", text);
  JSObjectRef error = js_as_object (ctx, *exception);
  if (error != NULL)
    {
      js_set (ctx, error, "reason", js_string (ctx, reason));
      js_set (ctx, error, "library", js_string (ctx, ERR_lib_error_string (number)));
    }
  return js_undefined (ctx);
}
