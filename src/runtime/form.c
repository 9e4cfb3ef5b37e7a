/* Forms as JavaScript values: the payload of a webhook, and FormData. */
#include "runtime/multipart.h"
#include "runtime/private.h"

#include <string.h>

/* A part with a file name, or of another type than text and JSON, is binary. */
static JSValueRef
part_data (Realm *realm, const MultipartPart *part, char **message)
{
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  gboolean is_json = part->type != NULL && g_str_has_prefix (part->type, "application/json");
  gboolean is_text = part->type == NULL || g_str_has_prefix (part->type, "text/");
  gsize length;
  const char *data = g_bytes_get_data (part->data, &length);
  gboolean is_valid = g_utf8_validate_len (data, length, NULL) || length == 0;

  if (is_json && is_valid)
    {
      JSValueRef value = js_parse_json (ctx, length == 0 ? "" : data, length, &exception);
      if (exception == NULL && value != NULL)
        return value;
      *message = g_strdup ("Received malformed multipart payload: a part of type "
                           "application/json is not JSON.");
      return NULL;
    }
  if (part->file_name == NULL && is_text && is_valid)
    return js_string_n (ctx, length == 0 ? "" : data, (gssize) length);
  return runtime_buffer (realm, part->data, &exception);
}

/* A part may be called __proto__, which set on an ordinary object would be its prototype: an own
 * property of that name has to be there before. */
static JSObjectRef
empty_form (JSContextRef ctx, GPtrArray *parts)
{
  static const char own[] = "{\"__proto__\":null}";
  for (guint i = 0; i < parts->len; i++)
    if (strcmp (((MultipartPart *) parts->pdata[i])->name, "__proto__") == 0)
      return js_as_object (ctx, js_parse_json (ctx, own, strlen (own), NULL));
  return js_object (ctx);
}

JSValueRef
runtime_parse_multipart (Realm *realm, GBytes *body, const char *content_type, char **message)
{
  JSContextRef ctx = realm_context (realm);
  g_autoptr (GPtrArray) parts = multipart_parse (body, content_type, message);
  if (parts == NULL)
    return NULL;
  JSObjectRef form = empty_form (ctx, parts);
  for (guint i = 0; i < parts->len; i++)
    {
      const MultipartPart *part = parts->pdata[i];
      JSValueRef value = part_data (realm, part, message);
      if (value == NULL)
        {
          if (*message == NULL)
            *message = g_strdup ("a part can't be read");
          return NULL;
        }
      JSObjectRef object = js_object (ctx);
      js_set (ctx, object, "data", value);
      if (part->type != NULL)
        js_set (ctx, object, "contentType", js_string (ctx, part->type));
      if (part->file_name != NULL)
        js_set (ctx, object, "fileName", js_string (ctx, part->file_name));
      js_set (ctx, form, part->name, object);
    }
  return form;
}

static JSValueRef
text_or_undefined (JSContextRef ctx, const char *text)
{
  return text == NULL ? js_undefined (ctx) : js_string (ctx, text);
}

/* multipartParse (bytes, content type): an array of [name, file name, type, Uint8Array] */
static JSValueRef
native_multipart_parse (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                        const JSValueRef arguments[], JSValueRef *exception)
{
  g_autoptr (GBytes) body = n < 2 ? NULL : js_copy_bytes (ctx, arguments[0]);
  g_autofree char *content_type
      = body == NULL ? NULL : js_to_utf8 (ctx, arguments[1], NULL, exception);
  g_autofree char *message = NULL;
  if (content_type == NULL)
    return js_undefined (ctx);
  g_autoptr (GPtrArray) parts = multipart_parse (body, content_type, &message);
  if (parts == NULL)
    return js_throw_type (ctx, exception, "%s", message);

  JSObjectRef array = JSObjectMakeArray (ctx, 0, NULL, exception);
  for (guint i = 0; i < parts->len && *exception == NULL; i++)
    {
      const MultipartPart *part = parts->pdata[i];
      gsize length;
      gconstpointer data = g_bytes_get_data (part->data, &length);
      JSObjectRef bytes = js_uint8array (ctx, data, length, exception);
      if (bytes == NULL)
        break;
      const JSValueRef fields[]
          = { js_string (ctx, part->name), text_or_undefined (ctx, part->file_name),
              text_or_undefined (ctx, part->type), bytes };
      JSObjectSetPropertyAtIndex (ctx, array, i, JSObjectMakeArray (ctx, 4, fields, exception),
                                  exception);
    }
  return array;
}

const NativeFunction form_natives[] = {
  { "multipartParse", native_multipart_parse },
  { NULL, NULL },
};
