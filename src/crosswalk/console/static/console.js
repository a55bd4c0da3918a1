// Keeps the live parts of a page current: one tick a second while the tab is seen, slower while the hub does not answer.
"use strict";

(() => {
  const EVERY_MS = 1000;
  const SLOWEST_MS = 15000;
  const sign = document.getElementById("live-sign");
  const words = { live: "Live", paused: "Paused", lost: "No connection, trying again" };
  let wait = EVERY_MS;
  let timer;

  function show(state) {
    if (sign && sign.dataset.state !== state) {
      sign.dataset.state = state;
      sign.textContent = words[state];
    }
  }

  function tick() {
    clearTimeout(timer);
    if (document.hidden) {
      show("paused");
      return; // visibilitychange starts it again
    }
    document.body.dispatchEvent(new CustomEvent("tick"));
    timer = setTimeout(tick, wait);
  }

  function answered(ok) {
    wait = ok ? EVERY_MS : Math.min(wait * 2, SLOWEST_MS);
    show(ok ? "live" : "lost");
  }

  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:after:request", (event) => answered(event.detail.ctx.response.status < 400));
  document.addEventListener("htmx:error", () => answered(false));
  if (sign) {
    document.addEventListener("DOMContentLoaded", () => setTimeout(tick, EVERY_MS));
  }
})();
