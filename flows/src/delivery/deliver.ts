import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Logger, MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { dashboardFlows } from "../../dashboard/compose.ts";
import { type StateFolder, writeWhole } from "../state-folder.ts";
import {
  type Delivered,
  type FlowNode,
  type Installed,
  installFlows,
  type Outcome,
} from "./install-flows.ts";

/** Where the package keeps what it delivers, one file for each. */
const deliveredFolder = join(import.meta.dirname, "../../flows");

/** All that the package delivers: flows by hand, and the dashboard. */
export function allDelivered(): Delivered[] {
  return [...readDelivered(deliveredFolder), ...dashboardFlows()];
}

const flowsSchema = z.array(
  z.looseObject({ id: z.string().min(1), type: z.string().min(1), z: z.string().optional() }),
);
const installedSchema = z.record(z.string(), z.object({ hash: z.string(), ids: z.array(z.string()) }));

export interface DeliverOptions {
  readonly state: StateFolder;
  /** Names; undefined: all. */
  readonly wanted?: readonly string[] | undefined;
  /** All there are; what the package delivers unless a test has its own. */
  readonly all?: readonly Delivered[];
  readonly log: Logger;
}

/**
 * Installs the delivered flows into the user's `flows.json`, and puts all of them into the editor's library (Import, Local,
 * MEANet), where a version that was changed or deleted can be had again.
 *
 * A `flows.json` that cannot be read is kept under another name, told, and begun anew.
 *
 * @throws {MeanetError} CONFIG_INVALID for a name that is not delivered
 */
export function deliverFlows({
  state,
  wanted,
  all = allDelivered(),
  log,
}: DeliverOptions): Readonly<Record<string, Outcome>> {
  const delivered = wanted === undefined ? all : all.filter(({ name }) => wanted.includes(name));
  const unknown = wanted?.filter((name) => !all.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `flows: no such delivered flow: ${unknown.join(", ")} → deliver; expected of: ${all.map(({ name }) => name).join(", ")}`,
      { unknown },
    );
  }
  fillLibrary(state, all);

  const user = readUserFlows(state, log);
  const before: Installed = user === undefined ? {} : readInstalled(state, log);
  const { flows, installed, report } = installFlows(user ?? [], delivered, before);
  if (flows !== user) writeWhole(state.flowFile, `${JSON.stringify(flows, null, 4)}\n`);
  writeWhole(state.installedFile, `${JSON.stringify(installed, null, 2)}\n`);
  tell(report, log);
  return report;
}

function readDelivered(folder: string): Delivered[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return files.toSorted().map((file) => ({
    name: basename(file, ".json"),
    nodes: flowsSchema.parse(JSON.parse(readFileSync(join(folder, file), "utf8"))) as FlowNode[],
  }));
}

/** Undefined for none, and for one that cannot be read, which is kept. */
function readUserFlows({ flowFile }: StateFolder, log: Logger): FlowNode[] | undefined {
  if (!existsSync(flowFile)) return undefined;
  const bytes = readFileSync(flowFile);
  try {
    return flowsSchema.parse(JSON.parse(bytes.toString("utf8"))) as FlowNode[];
  } catch (cause) {
    // Named by content: the same file makes one copy, another never overwrites it.
    const copy = flowFile.replace(
      /\.json$/,
      `.broken-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.json`,
    );
    writeFileSync(copy, bytes, { mode: 0o600, flush: true });
    const error = new MeanetError(
      "FLOWS_UNREADABLE",
      `${flowFile} is not an array of nodes in JSON; it is kept as ${copy}, and Node-RED begins with the delivered flows: mend the copy and put it back while meanet flows is stopped`,
      { flowFile, copy },
      { cause },
    );
    log.error({ err: error }, error.message);
    return undefined;
  }
}

function readInstalled({ installedFile }: StateFolder, log: Logger): Installed {
  if (!existsSync(installedFile)) return {};
  try {
    return installedSchema.parse(JSON.parse(readFileSync(installedFile, "utf8")));
  } catch (error) {
    // Flows of ours that are there as delivered are recognised by their content; changed ones stay as they are.
    log.warn({ err: error, installedFile }, "what was installed before cannot be read");
    return {};
  }
}

function fillLibrary({ userDir }: StateFolder, delivered: readonly Delivered[]): void {
  const folder = join(userDir, "lib/flows/MEANet");
  mkdirSync(folder, { recursive: true });
  for (const { name, nodes } of delivered) writeWhole(join(folder, `${name}.json`), JSON.stringify(nodes));
}

function tell(report: Readonly<Record<string, Outcome>>, log: Logger): void {
  for (const [flow, outcome] of Object.entries(report)) {
    if (outcome === "installed" || outcome === "upgraded") log.info({ flow }, `delivered flow ${outcome}`);
    if (outcome === "outdated") {
      log.warn(
        { flow },
        "a delivered flow has a new version, and you have changed the one before: the new one is under Import, Local, MEANet",
      );
    }
    if (outcome === "taken") {
      log.warn(
        { flow },
        "a delivered flow is not installed: nodes with its ids are there already; it is under Import, Local, MEANet",
      );
    }
  }
}
