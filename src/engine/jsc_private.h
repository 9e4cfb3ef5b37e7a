/* Functions that libjavascriptcoregtk exports and its public headers leave out
 * (docs/architecture.md, "The engine"). Checked against 2.50; a test calls each. */
#pragma once

#include <JavaScriptCore/JavaScript.h>
#include <stdbool.h>

/* Runs on the VM's thread at the next safe point after `limit` seconds of an entry; TRUE ends the JavaScript
 * that runs. It fires once: setting the limit again, also from within, re-arms it. */
typedef bool (*JSShouldTerminateCallback) (JSContextRef ctx, void *context);
JS_EXPORT void JSContextGroupSetExecutionTimeLimit (JSContextGroupRef group, double limit,
                                                    JSShouldTerminateCallback callback,
                                                    void *context);

/* `function` is called with (promise, reason) when microtasks have been drained and nobody handled it. */
JS_EXPORT void JSGlobalContextSetUnhandledRejectionCallback (JSGlobalContextRef ctx,
                                                             JSObjectRef function,
                                                             JSValueRef *exception);

/* While held, calls into the VM do not drain microtasks when they return; the last unlock does. */
JS_EXPORT void JSLock (JSContextRef ctx);
JS_EXPORT void JSUnlock (JSContextRef ctx);

/* A property that JavaScript can't see, of an object that was made with a class; the collector marks it. */
JS_EXPORT bool JSObjectSetPrivateProperty (JSContextRef ctx, JSObjectRef object,
                                           JSStringRef property_name, JSValueRef value);
JS_EXPORT JSValueRef JSObjectGetPrivateProperty (JSContextRef ctx, JSObjectRef object,
                                                 JSStringRef property_name);

/* The inspector's server: every new global object would be announced to it. */
JS_EXPORT void JSRemoteInspectorDisableAutoStart (void);
JS_EXPORT void JSRemoteInspectorSetInspectionEnabledByDefault (bool enabled);
