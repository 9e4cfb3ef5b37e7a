const assert = require("node:assert/strict");
const moment = require("moment-timezone@0.6.6");

module.exports = async () => {
  assert.equal(moment.tz("2024-06-15 12:00", "Europe/London").utc().format(), "2024-06-15T11:00:00Z");
  assert.equal(moment.utc("2024-12-24T23:30:00Z").tz("Australia/Sydney").format("LLLL z"), "Wednesday, December 25, 2024 10:30 AM AEDT");
  assert.ok(moment.tz.names().length > 400);
  assert.equal(moment.duration(90, "minutes").humanize(), "2 hours");
};
