// The review page, made quicker: checks while one types, moves the marks, says what Send will do.
// Everything here also works without it; nothing here sends a mail.
"use strict";
document.documentElement.classList.add("js");

const PAUSE = 700; // milliseconds without a key before a check
const TRIES = 3; // to get a suggestion
const find = (id) => document.getElementById(id);

// The page's language, in the person's own variety of it where the browser names one.
function tongue() {
  const { lang } = document.documentElement;
  return navigator.languages.find((one) => one.split("-")[0] === lang) ?? (lang === "en" ? "en-GB" : lang);
}

function localTimes(root) {
  const style = { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat(tongue(), style);
  for (const time of root.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

// Our own page's HTML, escaped by the server; parsed without running anything.
function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

function replaceContent(target, html) {
  target.replaceChildren(...parsed(html).childNodes);
}

class Editor {
  constructor(form) {
    this.form = form;
    this.text = find("text");
    this.subject = find("subject");
    this.timer = 0;
    this.flight = null;
    this.text.addEventListener("input", () => this.touched());
    this.subject.addEventListener("input", () => this.touched());
    find("off")?.addEventListener("change", () => this.touched());
    form.addEventListener("submit", (event) => this.submitted(event));
    for (const id of ["check", "enter"]) find(id).addEventListener("click", (event) => { event.preventDefault(); this.check(); });
    find("reasons").addEventListener("click", (event) => this.pressed(event));
    find("suggestion").addEventListener("click", (event) => this.pressed(event));
    this.paint();
  }

  // What is asked for other words than these is not waited for, and their suggestion cannot be pressed any more.
  touched() {
    this.paint();
    this.stale(true);
    this.flight?.abort();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), PAUSE);
  }

  stale(yes) {
    for (const id of ["reasons", "suggestion"]) find(id).classList.toggle("stale", yes);
    find("suggestion").inert = yes;
  }

  // Marks behind the words: the held sentences as they are quoted beside the mail. Of a sentence that is there twice each
  // quote marks its own: the first in the mail the first in the box.
  paint() {
    const text = this.text.value;
    const spans = new Map();
    const places = new Map();
    const quotes = [...document.querySelectorAll("#reasons q")].filter((quote) => Number(quote.dataset.start) >= 0);
    for (const quote of quotes.sort((one, other) => one.dataset.start - other.dataset.start)) {
      const words = quote.textContent.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
      const pattern = words.join("\\s+");
      const all = pattern ? [...text.matchAll(new RegExp(pattern, "gu"))] : [];
      const starts = places.get(pattern) ?? places.set(pattern, new Set()).get(pattern);
      const found = all[starts.add(quote.dataset.start).size - 1] ?? all.at(-1);
      if (!found) continue;
      const span = spans.get(found.index) ?? { start: found.index, end: found.index + found[0].length, reasons: [] };
      span.reasons.push(quote.dataset.reason);
      spans.set(found.index, span);
    }
    const pieces = [];
    let at = 0;
    for (const { start, end, reasons } of [...spans.values()].sort((one, other) => one.start - other.start)) {
      if (start < at) continue;
      const mark = document.createElement("mark");
      mark.dataset.reason = [...new Set(reasons)].join(" ");
      mark.textContent = text.slice(start, end);
      pieces.push(text.slice(at, start), mark);
      at = end;
    }
    find("marks").replaceChildren(...pieces, text.slice(at) + "\n");
  }

  // `pressed` names a suggestion to put into the text.
  async check(pressed = "") {
    clearTimeout(this.timer);
    this.flight?.abort();
    const { signal } = this.flight = new AbortController();
    const asked = { token: this.form.elements.token.value, text: this.text.value, subject: this.subject.value, do: pressed, off: this.off() };
    try {
      const answer = await this.ask(asked, signal);
      if (!answer.ok) return this.failed(answer);
      const found = await answer.json();
      this.show(found, asked);
      if (found.awaits) this.follow(asked, signal, TRIES);
    } catch (error) {
      if (error.name !== "AbortError") this.failed(null);
    }
  }

  ask(asked, signal) {
    return fetch(this.form.dataset.live, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked),
      credentials: "same-origin", cache: "no-store", signal,
    });
  }

  // The suggestion that an answer did not wait for. What is typed meanwhile ends this.
  async follow(asked, signal, tries) {
    try {
      const answer = await this.ask({ ...asked, part: "suggestion" }, signal);
      if (answer.ok) return this.suggest(await answer.json());
      if (answer.status === 404 || answer.status === 409) return this.failed(answer);
      if (![429, 503].includes(answer.status) || tries <= 1) return this.unfound(); // too often; the store is slow
      await new Promise((again) => setTimeout(again, 1000 * Number(answer.headers.get("Retry-After") || 2)));
      return this.follow(asked, signal, tries - 1);
    } catch (error) {
      if (error.name !== "AbortError") this.unfound();
    }
  }

  // Numbers of the recipients that are ticked off.
  off() {
    return [...this.form.querySelectorAll("#off input:checked")].map((box) => box.id.replace("off-", "")).join();
  }

  show(found, asked) {
    if (asked.do && this.text.value === asked.text) {
      this.subject.value = found.subject;
      this.put(found.text);
    }
    this.wait(found.awaits);
    replaceContent(find("reasons"), found.reasons);
    this.offer(found.suggestion);
    replaceContent(find("letter"), found.letter);
    replaceContent(find("on-subject"), found.on_subject);
    this.stale(false);
    find("go").textContent = found.button;
    find("anyway").hidden = found.override === "none";
    find("anyway").dataset.override = found.override;
    find("whom").textContent = found.whom;
    find("gist").textContent = found.gist;
    find("go").classList.toggle("primary", found.clear);
    find("lost").hidden = !found.lost.length;
    find("lost").replaceChildren(...found.lost.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    this.say(found.said, found.clear);
    this.paint();
  }

  // While a suggestion is awaited, what stands above the words keeps its height, so that nobody types in a box that moves.
  wait(yes) {
    for (const part of [find("reasons"), find("suggestion")]) part.style.minHeight = yes ? `${part.offsetHeight}px` : "";
    find("suggestion").setAttribute("aria-busy", yes);
  }

  offer(html) {
    replaceContent(find("suggestion"), html);
    if (find("elsewhere")) find("whole").open = true;
  }

  // It also names what each reason offers; the reasons stay, with what is open or has the focus in them. No word is said
  // aloud: the verdict was.
  suggest(found) {
    const offers = parsed(found.reasons);
    const focused = document.activeElement?.closest("#reasons .instead button")?.value;
    for (const shown of find("reasons").querySelectorAll(".instead")) {
      const better = offers.querySelector(`#${shown.closest(".reason").id} .instead`);
      if (better) shown.replaceWith(better);
    }
    if (focused) find("reasons").querySelector(`button[value="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.offer(found.suggestion);
    this.wait(false);
  }

  // Nothing is looked for any more, and nothing was found out.
  unfound() {
    find("suggestion").querySelector(".looking")?.remove();
    this.wait(false);
  }

  failed(answer) {
    if (answer?.status === 429) {
      this.timer = setTimeout(() => this.check(), 1000 * Number(answer.headers.get("Retry-After") || 2));
      return;
    }
    const settled = answer?.status === 404 || answer?.status === 409;
    this.unfound();
    this.say(settled ? this.form.dataset.settled : this.form.dataset.silent, false);
  }

  say(words, clear) {
    const outlook = find("outlook");
    if (outlook.textContent !== words) outlook.textContent = words;
    outlook.className = `outlook ${clear ? "go" : "stay"}`;
  }

  // One delivery in any case; a second press only costs the person a page.
  submitted(event) {
    clearTimeout(this.timer);
    if (event.submitter?.value !== "send") return;
    setTimeout(() => { find("go").disabled = true; }, 0);
  }

  // A way that the browser's own undo can take back.
  put(text) {
    if (text === this.text.value) return;
    this.text.focus();
    this.text.select();
    if (!document.execCommand("insertText", false, text)) this.text.value = text;
    clearTimeout(this.timer);
    find("edit").scrollIntoView({ block: "start" });
  }

  pressed(event) {
    const button = event.target.closest("button[form=revise]");
    if (!button) return;
    event.preventDefault();
    this.check(button.value);
  }
}

// While a mail is on its way: look again now and then, a bounded number of times.
function waitForDelivery(left) {
  if (!find("waiting")) return;
  find("waiting").hidden = !left;
  find("load-again").hidden = Boolean(left);
  if (!left) return;
  setTimeout(async () => {
    try {
      const answer = await fetch(location.pathname + location.search, { credentials: "same-origin", cache: "no-store" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("story");
      if (fresh && fresh.dataset.state !== find("story").dataset.state) {
        find("story").replaceWith(fresh);
        document.title = fresh.querySelector("h1").textContent + " · askonce";
        localTimes(fresh);
        return;
      }
    } catch { /* the next look may work */ }
    waitForDelivery(left - 1);
  }, 3000);
}

// For some seconds one press stops a mail that was sent: a press by hand ticks the box that a scanner would not.
function offerUndo() {
  const undo = find("undo");
  if (!undo) return;
  undo.querySelector(".sure").hidden = true;
  undo.querySelector("button").addEventListener("click", (event) => { if (event.isTrusted) find("stop").checked = true; });
  const ends = Date.now() + 1000 * Number(undo.dataset.left);
  const count = () => {
    const left = Math.ceil((ends - Date.now()) / 1000);
    if (!undo.isConnected) return;
    if (left <= 0) undo.remove();
    else { find("left").textContent = left; setTimeout(count, 250); }
  };
  count();
}

document.addEventListener("DOMContentLoaded", () => {
  offerUndo();
  localTimes(document);
  const form = find("revise");
  if (form) {
    new Editor(form);
    // The edit box shows the marks in place; the whole mail is one press away, or open where a mark stands outside it.
    find("whole").open = Boolean(find("elsewhere") ?? document.querySelector("#letter .passage:not(.authored) mark"));
  }
  waitForDelivery(20);
});
window.addEventListener("pageshow", () => { if (find("go")) find("go").disabled = false; });
