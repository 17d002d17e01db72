import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { type StateFolder, writeWhole } from "./state-folder.ts";

/** The connections that all delivered flows share, of our nodes and of Node-RED's own; `flows/connection.json` holds the rest of them. */
const OUR_CONNECTION = "meanet-connection-site";
const MQTT_CONNECTION = "meanet-mqtt-site";

/**
 * Writes Node-RED's file of credentials unless there is one: the delivered connections take user and password from the
 * environment, so that neither stands in a file. What users type into the editor later is kept there as well.
 *
 * @see the form of it: `encryptCredentials` in `@node-red/runtime/lib/nodes/credentials.js`, AES-256-CTR
 */
export function writeFirstCredentials({ flowFile, credentialSecret }: StateFolder): void {
  const file = flowFile.replace(/\.json$/, "_cred.json");
  if (existsSync(file)) return;
  const credentials = {
    [OUR_CONNECTION]: {
      user: variable("MEANET_BROKER_USERNAME"),
      password: variable("MEANET_BROKER_PASSWORD"),
    },
    [MQTT_CONNECTION]: {
      user: variable("MEANET_BROKER_USERNAME"),
      password: variable("MEANET_BROKER_PASSWORD"),
    },
  };
  const key = createHash("sha256").update(credentialSecret).digest();
  const start = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", key, start);
  const encrypted = cipher.update(JSON.stringify(credentials), "utf8", "base64") + cipher.final("base64");
  writeWhole(file, JSON.stringify({ $: start.toString("hex") + encrypted }), 0o600);
}

/** As Node-RED reads it in any field. */
function variable(name: string): string {
  return `\${${name}}`;
}
