// The administrator's page: signs in where the exchange wants a token, then shows the rooms.

import { AdminApi } from "../common/admin_api.js";
import { Api } from "../common/api.js";
import { Confirm } from "../common/confirm.js";
import { setText } from "../common/dom.js";
import { HERE } from "../common/settings.js";
import { Accounts } from "./accounts.js";
import { Instruments } from "./instruments.js";
import { Keys } from "./keys.js";
import { Sessions } from "./sessions.js";

const INTERVAL = 5_000;

const find = (selector) => document.querySelector(selector);
const confirm = new Confirm();
const market = new Api(HERE);
const rooms = [new Instruments(market, confirm), new Accounts(), new Keys(confirm), new Sessions()];
let admin = null;
let tries = 0; // to sign in; only the last one counts

find("#sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(find("#token").value.trim());
});
find("#leave").addEventListener("click", () => leave(""));
setInterval(() => admin && !document.hidden && look(), INTERVAL);
enter(null);

/** Tries the token; null where none may be needed. */
async function enter(token) {
  const number = (tries += 1);
  const tried = new AdminApi(HERE, token);
  try {
    await tried.sessions();
  } catch (error) {
    if (number !== tries) return;
    if (error.status !== 401) {
      setText(find("#state"), `${error.message} Trying again.`);
      return void setTimeout(() => number === tries && enter(token), INTERVAL);
    }
    leave(token === null ? "" : "The exchange does not take this token.");
    return;
  }
  if (number !== tries) return;
  admin = tried;
  find("#token").value = "";
  setText(find("#token-error"), "");
  setText(find("#state"), token === null ? "This exchange asks administrators for no token." : "");
  find("#sign-in").hidden = true;
  find("#rooms").hidden = false;
  find("#leave").hidden = token === null;
  for (const room of rooms) room.use(admin);
  look();
}

function leave(words) {
  admin = null;
  find("#rooms").hidden = true;
  find("#leave").hidden = true;
  find("#sign-in").hidden = false;
  setText(find("#state"), "");
  setText(find("#token-error"), words);
  for (const room of rooms) room.use(null);
  find("#token").focus();
}

/** What all rooms show, as it is now. */
async function look() {
  const asked = admin;
  try {
    for (const room of rooms) await room.look();
    if (asked === admin) setText(find("#state"), "");
  } catch (error) {
    if (asked !== admin) return;
    if (error.status === 401) return leave("Signed out: the exchange no longer takes this token.");
    setText(find("#state"), `Out of date: ${error.message}`);
  }
}
