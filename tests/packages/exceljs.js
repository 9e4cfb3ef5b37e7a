const assert = require("node:assert/strict");
const ExcelJS = require("exceljs@4.4.0");

module.exports = async () => {
  const book = new ExcelJS.Workbook();
  const sheet = book.addWorksheet("Orders");
  sheet.columns = [{ header: "Name", key: "name", width: 20 }, { header: "Total", key: "total" }, { header: "At", key: "at" }];
  sheet.addRow({ name: "Ada", total: 30, at: new Date("2024-01-02T00:00:00Z") });
  sheet.addRow({ name: "Größe <&>", total: { formula: "B2*2", result: 60 } });
  sheet.getRow(1).font = { bold: true };
  const bytes = await book.xlsx.writeBuffer();

  const read = new ExcelJS.Workbook();
  await read.xlsx.load(bytes);
  const orders = read.getWorksheet("Orders");
  assert.equal(orders.rowCount, 3);
  assert.equal(orders.getCell("A3").value, "Größe <&>");
  assert.equal(orders.getCell("C2").value.toISOString(), "2024-01-02T00:00:00.000Z");
  assert.deepEqual([orders.getCell("B3").formula, orders.getCell("B3").result], ["B2*2", 60]);
  assert.equal(orders.getCell("A1").font.bold, true);
  assert.match((await book.csv.writeBuffer()).toString(), /^Name,Total,At\nAda,30,/);
};
