// The parts of a code block's context that need JavaScript of their own; evaluated at their first use.
(function (fetch) {
  "use strict";

  // POSTs to another flow of the instance, as the platform's SDK does (spec/context.md, "invokeFlow").
  const invokeFlow = async (context, flowName, data, config, source) => {
    const url = context.webhookUrls[flowName];
    if (url === undefined) throw new Error(`invokeFlow: this instance has no flow "${flowName}"`);
    const key = (context.webhookApiKeys[flowName] ?? [])[0];
    const frame = source === undefined ? context.executionFrame : { customSource: source };
    const headers = {
      "Content-Type": "application/json",
      "prismatic-invoked-by": JSON.stringify(frame),
      "prismatic-invoke-type": "Cross Flow",
      "prismatic-executionid": context.executionId,
      ...(key === undefined ? {} : { "Api-Key": key }),
      ...(config?.headers ?? {}),
    };
    const body = JSON.stringify(data ?? {});
    const response = await fetch(url, { ...config, method: "POST", headers, body });
    const text = await response.text();
    try {
      return { status: response.status, data: JSON.parse(text) };
    } catch {
      return { status: response.status, data: text };
    }
  };

  const { defineProperty } = Object;

  // What @prismatic-io/spectral's ConnectionError looks like.
  const connectionError = (message) => {
    const error = new Error(message);
    error.name = "ConnectionError";
    error.isSpectralError = true;
    return error;
  };

  // `read` gives the newest value or the problem, a text, that there is none.
  const defineReader = (object, property, read) => {
    const get = () => {
      const { value, problem } = read();
      if (problem !== undefined) throw connectionError(problem);
      return value;
    };
    defineProperty(object, property, { get, enumerable: true, configurable: true });
  };

  const refresh = (ask, name) =>
    new Promise((resolve, reject) => {
      ask(String(name), resolve, (message) => reject(connectionError(message)));
    });

  return { invokeFlow, defineReader, refresh };
})
