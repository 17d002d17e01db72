/** Who can act on an error: the one who configures, the one who sends data, the operator, or us. */
export type Actor = "user" | "sender" | "operator" | "developer";

interface ErrorEntry {
  readonly actor: Actor;
  /** What went wrong, and what the actor can do, in one or two sentences. */
  readonly meaning: string;
}

/** Every error code of the project. `docs/errors.md` is held equal to this table by a test. */
export const errorCodes = {
  CONFIG_INVALID: {
    actor: "user",
    meaning:
      "A setting is unknown, missing or has a wrong value. The message names the key, its source and what was expected.",
  },
  CONFIG_UNREADABLE: {
    actor: "user",
    meaning: "A configuration file could not be read or is not valid YAML. Check the path and the line named.",
  },
  PORT_TAKEN: {
    actor: "user",
    meaning: "Another process listens on the port. Stop it, choose another port, or use 0 for a free one.",
  },
  BROKER_UNREACHABLE: {
    actor: "operator",
    meaning: "No MQTT broker answered at the URL. Check that it runs, the URL and the credentials.",
  },
  TOPIC_INVALID: {
    actor: "developer",
    meaning: "A topic level is not an id of the form [a-z0-9-]{1,64}, or a level is missing.",
  },
  PAYLOAD_INVALID: {
    actor: "sender",
    meaning: "A message does not match the schema of its topic. The message names the field and what was expected.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCodes;
