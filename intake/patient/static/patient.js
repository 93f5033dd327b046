/* Comfort only: every page works without this script. It stores nothing, and it sends only the page's own forms. */
"use strict";

const body = document.body;
const find = (selector) => document.querySelector(selector);

/* The browser may keep a page in memory and show it to the next patient: load it again. */
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/* Open a dialog. In older browsers it fills the screen, and the page behind it cannot be reached. */
function openDialog(dialog) {
  if (dialog.hasAttribute("open")) return;
  if (dialog.showModal) {
    dialog.showModal();
    return;
  }
  dialog.setAttribute("open", "");
  body.classList.add("covered");
  dialog.querySelector("button").focus();
}

/* Close a dialog. The page stays covered while another one is open. */
function closeDialog(dialog) {
  if (dialog.close) {
    dialog.close();
    return;
  }
  dialog.removeAttribute("open");
  body.classList.toggle("covered", Boolean(find("body > [open]")));
}

/* Return whether the server answers. */
async function isServerAlive() {
  try {
    return (await fetch(body.dataset.alive, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/* Wait until the server answers. */
async function waitForServer() {
  while (!(await isServerAlive())) await new Promise((resolve) => setTimeout(resolve, 3000));
}

/* Hide the answers from a person beside the patient. */
function setUpHiding() {
  const button = find("[data-hide]");
  const cover = find("#hidden");
  if (!button || !cover) return;
  button.hidden = false;
  button.addEventListener("click", () => openDialog(cover));
  find("[data-show]").addEventListener("click", () => closeDialog(cover));
}

/* Return a tag with script and region (zh: zh-Hans-CN). Devices also write en_US, or no tag at all. */
function maximizeTag(tag) {
  try {
    return new Intl.Locale(tag.replace(/_/g, "-")).maximize();
  } catch {
    return undefined;
  }
}

/* Return a voice for the language and its script, preferably of the United States. Cantonese does not read zh-Hans. */
function chooseVoice(language, voices) {
  const pageTag = maximizeTag(language);
  if (!pageTag) return undefined;
  const tagged = voices.map((voice) => ({ voice, tag: maximizeTag(voice.lang) }));
  const matching = tagged.filter(({ tag }) => tag && tag.language === pageTag.language && tag.script === pageTag.script);
  const ofRegion = (region) => matching.find(({ tag }) => tag.region === region);
  return (ofRegion("US") || ofRegion(pageTag.region) || matching[0])?.voice;
}

/* Every text and every button: a person who cannot read must hear that declining is possible. */
const SPOKEN = "h1, h2, p, li, legend, label, .choice span, dt, dd, summary, .button"
  .split(", ").map((part) => `main ${part}, .actions ${part}`).join();

/* Read the page aloud, if the device has a voice for its language. Remote voices would send the text elsewhere. */
function setUpReading() {
  const button = find("[data-read]");
  const speech = window.speechSynthesis;
  if (!button || !speech) return;
  const label = button.textContent;

  function findVoice(node) {
    return chooseVoice(node.closest("[lang]").lang, speech.getVoices().filter((voice) => voice.localService));
  }

  function showButton() {
    button.hidden = !findVoice(button);
  }

  function resetButton() {
    button.textContent = label;
  }

  function toggleReading() {
    if (speech.speaking) {
      speech.cancel();
      return;
    }
    for (const part of document.querySelectorAll(SPOKEN)) {
      /* On the page of the languages each button has its own voice; without one it is left out. */
      const voice = findVoice(part);
      if (!voice || !part.offsetParent || part.matches(".unseen, details:not([open]) p") || part.querySelector(SPOKEN)) continue;
      const utterance = new SpeechSynthesisUtterance(part.innerText);
      utterance.lang = voice.lang;
      utterance.voice = voice;
      utterance.onend = () => { if (!speech.pending) resetButton(); };
      utterance.onerror = resetButton;
      speech.speak(utterance);
    }
    button.textContent = button.dataset.read;
  }

  speech.cancel();
  showButton();
  speech.addEventListener?.("voiceschanged", showButton);
  button.addEventListener("click", toggleReading);
}

/* An idle page asks whether the patient is still there, counts down, and wipes everything. */
function setUpIdling() {
  const dialog = find("#idle");
  const idleTime = Number(body.dataset.idle) * 1000;
  const over = find("#over");
  if (!dialog || !over || !(idleTime > 0)) return;
  const warning = Number(body.dataset.warning);
  const counter = find("[data-count]");
  let touched = Date.now();
  let reported = touched;

  /* The server drops an idle draft, and it sees requests only: report a patient busy on one page. */
  function reportTouch() {
    reported = Date.now();
    fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
  }

  function stay() {
    touched = Date.now();
    closeDialog(dialog);
    reportTouch();
  }

  /* Read the clock instead of counting, because a device may have slept. */
  function checkIdle() {
    const left = warning + Math.ceil((touched + idleTime - Date.now()) / 1000);
    if (left > warning) {
      if (touched > reported && Date.now() - reported >= 60000) reportTouch();
      return;
    }
    counter.textContent = String(Math.max(left, 0));
    openDialog(dialog);
    if (left > 0) return;
    clearInterval(timer);
    wipePage();
  }

  /* Without a network the browser would show its own error page, so the wiped page waits under the dialog. */
  async function wipePage() {
    find("main").textContent = "";
    find("[data-asking]").hidden = true;
    find("[data-cleared]").hidden = false;
    await waitForServer();
    over.submit();
  }

  for (const kind of ["pointerdown", "keydown", "scroll", "input"]) {
    document.addEventListener(kind, () => { if (!dialog.hasAttribute("open")) touched = Date.now(); }, { passive: true });
  }
  find("[data-stay]").addEventListener("click", stay);
  dialog.addEventListener("cancel", stay);
  const timer = setInterval(checkIdle, 1000);
}

/* The thank-you on a tablet returns to the first page for the next patient. */
function setUpReturn() {
  const home = find("[data-home]");
  if (!home || !body.dataset.return) return;
  setTimeout(async () => {
    await waitForServer();
    home.click();
  }, Number(body.dataset.return) * 1000);
}

/* Send an unfinished form to be kept while its patient changes the language or the look of the page. */
async function keepForm() {
  const form = find("[data-kept]");
  if (!form) return;
  const values = new URLSearchParams(new FormData(form));
  values.set("away", "1");
  await fetch(form.action, { method: "POST", body: values }).catch(() => undefined);
}

/* Guard every way out: without a network the page stays, says so, and goes on by itself later. */
function setUpLeaving() {
  const notice = find("#offline");
  let busy = false;

  async function leave(control, go) {
    if (busy) return;
    busy = true;
    if (notice && !(await isServerAlive())) {
      notice.hidden = false;
      await waitForServer();
      notice.hidden = true;
    }
    if (control.matches("[data-keep]")) await keepForm();
    busy = false;
    go();
  }

  /* `sure` is 1 when the checked form passes here again, and 2 once it is sent, so a double tap sends nothing more. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sure === "1") {
      form.dataset.sure = "2";
      return;
    }
    if (!form.requestSubmit && !busy && form.dataset.sure !== "2") return;
    event.preventDefault();
    if (form.dataset.sure === "2") return;
    leave(form, () => {
      form.dataset.sure = "1";
      form.requestSubmit(event.submitter);
    });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.origin !== location.origin || link.hash || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    leave(link, () => { location.href = link.href; });
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sure;
  });
}

/* A form that could not be stored goes again by itself, unless the patient has gone. */
function setUpAgain() {
  const form = find("[data-again]");
  if (!form) return;
  const timer = setInterval(() => {
    if (find("#idle").hasAttribute("open")) return;
    clearInterval(timer);
    form.requestSubmit();
  }, Number(form.dataset.again) * 1000);
}

/* The offline page opens the page that was asked for; a tablet keeps the offline pages. */
function setUpRecovery() {
  if (find("[data-recover]") && !location.pathname.startsWith("/offline")) waitForServer().then(() => location.replace(location.href));
  const workers = navigator.serviceWorker;
  if (!body.dataset.worker || !workers) return;
  workers.register(body.dataset.worker).catch(() => undefined);
  workers.controller?.postMessage(document.documentElement.lang);
}

/* Text in the own-words field selects "Another language". */
function setUpOwnWords() {
  const words = find("#own-words");
  const option = find("#c-own-words");
  if (!words || !option) return;
  words.addEventListener("input", () => { if (words.value.trim()) option.checked = true; });
}

setUpHiding();
setUpReading();
setUpIdling();
setUpReturn();
setUpLeaving();
setUpAgain();
setUpRecovery();
setUpOwnWords();
