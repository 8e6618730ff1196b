// Studio saves while one types, also before the save before it was answered. Such a save holds what the earlier one brought,
// and was only made too early to know its revision. It waits for that answer here, and is told the revision. What anybody
// else has changed in between is still refused: the earlier save was then refused, or its revision is not the latest.
(() => {
  "use strict";

  const path = "/elsa/api/workflow-definitions";
  const key = "runbooks:revision";
  const written = /("runbooks:revision"\s*:\s*)(-?\d+)/g;
  const plain = window.fetch;
  let under = null; // the last save that has no answer yet

  // Which revision a save has seen, of which runbook; null when its text is not that of a save.
  function seen(text) {
    try {
      const { definitionId, customProperties } = JSON.parse(text).model;
      const revision = customProperties?.[key];
      return definitionId && Number.isSafeInteger(revision) && text.match(written)?.length === 1 ? { definitionId, revision } : null;
    } catch {
      return null;
    }
  }

  async function save(url, options, body, before) {
    let text = await body;
    const mine = seen(text);
    const earlier = await before;
    if (mine && earlier && earlier.definitionId === mine.definitionId && earlier.revision === mine.revision) {
      text = text.replace(written, `$1${earlier.next}`);
    }
    const answer = await plain.call(window, url, { ...options, body: text });
    if (!mine || !answer.ok) return { answer, done: null };
    const next = (await answer.clone().json()).workflowDefinition?.customProperties?.[key];
    return { answer, done: Number.isSafeInteger(next) ? { ...mine, next } : null };
  }

  window.fetch = function (resource, options) {
    const isSave = typeof resource === "string" && options?.method === "POST" && options.body && new URL(resource, location.href).pathname === path;
    if (!isSave) return plain.apply(window, arguments);
    const body = new Response(options.body).text(); // at once: the caller may use its memory for something else
    const sent = save(resource, options, body, under);
    const done = sent.then(s => s.done, () => null);
    under = done;
    done.then(() => { if (under === done) under = null; });
    return sent.then(s => s.answer);
  };
})();
