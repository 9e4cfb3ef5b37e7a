// Milliseconds that the megabyte took from the step before to here, where it is an object again.
module.exports = async (context, { make }) => {
  const { rows, leftAt } = make.results;
  const arrivedAt = performance.timeOrigin + performance.now();
  if (rows.length !== 6000 || rows[5999].address.zip !== "15999") throw new Error("rows are missing");
  return { data: arrivedAt - leftAt };
};
