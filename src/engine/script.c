/* Scripts keep one JSString for the life of the VM: the engine's code cache
 * finds the parsed form by it, so that only the first realm pays for parsing. */
#include "engine/engine.h"

#include <string.h>

struct EngineScript
{
  char *url;
  JSStringRef source, url_string;
};

static JSStringRef
string_from_utf8 (const char *utf8, gsize length)
{
  g_autofree char *copy = g_strndup (utf8, length);
  return JSStringCreateWithUTF8CString (copy);
}

EngineScript *
engine_script_new (const char *url, const char *source, gssize length)
{
  EngineScript *script = g_new (EngineScript, 1);
  script->url = g_strdup (url);
  script->source = string_from_utf8 (source, length < 0 ? strlen (source) : (gsize) length);
  script->url_string = JSStringCreateWithUTF8CString (url);
  return script;
}

void
engine_script_free (EngineScript *script)
{
  JSStringRelease (script->source);
  JSStringRelease (script->url_string);
  g_free (script->url);
  g_free (script);
}

const char *
engine_script_url (EngineScript *script)
{
  return script->url;
}

JSValueRef
engine_script_evaluate (EngineScript *script, JSContextRef ctx, JSValueRef *exception)
{
  return JSEvaluateScript (ctx, script->source, NULL, script->url_string, 1, exception);
}
