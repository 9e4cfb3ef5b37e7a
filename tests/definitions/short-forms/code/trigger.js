module.exports = async (context, payload) => ({ payload });
