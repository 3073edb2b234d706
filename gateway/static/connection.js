// Shows the state of the connection: the streams' own state, joined with what /health says.
// Only a change of state is announced; the seconds that count down stand beside the live region.

import { clock, setText } from "./dom.js";

const LASTING = 3; // a loss gets a line of its own only after so many failures: a short one moves nothing
const DOWN = "Exchange down: the gateway answers, the matcher does not. Orders are not taken until it is back.";

export class ConnectionView {
  #root = document.querySelector("#connection");
  #state = document.querySelector("#connection-state");
  #detail = document.querySelector("#connection-detail");
  #notice = document.querySelector("#connection-notice");
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

  /** Another exchange or symbol: what was known belongs to the old one. */
  reset() {
    this.#up = null;
    this.#feed = { phase: "connecting" };
    this.#render();
    this.#lastLive = null;
    this.#render();
  }

  #render() {
    const { phase, reason, failures, retryIn } = this.#feed;
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
    this.#showNotice(down ? DOWN : phase === "lost" && failures >= LASTING ? `Not connected: ${reason}` : "");
    document.documentElement.dataset.connection = state;
    setText(this.#state, words[state]);
    setText(this.#detail, detail);
    setText(this.#age, age);
  }

  #showNotice(text) {
    setText(this.#notice, text);
    this.#notice.hidden = text === "";
  }
}
