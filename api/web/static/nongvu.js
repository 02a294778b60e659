"use strict";
// Extras only: the page is whole without this file. Keeps the last pages for reading without a network.
(function () {
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(function () {});
  const note = document.getElementById("offline");
  function tell() { if (note && !navigator.onLine) note.hidden = false; }
  window.addEventListener("online", function () { if (note) note.hidden = true; });
  window.addEventListener("offline", tell);
  tell();
  const select = document.getElementById("station");
  if (select && select.form) select.addEventListener("change", function () { select.form.requestSubmit(); });
})();
