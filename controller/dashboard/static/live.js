// Keeps open pages up to date: a tick every two seconds, on which each live part asks whether it has changed. What has
// is morphed into the page, so that focus, marks and open folds stay. A lost connection is told, and tried again.
"use strict";
(() => {
  const TICK_MS = 2000;
  const REJOICE_MS = 3000;
  const YOURS = new Set(["checked", "open"]); // of marks and folds: what the visitor did stays
  let lastHeard = new Date();
  let isLost = false;
  let isGone = false;

  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name) => !YOURS.has(name);

  const tell = (words, kind) => {
    const line = document.getElementById("connection");
    line.textContent = words;
    line.dataset.kind = kind;
  };
  const lost = () => {
    if (isGone) return;
    isLost = true;
    tell(`Connection lost. This is how things stood at ${lastHeard.toLocaleTimeString()}; trying again…`, "lost");
  };
  const heard = () => {
    lastHeard = new Date();
    if (isGone || !isLost) return;
    isLost = false;
    tell("Connected again.", "found");
    setTimeout(() => isLost || isGone || tell("", ""), REJOICE_MS);
  };
  const gone = () => {
    isGone = true;
    tell("This is gone: it was deleted.", "lost");
  };
  const refused = (event) => {
    const { xhr, elt } = event.detail;
    if (xhr.status >= 500) lost();
    else if (xhr.status === 404 && elt.id === "now") gone();
  };
  const tick = () => {
    if (!isGone && document.visibilityState === "visible") htmx.trigger(document.body, "podium:tick");
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.body.addEventListener("htmx:sendError", lost);
    document.body.addEventListener("htmx:timeout", lost);
    document.body.addEventListener("htmx:responseError", refused);
    document.body.addEventListener("htmx:afterRequest", (event) => event.detail.successful && heard());
    document.body.addEventListener("htmx:afterSwap", (event) => {
      if (event.target.id === "now") htmx.trigger(document.body, "podium:changed");
    });
    document.addEventListener("visibilitychange", tick);
    window.addEventListener("online", tick);
    setInterval(tick, TICK_MS);
  });
})();
