// How the page looks and sounds, chosen in the settings and remembered: the zone of its times, its colours, its sound.

import { chosenZone, chooseZone, zoneWord } from "./clock.js";
import { setText } from "./dom.js";
import { recall, remember } from "./stored.js";

const BLUE = "blue"; // blue and orange in the place of green and red

/** onSound(whether it is on, whether the user has just chosen it) at the beginning and after each choice; it is off until the user switches it on. */
export function setUpPreferences(onSound) {
  setUpZone(document.querySelector("#zone"), document.querySelector("#zone-shown"));
  setUpColours(document.querySelector("#colours"));
  const sound = document.querySelector("#sound");
  sound.checked = recall("sound") === "on";
  sound.addEventListener("change", () => {
    remember("sound", sound.checked ? "on" : "off");
    onSound(sound.checked, true);
  });
  onSound(sound.checked, false);
}

function setUpZone(select, word) {
  select.value = chosenZone();
  select.addEventListener("change", () => {
    chooseZone(select.value);
    setText(word, zoneWord());
  });
  setText(word, zoneWord());
}

/** The attribute is there before the first paint: see theme.js. */
function setUpColours(select) {
  const { dataset } = document.documentElement;
  select.value = dataset.colours ?? "";
  select.addEventListener("change", () => {
    if (select.value === BLUE) dataset.colours = BLUE;
    else delete dataset.colours;
    remember("colours", select.value);
  });
}
