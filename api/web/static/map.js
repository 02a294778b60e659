"use strict";
// The map of stations: points and imported outlines; where scripts are off the list and the drawn picture stay.
(function () {
  const box = document.getElementById("map");
  if (!box || !window.L) return;
  const stations = JSON.parse(document.getElementById("map-stations").textContent);
  const outlines = JSON.parse(document.getElementById("map-outlines").textContent);
  if (!stations.length) return;
  document.getElementById("map-picture").hidden = true;
  box.hidden = false;
  const named = stations.length <= 20; // more names than that would cover each other
  const map = L.map(box, { attributionControl: false });
  for (const outline of outlines) L.geoJSON(outline, { style: { color: "#14532d", weight: 1, fillOpacity: 0.05 } }).addTo(map);
  const points = stations.map(function (station) {
    const colour = station.level ? "#991b1b" : "#0b4f8a";
    const text = document.createElement("span");
    const link = document.createElement("a");
    link.href = station.link;
    link.textContent = station.name;
    text.append(link, " " + station.temperature);
    return L.circleMarker([station.latitude, station.longitude], { radius: 9, color: colour, fillOpacity: 0.7, weight: 2 })
      .bindPopup(text).bindTooltip(station.name, named ? { permanent: true, direction: "right", offset: [8, 0] } : {}).addTo(map);
  });
  map.fitBounds(L.featureGroup(points).getBounds().pad(0.15), { maxZoom: 11 });
})();
