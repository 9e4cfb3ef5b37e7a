const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const Papa = require("papaparse@5.7.1");

module.exports = async () => {
  const text = `id;name\n1;"Ada; L."\n2;Bob\n`;
  assert.deepEqual(Papa.parse(text, { header: true, dynamicTyping: true, skipEmptyLines: true }).data, [{ id: 1, name: "Ada; L." }, { id: 2, name: "Bob" }]);
  assert.equal(Papa.unparse([{ a: "x,y", b: 1 }], { newline: "\n" }), `a,b\n"x,y",1`);
  const rows = [];
  for await (const row of Readable.from([text]).pipe(Papa.parse(Papa.NODE_STREAM_INPUT, { header: true, delimiter: ";" }))) rows.push(row.name);
  assert.deepEqual(rows.slice(0, 2), ["Ada; L.", "Bob"]);
};
