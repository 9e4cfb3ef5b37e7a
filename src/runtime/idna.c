/* Domain names of other scripts: UTS #46 by ICU, with the options of the URL standard
 * (https://url.spec.whatwg.org/#idna). ICU is there with the engine, and its tables are in its library, where
 * tables in JavaScript cost each realm a tenth of a second. */
#include "runtime/private.h"

#include <unicode/uidna.h>

/* What the standard leaves out of UTS #46's checks: hyphens, lengths, empty labels. */
#define IGNORED_ERRORS                                                                             \
  (UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG         \
   | UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4)
#define MOST_UNITS 65536

static UIDNA *
get_rules (void)
{
  static UIDNA *rules;
  UErrorCode code = U_ZERO_ERROR;
  if (rules == NULL)
    rules = uidna_openUTS46 (UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII
                                 | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                             &code);
  return rules;
}

typedef int32_t (*Convert) (const UIDNA *, const UChar *, int32_t, UChar *, int32_t, UIDNAInfo *,
                            UErrorCode *);

/* (domain): the converted text; null where it is none. */
static JSValueRef
convert (JSContextRef ctx, size_t n, const JSValueRef arguments[], JSValueRef *exception,
         Convert function, guint32 ignored)
{
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode code = U_ZERO_ERROR;
  JSStringRef domain = n == 0 ? NULL : JSValueToStringCopy (ctx, arguments[0], exception);
  if (domain == NULL)
    return js_undefined (ctx);
  gsize length = JSStringGetLength (domain);
  g_autofree UChar *result = g_new (UChar, MOST_UNITS);
  int32_t size = 0;
  if (length > 0 && length < MOST_UNITS / 8 && get_rules () != NULL)
    size = function (get_rules (), (const UChar *) JSStringGetCharactersPtr (domain),
                     (int32_t) length, result, MOST_UNITS, &info, &code);
  JSStringRelease (domain);
  if (U_FAILURE (code) || size <= 0 || size > MOST_UNITS || (info.errors & ~ignored) != 0)
    return js_null (ctx);
  JSStringRef text = JSStringCreateWithCharacters ((const JSChar *) result, (size_t) size);
  JSValueRef value = JSValueMakeString (ctx, text);
  JSStringRelease (text);
  return value;
}

static JSValueRef
domain_to_ascii (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                 const JSValueRef arguments[], JSValueRef *exception)
{
  return convert (ctx, n, arguments, exception, uidna_nameToASCII, IGNORED_ERRORS);
}

/* Errors leave their mark in the text, and it is shown nevertheless. */
static JSValueRef
domain_to_unicode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                   const JSValueRef arguments[], JSValueRef *exception)
{
  return convert (ctx, n, arguments, exception, uidna_nameToUnicode, G_MAXUINT32);
}

const NativeFunction idna_natives[] = {
  { "domainToASCII", domain_to_ascii },
  { "domainToUnicode", domain_to_unicode },
  { NULL, NULL },
};
