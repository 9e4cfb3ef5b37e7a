const assert = require("node:assert/strict");
const mime = require("mime-types@3.0.2");

module.exports = async () => {
  assert.equal(mime.lookup("report.XLSX"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  assert.equal(mime.contentType("page.html"), "text/html; charset=utf-8");
  assert.equal(mime.extension("application/json; charset=utf-8"), "json");
  assert.equal(mime.lookup("nothing"), false);
};
