// What is shown of values: Node's inspect and format, and what was thrown, as Node would print it and in the author's own places. Runs in the system realm: nothing here
// can be bent by the code that threw.
// The package tells URLs from other objects, and the system realm has none.
globalThis.URL ??= class URL {};
const { TraceMap, originalPositionFor, sourceContentFor } = require("@jridgewell/trace-mapping");
const { parse } = require("acorn");
const { inspect: nodeInspect, format: nodeFormat } = require("node-inspect-extracted");

const mostText = 16384;
const mostFrames = 50;
const mostCauses = 5;
const mostErrors = 20;

// url -> {name, map, source, prefix, firstLine, firstColumn}
const sources = new Map();

const addSource = (url, name, sourceMap, source, prefix, firstLine, firstColumn) => {
  let map = null;
  try {
    if (sourceMap !== null) map = new TraceMap(sourceMap);
  } catch {
    // without a map the places are those of the bundle
  }
  sources.set(url, { name, map, source, prefix, firstLine, firstColumn });
};

const cut = (text) => (text.length > mostText ? `${text.slice(0, mostText)}… (cut)` : text);
const lineOf = (source, line) => source?.split(/\r?\n/)[line - 1];

/** The engine points behind what it means: a call's parenthesis, a property's dot. V8 points at the name. */
const columnOfName = (text, column) => {
  if (text === undefined) return column;
  const at = column - 1;
  if (text[at] === ".") return column + 1;
  if (text[at] !== "(") return column;
  const before = text.slice(0, at);
  const created = /\bnew\s+[\w$.]+$/.exec(before);
  if (created !== null) return created.index + 1;
  const called = /[\w$]+$/.exec(before);
  return called === null ? column : called.index + 1;
};

/** A place of the evaluated text in the author's own file, or null if it is none of theirs. */
const placeOf = (url, line, column) => {
  const known = sources.get(url);
  if (known === undefined) return null;
  const inner = line === 1 ? Math.max(1, column - known.prefix) : column;
  if (known.map !== null) {
    const original = originalPositionFor(known.map, { line, column: Math.max(0, inner - 1) });
    if (original.line === null) return null;
    return {
      file: original.source,
      line: original.line,
      column: original.column + 1,
      text: lineOf(sourceContentFor(known.map, original.source), original.line),
    };
  }
  const text = lineOf(known.source, line);
  const exact = columnOfName(text, inner);
  return {
    file: known.name,
    line: line + known.firstLine - 1,
    column: exact + known.firstColumn,
    text,
    textColumn: exact,
  };
};

const internal = /^tenon:|^$/;

const parseFrame = (line) => {
  const at = line.lastIndexOf("@");
  const name = at < 0 ? "" : line.slice(0, at);
  const where = at < 0 ? line : line.slice(at + 1);
  if (where === "[native code]") return { name, isNative: true };
  const match = /^(.*):(\d+):(\d+)$/.exec(where);
  if (match === null) return null;
  return { name, url: match[1], line: Number(match[2]), column: Number(match[3]) };
};

const functionName = (name) => name.replace(/^(global|eval|module) code$/, "").replace(/^async /, "async ");

const framesOf = (stack) => {
  const lines = [];
  let first = null;
  for (const line of stack.split("\n").slice(0, 200)) {
    const frame = parseFrame(line);
    if (frame === null || lines.length >= mostFrames) continue;
    const name = functionName(frame.name);
    if (frame.isNative) {
      if (name !== "" && lines.length > 0) lines.push(`    at ${name} (<anonymous>)`);
      continue;
    }
    if (internal.test(frame.url)) continue;
    const place = placeOf(frame.url, frame.line, frame.column);
    if (place === null) continue;
    // An async function has a frame for its body and one for its call, at its parameters: V8 shows the first.
    const before = place.text?.slice(0, (place.textColumn ?? place.column) - 1);
    if (lines.length > 0 && /\basync\b[^=>{};]*$/.test(before ?? "")) continue;
    first ??= place;
    const where = `${place.file}:${place.line}:${place.column}`;
    lines.push(name === "" ? `    at ${where}` : `    at ${name} (${where})`);
  }
  return { lines, first };
};

const textOf = (object, key, fallback) => {
  try {
    const value = object[key];
    return typeof value === "string" ? cut(value) : value === undefined ? fallback : cut(`${nodeInspect(value, { depth: 0 })}`);
  } catch {
    return fallback;
  }
};

/** An accessor is not run. */
const ownStack = (error) => {
  try {
    const { value } = Object.getOwnPropertyDescriptor(error, "stack") ?? {};
    return typeof value === "string" ? value : "";
  } catch {
    return "";
  }
};

const excerptOf = (place) => {
  if (place?.text === undefined) return undefined;
  const column = place.textColumn ?? place.column;
  const from = Math.max(0, column - 120);
  const text = place.text.slice(from, from + 200);
  const pad = text.slice(0, column - 1 - from).replace(/[^\t]/g, " ");
  return `${text}\n${pad}^`;
};

