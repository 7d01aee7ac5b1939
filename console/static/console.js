// Small things that a page does by itself; without them it can still be read.
"use strict";

// An element with data-live names a stream; each of its events has the element fetched anew, and changed where it differs.
// One that names another stream from then on, or none, is told of by that, or by none.
// What asks stands beside the element: what is changed in it must not end the asking.
let followed;
function follow(part) {
  document.getElementById("live")?.remove();
  followed = { id: part.id, address: part.dataset.live };
  if (!followed.address) return;
  const live = document.createElement("div"), stream = document.createElement("div");
  live.id = "live";
  live.setAttribute("hx-get", location.href);
  live.setAttribute("hx-select", "#" + part.id);
  live.setAttribute("hx-target", "#" + part.id);
  live.setAttribute("hx-swap", "outerMorph");
  live.setAttribute("hx-trigger", "changed");
  stream.setAttribute("hx-sse:connect", followed.address);
  stream.setAttribute("hx-sse:close", "end");
  // What has changed before the stream began, or while the page was in the background, is told by none of its events.
  stream.addEventListener("htmx:sse:after:connection", () => live.dispatchEvent(new Event("changed")));
  live.append(stream);
  document.body.append(live);
  return live;
}
document.querySelectorAll("[data-live]").forEach(follow);
document.addEventListener("htmx:after:swap", () => {
  const part = followed && document.getElementById(followed.id);
  if (!part || part.dataset.live === followed.address) return;
  const live = follow(part);
  if (live) htmx.process(live);
});

// A form that changes while the server draws it anew is drawn once more: the first drawing knows nothing of the change.
const filled = (form) => new URLSearchParams(new FormData(form)).toString();
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement.form;
  if (form?.contains(ctx.target)) ctx.filled = filled(form);
});
document.addEventListener("htmx:before:swap", (event) => {
  const { filled: sent, sourceElement: source, sourceEvent: cause } = event.detail.ctx;
  if (sent === undefined || sent === filled(source.form)) return;
  event.preventDefault();
  setTimeout(() => source.dispatchEvent(new cause.constructor(cause.type, { bubbles: true, cancelable: true })));
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A button for more rows adds them here; without this script it sends the form, and the page comes back with them.
document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-more-rows]")) return;
  event.preventDefault();
  const rows = event.target.form.querySelector("tbody");
  const added = rows.lastElementChild.cloneNode(true);
  for (const input of added.querySelectorAll("input")) {
    input.value = "";
    input.removeAttribute("aria-invalid");
  }
  rows.append(added);
  added.querySelector("input").focus();
});

// Keys: what has data-key is pressed, or entered if it is a field; j and k go through what has data-stop, where no link has them.
const keys = document.querySelector("[data-keys]");
if (keys) keys.checked = localStorage.getItem("keys") !== "off";
keys?.addEventListener("change", () => localStorage.setItem("keys", keys.checked ? "on" : "off"));

function step(by) {
  const stops = [...document.querySelectorAll("[data-stop]")];
  const at = stops.indexOf(document.activeElement);
  stops[at < 0 && by < 0 ? stops.length - 1 : at + by]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !document.querySelector("[data-keys]")?.checked) return;
  const typing = event.target.matches("input:not([type=checkbox], [type=file]), textarea, select");
  if (typing) return event.key === "Escape" ? event.target.blur() : undefined;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted && event.key !== "j" && event.key !== "k") return;
  event.preventDefault();
  if (!wanted) step(event.key === "j" ? 1 : -1);
  else if (wanted.matches("input, textarea") && wanted.type !== "file") wanted.select();
  else if (wanted.matches("summary")) {
    wanted.parentElement.open = true;
    wanted.focus();
  } else wanted.click();
});

// A field shows its box on the page, and a box leads to its field.
document.addEventListener("focusin", (event) => {
  for (const box of document.querySelectorAll("[data-box]")) {
    box.classList.toggle("here", box.dataset.box === event.target.dataset.field);
    if (box.classList.contains("here")) box.scrollIntoView({ block: "nearest" });
  }
});
document.addEventListener("click", (event) => {
  if (event.target.dataset.box) document.getElementById(event.target.dataset.box)?.focus();
});
