import { cascade } from "./cascade.js";
import { iceberg } from "./iceberg.js";
import { oco } from "./oco.js";
import { prevention } from "./prevention.js";
import { priority } from "./priority.js";
import { sweep } from "./sweep.js";

/** In the order in which they are taught. */
export const LESSONS = [priority, sweep, iceberg, cascade, oco, prevention];
