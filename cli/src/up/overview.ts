import { relative, resolve } from "node:path";
import { withoutSecret } from "@meanet/runtime";
import type { Addresses } from "../ipc.ts";
import type { UpConfig } from "./config.ts";
import type { Supervised } from "./supervised.ts";

type Process = Pick<Supervised, "name" | "addresses">;

/** What is running and where, and what to try. */
export function overview(config: UpConfig, processes: readonly Process[], brokerUrl: string): string[] {
  const store = fromHere(resolve(config.state, "recorder", "recorder.sqlite"));
  const rows: (readonly [string, string])[] = [
    ...(config.broker === undefined ? [] : [["broker", withoutSecret(brokerUrl)] as const]),
    ...processes.map(({ name, addresses }) => [name, Object.values(addresses).join("  ")] as const),
    ["store", store],
    ...(config.influx === undefined ? [] : [["influx", withoutSecret(config.influx)] as const]),
    ["logs", fromHere(resolve(config.state, "logs"))],
    ["try", `npm run meanet -- query exits --store ${store}`],
  ];
  if (!config.replay) {
    rows.push([
      "send",
      `mosquitto_pub ${host(brokerUrl)} -q 1 -t meanet/v1/${config.site}/my-camera/frame -f picture.jpg`,
    ]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

/** For a parent process: `broker`, `edge-1.http`, … */
export function allAddresses(processes: readonly Process[], brokerUrl: string): Addresses {
  const entries = processes.flatMap(({ name, addresses }) =>
    Object.entries(addresses).map(([what, where]) => [`${name}.${what}`, where] as const),
  );
  return Object.fromEntries([["mqtt", brokerUrl], ...entries]);
}

/** A path as someone in this folder would write it. */
export function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

function host(brokerUrl: string): string {
  const { hostname, port } = new URL(brokerUrl);
  return `-h ${hostname} -p ${port === "" ? 1883 : port}`;
}
