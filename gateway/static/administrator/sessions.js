// Who sends commands to the matcher.

import { element } from "../common/dom.js";
import { Room } from "./room.js";

export class Sessions extends Room {
  constructor() {
    super("sessions");
  }

  read(admin) {
    return admin.sessions();
  }

  draw({ sessions }) {
    this.show(sessions, row);
  }
}

function row({ session, commands, kept_answers }) {
  const number = (count) => element("td", { class: "number" }, String(count));
  return element("tr", { "data-session": session }, element("td", {}, element("code", {}, session)), number(commands), number(kept_answers));
}
