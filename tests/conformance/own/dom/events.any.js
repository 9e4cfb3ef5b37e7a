// META: title=Events, their handlers, and DOMException
test(() => {
  const event = new Event("x");
  const { get, set, configurable } = Object.getOwnPropertyDescriptor(event, "isTrusted");
  assert_array_equals([typeof get, set, configurable, event.isTrusted], ["function", undefined, false, false]);
  assert_equals(Object.getOwnPropertyDescriptor(new CustomEvent("y"), "isTrusted").get, get);
}, "isTrusted is each event's own, with one getter for all");

test(() => {
  const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "onabort");
  assert_equals(get.name, "get onabort");
  assert_throws_js(TypeError, () => Reflect.apply(get, {}, []));
  const signal = new AbortController().signal;
  const handler = () => {};
  signal.onabort = handler;
  assert_equals(signal.onabort, handler);
  signal.onabort = 5;
  assert_equals(signal.onabort, null);
}, "an event handler is an accessor of its interface");

test(() => {
  const exception = new DOMException("m", "NotFoundError");
  assert_array_equals([exception.name, exception.message, exception.code, `${exception}`], ["NotFoundError", "m", 8, "NotFoundError: m"]);
  assert_true(exception instanceof Error);
  assert_equals(Object.getPrototypeOf(DOMException), Function.prototype);
  assert_false(Object.hasOwn(exception, "message"));
  assert_equals(typeof exception.stack, "string");
  assert_equals(DOMException.VALIDATION_ERR, 16);
  assert_throws_js(TypeError, () => DOMException.prototype.name);
  class Mine extends DOMException {}
  assert_true(new Mine("m") instanceof Mine);
}, "a DOMException is an error of its own name");
