// A code block trigger: it gets the request and says what the steps after it see. The comment with @type lets
// editors complete names and `tenon check` find wrong ones.

/** @type {Tenon.Trigger} */
module.exports = async ({ logger }, payload) => {
  const data = payload.body.data ?? {};
  logger.info("received", data, "as", payload.body.contentType);
  return { payload: data };
};
