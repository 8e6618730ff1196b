// Puts one of Elsa Studio's elements into the page, as the page's <main> says, and leads what Studio navigates to by itself
// to pages of ours. Runs before Studio's own scripts: some of them look for their parts relative to the page.
(() => {
  "use strict";

  const base = document.currentScript.dataset.base;
  const host = document.getElementById("studio");
  window.require.paths.vs = `${base}/_content/BlazorMonaco/lib/monaco-editor/min/vs`; // Monaco's loader reads this

  const editor = id => `/runbooks/${encodeURIComponent(id)}`;
  const viewer = id => `/instances/${encodeURIComponent(id)}`;
  const go = path => { location.assign(path); };

  const listening = {
    "elsa-workflow-definition-list": element => { element.editWorkflowDefinition = id => go(editor(id)); },
    "elsa-workflow-instance-list": element => { element.viewWorkflowInstance = id => go(viewer(id)); },
    "elsa-workflow-instance-viewer": element => { element.editWorkflowDefinition = id => go(editor(id)); },
  };

  async function show() {
    const { element: name, attribute, subject, person } = host.dataset;
    await customElements.whenDefined(name); // what is set on an element before that is lost
    const element = document.createElement(name);
    element.setAttribute("remote-endpoint", `${location.origin}/elsa/api`);
    // A header holds plain characters only; other names are known by the cookie.
    if (person && /^[\x20-\x7e]+$/.test(person)) element.setAttribute("access-token", person);
    if (attribute) element.setAttribute(attribute, subject);
    listening[name]?.(element);
    host.replaceChildren(element);
  }

  // Where Studio goes by itself, such as after "Save as": the server knows the way from there.
  const foreign = /^\/(workflows|diagnostics)\//;
  for (const verb of ["pushState", "replaceState"]) {
    const original = history[verb];
    history[verb] = function (state, title, url) {
      const target = url ? new URL(url, location.href) : null;
      if (target && target.origin === location.origin && foreign.test(target.pathname)) {
        go(target.pathname + target.search);
        return;
      }
      original.call(this, state, title, url);
    };
  }

  document.querySelector("#blazor-error-ui .reload").addEventListener("click", e => {
    e.preventDefault();
    location.reload();
  });
  show();
})();
