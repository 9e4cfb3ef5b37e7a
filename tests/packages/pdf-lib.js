const assert = require("node:assert/strict");
const { PDFDocument, StandardFonts, rgb } = require("pdf-lib@1.17.1");

module.exports = async () => {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  const page = document.addPage([300, 200]);
  page.drawText("Invoice 7", { x: 20, y: 150, size: 18, font, color: rgb(0, 0.2, 0.5) });
  page.drawImage(await document.embedPng("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), { x: 1, y: 1 });
  document.getForm().createTextField("name").setText("Ada");
  document.setTitle("Invoice");
  const bytes = await document.save();
  assert.equal(Buffer.from(bytes.subarray(0, 5)).toString(), "%PDF-");
  const read = await PDFDocument.load(bytes);
  assert.equal(read.getPageCount(), 1);
  assert.equal(read.getTitle(), "Invoice");
  assert.equal(read.getForm().getTextField("name").getText(), "Ada");
  assert.deepEqual(read.getPage(0).getSize(), { width: 300, height: 200 });
};
