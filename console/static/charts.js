// Draws each [data-chart] from the columns of a table on the same page, and again when the table or the colours change.
"use strict";

const charts = new Map();
const clock = (at) => at.toISOString().slice(11, 16);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

// Returns the table's hours in seconds, and the values of each column; a cell without a value is a gap.
function numbers(table, columns) {
  const rows = [...table.tBodies[0].rows];
  const at = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const value = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));
  return [at, ...columns.map((column) => rows.map((row) => value(row.cells[column])))];
}

function draw(place) {
  const table = document.getElementById(place.dataset.chart);
  const columns = place.dataset.columns.split(" ").map(Number);
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const lines = [colour("--accent"), colour("--bad")];
  charts.get(place)?.destroy();
  charts.set(place, new uPlot({
    width: place.clientWidth,
    height: 220,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    axes: [{ ...axis, values: (_, at) => at.map((one) => clock(new Date(one * 1000))) }, { ...axis, size: 60 }],
    // Waits go from milliseconds to hours.
    scales: columns.length > 1 ? { y: { distr: 3 } } : { y: { range: (_, least, most) => [0, most || 1] } },
    series: [{ label: table.tHead.rows[0].cells[0].textContent, value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...columns.map((column, n) => ({
      label: table.tHead.rows[0].cells[column].textContent, stroke: lines[n], width: 2, points: { size: 6 },
    }))],
  }, numbers(table, columns), place));
}

function redraw() {
  document.querySelectorAll("[data-chart]").forEach(draw);
}

redraw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("resize", redraw);
document.addEventListener("htmx:after:swap", () => {
  for (const [place, chart] of charts) {
    chart.setData(numbers(document.getElementById(place.dataset.chart), place.dataset.columns.split(" ").map(Number)));
  }
});
