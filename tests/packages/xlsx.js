const assert = require("node:assert/strict");
const XLSX = require("xlsx@0.18.5");

module.exports = async () => {
  const rows = [{ Name: "Ada", Total: 30 }, { Name: "Größe", Total: 1.5 }];
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, XLSX.utils.json_to_sheet(rows), "Orders");
  assert.equal(XLSX.utils.sheet_to_csv(book.Sheets.Orders), "Name,Total\nAda,30\nGröße,1.5");
  for (const bookType of ["xlsx", "xls", "ods"]) {
    const bytes = XLSX.write(book, { type: "buffer", bookType });
    assert.ok(Buffer.isBuffer(bytes), bookType);
    const read = XLSX.read(bytes, { type: "buffer" });
    assert.deepEqual(XLSX.utils.sheet_to_json(read.Sheets[read.SheetNames[0]]), rows, bookType);
  }
};
