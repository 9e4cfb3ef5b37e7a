// Web IDL, "DOMException".
const codes = {
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

class DOMException extends Error {
  #name;
  constructor(message = "", options = "Error") {
    const isObject = typeof options === "object" && options !== null;
    super(`${message}`, isObject && "cause" in options ? { cause: options.cause } : undefined);
    this.#name = `${isObject ? (options.name ?? "Error") : options}`;
  }
  get name() {
    return this.#name;
  }
  get code() {
    return codes[this.#name] ?? 0;
  }
  get [Symbol.toStringTag]() {
    return "DOMException";
  }
}

/** Constants whose words are cut otherwise than the name's, and those whose names are gone. */
const cutOtherwise = { InUseAttributeError: "INUSE_ATTRIBUTE_ERR", URLMismatchError: "URL_MISMATCH_ERR" };
const onlyConstants = { DOMSTRING_SIZE_ERR: 2, NO_DATA_ALLOWED_ERR: 6, VALIDATION_ERR: 16 };
const constantOf = (name) =>
  cutOtherwise[name] ?? `${name.replace(/Error$/, "").replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()}_ERR`;
const constants = { ...onlyConstants, ...Object.fromEntries(Object.entries(codes).map(([name, code]) => [constantOf(name), code])) };

for (const [constant, code] of Object.entries(constants)) {
  for (const target of [DOMException, DOMException.prototype])
    Object.defineProperty(target, constant, { value: code, enumerable: true });
}

module.exports = { DOMException };
