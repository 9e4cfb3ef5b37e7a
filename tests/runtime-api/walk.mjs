// What a runtime has: its modules and globals with their members. The functions are also run inside a code
// block, by their text, so each uses nothing but the language and its arguments.

/**
 * {modules, globals}: names to members. A member is the `typeof` of a leaf, {static, prototype} with the names in a
 * class, or an array of the names in an object. `leaves` are the members ("module.name") that are not looked into.
 */
export const walk = (require, moduleNames, globalNames, globalObject, leaves = new Set()) => {
  const notOwn = new Set(["length", "name", "prototype", "arguments", "caller", "constructor", "withoutStackTrace"]);
  const ends = new Set([null, Object.prototype, Function.prototype, Array.prototype]);
  const ownNames = (object) =>
    Object.getOwnPropertyNames(object).filter((name) => !/^(_|\d+$)/.test(name) && !notOwn.has(name)).sort();
  const allNames = (object) => {
    const names = new Set();
    for (let at = object; !ends.has(at); at = Object.getPrototypeOf(at)) ownNames(at).forEach((name) => names.add(name));
    return [...names].sort();
  };
  const read = (object, name) => {
    try {
      return object[name];
    } catch {
      return undefined; // a getter that wants an instance
    }
  };
  const describe = (value) => {
    if (typeof value === "function") {
      const found = { static: ownNames(value), prototype: Object(value.prototype) === value.prototype ? ownNames(value.prototype) : [] };
      return found.static.length + found.prototype.length > 0 ? found : "function";
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return typeof value;
    const names = allNames(value);
    return names.length > 0 ? names : "object";
  };
  const members = (object, names, of) =>
    Object.fromEntries(
      names.map((name) => {
        const value = read(object, name);
        return [name, leaves.has(`${of}.${name}`) ? typeof value : describe(value)];
      }),
    );
  const modules = {};
  for (const name of moduleNames) {
    const exported = require(name);
    modules[name] = members(exported, typeof exported === "function" ? ownNames(exported) : allNames(exported), name);
  }
  return { modules, globals: members(globalObject, globalNames, "globalThis") };
};

/**
 * What of `reference` (as of walk) is not here: {modules, globals}: names to {error} or {members}, of which each is
 * "missing", {refused: why} or an array of what it lacks. Members that have everything are left out.
 */
export const compare = (require, reference, globalObject) => {
  const lacks = (value, expected) => {
    const has = (object, name) => Object(object) === object && name in object;
    if (typeof expected === "string") return expected === "undefined" || typeof value === expected ? [] : "missing";
    if (Array.isArray(expected)) return Object(value) === value ? expected.filter((name) => !has(value, name)) : "missing";
    if (typeof value !== "function") return "missing";
    return [
      ...expected.static.filter((name) => !has(value, name)),
      ...expected.prototype.filter((name) => !has(value.prototype, name)).map((name) => `prototype.${name}`),
    ];
  };
  const compareMembers = (object, expected) => {
    const found = {};
    for (const [name, member] of Object.entries(expected)) {
      let result;
      try {
        const why = object[name]?.[Symbol.for("tenon.refused")];
        result = !(name in object) ? "missing" : typeof why === "string" ? { refused: why } : lacks(object[name], member);
      } catch {
        result = "missing";
      }
      if (result.length !== 0) found[name] = result;
    }
    return found;
  };
  const modules = {};
  for (const [name, expected] of Object.entries(reference.modules)) {
    let exported;
    try {
      exported = require(name);
    } catch (error) {
      modules[name] = { error: String(error.message) };
      continue;
    }
    modules[name] = { members: compareMembers(exported, expected) };
  }
  return { modules, globals: compareMembers(globalObject, reference.globals) };
};
