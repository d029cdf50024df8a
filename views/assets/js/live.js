// The live end of a list. [data-hp-live="stream address"] holds:
//   [data-hp-live-list]    the rows; data-hp-live-most is how many may stay (2000)
//   [data-hp-live-toggle]  a button that starts and stops following
//   [data-hp-live-state]   says Live, Reconnecting, Paused or Stopped
//   [data-hp-live-new]     a button that counts rows that wait and shows them
//   [data-hp-live-clear]   a button that empties the list
//   [data-hp-live-note]    holds a text of the server's, such as a rate
// The stream's messages are rows of HTML, newest last; their ids grow, and the
// last one is sent back as ?after= when a stream is opened again. A row whose
// element id is in the list takes that one's place. A message of type "note" is a
// text for the note, "end" ends the stream for good. data-hp-live-noun is what
// rows are called ("line"). data-hp-live-end="bottom" appends; the
// default puts new rows on top. The stream is closed while the tab is hidden:
// a browser has six connections for all tabs of a host.
import { say } from "./announce.js";

class Live {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-hp-live-${name}]`);
    this.list = this.find("list");
    this.most = Number(this.list.dataset.hpLiveMost || 2000);
    this.bottom = root.dataset.hpLiveEnd === "bottom";
    this.waiting = [];
    this.following = true;
    this.on = root.dataset.hpLiveOff === undefined;
    root.addEventListener("click", (e) => this.click(e));
    for (const type of ["focusin", "pointerdown"]) this.list.addEventListener(type, () => this.follow(false));
    document.addEventListener("selectionchange", () => {
      if (!getSelection().isCollapsed && this.list.contains(getSelection().anchorNode)) this.follow(false);
    });
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.visible = () => (document.hidden ? this.close("Paused, tab is hidden") : this.open());
    document.addEventListener("visibilitychange", this.visible);
    this.open();
  }

  open() {
    if (!this.on || this.source || document.hidden) return this.on || this.state("Stopped", "");
    const url = new URL(this.root.dataset.hpLive, location.href);
    if (this.last) url.searchParams.set("after", this.last);
    const source = (this.source = new EventSource(url));
    source.onopen = () => this.state("Live", "live");
    source.onmessage = (event) => this.message(event);
    source.addEventListener("note", (event) => this.note(event.data));
    source.addEventListener("end", (event) => {
      this.end();
      this.state(event.data, "");
    });
    source.onerror = () => {
      if (!this.root.isConnected) return this.end();
      if (source.readyState === EventSource.CLOSED) {
        this.source = null;
        this.state("Reconnecting in 5 s", "");
        setTimeout(() => this.open(), 5000);
      } else this.state("Reconnecting", "");
    };
  }

  close(why) {
    this.source?.close();
    this.source = null;
    this.state(why, "");
  }

  end() {
    this.on = false;
    this.close("Stopped");
    document.removeEventListener("visibilitychange", this.visible);
  }

  state(text, kind) {
    const place = this.find("state");
    if (place && place.textContent !== text) place.textContent = text;
    this.root.dataset.hpLiveKind = kind;
    this.find("toggle")?.setAttribute("aria-pressed", String(this.on));
  }

  note(text) {
    const place = this.find("note");
    if (place && place.textContent !== text) place.textContent = text;
  }

  clear() {
    this.waiting = [];
    this.list.replaceChildren();
    const none = this.find("none");
    if (none) none.hidden = false;
    this.follow(true);
    say("Cleared");
  }

  // place puts a row where one with its id is, here or among those that wait.
  place(row) {
    if (!row.id) return false;
    const old = document.getElementById(row.id);
    if (old && this.list.contains(old)) {
      const focused = [...old.querySelectorAll("a")].indexOf(document.activeElement);
      old.replaceWith(row);
      if (focused >= 0) row.querySelectorAll("a")[focused]?.focus();
      window.htmx.process(row);
      return true;
    }
    const at = this.waiting.findIndex((other) => other.id === row.id);
    if (at >= 0) this.waiting[at] = row;
    return at >= 0;
  }

  message(event) {
    if (!this.root.isConnected) return this.end();
    this.last = event.lastEventId || this.last;
    const template = document.createElement("template");
    template.innerHTML = event.data;
    for (const row of [...template.content.children]) if (!this.place(row)) this.waiting.push(row);
    // What waits is capped too; the oldest of it can be loaded again.
    if (this.waiting.length > this.most) this.waiting.splice(0, this.waiting.length - this.most);
    this.schedule();
  }

  // Rows are put in once per frame, however fast they come.
  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.following) this.flush();
      else this.count();
    });
  }

  flush() {
    const rows = this.waiting.splice(0);
    if (!rows.length) return this.count();
    if (this.bottom) this.list.append(...rows);
    else this.list.prepend(...rows.reverse());
    while (this.list.childElementCount > this.most) (this.bottom ? this.list.firstElementChild : this.list.lastElementChild).remove();
    for (const row of rows) if (row.isConnected) window.htmx.process(row);
    if (this.bottom) this.list.lastElementChild?.scrollIntoView({ block: "nearest" });
    const none = this.find("none");
    if (none) none.hidden = true;
    this.count();
  }

  count() {
    const button = this.find("new");
    if (!button) return;
    const n = this.waiting.length;
    button.hidden = n === 0;
    const noun = this.root.dataset.hpLiveNoun || "line";
    const text = `${n.toLocaleString("en")} new ${n === 1 ? noun : `${noun}s`}, jump to latest`;
    if (button.textContent !== text) button.textContent = text;
    const now = Date.now();
    if (n && this.list.contains(document.activeElement) && now - (this.told ?? 0) > 10000) {
      this.told = now;
      say(`${n} new ${noun}s`);
    }
  }

  follow(yes) {
    this.following = yes;
    if (yes) this.flush();
  }

  scrolled() {
    if (!this.list.isConnected) return;
    const box = this.list.getBoundingClientRect();
    if (this.bottom ? box.bottom > innerHeight + 200 : box.top < -40) this.follow(false);
  }

  click(event) {
    if (event.target.closest("[data-hp-live-new]")) {
      this.follow(true);
      const row = this.bottom ? this.list.lastElementChild : this.list.firstElementChild;
      row?.scrollIntoView({ block: "center" });
      this.find("toggle")?.focus({ preventScroll: true });
    } else if (event.target.closest("[data-hp-live-clear]")) {
      this.clear();
    } else if (event.target.closest("[data-hp-live-toggle]")) {
      this.on = !this.on;
      if (this.on) {
        this.follow(true);
        this.open();
      } else this.close("Stopped");
    }
  }
}

const known = new WeakSet();
const attach = () => {
  for (const root of document.querySelectorAll("[data-hp-live]")) {
    if (known.has(root)) continue;
    known.add(root);
    new Live(root);
  }
};
document.addEventListener("htmx:after:process", attach);
attach();
