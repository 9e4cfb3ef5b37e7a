// What a web-platform test calls, written for a realm of Tenon: evaluated as a classic script before the
// files of the test. `wptRun` holds {report, url, variant, title, timeoutMs}; each subtest's end is reported at once, so
// that an execution which is cut off has told what it knows.
(() => {
  "use strict";
  const { report, url, title, timeoutMs, looksAtAll } = globalThis.wptRun;
  delete globalThis.wptRun;
  const { setTimeout, clearTimeout, Promise, Error, TypeError, Object, Array, Math, Number, String, Symbol, Set, Map, Reflect } = globalThis;
  const SAME_VALUE = Object.is;

  class AssertionError extends Error {
    name = "AssertionError";
  }
  class OptionalFeatureUnsupported extends Error {}

  // --- how values are shown ---

  const escapes = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\" };
  const showText = (text) =>
    `"${text.replace(/[\u0000-\u001f"\\\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (char) =>
      escapes[char] ?? (char === "\0" ? "\\0" : char < " " ? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}` : `U+${char.charCodeAt(0).toString(16)}`))}"`;
  const format_value = (value, seen = []) => {
    if (typeof value === "string") return showText(value);
    if (Array.isArray(value) && !seen.includes(value)) {
      const inner = [...seen, value];
      const shown = [];
      for (let i = 0; i < Math.min(value.length, 60); i++) shown.push(format_value(value[i], inner));
      return `[${shown.join(", ")}${value.length > 60 ? ", …" : ""}]`;
    }
    if (typeof value === "number") return SAME_VALUE(value, -0) ? "-0" : String(value);
    if (typeof value === "bigint") return `${value}n`;
    if (value === null || typeof value !== "object") {
      try {
        return String(value);
      } catch {
        return typeof value;
      }
    }
    try {
      return `${typeof value} "${String(value).slice(0, 1000)}"`;
    } catch (error) {
      return `[its string can't be had: ${error?.name}]`;
    }
  };

  // --- assertions ---

  const fail = (what, message) => {
    throw new AssertionError(`${what}${message === undefined || message === "" ? "" : ` (${message})`}`);
  };
  const check = (isTrue, message, what) => {
    if (!isTrue) fail(typeof what === "function" ? what() : what, message);
  };
  const show = format_value;
  const className = (value) => Object.prototype.toString.call(value).slice(8, -1);

  const deepEqual = (actual, expected, message, seen) => {
    check(typeof actual === "object" && actual !== null, message, () => `expected an object, got ${show(actual)}`);
    if (seen.includes(actual)) return;
    const inner = [...seen, actual];
    for (const key of Object.keys(actual)) {
      check(Object.hasOwn(expected, key), message, () => `unexpected property ${show(key)}`);
      const [one, other] = [actual[key], expected[key]];
      if (typeof one === "object" && one !== null && typeof other === "object" && other !== null) deepEqual(one, other, message, inner);
      else check(SAME_VALUE(one, other), message, () => `property ${show(key)} expected ${show(other)} got ${show(one)}`);
    }
    for (const key of Object.keys(expected)) check(Object.hasOwn(actual, key), message, () => `expected property ${show(key)} is missing`);
  };
  const sameLength = (actual, expected, message) => {
    check(typeof actual === "object" && actual !== null && "length" in actual, message, () => `value is ${show(actual)}, expected an array`);
    check(actual.length === expected.length, message, () => `lengths differ, expected ${show(expected)} length ${expected.length}, got ${show(actual)} length ${actual.length}`);
  };
  const isNumber = (value, message) => check(typeof value === "number", message, () => `expected a number, got a ${typeof value}`);
  const compare = (holds, word) => (actual, expected, message) => {
    check(typeof actual === "number" || typeof actual === "bigint", message, () => `expected a number, got a ${typeof actual}`);
    check(typeof actual === typeof expected, message, () => `expected a ${typeof expected}, got a ${typeof actual}`);
    check(holds(actual, expected), message, () => `expected a number ${word} ${show(expected)} but got ${show(actual)}`);
  };
  const domCodes = {
    IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5, NoModificationAllowedError: 7,
    NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11, SyntaxError: 12,
    InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18,
    NetworkError: 19, AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23, InvalidNodeTypeError: 24,
    DataCloneError: 25, EncodingError: 0, NotReadableError: 0, UnknownError: 0, ConstraintError: 0, DataError: 0,
    TransactionInactiveError: 0, ReadOnlyError: 0, VersionError: 0, OperationError: 0, NotAllowedError: 0, OptOutError: 0,
  };
  const nameOfCode = (type) => {
    if (!/^[A-Z_]+_ERR$/.test(type)) return type;
    const plain = type.slice(0, -4).replaceAll("_", "").toLowerCase();
    return Object.keys(domCodes).find((name) => name.toLowerCase() === `${plain}error`) ?? type;
  };

  const checkJs = (error, constructor, message) => {
    check(typeof error === "object" && error !== null, message, () => `threw ${show(error)}, not an object`);
    check("name" in error && "message" in error, message, () => `threw ${show(error)}, which has no name and message`);
    check(error.constructor === constructor && error.name === constructor.name, message, () => `threw ${show(error)} (${error.name}), expected ${constructor.name}`);
  };
  const checkDom = (error, type, constructor, message) => {
    check(typeof error === "object" && error !== null, message, () => `threw ${show(error)}, not an object`);
    const wanted = {};
    if (typeof type === "number") {
      check(type !== 0, message, "a code of 0 says nothing");
      wanted.code = type;
    } else {
      wanted.name = nameOfCode(type);
      wanted.code = domCodes[wanted.name] ?? 0;
    }
    for (const [key, value] of Object.entries(wanted))
      check(key in error && error[key] === value, message, () => `threw ${show(error)} whose ${key} is ${show(error[key])}, expected ${show(value)}`);
    check(error.constructor === constructor, message, () => `threw ${show(error)} of another constructor`);
  };
  const checkQuota = (error, constructor, quota, requested, message) => {
    check(error?.name === "QuotaExceededError", message, () => `threw ${show(error)}, expected a QuotaExceededError`);
    check(error.constructor === constructor || error.constructor === globalThis.DOMException, message, "of another constructor");
    for (const [key, value] of [["quota", quota], ["requested", requested]])
      if (typeof value === "function") check(value(error[key]), message, () => `${key} is ${show(error[key])}`);
  };
  const thrownBy = (call, message) => {
    try {
      Reflect.apply(call, undefined, []);
    } catch (error) {
      return error;
    }
    return fail(`${call} did not throw`, message);
  };
  /* (type, [constructor,] what, message) */
  const domArguments = (rest) =>
    typeof rest[0] === "function" && (typeof rest[1] === "function" || typeof rest[1]?.then === "function")
      ? { constructor: rest[0], subject: rest[1], message: rest[2] }
      : { constructor: globalThis.DOMException, subject: rest[0], message: rest[1] };
  const rejectionOf = (test, promise, message) =>
    promise.then(
      () => fail("the promise was fulfilled, expected a rejection", message),
      (error) => error,
    );

  const assertions = {
    assert_true: (actual, message) => check(actual === true, message, () => `expected true got ${show(actual)}`),
    assert_false: (actual, message) => check(actual === false, message, () => `expected false got ${show(actual)}`),
    assert_equals: (actual, expected, message) =>
      check(SAME_VALUE(actual, expected), message, () => `expected ${typeof actual === typeof expected ? "" : `(${typeof expected}) `}${show(expected)} but got ${typeof actual === typeof expected ? "" : `(${typeof actual}) `}${show(actual)}`),
    assert_not_equals: (actual, expected, message) => check(!SAME_VALUE(actual, expected), message, () => `got disallowed value ${show(actual)}`),
    assert_in_array: (actual, expected, message) => check(expected.includes(actual), message, () => `value ${show(actual)} not in array ${show(expected)}`),
    assert_object_equals: (actual, expected, message) => deepEqual(actual, expected, message, []),
    assert_array_equals(actual, expected, message) {
      sameLength(actual, expected, message);
      for (let i = 0; i < actual.length; i++) {
        check(Object.hasOwn(actual, i) === Object.hasOwn(expected, i), message, () => `property ${i} is ${Object.hasOwn(actual, i) ? "there" : "missing"}`);
        check(SAME_VALUE(actual[i], expected[i]), message, () => `at ${i} expected ${show(expected[i])} but got ${show(actual[i])}`);
      }
    },
    assert_array_approx_equals(actual, expected, epsilon, message) {
      sameLength(actual, expected, message);
      for (let i = 0; i < actual.length; i++) check(Math.abs(actual[i] - expected[i]) <= epsilon, message, () => `at ${i} expected ${show(expected[i])} but got ${show(actual[i])}`);
    },
    assert_approx_equals(actual, expected, epsilon, message) {
      isNumber(actual, message);
      check(Number.isFinite(actual) ? Math.abs(actual - expected) <= epsilon : SAME_VALUE(actual, expected), message, () => `expected ${show(expected)} +/- ${epsilon} but got ${show(actual)}`);
    },
    assert_less_than: compare((a, b) => a < b, "less than"),
    assert_greater_than: compare((a, b) => a > b, "greater than"),
    assert_less_than_equal: compare((a, b) => a <= b, "less than or equal to"),
    assert_greater_than_equal: compare((a, b) => a >= b, "greater than or equal to"),
    assert_between_exclusive: (actual, lower, upper, message) => check(actual > lower && actual < upper, message, () => `expected a number between ${show(lower)} and ${show(upper)} but got ${show(actual)}`),
    assert_between_inclusive: (actual, lower, upper, message) => check(actual >= lower && actual <= upper, message, () => `expected a number from ${show(lower)} to ${show(upper)} but got ${show(actual)}`),
    assert_regexp_match: (actual, expected, message) => check(expected.test(actual), message, () => `expected ${expected} but got ${show(actual)}`),
    assert_class_string: (object, expected, message) => check(className(object) === expected, message, () => `expected the class string ${show(expected)} but got ${show(className(object))}`),
    assert_own_property: (object, name, message) => check(Object.prototype.hasOwnProperty.call(object, name), message, () => `expected property ${show(String(name))} missing`),
    assert_not_own_property: (object, name, message) => check(!Object.prototype.hasOwnProperty.call(object, name), message, () => `unexpected property ${show(String(name))}`),
    assert_inherits(object, name, message) {
      check((typeof object === "object" && object !== null) || typeof object === "function", message, "provided value is not an object");
      check(!Object.prototype.hasOwnProperty.call(object, name), message, () => `property ${show(String(name))} found on the object, expected in its prototype chain`);
      check(name in object, message, () => `property ${show(String(name))} not found in the prototype chain`);
    },
    assert_readonly(object, name, message) {
      const before = object[name];
      try {
        Reflect.set(object, name, `${before}a`);
        check(SAME_VALUE(object[name], before), message, () => `changing property ${show(name)} succeeded`);
      } finally {
        Reflect.set(object, name, before);
      }
    },
    assert_throws_js: (constructor, call, message) => checkJs(thrownBy(call, message), constructor, message),
    assert_throws_dom(type, ...rest) {
      const { constructor, subject, message } = domArguments(rest);
      checkDom(thrownBy(subject, message), type, constructor, message);
    },
    assert_throws_quotaexceedederror(call, quota, requested, ...rest) {
      const constructor = typeof rest[0] === "function" ? rest.shift() : globalThis.QuotaExceededError;
      checkQuota(thrownBy(call, rest[0]), constructor, quota, requested, rest[0]);
    },
    assert_throws_exactly: (error, call, message) => {
      const thrown = thrownBy(call, message);
      check(SAME_VALUE(thrown, error), message, () => `threw ${show(thrown)} but expected ${show(error)}`);
    },
    assert_unreached: (message) => fail("reached unreachable code", message),
    assert_any(assertion, actual, expected, ...rest) {
      const errors = [];
      for (const one of expected)
        try {
          return void assertion(actual, one, ...rest);
        } catch (error) {
          errors.push(error.message);
        }
      return fail(errors.join("; "));
    },
    assert_implements: (condition, message) => check(condition, message, "not implemented"),
    assert_implements_optional(condition, message) {
      if (!condition) throw new OptionalFeatureUnsupported(message ?? "an optional feature is missing");
    },
    promise_rejects_js: (test, constructor, promise, message) => rejectionOf(test, promise, message).then((error) => checkJs(error, constructor, message)),
    promise_rejects_dom(test, type, ...rest) {
      const { constructor, subject, message } = domArguments(rest);
      return rejectionOf(test, subject, message).then((error) => checkDom(error, type, constructor, message));
    },
    promise_rejects_quotaexceedederror(test, promise, quota, requested, ...rest) {
      const constructor = typeof rest[0] === "function" ? rest.shift() : globalThis.QuotaExceededError;
      return rejectionOf(test, promise, rest[0]).then((error) => checkQuota(error, constructor, quota, requested, rest[0]));
    },
    promise_rejects_exactly: (test, expected, promise, message) =>
      rejectionOf(test, promise, message).then((error) => check(SAME_VALUE(error, expected), message, () => `rejected with ${show(error)} but expected ${show(expected)}`)),
  };
  assertions.assert_idl_attribute = assertions.assert_inherits;
  assertions.assert_precondition = assertions.assert_implements_optional;

  // --- subtests ---

  const PASS = "PASS", FAIL = "FAIL", TIMEOUT = "TIMEOUT", NOTRUN = "NOTRUN", OPTIONAL = "PRECONDITION_FAILED";
  const tests = [];
  const settings = { explicit_done: false, single_test: false, allow_uncaught_exception: false };
  const listeners = { start: [], result: [], completion: [] };
  const run = { isLoaded: false, isDone: false, isComplete: false, status: "OK", message: null, only: undefined };
  let queue = Promise.resolve();
  let pendingSetups = 0;

  const testOf = (name) => {
    let unique = name ?? title;
    for (let i = 1; tests.some((test) => test.name === unique); i++) unique = `${name ?? title} ${i}`;
    return new Test(unique);
  };

  class Test {
    PASS = 0;
    FAIL = 1;
    TIMEOUT = 2;
    NOTRUN = 3;
    PRECONDITION_FAILED = 4;
    phase = "begun";
    outcome = null;
    message = null;
    #cleanups = [];
    #controller;
    #ends = [];

    constructor(name) {
      this.name = String(name).toWellFormed();
      tests.push(this);
      report({ kind: "begun", name: this.name });
    }
    get status() {
      return [PASS, FAIL, TIMEOUT, NOTRUN, OPTIONAL].indexOf(this.outcome);
    }
    get isOver() {
      return this.phase !== "begun";
    }
    settle(outcome, message = null) {
      if (this.outcome !== null) return;
      this.outcome = outcome;
      this.message = message;
    }
    settleBy(error) {
      const text = error instanceof AssertionError || error instanceof OptionalFeatureUnsupported ? error.message : `${error?.name ?? ""} ${error?.message ?? show(error)}${error?.stack ? ` at ${String(error.stack).split("\n").slice(0, 4).join(" < ")}` : ""}`;
      this.settle(error instanceof OptionalFeatureUnsupported ? OPTIONAL : FAIL, text);
    }
    step(call, self = this, ...args) {
      if (this.isOver) return undefined;
      try {
        return Reflect.apply(call, self, args);
      } catch (error) {
        this.settleBy(error);
        this.done();
        return undefined;
      }
    }
    step_func(call, self = this) {
      return (...args) => this.step(call, self, ...args);
    }
    step_func_done(call, self = this) {
      return (...args) => {
        if (call !== undefined) this.step(call, self, ...args);
        this.done();
      };
    }
    unreached_func(message) {
      return this.step_func(() => assertions.assert_unreached(message));
    }
    step_timeout(call, ms, ...args) {
      return setTimeout(this.step_func(call, this), ms, ...args);
    }
    step_wait(condition, message, ms = 3000, every = 100) {
      return new Promise((resolve) => this.step_wait_func(condition, resolve, message, ms, every));
    }
    async step_wait_async(condition, call, message, ms, every) {
      for (const end = Date.now() + ms; ; ) {
        if (await condition()) return void call();
        check(Date.now() < end, message, "waited in vain");
        await new Promise((resolve) => setTimeout(resolve, every));
      }
    }
    step_wait_func(condition, call, message, ms = 3000, every = 100) {
      this.step_wait_async(condition, call, message, ms, every).catch((error) => this.step(() => { throw error; }));
    }
    step_wait_func_done(condition, call, ...rest) {
      this.step_wait_func(condition, () => {
        if (call !== undefined) this.step(call);
        this.done();
      }, ...rest);
    }
    add_cleanup(call) {
      this.#cleanups.push(call);
    }
    force_timeout() {
      this.settle(TIMEOUT, "the test ended itself");
      this.done();
    }
    get_signal() {
      this.#controller ??= new AbortController();
      return this.#controller.signal;
    }
    whenOver(call) {
      if (this.phase === "over") call();
      else this.#ends.push(call);
    }
    done() {
      if (this.isOver) return;
      this.phase = "cleaning";
      this.settle(PASS);
      this.#controller?.abort("the test is over");
      const waits = [];
      for (const call of this.#cleanups.splice(0))
        try {
          waits.push(call());
        } catch (error) {
          run.status = "ERROR";
          run.message = `a cleanup of "${this.name}" threw: ${error?.message ?? error}`;
        }
      const promises = waits.filter((wait) => typeof wait?.then === "function");
      if (promises.length === 0) this.#end();
      else Promise.all(promises).then(() => this.#end(), () => this.#end());
    }
    #end() {
      this.phase = "over";
      report({ kind: "result", name: this.name, status: this.outcome, message: this.message });
      for (const call of listeners.result) call(this);
      for (const call of this.#ends) call();
      completeIfAllOver();
    }
  }

  const summary = () => ({ status: ["OK", "ERROR", "TIMEOUT"].indexOf(run.status), message: run.message, OK: 0, ERROR: 1, TIMEOUT: 2, PRECONDITION_FAILED: 3 });
  const complete = () => {
    if (run.isComplete) return;
    run.isComplete = true;
    clearTimeout(timer);
    for (const call of listeners.completion)
      try {
        call(tests, summary());
      } catch (error) {
        run.status = "ERROR";
        run.message = `a completion callback threw: ${error?.message}`;
      }
    report({ kind: "complete", status: run.status, message: run.message });
    resolveRun();
  };
  const completeIfAllOver = () => {
    if (!run.isLoaded || pendingSetups > 0) return;
    if (settings.explicit_done && !run.isDone) return;
    if (tests.every((test) => test.phase === "over")) complete();
  };
  let resolveRun;
  const whole = new Promise((resolve) => (resolveRun = resolve));
  const elapse = () => {
    run.status = "TIMEOUT";
    run.message = `not over after ${timeoutMs} ms`;
    for (const test of tests.filter((one) => one.phase === "begun")) {
      test.settle(test.isQueued ? NOTRUN : TIMEOUT, test.isQueued ? "earlier subtests were not over in time" : `not over after ${timeoutMs} ms`);
      test.done();
    }
    complete();
  };
  const timer = setTimeout(elapse, timeoutMs);

  const api = {
    test(call, name) {
      const test = testOf(name);
      const returned = test.step(call, test, test);
      if (test.outcome === null && typeof returned?.then === "function" && typeof name === "string") test.settle(FAIL, "a test that is not a promise test returned a promise");
      test.done();
    },
    async_test(call, name) {
      if (typeof call !== "function") [call, name] = [undefined, call];
      const test = testOf(name);
      if (call !== undefined) test.step(call, test, test);
      return test;
    },
    promise_test(call, name) {
      const test = testOf(name);
      test.isQueued = true;
      queue = queue.then(() => {
        test.isQueued = false;
        return new Promise((resolve) => {
          if (test.isOver) return resolve();
          test.whenOver(resolve);
          const promise = test.step(call, test, test);
          if (test.isOver) return undefined;
          if (typeof promise?.then !== "function") {
            test.settle(FAIL, "a promise test has to return a promise");
            return test.done();
          }
          return Promise.resolve(promise).then(
            () => test.done(),
            (error) => {
              if (!test.isOver) test.settleBy(error);
              test.done();
            },
          );
        });
      });
    },
    setup(call, properties) {
      if (typeof call !== "function") [call, properties] = [undefined, call];
      Object.assign(settings, properties);
      if (settings.single_test) run.only ??= testOf(title);
      call?.();
    },
    promise_setup(call, properties) {
      Object.assign(settings, properties);
      pendingSetups++;
      queue = queue.then(call).then(
        () => {
          pendingSetups--;
          completeIfAllOver();
        },
        (error) => {
          run.status = "ERROR";
          run.message = `the setup failed: ${error?.message ?? error}`;
          complete();
        },
      );
    },
    done() {
      run.isDone = true;
      run.only?.done();
      completeIfAllOver();
    },
    generate_tests(call, list, properties) {
      for (const [name, ...args] of list) api.test(() => call(...args), name);
    },
    on_event: (object, event, call) => object.addEventListener(event, call, false),
    step_timeout: (call, ms, ...args) => setTimeout(() => call(...args), ms),
    add_start_callback: (call) => void listeners.start.push(call),
    add_test_state_callback: () => undefined,
    add_result_callback: (call) => void listeners.result.push(call),
    add_completion_callback: (call) => void listeners.completion.push(call),
    fetch_tests_from_worker: () => fail("there are no workers here"),
    fetch_tests_from_window: () => fail("there are no windows here"),
    timeout: elapse,
    format_value: (value) => format_value(value),
    AssertionError,
    OptionalFeatureUnsupportedError: OptionalFeatureUnsupported,
    EventWatcher: class EventWatcher {
      constructor(test, target, types, timeout) {
        const names = typeof types === "string" ? [types] : types;
        const kept = [];
        let waiting;
        const listen = test.step_func((event) => {
          if (waiting === undefined) return void (waiting === undefined && test.step(() => fail(`not waiting for an event, but got ${event.type}`)));
          const { wanted, record } = waiting;
          check(event.type === wanted[0], undefined, () => `expected the event ${wanted[0]}, got ${event.type}`);
          if (record) kept.push(event);
          wanted.shift();
          if (wanted.length > 0) return undefined;
          const { resolve } = waiting;
          waiting = undefined;
          return resolve(record ? kept.splice(0) : event);
        });
        for (const name of names) target.addEventListener(name, listen, false);
        this.wait_for = (list, options) => {
          check(waiting === undefined, undefined, "already waiting");
          return new Promise((resolve, reject) => {
            waiting = { wanted: typeof list === "string" ? [list] : [...list], record: options?.record === "all", resolve };
            timeout?.().then(() => reject(new AssertionError("the event did not come in time")));
          });
        };
        this.stop_watching = () => {
          for (const name of names) target.removeEventListener(name, listen, false);
        };
        test.add_cleanup(this.stop_watching);
      }
    },
  };

  // --- the global object of a test ---

  /* Globals are made when they are first looked at; tests of property descriptors want to see what they become. */
  void [globalThis.DOMException, globalThis.console, globalThis.WebAssembly];
  if (looksAtAll) for (const name of Object.getOwnPropertyNames(globalThis)) void globalThis[name];

  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  for (const [name, value] of [...Object.entries(assertions), ...Object.entries(api)]) define(name, value);
  define("self", globalThis);
  define("isSecureContext", true);
  /* Which interfaces a test of a specification's IDL expects is said by the kind of global object. */
  if (looksAtAll) define("Window", Object.getPrototypeOf(globalThis).constructor);
  const place = new URL(url);
  const location = Object.fromEntries(["href", "origin", "protocol", "host", "hostname", "port", "pathname", "search", "hash"].map((part) => [part, place[part]]));
  define("location", Object.freeze({ ...location, toString: () => url }));
  define("META_TITLE", title);
  define("GLOBAL", { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false });

  /* The global object is an EventTarget in a browser: errors that nobody catches are its events. */
  const errors = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) define(name, (...args) => errors[name](...args));
  define("onerror", null);

  /* An address without a host is a file of the suite. */
  const { fetch, Request } = globalThis;
  const absolute = (input) => (typeof input === "string" && !URL.canParse(input) ? new URL(input, url).href : input);
  define("fetch", function (input, init) {
    return Reflect.apply(fetch, undefined, arguments.length === 0 ? [] : [absolute(input), init]);
  });
  const { redirect } = Response;
  define("Request", new Proxy(Request, { construct: (target, [input, ...rest], newTarget) => Reflect.construct(target, [absolute(input), ...rest], newTarget === globalThis.Request ? target : newTarget) }));
  Object.defineProperty(Response, "redirect", { value: { redirect: (target, ...rest) => Reflect.apply(redirect, Response, [absolute(target), ...rest]) }.redirect, writable: true, enumerable: true, configurable: true });

  return {
    /** The files have been evaluated, or one threw. */
    loaded(error) {
      if (error !== undefined) {
        if (run.only !== undefined) run.only.step(() => { throw error; });
        else {
          run.status = "ERROR";
          run.message = `${error?.name}: ${error?.message ?? String(error)} ${String(error?.stack ?? "").split("\n").slice(0, 3).join(" < ")}`;
        }
      }
      run.isLoaded = true;
      if (error !== undefined && tests.length === 0) complete();
      else queue.then(completeIfAllOver);
      completeIfAllOver();
      return whole;
    },
    /** An error that nobody caught: an event of the global object, else a failure of the file. */
    uncaught(error) {
      if (run.isComplete || settings.allow_uncaught_exception) return;
      if (run.only !== undefined) return void run.only.step(() => { throw error; });
      run.status = "ERROR";
      run.message ??= `uncaught: ${error?.name}: ${error?.message ?? String(error)}`;
    },
    errors,
  };
})();
