const assert = require("node:assert/strict");
const bcrypt = require("bcryptjs@3.0.3");

module.exports = async () => {
  const hash = await bcrypt.hash("correct horse", 6);
  assert.match(hash, /^\$2b\$06\$/);
  assert.ok(await bcrypt.compare("correct horse", hash));
  assert.equal(await bcrypt.compare("wrong horse", hash), false);
  assert.equal(bcrypt.hashSync("correct horse", hash.slice(0, 29)), hash);
};
