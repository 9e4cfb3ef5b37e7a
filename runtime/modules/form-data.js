// The XHR standard's FormData, and its two encodings.
const { Blob, File, isBlob, isFile, blobBytes } = require("blob");
const { need, invalid, toUSVString, asInterface, concat, decodeText } = require("idl");

const toEntry = (what, name, value, fileName, count) => {
  if (!isBlob(value)) {
    if (count >= 3) throw invalid(`${what}: parameter 2 is not of type 'Blob'.`);
    return [toUSVString(name), toUSVString(value)];
  }
  const options = { type: value.type };
  if (isFile(value)) options.lastModified = value.lastModified;
  if (count >= 3) return [toUSVString(name), new File([value], fileName, options)];
  return [toUSVString(name), isFile(value) ? value : new File([value], "blob", options)];
};

class FormData {
  #entries = [];

  constructor(form) {
    if (form !== undefined) throw invalid("FormData constructor: Argument 1 (\"form\") is not of type 'HTMLFormElement': there are none here.");
  }
  append(name, value, fileName) {
    need(2, arguments.length, "FormData.append");
    this.#entries.push(toEntry("FormData.append", name, value, fileName, arguments.length));
  }
  delete(name) {
    need(1, arguments.length, "FormData.delete");
    const key = toUSVString(name);
    this.#entries = this.#entries.filter((entry) => entry[0] !== key);
  }
  get(name) {
    need(1, arguments.length, "FormData.get");
    const key = toUSVString(name);
    return this.#entries.find((entry) => entry[0] === key)?.[1] ?? null;
  }
  getAll(name) {
    need(1, arguments.length, "FormData.getAll");
    const key = toUSVString(name);
    return this.#entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
  }
  has(name) {
    need(1, arguments.length, "FormData.has");
    const key = toUSVString(name);
    return this.#entries.some((entry) => entry[0] === key);
  }
  set(name, value, fileName) {
    need(2, arguments.length, "FormData.set");
    const entry = toEntry("FormData.set", name, value, fileName, arguments.length);
    const at = this.#entries.findIndex((one) => one[0] === entry[0]);
    this.#entries = this.#entries.filter((one, i) => i === at || one[0] !== entry[0]);
    if (at < 0) this.#entries.push(entry);
    else this.#entries[at] = entry;
  }
  forEach(callback, thisArgument) {
    need(1, arguments.length, "FormData.forEach");
    if (typeof callback !== "function") throw invalid("FormData.forEach: parameter 1 is not of type 'Function'.");
    for (const [name, value] of this) Reflect.apply(callback, thisArgument, [value, name, this]);
  }
  *entries() {
    for (let i = 0; i < this.#entries.length; i++) yield [...this.#entries[i]];
  }
  *keys() {
    for (let i = 0; i < this.#entries.length; i++) yield this.#entries[i][0];
  }
  *values() {
    for (let i = 0; i < this.#entries.length; i++) yield this.#entries[i][1];
  }

  static isFormData(value) {
    return typeof value === "object" && value !== null && #entries in value;
  }
}
const { isFormData } = FormData;
delete FormData.isFormData;
Object.defineProperty(FormData.prototype, Symbol.iterator, { value: FormData.prototype.entries, writable: true, configurable: true });
asInterface(FormData);
Object.defineProperty(FormData.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(depth, options, inspect) {
    return `FormData ${inspect(Object.fromEntries([...new Set(this.keys())].map((name) => [name, this.getAll(name).length > 1 ? this.getAll(name) : this.get(name)])), options)}`;
  },
  writable: true,
  configurable: true,
});

/** The name of a file is sent with the line ends that it has. */
const escapeFileName = (name) => name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
const escapeName = (name) => escapeFileName(name.replace(/\r\n?|\n/g, "\r\n"));

const unescapeName = (name) => name.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%22", '"');

/** HTML standard, "multipart/form-data encoding algorithm". */
const encodeMultipart = (form) => {
  const boundary = `----formdata-tenon-${native.randomUuid().replaceAll("-", "").slice(0, 20)}`;
  const chunks = [];
  const add = (text) => chunks.push(native.utf8Encode(text));
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`;
    if (typeof value === "string") add(`${head}\r\n\r\n${value.replace(/\r\n?|\n/g, "\r\n")}\r\n`);
    else {
      add(`${head}; filename="${escapeFileName(value.name)}"\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`);
      chunks.push(blobBytes(value));
      add("\r\n");
    }
  }
  add(`--${boundary}--\r\n`);
  return { bytes: concat(chunks), type: `multipart/form-data; boundary=${boundary}` };
};

/** A body of that content type as a FormData; undefined where it is neither of the two, an exception where it is broken. */
const parseForm = (bytes, contentType) => {
  const essence = contentType.split(";")[0].trim().toLowerCase();
  const form = new FormData();
  if (essence === "application/x-www-form-urlencoded") {
    const { URLSearchParams } = require("whatwg-url");
    /* As it stands: no mark and no question mark is dropped from its beginning. */
    for (const [name, value] of new URLSearchParams(`&${native.utf8Decode(bytes, false)}`)) form.append(name, value);
    return form;
  }
  if (essence !== "multipart/form-data") return undefined;
  /* [name, file name or undefined, type or undefined, bytes] */
  for (const [name, fileName, type, data] of native.multipartParse(bytes, contentType)) {
    if (fileName === undefined) form.append(unescapeName(name), decodeText(data));
    else form.append(unescapeName(name), new Blob([data], { type: type ?? "text/plain" }), unescapeName(fileName));
  }
  return form;
};

module.exports = { FormData, isFormData, encodeMultipart, parseForm };
