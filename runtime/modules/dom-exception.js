// Web IDL, "DOMException": an error of the engine's own, whose name and message are the class's to say.
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
/* The constants, by their code. */
const constants =
  "INDEX_SIZE DOMSTRING_SIZE HIERARCHY_REQUEST WRONG_DOCUMENT INVALID_CHARACTER NO_DATA_ALLOWED NO_MODIFICATION_ALLOWED NOT_FOUND NOT_SUPPORTED INUSE_ATTRIBUTE INVALID_STATE SYNTAX INVALID_MODIFICATION NAMESPACE INVALID_ACCESS VALIDATION TYPE_MISMATCH SECURITY NETWORK ABORT URL_MISMATCH QUOTA_EXCEEDED TIMEOUT INVALID_NODE_TYPE DATA_CLONE".split(" ");

const states = new WeakMap(); // an exception -> {name, message}
const stateOf = (exception) => {
  const state = states.get(exception);
  if (state === undefined) throw Object.assign(new TypeError('Value of "this" must be of type DOMException'), { code: "ERR_INVALID_THIS" });
  return state;
};
const isDOMException = (value) => states.has(value);

function DOMException(message = "", options = "Error") {
  if (new.target === undefined) throw new TypeError("Class constructor DOMException cannot be invoked without 'new'");
  const isObject = typeof options === "object" && options !== null;
  const state = { message: `${message}`, name: `${isObject ? (options.name ?? "Error") : options}` };
  const exception = Reflect.construct(Error, isObject && "cause" in options ? ["", { cause: options.cause }] : [], new.target);
  delete exception.message;
  states.set(exception, state);
  return exception;
}

const accessors = {
  get name() {
    return stateOf(this).name;
  },
  get message() {
    return stateOf(this).message;
  },
  get code() {
    const { name } = stateOf(this);
    return Object.hasOwn(codes, name) ? codes[name] : 0;
  },
};
const prototype = Object.create(Error.prototype, {
  constructor: { value: DOMException, writable: true, configurable: true },
  ...Object.getOwnPropertyDescriptors(accessors),
  [Symbol.toStringTag]: { value: "DOMException", configurable: true },
});
Object.defineProperty(DOMException, "prototype", { value: prototype, writable: false });
constants.forEach((name, i) => {
  for (const target of [DOMException, prototype]) Object.defineProperty(target, `${name}_ERR`, { value: i + 1, enumerable: true });
});
require("idl").addInterface(prototype);

module.exports = { DOMException, isDOMException };
