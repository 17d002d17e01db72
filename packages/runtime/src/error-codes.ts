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
    meaning:
      "A configuration file could not be read or is not valid YAML. Check the path and the line named.",
  },
  PORT_TAKEN: {
    actor: "user",
    meaning: "Another process listens on the port. Stop it, choose another port, or use 0 for a free one.",
  },
  BROKER_UNREACHABLE: {
    actor: "operator",
    meaning: "No MQTT broker answered at the URL. Check that it runs, the URL and the credentials.",
  },
  PUBLISH_BACKLOG: {
    actor: "operator",
    meaning:
      "Too many messages wait for the broker's acknowledgement. Check that the broker is up and keeps pace.",
  },
  TOPIC_INVALID: {
    actor: "developer",
    meaning: "A topic level is not an id of the form [a-z0-9-]{1,64}, or a level is missing.",
  },
  PAYLOAD_INVALID: {
    actor: "sender",
    meaning:
      "A message does not match the schema of its topic. The message names the field and what was expected.",
  },
  MODEL_INVALID: {
    actor: "user",
    meaning:
      "A file is not a model that ONNX Runtime can open: damaged, empty, missing, or with operators it does not know.",
  },
  PROVIDER_UNAVAILABLE: {
    actor: "operator",
    meaning:
      "None of the wished execution providers starts on this machine. Install its library and driver, or add cpu to the list.",
  },
  MODEL_INPUT_MISMATCH: {
    actor: "developer",
    meaning:
      "The tensors given do not match the model's inputs by name, type or shape. The message lists every difference.",
  },
  INFERENCE_FAILED: {
    actor: "operator",
    meaning: "ONNX Runtime failed while it ran a batch, for example out of memory. Only that batch is lost.",
  },
  ENGINE_BUSY: {
    actor: "developer",
    meaning: "An engine holds its limit of batches in flight. Wait for one to end, or raise maxInFlight.",
  },
  ENGINE_CRASHED: {
    actor: "operator",
    meaning:
      "The thread of an engine died with this batch in flight. It restarts by itself; the batch may be sent again.",
  },
  ENGINE_CLOSED: {
    actor: "developer",
    meaning: "A batch was given to an engine that is closed or closing. Open a new engine.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCodes;
