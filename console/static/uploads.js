// Files that are chosen or dropped are sent one by one, each with its progress; without this script the form sends them together.
"use strict";

const form = document.querySelector(".drop");
const list = form?.querySelector(".uploads");

function told(file) {
  const line = document.createElement("li"), progress = document.createElement("progress"), says = document.createElement("span");
  progress.max = 1;
  progress.setAttribute("aria-label", file.name);
  line.append(`${file.name}: `, progress, " ", says);
  list.append(line);
  return { progress, says, line };
}

// What the page that came back says is wrong.
function refusal(request) {
  return request.response?.querySelector("main .refused, main .card p")?.textContent;
}

function send(file, { progress, says, line }) {
  const body = new FormData(), request = new XMLHttpRequest();
  body.append("csrf", form.elements.csrf.value);
  body.append("file", file);
  request.upload.onprogress = (event) => (progress.value = event.loaded / event.total);
  request.responseType = "document";
  return new Promise((done) => {
    request.onloadend = () => {
      progress.remove();
      const link = document.createElement("a");
      link.href = request.responseURL.split("?")[0];
      link.textContent = form.dataset.sent;
      if (request.status === 200) says.append(link);
      else says.textContent = refusal(request)?.replace(`${file.name}: `, "") ?? form.dataset.failed;
      line.classList.toggle("wrong", request.status !== 200);
      done();
    };
    request.open("POST", form.action);
    request.send(body);
  });
}

async function upload(files) {
  for (const [file, shown] of [...files].map((file) => [file, told(file)])) {
    if (file.size <= Number(form.dataset.maxBytes)) await send(file, shown);
    else {
      shown.progress.remove();
      shown.says.textContent = form.dataset.tooLarge;
      shown.line.classList.add("wrong");
    }
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  upload(form.elements.file.files).then(() => form.reset());
});
form?.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.classList.add("over");
});
form?.addEventListener("dragleave", () => form.classList.remove("over"));
form?.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  upload(event.dataTransfer.files);
});
