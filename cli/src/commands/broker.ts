import { text } from "node:stream/consumers";
import { type BrokerAddresses, configSchema, start } from "@meanet/broker";
import { hashPassword, MeanetError } from "@meanet/runtime";
import { Command } from "commander";
import { processCommand } from "../process-command.ts";

const schemes = { tcp: "mqtt", ws: "ws", tls: "mqtts", wss: "wss" } as const;

export function brokerCommand(): Command {
  const command = processCommand({
    name: "broker",
    description:
      "Runs the MQTT broker: MQTT 3.1.1 over TCP and WebSocket, shared subscriptions, stated limits.",
    schema: configSchema,
    start,
    addresses: (running) => ({ ...brokerUrls(running.addresses), http: running.http?.url }),
  });
  return command.addCommand(
    new Command("hash-password")
      .description("Reads a password from standard input and prints the hash for authentication.users.")
      .action(async () => {
        if (process.stdin.isTTY)
          console.error("The password, then Enter and Ctrl-D; it is shown as you type:");
        const password = (await text(process.stdin)).replace(/\r?\n$/, "");
        if (password === "") {
          throw new MeanetError(
            "CONFIG_INVALID",
            "broker hash-password: the password is empty; expected it on standard input: meanet broker hash-password < FILE",
          );
        }
        console.log(await hashPassword(password));
      }),
  );
}

/** `{ mqtt: "mqtt://127.0.0.1:1883", ws: "ws://…" }`: the listeners by the scheme of their URL. */
function brokerUrls(addresses: BrokerAddresses): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const [listener, scheme] of Object.entries(schemes)) {
    const address = addresses[listener as keyof BrokerAddresses];
    if (address !== undefined) urls[scheme] = `${scheme}://${reachableHost(address.host)}:${address.port}`;
  }
  return urls;
}

/** An address that stands for all of this machine is no place to connect to. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
