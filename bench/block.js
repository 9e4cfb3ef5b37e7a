module.exports = async ({ logger, configVars }, stepResults) => {
  return { data: { greeting: "Hello", doubled: 246 } };
};
