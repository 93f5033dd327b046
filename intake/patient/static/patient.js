/* Comfort only: every page works without this script. It keeps nothing, and sends nothing but the page's own forms. */
"use strict";

const body = document.body;
const find = (selector) => document.querySelector(selector);

/* A page that the browser kept in memory could show the last person's answers: ask the server again. */
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/* Older browsers do not know dialogs: there it fills the screen, and what it covers cannot be reached. */
function open(dialog) {
  if (dialog.hasAttribute("open")) return;
  if (dialog.showModal) {
    dialog.showModal();
    return;
  }
  dialog.setAttribute("open", "");
  body.classList.add("covered");
  dialog.querySelector("button").focus();
}

function close(dialog) {
  if (dialog.close) {
    dialog.close();
    return;
  }
  dialog.removeAttribute("open");
  body.classList.toggle("covered", Boolean(find("body > [open]")));
}

/* Whether the server is there. */
async function alive() {
  try {
    return (await fetch(body.dataset.alive, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/* Until it is. */
async function network() {
  while (!(await alive())) await new Promise((done) => setTimeout(done, 3000));
}

/* Hide: against a look over the shoulder. */
function hiding() {
  const button = find("[data-hide]");
  const cover = find("#hidden");
  if (!button || !cover) return;
  button.hidden = false;
  button.addEventListener("click", () => open(cover));
  find("[data-show]").addEventListener("click", () => close(cover));
}

/* What a tag says in full (zh: zh-Hans-CN, tl: fil-Latn-PH); devices also write en_US, or no tag at all. */
function full(tag) {
  try {
    return new Intl.Locale(tag.replace(/_/g, "-")).maximize();
  } catch {
    return undefined;
  }
}

/* The voice that speaks the language and reads the script, best as it is spoken here: Cantonese is not for zh-Hans. */
function voiceOf(language, voices) {
  const wanted = full(language);
  if (!wanted) return undefined;
  const tagged = voices.map((voice) => ({ voice, tag: full(voice.lang) }));
  const fitting = tagged.filter(({ tag }) => tag && tag.language === wanted.language && tag.script === wanted.script);
  const from = (region) => fitting.find(({ tag }) => tag.region === region);
  return (from("US") || from(wanted.region) || fitting[0])?.voice;
}

/* Read aloud, where the device itself has a voice for the page's language: nothing is sent to anybody for it. */
function reading() {
  const button = find("[data-read]");
  const speech = window.speechSynthesis;
  if (!button || !speech) return;
  const language = document.documentElement.lang;
  const words = button.textContent;

  function voice() {
    return voiceOf(language, speech.getVoices().filter((each) => each.localService));
  }

  function offer() {
    button.hidden = !voice();
  }

  function end() {
    button.textContent = words;
  }

  function read() {
    if (speech.speaking) {
      speech.cancel();
      return;
    }
    const speaks = voice();
    for (const part of document.querySelectorAll("main h1, main h2, main p, main li, main .choice span, main dt, main dd")) {
      if (!part.offsetParent || part.querySelector("h1, h2, p")) continue;
      const said = new SpeechSynthesisUtterance(part.innerText);
      said.lang = language;
      said.voice = speaks;
      said.onend = () => { if (!speech.pending) end(); };
      said.onerror = end;
      speech.speak(said);
    }
    button.textContent = button.dataset.read;
  }

  speech.cancel();
  offer();
  speech.addEventListener?.("voiceschanged", offer);
  button.addEventListener("click", read);
}

/* A page that nobody touches asks whether somebody is there, counts down, and wipes everything. */
function idling() {
  const dialog = find("#idle");
  const quiet = Number(body.dataset.idle) * 1000;
  const over = find("#over");
  if (!dialog || !over || !(quiet > 0)) return;
  const warning = Number(body.dataset.warning);
  const shown = find("[data-count]");
  let touched = Date.now();
  let told = touched;

  /* The server counts, too, and hears only of pages: whoever is long at one would be nobody to it. */
  function tell() {
    told = Date.now();
    fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
  }

  function stay() {
    touched = Date.now();
    close(dialog);
    tell();
  }

  /* By the clock and not by counting, for a device that slept has to know how long. */
  function tick() {
    const left = warning + Math.ceil((touched + quiet - Date.now()) / 1000);
    if (left > warning) {
      if (touched > told && Date.now() - told >= 60000) tell();
      return;
    }
    shown.textContent = String(Math.max(left, 0));
    open(dialog);
    if (left > 0) return;
    clearInterval(ticking);
    leave();
  }

  /* Without a network the browser would show a page of its own, which leads nowhere: it waits, wiped and under the cover. */
  async function leave() {
    find("main").textContent = "";
    find("[data-asking]").hidden = true;
    find("[data-cleared]").hidden = false;
    await network();
    over.submit();
  }

  for (const kind of ["pointerdown", "keydown", "scroll", "input"]) {
    document.addEventListener(kind, () => { if (!dialog.hasAttribute("open")) touched = Date.now(); }, { passive: true });
  }
  find("[data-stay]").addEventListener("click", stay);
  dialog.addEventListener("cancel", stay);
  const ticking = setInterval(tick, 1000);
}

/* The thank-you on a tablet makes way for the next person. */
function returning() {
  const home = find("[data-home]");
  if (!home || !body.dataset.return) return;
  setTimeout(async () => {
    await network();
    home.click();
  }, Number(body.dataset.return) * 1000);
}

/* Before a form leaves, ask whether the server is there: without a network what was typed stays on the page. */
function leaving() {
  const notice = find("#offline");
  let busy = false;

  /* `sure` is 1 while the checked form is on its way through here again, and 2 once it has left: a double tap ends there. */
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.dataset.sure === "1") {
      form.dataset.sure = "2";
      return;
    }
    if (busy || form.dataset.sure === "2") {
      event.preventDefault();
      return;
    }
    if (!form.requestSubmit) return;
    event.preventDefault();
    busy = true;
    if (await alive()) {
      form.dataset.sure = "1";
      form.requestSubmit(event.submitter);
    } else {
      notice.hidden = false;
      await network();
      notice.hidden = true;
    }
    busy = false;
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sure;
  });
}

/* Writing another language ticks "Another language". */
function writing() {
  const words = find("#own-words");
  const other = find("#c-own-words");
  if (!words || !other) return;
  words.addEventListener("input", () => { if (words.value.trim()) other.checked = true; });
}

hiding();
reading();
idling();
returning();
leaving();
writing();
