const assert = require("node:assert/strict");
const { addMonths, differenceInCalendarDays, format, formatISO, isValid, parse, parseISO } = require("date-fns@4.4.0");
const { de } = require("date-fns@4.4.0/locale/de");

module.exports = async () => {
  const day = parseISO("2024-01-31T12:00:00Z");
  assert.equal(addMonths(day, 1).toISOString(), "2024-02-29T12:00:00.000Z");
  assert.equal(differenceInCalendarDays(parseISO("2024-03-01"), parseISO("2024-02-01")), 29);
  assert.equal(format(parse("03/09/2024", "dd/MM/yyyy", new Date(0)), "EEEE d. MMMM yyyy", { locale: de }), "Dienstag 3. September 2024");
  assert.equal(formatISO(new Date(2024, 0, 2), { representation: "date" }), "2024-01-02");
  assert.equal(isValid(parse("31/02/2024", "dd/MM/yyyy", new Date(0))), false);
};
