// META: title=WebAssembly's promises settle
/* (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)) */
const add = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11);

promise_test(async () => {
  const { module, instance } = await WebAssembly.instantiate(add);
  assert_true(module instanceof WebAssembly.Module);
  assert_equals(instance.exports.add(2, 3), 5);
  const again = await WebAssembly.instantiate(await WebAssembly.compile(add.buffer));
  assert_true(again instanceof WebAssembly.Instance);
  assert_equals(again.exports.add(4, 5), 9);
}, "bytes are compiled and instantiated");

promise_test(async (t) => {
  await promise_rejects_js(t, WebAssembly.CompileError, WebAssembly.compile(Uint8Array.of(1, 2, 3)));
  await promise_rejects_js(t, TypeError, WebAssembly.compile());
  await promise_rejects_js(t, TypeError, WebAssembly.instantiate(add, 1));
}, "what is wrong is a rejection");

promise_test(async (t) => {
  const response = (type) => new Response(add, { headers: { "content-type": type } });
  const { instance } = await WebAssembly.instantiateStreaming(Promise.resolve(response("application/wasm")));
  assert_equals(instance.exports.add(1, 1), 2);
  await promise_rejects_js(t, TypeError, WebAssembly.compileStreaming(response("text/plain")));
}, "a response may be compiled, if it says that it is WebAssembly");
