/* Values between JavaScript and frames. */
#include "runtime/private.h"

#include <string.h>

/* --- from JavaScript --- */

static GPtrArray *
read_parts (JSContextRef ctx, JSObjectRef result)
{
  JSObjectRef pointers = js_get_object (ctx, result, "pointers");
  JSObjectRef binaries = js_get_object (ctx, result, "binaries");
  guint n = (guint) JSValueToNumber (ctx, js_get (ctx, pointers, "length", NULL), NULL);
  if (n == 0)
    return NULL;
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *pointer = js_to_display (ctx, js_get_index (ctx, pointers, i, NULL));
      g_autoptr (GBytes) bytes = js_copy_bytes (ctx, js_get_index (ctx, binaries, i, NULL));
      if (bytes != NULL)
        g_ptr_array_add (parts, binary_part_new (pointer, bytes));
    }
  return parts;
}

static Value *
read_result (JSContextRef ctx, JSObjectRef result, char **message, gboolean *is_too_large)
{
  JSValueRef why = js_get (ctx, result, "message", NULL);
  if (!js_is_nullish (ctx, why))
    {
      *message = js_to_display (ctx, why);
      *is_too_large = JSValueToBoolean (ctx, js_get (ctx, result, "isTooLarge", NULL));
      return NULL;
    }
  JSValueRef json = js_get (ctx, result, "json", NULL);
  if (js_is_nullish (ctx, json))
    return value_new_undefined ();
  gsize length;
  char *text = js_to_utf8 (ctx, json, &length, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, length);
  return value_new (bytes, read_parts (ctx, result));
}

Value *
runtime_value_from_js (Realm *realm, JSValueRef value, gsize most_bytes, char **message,
                       gboolean *is_too_large)
{
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  *is_too_large = FALSE;
  if (JSValueIsUndefined (ctx, value))
    return value_new_undefined ();
  Value *plain = runtime_plain_value (realm, value, most_bytes);
  if (plain != NULL)
    return plain;
  JSValueRef arguments[] = { value, js_number (ctx, (double) most_bytes) };
  JSObjectRef result = js_as_object (
      ctx, runtime_service_call (realm_vm (realm), SERVICE_FROM_JS, 2, arguments, &exception));
  if (result != NULL)
    return read_result (ctx, result, message, is_too_large);
  g_autofree char *why = js_to_display (ctx, exception);
  *message = g_strdup_printf ("the value can't be read: %s", why);
  return NULL;
}

/* --- to JavaScript --- */

/* RFC 6901 §4, in place. */
static void
unescape (char *segment)
{
  char *to = segment;
  for (const char *from = segment; *from != '\0'; from++)
    {
      if (from[0] == '~' && (from[1] == '0' || from[1] == '1'))
        *to++ = *++from == '0' ? '~' : '/';
      else
        *to++ = *from;
    }
  *to = '\0';
}

/* Puts a part where its pointer says; one that leads nowhere is left out. */
static void
place_part (JSContextRef ctx, JSObjectRef root, const char *pointer, JSValueRef part)
{
  g_auto (GStrv) segments = g_strsplit (pointer + (pointer[0] == '/'), "/", -1);
  JSObjectRef at = root;
  for (guint i = 0; segments[i] != NULL && at != NULL; i++)
    {
      unescape (segments[i]);
      if (segments[i + 1] == NULL)
        js_set (ctx, at, segments[i], part);
      else
        at = js_get_object (ctx, at, segments[i]);
    }
}

/* Parts whose pointer has the prefix, put into what stands there. *root is a part itself where the pointer
 * is the prefix and nothing more. */
static gboolean
place_parts (Realm *realm, Value *value, const char *prefix, gsize length, JSValueRef *root,
             JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  for (guint i = 0; i < value_n_parts (value); i++)
    {
      const BinaryPart *part = value_part (value, i);
      const char *rest = part->pointer + length;
      if (strncmp (part->pointer, prefix, length) != 0 || (*rest != '\0' && *rest != '/'))
        continue;
      JSValueRef buffer = runtime_buffer (realm, part->bytes, exception);
      if (buffer == NULL)
        return FALSE;
      if (*rest == '\0')
        *root = buffer;
      else if (js_as_object (ctx, *root) != NULL)
        place_part (ctx, (JSObjectRef) *root, rest, buffer);
    }
  return TRUE;
}

JSValueRef
runtime_value_to_js (Realm *realm, Value *value, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (realm);
  GBytes *json = value_json (value);
  if (json == NULL)
    return js_undefined (ctx);
  JSValueRef root
      = js_parse_json (ctx, g_bytes_get_data (json, NULL), g_bytes_get_size (json), exception);
  if (*exception != NULL || !place_parts (realm, value, "", 0, &root, exception))
    return NULL;
  return root;
}

JSValueRef
runtime_value_member_to_js (Realm *realm, Value *value, const JsonMember *member,
                            JSValueRef *exception)
{
  JSValueRef root
      = js_parse_json (realm_context (realm), member->text, member->text_length, exception);
  g_autofree char *prefix = g_strdup_printf ("/%.*s", (int) member->name_length, member->name);
  if (*exception != NULL || !place_parts (realm, value, prefix, strlen (prefix), &root, exception))
    return NULL;
  return root;
}
