// serialize and deserialize write V8's own format (its ValueSerializer, version 15), for the values that JSON has,
// Date, RegExp, Map, Set, BigInt, errors and bytes. What would tell of the machine is a zero.
const { Buffer } = require("buffer");

const tags = { undefined: 0x5f, null: 0x30, true: 0x54, false: 0x46, int: 0x49, double: 0x4e, bigint: 0x5a, latin1: 0x22, utf16: 0x63, reference: 0x5e, object: 0x6f, objectEnd: 0x7b, dense: 0x41, denseEnd: 0x24, date: 0x44, regexp: 0x52, map: 0x3b, mapEnd: 0x3a, set: 0x27, setEnd: 0x2c, buffer: 0x42, view: 0x56, host: 0x5c, hole: 0x2d, boolTrue: 0x79, boolFalse: 0x78, number: 0x6e, string: 0x73, error: 0x72 };
const views = [[0x62, Int8Array], [0x42, Uint8Array], [0x43, Uint8ClampedArray], [0x77, Int16Array], [0x57, Uint16Array], [0x64, Int32Array], [0x44, Uint32Array], [0x66, Float32Array], [0x46, Float64Array], [0x71, BigInt64Array], [0x51, BigUint64Array], [0x3f, DataView]];
const hostViews = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, DataView, Buffer, BigInt64Array, BigUint64Array];
const flags = "gimyusdv";

class Serializer {
  #bytes = [];
  #seen = new Map();
  #pending = [];
  #flush() {
    if (this.#pending.length > 0) this.#bytes.push(Buffer.from(this.#pending));
    this.#pending = [];
  }
  #byte(value) {
    this.#pending.push(value);
    if (this.#pending.length >= 4096) this.#flush();
  }
  writeHeader() {
    this.#byte(0xff);
    this.#byte(15);
  }
  writeUint32(value) {
    this.#varint(value >>> 0);
  }
  writeUint64(high, low) {
    let value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    while (value >= 128n) {
      this.#byte(Number(value & 127n) | 128);
      value >>= 7n;
    }
    this.#byte(Number(value));
  }
  writeDouble(value) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.writeRawBytes(bytes);
  }
  writeRawBytes(source) {
    this.#flush();
    const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(source) ? source : new Uint8Array(source);
    this.#bytes.push(Buffer.from(Buffer.from(buffer, byteOffset, byteLength)));
  }
  #varint(value) {
    while (value >= 128) {
      this.#byte((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    this.#byte(value);
  }
  #string(text) {
    if (/^[\0-\xff]*$/.test(text)) {
      this.#byte(tags.latin1);
      this.#varint(text.length);
      this.writeRawBytes(Buffer.from(text, "latin1"));
      return;
    }
    const bytes = Buffer.from(text, "utf16le");
    this.#flush();
    const length = bytes.length;
    /* Two-byte text is aligned in the original. */
    const at = this.#bytes.reduce((sum, part) => sum + part.length, 0) + 1 + (length < 128 ? 1 : length < 16384 ? 2 : length < 2097152 ? 3 : 4);
    if (at % 2 === 1) this.#byte(0);
    this.#byte(tags.utf16);
    this.#varint(length);
    this.writeRawBytes(bytes);
  }
  #bigint(tag, value) {
    if (tag !== undefined) this.#byte(tag);
    const isNegative = value < 0n;
    let hex = (isNegative ? -value : value).toString(16);
    if (value === 0n) hex = "";
    hex = hex.padStart(Math.ceil(hex.length / 16) * 16, "0");
    this.#varint((hex.length / 2) * 2 + (isNegative ? 1 : 0));
    this.writeRawBytes(Buffer.from(hex, "hex").reverse());
  }
  #properties(value, keys) {
    for (const key of keys) {
      this.writeValue(/^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : key);
      this.writeValue(value[key]);
    }
    return keys.length;
  }
  writeValue(value) {
    if (value === undefined) this.#byte(tags.undefined);
    else if (value === null) this.#byte(tags.null);
    else if (value === true || value === false) this.#byte(value ? tags.true : tags.false);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#bigint(tags.bigint, value);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "object") this.#object(value);
    else throw Object.assign(new Error(`${typeof value === "symbol" ? String(value) : String(value).slice(0, 80)} could not be cloned.`), { name: "DataCloneError" });
    return true;
  }
  #number(value) {
    if (Number.isInteger(value) && !Object.is(value, -0) && value >= -(2 ** 30) && value < 2 ** 30) {
      this.#byte(tags.int);
      this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
    } else {
      this.#byte(tags.double);
      this.writeDouble(value);
    }
  }
  #object(value) {
    if (this.#seen.has(value)) {
      this.#byte(tags.reference);
      this.#varint(this.#seen.get(value));
      return;
    }
    this.#seen.set(value, this.#seen.size);
    if (ArrayBuffer.isView(value)) this.#view(value);
    else if (value instanceof ArrayBuffer) {
      this.#byte(tags.buffer);
      this.#varint(value.byteLength);
      this.writeRawBytes(new Uint8Array(value));
    } else if (Array.isArray(value)) this.#array(value);
    else if (value instanceof Date) {
      this.#byte(tags.date);
      this.writeDouble(value.getTime());
    } else if (value instanceof RegExp) {
      this.#byte(tags.regexp);
      this.#string(value.source);
      let bits = 0;
      for (const flag of value.flags) bits |= 1 << flags.indexOf(flag);
      this.#varint(bits);
    } else if (value instanceof Map) this.#entries(tags.map, tags.mapEnd, [...value].flat(1), value.size * 2);
    else if (value instanceof Set) this.#entries(tags.set, tags.setEnd, [...value], value.size);
    else if (value instanceof Error) this.#error(value);
    else if (value instanceof Boolean) this.#byte(value.valueOf() ? tags.boolTrue : tags.boolFalse);
    else if (value instanceof Number) {
      this.#byte(tags.number);
      this.writeDouble(value.valueOf());
    } else if (value instanceof String) {
      this.#byte(tags.string);
      this.#string(value.valueOf());
    } else {
      this.#byte(tags.object);
      const n = this.#properties(value, Object.keys(value));
      this.#byte(tags.objectEnd);
      this.#varint(n);
    }
  }
  #array(value) {
    this.#byte(tags.dense);
    this.#varint(value.length);
    for (let i = 0; i < value.length; i++)
      if (i in value) this.writeValue(value[i]);
      else this.#byte(tags.hole);
    const n = this.#properties(value, Object.keys(value).filter((key) => !/^(0|[1-9]\d*)$/.test(key)));
    this.#byte(tags.denseEnd);
    this.#varint(n);
    this.#varint(value.length);
  }
  #entries(begin, end, items, n) {
    this.#byte(begin);
    for (const item of items) this.writeValue(item);
    this.#byte(end);
    this.#varint(n);
  }
  #error(value) {
    const kinds = { EvalError: 0x45, RangeError: 0x52, ReferenceError: 0x46, SyntaxError: 0x53, TypeError: 0x54, URIError: 0x55 };
    this.#byte(tags.error);
    if (kinds[value.name] !== undefined) this.#byte(kinds[value.name]);
    this.#byte(0x6d);
    this.#string(value.message);
    if (typeof value.stack === "string") {
      this.#byte(0x73);
      this.#string(value.stack);
    }
    this.#byte(0x2e);
  }
  #view(value) {
    const kind = Buffer.isBuffer(value) ? 10 : hostViews.findIndex((type) => type !== Buffer && value.constructor === type);
    this.#byte(tags.host);
    this.#varint(kind < 0 ? 1 : kind);
    this.#varint(value.byteLength);
    this.writeRawBytes(value);
  }
  releaseBuffer() {
    this.#flush();
    return Buffer.concat(this.#bytes);
  }
  transferArrayBuffer() {}
  setTreatArrayBufferViewsAsHostObjects() {}
}

