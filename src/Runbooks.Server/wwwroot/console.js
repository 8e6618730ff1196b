// Keeps the page up to date in place. The server renders; this script listens to the hub, fetches the page again when
// something has changed, and moves the difference into the document, so that focus, open details and scroll stay.
(() => {
  "use strict";

  const end = "\u001e"; // what ends a message in SignalR's JSON protocol
  const live = () => document.getElementById("live");
  let dirty = false;
  let fetching = false;
  let pause = 500;

  function say(state, text) {
    const mark = live();
    mark.className = "conn " + state;
    mark.querySelector("b").textContent = text;
  }

  function listen() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/hubs/fleet`);
    let beat = 0;
    socket.onopen = () => socket.send(JSON.stringify({ protocol: "json", version: 1 }) + end);
    socket.onmessage = e => {
      for (const text of e.data.split(end)) {
        if (!text) continue;
        const message = JSON.parse(text);
        if (message.type === undefined) {
          if (message.error) { socket.close(); return; }
          pause = 500;
          say("on", "live");
          beat = setInterval(() => socket.send(JSON.stringify({ type: 6 }) + end), 10000);
          refresh(); // what happened while nobody listened
        } else if (message.type === 1) {
          refresh();
        }
      }
    };
    socket.onclose = () => {
      clearInterval(beat);
      say("off", "connection lost, trying again");
      setTimeout(listen, pause);
      pause = Math.min(pause * 2, 10000);
    };
  }

  async function refresh() {
    dirty = true;
    if (fetching || document.hidden) return;
    fetching = true;
    try {
      while (dirty && !document.hidden) {
        dirty = false;
        await show(location.pathname + location.search);
      }
    } catch {
      // The hub's connection tells that the server is away; when it is back the page is read again.
    } finally {
      fetching = false;
    }
  }

  async function show(path) {
    const answer = await fetch(path, { headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const page = next.getElementById("page");
    if (!page || path !== location.pathname + location.search) return;
    const before = places();
    document.title = next.title;
    morphChildren(document.getElementById("page"), page);
    glide(before);
  }

  // Elements with an id are the same thing wherever they are within their parent; others match by position and tag.
  function morphChildren(now, next) {
    const known = new Map();
    for (const child of now.children) if (child.id) known.set(child.id, child);
    let place = now.firstChild;
    for (const wanted of [...next.childNodes]) {
      let match = wanted.id ? known.get(wanted.id) : undefined;
      if (!match && place && !wanted.id && !place.id && place.nodeType === wanted.nodeType && place.nodeName === wanted.nodeName) match = place;
      if (match) {
        if (match === place) place = place.nextSibling; else now.insertBefore(match, place);
        if (match.nodeType === Node.ELEMENT_NODE) morph(match, wanted);
        else if (match.data !== wanted.data) match.data = wanted.data;
      } else {
        now.insertBefore(document.importNode(wanted, true), place);
      }
    }
    while (place) {
      const rest = place.nextSibling;
      place.remove();
      place = rest;
    }
  }

  function morph(now, next) {
    if (now.hasAttribute("data-keep")) return;
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && !(now.nodeName === "DETAILS" && name === "open")) now.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
    morphChildren(now, next);
  }

  const rect = element => element.getBoundingClientRect();
  const places = () => new Map([...document.querySelectorAll("[data-flip]")].map(e => [e.dataset.flip, rect(e)]));

  // A VM that is elsewhere now glides there: the eye sees what has moved.
  function glide(before) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const element of document.querySelectorAll("[data-flip]")) {
      const from = before.get(element.dataset.flip);
      if (!from) continue;
      const to = rect(element);
      const [x, y] = [from.left - to.left, from.top - to.top];
      if (Math.abs(x) + Math.abs(y) < 4) continue;
      element.animate([{ transform: `translate(${x}px, ${y}px)`, zIndex: 3 }, { transform: "none" }], { duration: 600, easing: "cubic-bezier(.3,.7,.2,1)" });
    }
  }

  function go(path) {
    history.pushState(null, "", path);
    refresh();
  }

  document.addEventListener("click", e => {
    const link = e.target.closest("a[data-run], a[data-close], a.toggle");
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
    e.preventDefault();
    go(link.getAttribute("href"));
  });
  document.addEventListener("keydown", e => {
    const close = document.querySelector("a[data-close]");
    if (e.key === "Escape" && close && !document.querySelector("dialog[open]")) go(close.getAttribute("href"));
  });
  // One question for every button: who, why, and where there is a choice, which.
  const ask = document.getElementById("ask");
  const form = ask.querySelector("form");
  const choice = form.querySelector("[data-choose]");
  const said = form.querySelector("output");
  let asked = null;

  document.addEventListener("click", e => {
    const button = e.target.closest("[data-order]");
    if (!button) {
      if (e.target.closest("[data-leave]")) ask.close();
      return;
    }
    asked = { ...button.dataset };
    document.getElementById("ask-title").textContent = asked.title;
    choice.hidden = !asked.choices;
    choice.querySelector("select").replaceChildren(...(asked.choices ?? "").split("|").map(c => new Option(c, c)));
    form.elements.actor.value = window.runbooksWho.name;
    form.elements.reason.value = "";
    said.textContent = "";
    ask.showModal();
    form.elements[form.elements.actor.value ? "reason" : "actor"].focus();
  });

  form.addEventListener("submit", async e => {
    e.preventDefault();
    const button = form.querySelector("[data-go]");
    const body = { ...JSON.parse(asked.body || "{}"), actor: form.elements.actor.value.trim(), reason: form.elements.reason.value.trim() };
    if (asked.choices) body[asked.choose] = choice.querySelector("select").value;
    button.disabled = true;
    try {
      const answer = await fetch(asked.order, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const told = await answer.json();
      said.textContent = answer.ok ? "" : told.detail;
      if (answer.ok) {
        window.runbooksWho.name = body.actor; // the header says so with the next look
        const behind = told.consumers?.notUpdated ?? [];
        if (behind.length) said.textContent = `Done, but not for all that use it. ${behind.join(" ")}`; else ask.close();
        if (asked.order.endsWith(":restart")) go(`/runs/${told.id}`);
      }
    } catch {
      said.textContent = "The server can't be reached; nothing is known of what was asked for.";
    } finally {
      button.disabled = false;
    }
    refresh();
  });
  addEventListener("popstate", refresh);
  document.addEventListener("visibilitychange", refresh);
  listen();
})();
