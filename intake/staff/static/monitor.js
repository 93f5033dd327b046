/* Comfort only: the monitor works without this script. It loads the page again and swaps what changed. */
"use strict";

const live = () => [...document.querySelectorAll("[data-live]")];
const pause = Number(live()[0].dataset.live) * 1000;

/* Return the page as the server has it now; throw where it does not answer, or where the sign-in ended. */
async function loadPage() {
  const address = new URL(location.href);
  address.searchParams.set("by", "itself");
  const answer = await fetch(address, { cache: "no-store", credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/* Swap the parts that changed. A part with the focus stays: the person is about to press something there. */
function swapParts(page) {
  for (const part of live()) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.contains(document.activeElement)) continue;
    const opened = new Set([...part.querySelectorAll("details[open]")].map((details) => details.id));
    for (const details of fresh.querySelectorAll("details")) details.open ||= opened.has(details.id);
    if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  }
  showState();
}

/* Say that the page refreshes itself, and hide the buttons for browsers without script. */
function showState() {
  for (const words of document.querySelectorAll("[data-scripted]")) words.hidden = false;
  for (const buttons of document.querySelectorAll("[data-unscripted]")) buttons.hidden = true;
}

/* Say that what the page shows is old: a monitor must not look alive when it is not. */
function showFailure() {
  const words = document.querySelector("[data-scripted]");
  words.textContent = "This page could not be refreshed. What it shows is old.";
  words.classList.add("bad");
}

async function refresh() {
  if (!document.hidden) await loadPage().then(swapParts, showFailure);
  setTimeout(refresh, pause);
}

showState();
setTimeout(refresh, pause);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) loadPage().then(swapParts, showFailure);
});
