// Shows the state of the connection: the streams' own state, joined with what /health says.
// Only a change of state is announced; the seconds that count down stand beside the live region.

import { clock } from "./dom.js";

export class ConnectionView {
  #root = document.querySelector("#connection");
  #state = document.querySelector("#connection-state");
  #detail = document.querySelector("#connection-detail");
  #age = document.querySelector("#book-age");
  #feed = { phase: "connecting" };
  #up = null;
  #lastLive = null;

  showFeed(feed) {
    this.#feed = feed;
    this.#render();
  }

  showHealth({ up }) {
    this.#up = up;
    this.#render();
  }

  #render() {
    const { phase, reason, retryIn } = this.#feed;
    const down = this.#up === false;
    const state = down ? "down" : phase;
    const retry = retryIn > 0 ? `retrying in ${retryIn} s` : "retrying now";
    const words = { connecting: "Connecting", live: "Live", lost: "Lost", down: "Exchange down" };
    const detail = phase === "lost" ? retry : down ? "the matcher does not answer" : "";

    if (state === "live") this.#lastLive = null;
    else if (this.#root.dataset.state === "live") this.#lastLive = new Date();
    const age = this.#lastLive ? `Out of date: as of ${clock(this.#lastLive)}` : "";

    this.#root.dataset.state = state;
    this.#root.title = phase === "lost" && reason ? `The last attempt ended: ${reason}` : "";
    document.documentElement.dataset.connection = state;
    if (this.#state.textContent !== words[state]) this.#state.textContent = words[state];
    if (this.#detail.textContent !== detail) this.#detail.textContent = detail;
    if (this.#age.textContent !== age) this.#age.textContent = age;
  }
}
