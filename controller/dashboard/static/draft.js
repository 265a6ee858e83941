// A spec that was sent is kept in this tab until it has become an experiment: the visit may have ended meanwhile, and
// signing in leads back to an empty form.
"use strict";
(() => {
  const KEY = "podium-draft";
  document.addEventListener("submit", (event) => {
    const area = event.target.querySelector("#spec");
    if (area) sessionStorage.setItem(KEY, area.value);
    else if (event.target.getAttribute("action") === "/sign-out") sessionStorage.removeItem(KEY);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const area = document.getElementById("spec");
    if (area?.tagName === "TEXTAREA" && !area.value) area.value = sessionStorage.getItem(KEY) ?? "";
    if (location.pathname.startsWith("/experiments/")) sessionStorage.removeItem(KEY);
  });
})();
