const assert = require("node:assert/strict");
const dayjs = require("dayjs@1.11.23");
const utc = require("dayjs@1.11.23/plugin/utc");
const timezone = require("dayjs@1.11.23/plugin/timezone");
const relativeTime = require("dayjs@1.11.23/plugin/relativeTime.js");

module.exports = async () => {
  dayjs.extend(utc);
  dayjs.extend(timezone);
  dayjs.extend(relativeTime);
  assert.equal(dayjs.utc("2024-07-01T12:00:00Z").tz("America/New_York").format("YYYY-MM-DD HH:mm Z"), "2024-07-01 08:00 -04:00");
  assert.equal(dayjs.tz("2024-01-15 09:00", "Europe/Berlin").toISOString(), "2024-01-15T08:00:00.000Z");
  assert.equal(dayjs.utc("2024-01-31").add(1, "month").format("YYYY-MM-DD"), "2024-02-29");
  assert.equal(dayjs("2024-01-01").from(dayjs("2024-01-04")), "3 days ago");
};
