// Shows the state of the connection: the streams' own state, joined with what /health says; and what to do about it.
// Only a change of state is announced; the seconds that count down stand beside the live region.

import { asSentence, clock, setText } from "../../common/dom.js";
import { NotOpened } from "../../common/keep_alive.js";

const LASTING = 3_000; // a loss gets a line of its own only after so many milliseconds: a short one moves nothing
const TOO_LONG = 431; // the status of a request whose head, and in it the cookies, is too long
const DOWN = "Exchange down: the gateway answers, the matcher does not. Orders are not taken until it is back. This page goes on asking.";

export class ConnectionView {
  #root = document.querySelector("#connection");
  #state = document.querySelector("#connection-state");
  #detail = document.querySelector("#connection-detail");
  #notice = document.querySelector("#connection-notice");
  #what = document.querySelector("#connection-what");
  #advice = document.querySelector("#connection-advice");
  #age = document.querySelector("#book-age");
  #feed = { phase: "connecting" };
  #origin = location.origin;
  #up = null;
  #heardAt = 0; // when /health was last answered, or found that it is not
  #lastLive = null;
  #since = performance.now(); // when the stream was lost, or first asked for

  showFeed(feed) {
    if (this.#feed.phase === "live") this.#since = performance.now();
    this.#feed = feed;
    this.#render();
  }

  showHealth({ up }) {
    this.#up = up;
    this.#heardAt = performance.now();
    this.#render();
  }

  /** Another exchange or symbol: what was known belongs to the old one. `origin`: where the exchange is. */
  reset(origin) {
    this.#origin = origin;
    this.#since = performance.now();
    this.#up = null;
    this.#feed = { phase: "connecting" };
    this.#render();
    this.#lastLive = null;
    this.#render();
  }

  #render() {
    const { phase, error, retryIn } = this.#feed;
    const down = this.#up === false;
    const state = down ? "down" : phase;
    const retry = retryIn > 0 ? `retrying in ${retryIn} s` : "retrying now";
    const words = { connecting: "Connecting", live: "Live", lost: "Offline", down: "Exchange down" };
    const detail = phase === "lost" ? retry : down ? "the matcher does not answer" : "";

    if (state === "live") this.#lastLive = null;
    else if (this.#root.dataset.state === "live") this.#lastLive = new Date();
    const age = this.#lastLive ? `Out of date: as of ${clock(this.#lastLive)}` : "";

    this.#root.dataset.state = state;
    this.#root.title = phase === "lost" ? `The last attempt ended: ${error.message}` : "";
    if (down) this.#showNotice(DOWN);
    else if (phase === "lost" && error instanceof NotOpened && this.#up === null && this.#isOwn) {
      const reason = this.reasonOf(error);
      this.#showNotice(reason && `Not connected. ${reason} Check that it runs. This page goes on trying.`);
    } else if (phase === "lost" && performance.now() - this.#since >= LASTING) {
      this.#showNotice(`Not connected. ${asSentence(error.message)} This page goes on trying.`, this.#adviceFor(error));
    } else this.#showNotice("");
    document.documentElement.dataset.connection = state;
    setText(this.#state, words[state]);
    setText(this.#detail, detail);
    setText(this.#age, age);
  }

  /** Why a stream has ended, in a sentence; empty while /health has not told yet whether the gateway runs. */
  reasonOf(error) {
    if (!(error instanceof NotOpened) || !this.#isOwn) return asSentence(error.message);
    if (this.#heardAt < this.#since) return "";
    return this.#up === null ? `The gateway at ${location.origin} cannot be reached.` : asSentence(error.message);
  }

  /** Whether the exchange is where this page comes from: of another origin a page is not told whether it answers. */
  get #isOwn() {
    return new URL(this.#origin).origin === location.origin;
  }

  #adviceFor(error) {
    const { hostname, origin } = new URL(this.#origin);
    const cookies = `If this browser holds many cookies for ${hostname}, delete them: they make its requests too long.`;
    if (error.status === TOO_LONG) return cookies;
    if (!(error instanceof NotOpened)) return "";
    const between = "Check that no proxy and no browser extension on the way stops WebSockets.";
    const allowed = `Check that ${origin} allows pages of ${location.origin} (its setting GATEWAY_CORS_ORIGINS).`;
    return [cookies, between, this.#isOwn ? "" : allowed].filter(Boolean).join(" ");
  }

  #showNotice(what, advice = "") {
    setText(this.#what, what);
    setText(this.#advice, advice);
    this.#notice.hidden = what === "";
  }
}
