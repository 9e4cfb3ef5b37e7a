test("the module is the class of streams before Readable, as old stream libraries need it for their base", () => {
  const Stream = require("stream");
  assert.equal(Stream, Stream.Stream);
  assert.ok(Stream.Readable.prototype instanceof Stream);
  const own = { _readableState: "of the library" };
  Stream.call(own);
  assert.equal(own._readableState, "of the library");
});
