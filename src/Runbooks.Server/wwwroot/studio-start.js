// Starts Elsa Studio from its folder, whose name holds its version: everything below is kept by the browser for ever.
(() => {
  "use strict";

  const base = document.querySelector("script[data-base]").dataset.base;

  // What it would look for relative to the page is in that folder; what it finds relative to itself is there already.
  function place(type, name, uri) {
    const path = new URL(uri, document.baseURI).pathname;
    return /^\/_(framework|content)\//.test(path) ? base + path : undefined;
  }

  Blazor.start({ loadBootResource: place });
})();
