// What /health tells of the matchers that share a replicated log: who leads, how far the others are behind, and what warns.
// A matcher with a journal of its own has none of this: then nothing is shown.

import { element, setData, setText, tableOf } from "./dom.js";

const ROLES = { leader: "Leader", standby: "Standby", replaced: "Replaced", away: "Away" };
const COLUMNS = [["Node", {}], ["Role", {}], ["Position", { class: "number" }], ["Behind", { class: "number" }]];

/** One line for all groups: how many nodes are there, or how many warnings. */
export function nodesWords(groups) {
  const warnings = groups.reduce((sum, group) => sum + group.warnings.length, 0);
  if (warnings > 0) return warnings === 1 ? "Nodes: 1 warning" : `Nodes: ${warnings} warnings`;
  return `Nodes: ${groups.reduce((sum, group) => sum + group.nodes.length, 0)}`;
}

/** The cells of a node's row. */
export function nodeCells({ place, node, role, position, lag, lag_ms }) {
  const name = node === null ? `at place ${place}` : `${node}`;
  const behind = lag === null ? "–" : `${lag === 1 ? "1 record" : `${lag} records`}, ${lag_ms} ms`;
  return [name, ROLES[role] ?? role, position === null ? "–" : `${position}`, behind];
}

export class NodesView {
  #root = document.querySelector("#nodes");
  #summary = this.#root.querySelector("summary");
  #panel = this.#root.querySelector(".more-panel");
  #shown = "[]";

  /** `groups` as /health tells them. */
  show(groups) {
    const told = JSON.stringify(groups);
    if (told === this.#shown) return;
    this.#shown = told;
    this.#root.hidden = groups.length === 0;
    setData(this.#root, "warns", groups.some(({ warnings }) => warnings.length > 0) ? "yes" : null);
    setText(this.#summary, nodesWords(groups));
    this.#panel.replaceChildren(...groups.flatMap((group) => this.#partsOf(group)));
  }

  #partsOf(group) {
    const leader = group.leader === null ? "none" : `node ${group.leader}`;
    const shard = group.shard ? [["Shard", group.shard]] : [];
    const facts = [...shard, ["Log", group.log || "–"], ["Leader", leader], ["Epoch", group.epoch]];
    const list = facts.map(([name, words]) => element("div", {}, element("dt", {}, name), element("dd", {}, words)));
    const table = tableOf(element("caption", { class: "unseen" }, "Nodes of the log"), COLUMNS);
    for (const node of group.nodes) {
      const cells = nodeCells(node).map((words, column) => element("td", { role: "cell", ...COLUMNS[column][1] }, words));
      table.tBodies[0].append(element("tr", { role: "row", "data-role": node.role }, ...cells));
    }
    const warnings = group.warnings.map((warning) => element("li", {}, warning));
    return [element("dl", { class: "facts" }, ...list), table, ...(warnings.length ? [element("ul", { class: "warnings" }, ...warnings)] : [])];
  }
}
