/* The runtime library: the web and Node APIs that JavaScriptCore does not
 * bring, in every realm, loaded lazily.
 *
 * A realm gets accessors for its globals and a `require`; the first touch of
 * one evaluates its module (runtime/, bundled into the binary). A module gets
 * `native`, an object whose properties are the native functions of the tables
 * registered here, each made at its first use. Services are pure functions of
 * the system realm (inspect, error description, URL parsing): warm, shared by all
 * realms, never handed to user code.
 */
#pragma once

#include "base/value.h"
#include "egress/egress.h"
#include "engine/engine.h"

/* Once a process, after vm_new(): loads the services that every execution needs. egress may be NULL: then
 * every request fails. */
void runtime_init (Vm *vm, EgressClient *egress);
/* Called when fetch was answered 401 without a redirect, with the headers that it sent: name and
 * value in turn. Inside an entry: it may not call back into the realm. NULL = nobody. */
typedef void (*RuntimeUnauthorized) (Realm *realm, GPtrArray *headers);
void runtime_on_unauthorized (RuntimeUnauthorized call);

/* Loads what executions may need later, while there is none. */
void runtime_warm (Vm *vm);

/* The globals that a program's texts mention. A program that names the global object, or that may make code of texts,
 * has all. */
typedef struct RuntimeSurface RuntimeSurface;
RuntimeSurface *runtime_surface_new (void);
void runtime_surface_free (RuntimeSurface *surface);
void runtime_surface_add (RuntimeSurface *surface, const char *text, gsize length);

/* A realm with the library. surface NULL: with all of its globals; else only those, and what modules need. */
Realm *runtime_realm_new (Vm *vm, guint64 id, const RealmHost *host, gpointer host_data,
                          const Limits *limits, const RuntimeSurface *surface);

/* The npm packages of a version: CommonJS text that exports, by each name that code requires, a function that
 * returns the package. Kept for the life of the realms that have it. */
typedef struct RuntimePackages RuntimePackages;
RuntimePackages *runtime_packages_new (Vm *vm, const char *name, const char *code,
                                       const char *source_map);
void runtime_packages_free (RuntimePackages *packages);
/* What the realm's require() finds besides the library. */
void runtime_realm_set_packages (Realm *realm, RuntimePackages *packages);

/* A global of the library, whatever user code has put in its place. NULL with *exception. */
JSValueRef runtime_global (Realm *realm, const char *name, JSValueRef *exception);

/* Node's require() for the code blocks of a realm: a function object. */
JSObjectRef runtime_require_function (Realm *realm);

/* Registers a code block's text under its URL, for source maps and excerpts; kept for the VM's life.
 *   url           what stack frames show (EngineScript's url)
 *   name          what errors show ("code/map-fields.ts")
 *   source_map    JSON text or NULL
 *   source        the author's text or NULL (then from the map)
 *   prefix_chars  characters of our wrapper on the first line of the evaluated text
 *   first_line, first_column  where an inline block begins in `name` (Script of definition/version.h) */
void runtime_add_source (Vm *vm, const char *url, const char *name, const char *source_map,
                         const char *source, guint prefix_chars, guint first_line,
                         guint first_column);

/* Describes what was thrown, whatever it is, without running into its traps: JSON text
 * {name, message, stack, cause?, errors?, code?, location?: {file, line, column, excerpt}}. The stack looks like Node's,
 * in the author's own places; the excerpt is the line and a caret below it. A thrown non-Error has name
 * "Error" and its value, inspected, in the message. Free with g_free. */
char *runtime_describe_error (Realm *realm, JSValueRef error);

/* util.format of Node: for console.* and logger.*. Free with g_free. */
char *runtime_format (Realm *realm, size_t n, const JSValueRef arguments[]);

/* A JavaScript value as a Value: JSON data plus binary parts. `undefined` gives an undefined Value. NULL with
 * *message (free with g_free) where it can't be represented, naming the path in it: a function, a BigInt, a cycle, an accessor that
 * throws; or when it is larger than most_bytes (*is_too_large). toJSON methods are honoured (Date). Map, Set
 * and class instances go as JSON.stringify has them. */
Value *runtime_value_from_js (Realm *realm, JSValueRef value, gsize most_bytes, char **message,
                              gboolean *is_too_large);
/* The other way: parts come back as Buffer. NULL with *exception. */
JSValueRef runtime_value_to_js (Realm *realm, Value *value, JSValueRef *exception);
/* A Value that is an object, with members that become JavaScript values when they are looked at; `made`, or NULL,
 * runs when one has. NULL where it is no object, or none that can be cut (json_split_object). */
typedef void (*RuntimeMemberMade) (Realm *realm, const char *name, gsize length, JSValueRef member);
JSValueRef runtime_value_to_lazy_js (Realm *realm, Value *value, RuntimeMemberMade made);

/* An object of n members that `make` makes when they are looked at, each once; to code it is a plain object.
 * `destroy` runs when it is collected, when its realm may be gone. */
typedef JSValueRef (*RuntimeMake) (Realm *realm, guint index, gpointer data);
JSObjectRef runtime_lazy_object (Realm *realm, guint n, const char *const *names, RuntimeMake make,
                                 gpointer data, GDestroyNotify destroy);
/* Makes an object of a class pass for a plain one. */
void runtime_hide_class (JSContextRef ctx, JSObjectRef object);
/* A Buffer of the realm over the bytes. */
JSValueRef runtime_buffer (Realm *realm, GBytes *bytes, JSValueRef *exception);

/* multipart/form-data (RFC 7578) by the engine's side: an object part name -> {data, contentType}, files binary, JSON
 * parts parsed (spec/triggers-and-flows.md, "Body parsing"). NULL with *message if malformed. */
JSValueRef runtime_parse_multipart (Realm *realm, GBytes *body, const char *content_type,
                                    char **message);
