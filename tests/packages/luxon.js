const assert = require("node:assert/strict");
const { DateTime, Duration, Interval } = require("luxon@3.7.2");

module.exports = async () => {
  const meeting = DateTime.fromISO("2024-03-10T01:30", { zone: "America/New_York" });
  assert.equal(meeting.plus({ hours: 1 }).toISO(), "2024-03-10T03:30:00.000-04:00");
  assert.equal(meeting.setZone("Asia/Tokyo").toFormat("yyyy-MM-dd HH:mm ZZ"), "2024-03-10T15:30 +09:00".replace("T", " "));
  assert.equal(DateTime.fromISO("2024-02-29", { locale: "fr" }).toLocaleString({ month: "long", day: "numeric" }), "29 février");
  assert.equal(Duration.fromISO("PT90M").shiftTo("hours", "minutes").toHuman(), "1 hour, 30 minutes");
  assert.equal(Interval.fromISO("2024-01-01/2024-02-01").length("days"), 31);
};
