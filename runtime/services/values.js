// A JavaScript value as JSON text plus binary parts (base/value.h). Walks it as JSON.stringify would, but nothing
// is dropped in silence: what JSON can't say is an error that names the place.
const { stringify } = JSON;
const { isArray } = Array;
const { keys } = Object;
const tagOf = Function.prototype.call.bind(Object.prototype.toString);
const mostDepth = 1000;

class Unfit {
  constructor(message, isTooLarge) {
    this.message = message;
    this.isTooLarge = isTooLarge;
  }
}

const plainName = /^[A-Za-z_$][\w$]*$/;
const shown = (path) => {
  if (path.length === 0) return "the value";
  let text = "";
  for (const key of path)
    text += typeof key === "number" ? `[${key}]` : plainName.test(key) ? `${text === "" ? "" : "."}${key}` : `[${stringify(key)}]`;
  return text;
};
const pointerOf = (path) => path.map((key) => `/${`${key}`.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

const fromJs = (root, mostBytes) => {
  const path = [];
  const parents = [];
  const pointers = [];
  const binaries = [];
  let size = 0;

  const unfit = (what) => new Unfit(`${shown(path)} ${what}`, false);
  const grow = (n) => {
    size += n;
    if (size > mostBytes) throw new Unfit("the value is too large", true);
  };
  const read = (object, key) => {
    try {
      return object[key];
    } catch (error) {
      throw unfit(`threw when it was read: ${error?.message ?? error}`);
    }
  };
  const addBinary = (value) => {
    const bytes = ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
    grow(bytes.length);
    pointers.push(pointerOf(path));
    binaries.push(bytes);
    return "null";
  };

  const array = (value) => {
    let text = "[";
    const { length } = value;
    for (let i = 0; i < length; i++) {
      path.push(i);
      grow(1);
      text += `${i > 0 ? "," : ""}${walk(read(value, i), i) ?? "null"}`;
      path.pop();
    }
    return `${text}]`;
  };

  const object = (value) => {
    let text = "{";
    for (const key of keys(value)) {
      path.push(key);
      const inner = walk(read(value, key), key);
      path.pop();
      if (inner === undefined) continue;
      const name = stringify(key);
      grow(name.length + 2);
      text += `${text.length > 1 ? "," : ""}${name}:${inner}`;
    }
    return `${text}}`;
  };

  const composite = (value) => {
    if (parents.includes(value)) throw unfit("refers back to an object that it is part of (a cycle)");
    if (parents.length >= mostDepth) throw new Unfit(`the value is nested deeper than ${mostDepth} levels`, false);
    parents.push(value);
    const text = isArray(value) ? array(value) : object(value);
    parents.pop();
    return text;
  };

  const walk = (given, key) => {
    let value = given;
    if (typeof value === "object" && value !== null) {
      const tag = tagOf(value);
      if (tag === "[object Uint8Array]" || tag === "[object ArrayBuffer]") return addBinary(value);
      const toJSON = read(value, "toJSON");
      if (typeof toJSON === "function") {
        try {
          value = toJSON.call(value, `${key}`);
        } catch (error) {
          throw unfit(`threw in toJSON: ${error?.message ?? error}`);
        }
      }
      if (typeof value === "object" && value !== null) {
        if (tag === "[object Number]" || tag === "[object String]" || tag === "[object Boolean]") value = value.valueOf();
        else return composite(value);
      }
    }
    switch (typeof value) {
      case "string": {
        grow(value.length + 2);
        const text = stringify(value);
        grow(text.length - value.length - 2);
        return text;
      }
      case "number":
        return value - value === 0 ? `${value}` : "null";
      case "boolean":
        return value ? "true" : "false";
      case "undefined":
        return undefined;
      case "bigint":
        throw unfit("is a BigInt, which JSON does not have: use a string or a number");
      case "object":
        return "null";
    }
    throw unfit(`is a ${typeof value}, which can't be passed on: only data can`);
  };

  try {
    return { json: walk(root, ""), pointers, binaries };
  } catch (error) {
    if (error instanceof Unfit) return { message: error.message, isTooLarge: error.isTooLarge };
    return { message: `the value can't be read: ${error?.message ?? error}`, isTooLarge: false };
  }
};

module.exports = { fromJs };
