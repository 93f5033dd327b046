/* Keeps one offline page per language, and nothing of anyone. */
"use strict";

const CACHE = "offline-{{ version }}";
const PAGES = {{ pages|tojson }};
const EVERY_LANGUAGE = {{ every_language|tojson }};
const FILES = {{ files|tojson }};
let language = "";

{# Without cookies: the pages must not know a tablet or a patient. #}
async function keep(cache, path) {
  const response = await fetch(path, { credentials: "omit" });
  if (!response.ok) throw new Error(path);
  await cache.put(path, response);
}

async function keepAll() {
  const cache = await caches.open(CACHE);
  for (const path of [EVERY_LANGUAGE, ...Object.values(PAGES), ...FILES]) await keep(cache, path);
  await self.skipWaiting();
}

async function takeOver() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

{# A form cannot be opened by its address: go on from the first open page. #}
async function load(request) {
  try {
    return await fetch(request);
  } catch {
    if (request.method === "POST") return Response.redirect({{ onward|tojson }}, 303);
    return caches.match(PAGES[language] || EVERY_LANGUAGE);
  }
}

self.addEventListener("install", (event) => event.waitUntil(keepAll()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", (event) => { language = event.data; });
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, search } = new URL(request.url);
  if (request.mode === "navigate") event.respondWith(load(request));
  else if (FILES.includes(pathname + search)) event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
});
