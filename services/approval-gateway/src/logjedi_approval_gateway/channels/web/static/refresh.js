// Keeps the parts of the page that tell state up to date, without disturbing somebody who is typing.
"use strict";

const EVERY_MS = 2500;

const parts = (root) => [...root.querySelectorAll("[data-live], [data-live-unless-typing]")];

const busy = (part) => {
  if (!part.hasAttribute("data-live-unless-typing")) return false;
  const typed = [...part.querySelectorAll("input[type=text]")].some((field) => field.value !== "");
  return typed || part.contains(document.activeElement);
};

const stillDecidable = (part) => part.querySelector("form") !== null;

const status = (root) => root.querySelector(".status")?.textContent;

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.pathname, { credentials: "same-origin" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = parts(document);
  const after = parts(fresh);
  if (before.length !== after.length) return location.replace(location.pathname);
  before.forEach((part, index) => {
    const next = after[index];
    // a form that is being filled in stays, unless there is nothing left to decide
    if (busy(part) && stillDecidable(next)) return;
    if (part.innerHTML !== next.innerHTML) part.replaceChildren(...next.childNodes);
  });
  if (status(fresh) !== atFirst) document.querySelector(".result")?.remove();  // it has become old news
  document.title = fresh.title;
}

const atFirst = status(document);
setInterval(() => refresh().catch(() => {}), EVERY_MS);
