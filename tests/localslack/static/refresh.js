// Fetch the channel again every second; leave it alone while a dialog is open or a field has the focus.
"use strict";

const channel = document.getElementById("channel");
const atEnd = () => channel.scrollHeight - channel.scrollTop - channel.clientHeight < 80;
let shown = "";

function busy() {
  return document.querySelector(":popover-open, .modal") !== null || document.hidden;
}

function replace(text) {
  const follow = atEnd();
  channel.innerHTML = text;
  if (follow) channel.scrollTop = channel.scrollHeight;
}

async function refresh() {
  if (busy()) return;
  try {
    const answer = await fetch(channel.dataset.source);
    const text = await answer.text();
    if (answer.ok && text !== shown && !busy()) {
      replace(text);
      shown = text;
    }
  } catch {
    // the server is away: what is shown stays, the next second asks again
  }
}

channel.scrollTop = channel.scrollHeight;
setInterval(refresh, 1000);
