// The lessons: which one is shown, how far it has come, and what each step does on the exchange.

import { element, oncePerFrame, setText } from "../common/dom.js";
import { HERE } from "../common/settings.js";
import { Classroom } from "./classroom.js";
import { haveAlone } from "./guard.js";
import { YOU } from "./lessons/book.js";
import { LESSONS } from "./lessons/all.js";
import { Queue } from "./queue.js";
import { QueueView } from "./queue_view.js";
import { storyOf } from "./story.js";

const UNAUTHORIZED = [401, 403];
const RETRY = 3_000;
const ELSEWHERE = "Another page has changed this book: the lessons are open elsewhere too. “Begin again” loads this lesson’s book.";

const find = (selector) => document.querySelector(selector);
const view = new QueueView();
const showSoon = oncePerFrame(show);
const queue = new Queue({ onChange: noteChange, onState: showConnection });
let room = null;
let lesson = LESSONS.find(({ id }) => `#${id}` === location.hash) ?? LESSONS[0];
let done = 0; // so many of its moves are made
let busy = 0; // so many things are to be done
let working = Promise.resolve();
let orders = [];
let lastTrade = null;
let tried = false; // the user has placed orders of his own since the book was loaded
let unexplained = []; // sequences that came while a call was under way

setUp();
begin();

function setUp() {
  const links = LESSONS.map(({ id, title }, place) => element("a", { href: `#${id}`, "data-lesson": id }, `${place + 1}. ${title}`));
  find("#lessons").append(...links);
  addEventListener("hashchange", () => choose(location.hash.slice(1)));
  find("#next").addEventListener("click", () => doing(goOn));
  find("#back").addEventListener("click", () => doing(() => restart(done - 1)));
  find("#again").addEventListener("click", () => doing(() => restart(0)));
  find("#trial").addEventListener("submit", (event) => {
    event.preventDefault();
    doing(trial, find("#trial-error"));
  });
  find("#trial [name='order_type']").addEventListener("change", ({ target }) => {
    find("#trial [name='price']").disabled = target.value === "market";
  });
  find("#admin").addEventListener("submit", (event) => {
    event.preventDefault();
    open(find("#token").value.trim());
  });
}

async function begin() {
  await haveAlone(() => notice("The lessons are open in another page of this browser. Close that one: this one then goes on by itself."));
  notice("");
  await open(null);
}

/** Opens the classroom; asks for a token where the exchange wants one. */
async function open(token, opened = new Classroom(HERE, token)) {
  try {
    await opened.open();
  } catch (error) {
    const asks = UNAUTHORIZED.includes(error.status);
    find("#admin").hidden = !asks;
    if (asks) return setText(find("#token-error"), token === null ? "" : "The exchange does not take this token.");
    notice(`The lessons cannot be opened: ${error.message}`);
    const passes = error.kind !== "problem" || error.status >= 500;
    return void (passes && setTimeout(() => open(token, opened), RETRY));
  }
  notice("");
  find("#admin").hidden = true;
  find("#token").value = "";
  room = opened;
  for (const section of ["#lesson", "#queue"]) find(section).hidden = false;
  await doing(() => restart(0));
  queue.follow(room.address);
}

function choose(id) {
  lesson = LESSONS.find((each) => each.id === id) ?? LESSONS[0];
  if (!room) return; // the lesson is there once the classroom is open
  doing(() => restart(0));
  find("#lesson").focus({ preventScroll: true });
}

/** Runs one thing after the other; what fails is told. */
function doing(act, errorLine = find("#story")) {
  busy += 1;
  showSteps();
  working = working.then(() => run(act, errorLine));
  return working;
}

async function run(act, errorLine) {
  setText(find("#trial-error"), "");
  try {
    await act();
  } catch (error) {
    errorLine.textContent = [error.title, error.detail].filter(Boolean).join(" ") || error.message;
  }
  busy -= 1;
  showSteps();
  judge();
  show();
}

/** The lesson's own book, then its first moves again. */
async function restart(moves) {
  notice("");
  unexplained = [];
  await room.load(lesson.book);
  done = 0;
  tried = false;
  lastTrade = lesson.book.last_trade;
  find("#story").replaceChildren();
  orders = await room.orders();
  for (let move = 0; move < moves; move += 1) await goTo(move + 1);
}

/** The next move, in the lesson's own book where the user has traded in it. */
async function goOn() {
  if (tried) await restart(done);
  await goTo(done + 1);
}

async function goTo(move) {
  await act(lesson.moves[move - 1].does);
  done = move;
}

async function trial() {
  const { side, order_type, quantity, price } = Object.fromEntries(new FormData(find("#trial")));
  const order = { side, order_type, quantity, ...(order_type !== "market" && { price }) };
  tried = true;
  await act({ call: "place", account: YOU, order });
}

/** Makes the move, and tells what it has done. */
async function act(move) {
  const before = orders;
  const { changed, trades } = await room.act(move);
  orders = await room.orders();
  const owners = new Map([...before, ...changed, ...orders].map((order) => [order.order_id, order.account]));
  find("#story").replaceChildren(...storyOf(changed, trades, owners).map((line) => element("p", {}, line)));
  if (trades.length) lastTrade = trades.at(-1).price;
}

/** The book has changed: by a call of this page, which has that sequence, or by somebody else. */
function noteChange({ sequence, changed }) {
  if (changed) unexplained.push(sequence);
  judge();
  showSoon();
}

/** While a call is under way its sequence is not known. */
function judge() {
  if (busy || !room) return;
  if (unexplained.some((sequence) => !room.did(sequence))) {
    notice(ELSEWHERE);
    doing(async () => (orders = await room.orders()));
  }
  unexplained = [];
}

function showConnection({ phase }) {
  if (phase === "lost") notice("The exchange cannot be reached. This page goes on when it is back.");
  else if (phase === "live") notice("");
}

function show() {
  setText(find("#last-trade"), `Last trade: ${lastTrade}`);
  view.show(queue, orders);
}

function showSteps() {
  const { title, about, moves } = lesson;
  setText(find("#lesson-title"), title);
  setText(find("#lesson-about"), about);
  for (const link of document.querySelectorAll("#lessons a")) {
    if (link.dataset.lesson === lesson.id) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  find("#moves").replaceChildren(...moves.slice(0, done + 1).map(moveItem));
  find("#next").disabled = busy > 0 || done === moves.length;
  find("#back").disabled = busy > 0 || done === 0;
  find("#again").disabled = busy > 0;
}

function moveItem({ says, means }, place) {
  const made = place < done;
  const item = element("li", { "data-made": made, "aria-current": place === done ? "step" : null }, element("p", { class: "says" }, says));
  if (made) item.append(element("p", { class: "means" }, means));
  return item;
}

function notice(words) {
  setText(find("#notice"), words);
  find("#notice").hidden = !words;
}