/** The engine gives a syntax error's line only. */
const syntaxPlace = (error) => {
  const url = textOf(error, "sourceURL", "");
  const known = sources.get(url);
  const line = Number(error.line);
  if (known === undefined || !(line > 0)) return null;
  if (known.map === null && known.source !== null)
    try {
      parse(known.source, { ecmaVersion: "latest", sourceType: "script", allowReturnOutsideFunction: true, allowHashBang: true });
    } catch ({ loc }) {
      if (loc !== undefined) {
        const text = lineOf(known.source, loc.line);
        return {
          file: known.name,
          line: loc.line + known.firstLine - 1,
          column: loc.column + 1 + known.firstColumn,
          text,
          textColumn: loc.column + 1,
        };
      }
    }
  return placeOf(url, line, 1);
};

const isMade = (stack) => /^\s+at /m.test(stack);

const describe = (thrown, depth) => {
  if (!Error.isError(thrown)) {
    let text = "a value that can't be shown";
    let name = "Error";
    let message;
    try {
      text = typeof thrown === "string" ? thrown : nodeInspect(thrown, { depth: 2 });
      if (typeof thrown === "object" && thrown !== null && typeof thrown.message === "string") {
        message = thrown.message;
        if (typeof thrown.name === "string") name = thrown.name;
      }
    } catch {
      // keep what there is
    }
    message = cut(message ?? text);
    return { name, message, stack: `${name}: ${message}`, thrown: cut(text) };
  }

  const name = textOf(thrown, "name", "Error");
  const message = textOf(thrown, "message", "");
  const own = ownStack(thrown);
  const { lines, first } = isMade(own) ? { lines: own.split("\n").filter((line) => /^\s+at /.test(line)), first: places.get(thrown) ?? null } : framesOf(own);
  let place = first;
  if (name === "SyntaxError" && thrown.line !== undefined && (place === null || Object.hasOwn(thrown, "sourceURL"))) {
    const syntax = syntaxPlace(thrown);
    if (syntax !== null && lines.length === 0) place = syntax;
  }
  const head = message === "" ? name : `${name}: ${message}`;
  if (place !== null && lines.length === 0) lines.push(`    at ${place.file}:${place.line}:${place.column}`);
  const result = { name, message, stack: [head, ...lines].join("\n") };

  const code = textOf(thrown, "code", undefined);
  if (code !== undefined) result.code = code;
  if (place !== null)
    result.location = { file: place.file, line: place.line, column: place.column, excerpt: excerptOf(place) };
  try {
    if (depth < mostCauses && thrown.cause !== undefined) result.cause = describe(thrown.cause, depth + 1);
    if (depth < mostCauses && Array.isArray(thrown.errors))
      result.errors = thrown.errors.slice(0, mostErrors).map((inner) => describe(inner, depth + 1));
  } catch {
    // what a trap hides is left out
  }
  return result;
};

// The place of an error whose stack has been rewritten.
const places = new WeakMap();

/** Gives errors that are about to be shown a stack as Node writes it. */
const rewriteStacks = (value, depth = 0) => {
  if (depth > mostCauses || !Error.isError(value)) return;
  try {
    const own = ownStack(value);
    if (!isMade(own)) {
      const { lines, first } = framesOf(own);
      const name = textOf(value, "name", "Error");
      const message = textOf(value, "message", "");
      if (first !== null) places.set(value, first);
      Object.defineProperty(value, "stack", {
        value: [message === "" ? name : `${name}: ${message}`, ...lines].join("\n"),
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
    for (const key of ["line", "column", "sourceURL"]) delete value[key];
    rewriteStacks(value.cause, depth + 1);
    if (Array.isArray(value.errors)) for (const inner of value.errors.slice(0, mostErrors)) rewriteStacks(inner, depth + 1);
  } catch {
    // a frozen or hostile error is shown as it is
  }
};

const allowed = ["showHidden", "depth", "colors", "customInspect", "showProxy", "maxArrayLength", "maxStringLength", "breakLength", "compact", "sorted", "getters", "numericSeparator"];

/** Options of user code, copied: only what inspect knows, only plain values. */
const optionsOf = (given) => {
  const options = {};
  for (const key of allowed) {
    const value = given?.[key];
    if (value === null || ["boolean", "number"].includes(typeof value)) options[key] = value;
  }
  return options;
};

module.exports = {
  inspect: (value, options) => {
    rewriteStacks(value);
    return nodeInspect(value, optionsOf(options));
  },
  format: (...args) => {
    for (const value of args) rewriteStacks(value);
    return nodeFormat(...args);
  },
  addSource,
  describe: (thrown) => JSON.stringify(describe(thrown, 0)),
  rewriteStacks,
};
