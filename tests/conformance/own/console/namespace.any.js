// META: title=console is a namespace object
test(() => {
  assert_class_string(console, "console");
  assert_array_equals(Reflect.ownKeys(Object.getPrototypeOf(console)), []);
  assert_equals(Object.getPrototypeOf(Object.getPrototypeOf(console)), Object.prototype);
  assert_array_equals([console.log.name, console.info.name, console.count.name], ["log", "info", "count"]);
}, "it has a prototype of its own, and functions of their names");

for (const method of ["count", "countReset", "time", "timeLog", "timeEnd"])
  test(() => {
    let given = 0;
    console[method]({ toString: () => (given++, "label") });
    assert_equals(given, 1);
    assert_throws_exactly(42, () => console[method]({ toString: () => { throw 42; } }));
  }, `${method} makes its label a text, once`);
