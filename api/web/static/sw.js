"use strict";
// Network first; what was seen last is shown where there is none. Nothing of the office is kept.
const CACHE = "nongvu-2";
const SHELL = ["/", "/static/nongvu.js", "/static/icon.svg"];
self.addEventListener("install", function (event) {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});
// A saved page says that it is one.
function saved(answer) {
  if (!answer || !(answer.headers.get("content-type") || "").startsWith("text/html")) return answer;
  return answer.text().then((text) => new Response(text.replace(/(<p id="offline"[^>]*) hidden>/, "$1>"), { headers: answer.headers }));
}
self.addEventListener("fetch", function (event) {
  const request = event.request, url = new URL(request.url);
  const kept = url.pathname === "/" || url.pathname === "/map" || url.pathname.startsWith("/static/") || url.pathname.startsWith("/v1/documents/");
  if (request.method !== "GET" || url.origin !== self.location.origin || !kept || request.headers.has("range")) return;
  event.respondWith(fetch(request).then(function (answer) {
    if (answer.status === 200) {
      const copy = answer.clone();
      event.waitUntil(caches.open(CACHE).then((cache) => cache.put(request, copy)));
    }
    return answer;
  }).catch(() => caches.match(request).then((found) => found || caches.match("/")).then(saved)));
});
