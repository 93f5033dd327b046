/* Comfort for the search: suggestions while the patient types, as a WAI-ARIA combobox. The button does the same. */
"use strict";

function setUpSuggestions() {
  const input = find("#search");
  const list = find("#suggestions");
  const status = find("#search-status");
  if (!input?.form.requestSubmit) return;
  const set = (name, value) => input.setAttribute(`aria-${name}`, value);
  const announce = (words) => setTimeout(() => { status.textContent = words; }, 300);
  let active = null;
  let latest = 0;
  let timer;

  function activate(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    set("activedescendant", option?.id || "");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
  }

  function showList(shown) {
    list.hidden = !shown;
    set("expanded", shown);
    activate(null);
    if (shown) list.scrollIntoView({ block: "nearest" });
  }

  /* By POST: a search term must not stand in an address. Only the latest answer counts. */
  async function suggest() {
    const number = ++latest;
    const data = new FormData(input.form);
    const words = input.value.trim() ? await fetch(input.dataset.suggest, { method: "POST", body: data })
      .then((answer) => answer.json()).then((answer) => answer.options).catch(() => "") : "";
    if (number !== latest || document.activeElement !== input) return;
    list.innerHTML = words;
    showList(list.children.length > 0);
    if (input.value.trim()) announce(status.dataset.count.replace("{}", list.children.length));
  }

  /* Tick the box of the page, or let the server add one. */
  function pick(option) {
    const box = document.getElementById(`c-${option.dataset.id}`);
    showList(false);
    if (box) {
      box.checked = true;
      box.focus();
      return;
    }
    const button = document.createElement("button");
    Object.assign(button, { name: "tick", value: option.dataset.id, hidden: true });
    input.form.append(button);
    input.form.requestSubmit(button);
  }

  function move(step) {
    const options = [...list.children];
    if (list.hidden) showList(options.length > 0);
    const next = active ? options.indexOf(active) + step : step > 0 ? 0 : options.length - 1;
    activate(options[next] || null);
  }

  const keys = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: () => showList(false) };
  input.setAttribute("role", "combobox");
  set("autocomplete", "list");
  set("controls", list.id);
  showList(false);
  input.addEventListener("keydown", (event) => {
    const act = event.key === "Enter" && active ? () => pick(active) : keys[event.key];
    if (!act || event.isComposing) return;
    event.preventDefault();
    act();
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, 200);
  });
  input.addEventListener("blur", () => showList(false));
  /* A press on the list must not take the focus from the field. */
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => pick(event.target.closest("li")));
  if (find("#found")) announce(find("#found").textContent);
}

setUpSuggestions();
