// The File API's Blob and File: bytes in memory, never changed.
const { invalid, toUSVString, toDictionary, asInterface, viewOf, decodeText, concat, sequenceOf } = require("idl");

const typeOf = (type) => {
  const text = `${type}`;
  return /[^\x20-\x7e]/.test(text) ? "" : text.toLowerCase();
};

const lines = (text) => text.replace(/\r\n?|\n/g, "\n");

class Blob {
  #bytes;
  #type = "";

  constructor(parts = undefined, options = undefined) {
    const list = parts === undefined ? [] : sequenceOf(parts, 'The "sources" argument', (part) => (isBlob(part) || viewOf(part) !== undefined ? part : `${part}`));
    const given = toDictionary(options, "Blob");
    const endings = given.endings === undefined ? "transparent" : `${given.endings}`;
    if (endings !== "transparent" && endings !== "native")
      throw invalid(`The property 'options.endings' must be one of: 'transparent', 'native'. Received '${endings}'`, "ERR_INVALID_ARG_VALUE");
    const { type = "" } = given;
    this.#type = typeOf(type);
    this.#bytes = concat(list.map((part) => (typeof part === "string" ? native.utf8Encode(endings === "native" ? lines(part) : part) : isBlob(part) ? part.#bytes : viewOf(part).slice())));
  }
  get size() {
    return this.#bytes.length;
  }
  get type() {
    return this.#type;
  }
  slice(start = undefined, end = undefined, type = "") {
    const blob = new Blob();
    blob.#bytes = this.#bytes.subarray(start ?? 0, end ?? this.#bytes.length);
    blob.#type = typeOf(type);
    return blob;
  }
  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }
  async bytes() {
    return this.#bytes.slice();
  }
  async text() {
    return decodeText(this.#bytes);
  }
  stream() {
    return require("body").streamOf(this.#bytes.slice());
  }

  /* For this library only. */
  static isBlob(value) {
    return typeof value === "object" && value !== null && #bytes in value;
  }
  static blobBytes(blob) {
    return blob.#bytes;
  }
}
const { isBlob, blobBytes } = Blob;
delete Blob.isBlob;
delete Blob.blobBytes;

class File extends Blob {
  #name;
  #lastModified;
  constructor(parts, name, options = undefined) {
    if (arguments.length < 2) throw invalid('The "fileBits" and "fileName" arguments must be specified', "ERR_MISSING_ARGS");
    super(parts, options);
    this.#name = toUSVString(name);
    const { lastModified } = toDictionary(options, "File");
    this.#lastModified = lastModified === undefined ? Math.trunc(native.wallMs()) : Math.trunc(Number(lastModified)) || 0;
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
  static isFile(value) {
    return typeof value === "object" && value !== null && #name in value;
  }
}
const { isFile } = File;
delete File.isFile;

asInterface(Blob, ["size", "type"]);
asInterface(File, ["size", "type", "name", "lastModified"]);

module.exports = { Blob, File, isBlob, isFile, blobBytes };
