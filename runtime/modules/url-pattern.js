// URLPattern, by its polyfill.
module.exports = { URLPattern: require("npm:urlpattern-polyfill").URLPattern };