const malformed = () => new Error("Unable to deserialize cloned data.");

class Deserializer {
  #bytes;
  #at = 0;
  #seen = [];
  constructor(bytes) {
    this.#bytes = Buffer.from(bytes.buffer ?? bytes, bytes.byteOffset, bytes.byteLength);
  }
  get buffer() {
    return this.#bytes;
  }
  #byte() {
    if (this.#at >= this.#bytes.length) throw malformed();
    return this.#bytes[this.#at++];
  }
  readHeader() {
    if (this.#byte() !== 0xff || this.#byte() > 15) throw new Error("Unable to deserialize cloned data due to invalid or unsupported version.");
    return true;
  }
  readUint32() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  readUint64() {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return [Number(value >> 32n), Number(value & 0xffffffffn)];
    }
  }
  readDouble() {
    return this.readRawBytes(8).readDoubleLE();
  }
  readRawBytes(length) {
    if (this.#at + length > this.#bytes.length) throw malformed();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  getWireFormatVersion() {
    return 15;
  }
  transferArrayBuffer() {}
  #keep(value) {
    this.#seen.push(value);
    return value;
  }
  #text() {
    const value = this.readValue();
    if (typeof value !== "string") throw malformed();
    return value;
  }
  #until(end, target) {
    while (this.#bytes[this.#at] !== end) {
      const key = this.readValue();
      Object.defineProperty(target, key, { value: this.readValue(), writable: true, enumerable: true, configurable: true });
    }
    this.#at++;
    this.readUint32();
    return target;
  }
  readValue() {
    let tag = this.#byte();
    while (tag === 0) tag = this.#byte();
    switch (tag) {
      case tags.undefined: return undefined;
      case tags.null: return null;
      case tags.true: return true;
      case tags.false: return false;
      case tags.int: {
        const n = this.readUint32();
        return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
      }
      case tags.double: return this.readDouble();
      case tags.bigint: {
        const bits = this.readUint32();
        const hex = Buffer.from(this.readRawBytes(Math.floor(bits / 2))).reverse().toString("hex");
        const value = BigInt(`0x${hex === "" ? "0" : hex}`);
        return bits % 2 === 1 ? -value : value;
      }
      case tags.latin1: return this.readRawBytes(this.readUint32()).toString("latin1");
      case tags.utf16: return this.readRawBytes(this.readUint32()).toString("utf16le");
      case tags.reference: return this.#seen[this.readUint32()];
      case tags.object: return this.#until(tags.objectEnd, this.#keep({}));
      case tags.dense: return this.#dense();
      case tags.date: return this.#keep(new Date(this.readDouble()));
      case tags.boolTrue: return this.#keep(Object(true));
      case tags.boolFalse: return this.#keep(Object(false));
      case tags.number: return this.#keep(Object(this.readDouble()));
      case tags.string: return this.#keep(Object(this.#text()));
      case tags.regexp: {
        const slot = this.#seen.push(undefined) - 1;
        const source = this.#text(), bits = this.readUint32();
        return (this.#seen[slot] = new RegExp(source, [...flags].filter((_, i) => bits & (1 << i)).join("")));
      }
      case tags.map: {
        const map = this.#keep(new Map());
        while (this.#bytes[this.#at] !== tags.mapEnd) map.set(this.readValue(), this.readValue());
        this.#at++;
        this.readUint32();
        return map;
      }
      case tags.set: {
        const set = this.#keep(new Set());
        while (this.#bytes[this.#at] !== tags.setEnd) set.add(this.readValue());
        this.#at++;
        this.readUint32();
        return set;
      }
      case tags.buffer: {
        const bytes = this.readRawBytes(this.readUint32());
        return this.#keep(new Uint8Array(bytes).buffer);
      }
      case tags.host: return this.#host();
      case tags.error: return this.#error();
      default: throw malformed();
    }
  }
  #dense() {
    const length = this.readUint32();
    if (length > this.#bytes.length) throw malformed();
    const array = this.#keep(new Array(length));
    for (let i = 0; i < length; i++)
      if (this.#bytes[this.#at] === tags.hole) this.#at++;
      else array[i] = this.readValue();
    this.#until(tags.denseEnd, array);
    this.readUint32();
    return array;
  }
  #host() {
    const type = hostViews[this.readUint32()];
    if (type === undefined) throw malformed();
    const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
    return this.#keep(type === Buffer ? Buffer.from(bytes.buffer) : new type(bytes.buffer));
  }
  #error() {
    const kinds = { 0x45: EvalError, 0x52: RangeError, 0x46: ReferenceError, 0x53: SyntaxError, 0x54: TypeError, 0x55: URIError };
    const slot = this.#seen.push(undefined) - 1;
    let type = Error, message, stack;
    for (let tag = this.#byte(); tag !== 0x2e; tag = this.#byte())
      if (kinds[tag]) type = kinds[tag];
      else if (tag === 0x6d) message = this.#text();
      else if (tag === 0x73) stack = this.#text();
      else throw malformed();
    const error = new type(message);
    if (stack !== undefined) Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
    return (this.#seen[slot] = error);
  }
}

const serialize = (value) => {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
};
const deserialize = (bytes) => {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
};
const zeros = (...names) => () => Object.fromEntries(names.map((name) => [name, 0]));

module.exports = {
  serialize,
  deserialize,
  Serializer,
  Deserializer,
  DefaultSerializer: Serializer,
  DefaultDeserializer: Deserializer,
  cachedDataVersionTag: () => 0,
  getHeapStatistics: zeros("total_heap_size", "total_heap_size_executable", "total_physical_size", "total_available_size", "used_heap_size", "heap_size_limit", "malloced_memory", "peak_malloced_memory", "does_zap_garbage", "number_of_native_contexts", "number_of_detached_contexts", "total_global_handles_size", "used_global_handles_size", "external_memory"),
  getHeapSpaceStatistics: () => [],
  getHeapCodeStatistics: zeros("code_and_metadata_size", "bytecode_and_metadata_size", "external_script_source_size", "cpu_profiler_metadata_size"),
  getCppHeapStatistics: () => ({}),
  setFlagsFromString() {},
  takeCoverage() {},
  stopCoverage() {},
  setHeapSnapshotNearHeapLimit() {},
  startupSnapshot: { isBuildingSnapshot: () => false },
  promiseHooks: { createHook: () => () => {}, onInit: () => () => {}, onBefore: () => () => {}, onAfter: () => () => {}, onSettled: () => () => {} },
  queryObjects: () => 0,
  isStringOneByteRepresentation: (text) => {
    if (typeof text !== "string") throw require("node-errors").argumentType("content", "of type string", text);
    return !/[^\0-\xff]/.test(text);
  },
  ...require("refused").refuse("v8", "a snapshot would show the engine's own memory", { functions: ["getHeapSnapshot", "writeHeapSnapshot"], classes: ["GCProfiler"] }),
};
