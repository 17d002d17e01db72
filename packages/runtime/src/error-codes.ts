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
  SUBSCRIPTION_DENIED: {
    actor: "operator",
    meaning: "The MQTT broker refused a subscription. Give this user the right to read the topic named.",
  },
  PUBLISH_REFUSED: {
    actor: "operator",
    meaning:
      "The MQTT broker ended three connections in a row on the same message, which is given up: this user may not publish to its topic, or it is too large. Give this user the right, or send less.",
  },
  PUBLISH_BACKLOG: {
    actor: "operator",
    meaning:
      "Too many messages wait for the broker's acknowledgement. Check that the broker is up and keeps pace.",
  },
  SESSION_CLOSED: {
    actor: "operator",
    meaning:
      "An MQTT session closed before the broker had acknowledged a message, which may be lost. Check that the broker answers.",
  },
  VERDICT_TIMEOUT: {
    actor: "operator",
    meaning:
      "No final verdict for a frame came in time. Check that an edge node of the site is online; publishing the same id again is safe.",
  },
  VERDICT_BACKLOG: {
    actor: "sender",
    meaning:
      "A device has too many frames that await their verdict. Publish more slowly, or check that an edge node of the site is online.",
  },
  FFMPEG_MISSING: {
    actor: "user",
    meaning:
      "`meanet camera` reads its input with ffmpeg, which does not run here. Install it, or name it with the setting `ffmpeg`.",
  },
  CAMERA_FAILED: {
    actor: "operator",
    meaning:
      "The input of `meanet camera` cannot be read, or gives no pictures; the message holds what ffmpeg said. It is opened again; check the camera, its address and rights.",
  },
  PROCESS_FAILED: {
    actor: "operator",
    meaning: "A process of `meanet up` did not start. The message holds its last words, and names its log.",
  },
  LOGIN_REQUIRED: {
    actor: "user",
    meaning:
      "Editor and dashboard would be open to other machines without a login. Give `login.username` and `login.password`, or bind to a loopback address.",
  },
  NODE_RED_FAILED: {
    actor: "operator",
    meaning: "Node-RED did not start. Its output is in the log of `meanet flows`.",
  },
  FLOWS_UNREADABLE: {
    actor: "operator",
    meaning:
      "The file of the flows is damaged. It is kept under the name in the message; repair that copy and put it back while `meanet flows` is stopped.",
  },
  SCENARIO_UNFIT: {
    actor: "user",
    meaning:
      "A scenario cannot be run with this bundle and data. The message says why, and what to give instead.",
  },
  SCENARIO_INCOMPLETE: {
    actor: "operator",
    meaning:
      "A scenario did not come to its end: it was stopped, or a process did not answer. The logs that it names tell why.",
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
  NETWORK_INVALID: {
    actor: "user",
    meaning:
      "A network cannot be built as specified: a layer does not fit its input. The message names the layer and what was expected.",
  },
  MODEL_INVALID: {
    actor: "user",
    meaning:
      "A file is not a model that ONNX Runtime can open: damaged, empty, missing, or with operators it does not know.",
  },
  MODEL_UNSUPPORTED: {
    actor: "user",
    meaning:
      "An ONNX file is a model, but not one that a bundle can be made of: its inputs, a tensor's shape, or where its weights lie. The message names what was found and what was expected.",
  },
  MODEL_UNFIT: {
    actor: "user",
    meaning:
      "An ONNX model and the data set do not go together: shape of the frames, number of classes, or normalisation. The message names both sides.",
  },
  TENSOR_UNKNOWN: {
    actor: "user",
    meaning:
      "An ONNX model has no tensor of the name given. The message lists names that come near, or what could be meant.",
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
  DATASET_MISSING: {
    actor: "user",
    meaning:
      "A data set, or one of its files, is not in the place given, nor in the well-known places. Install it, or name its folder.",
  },
  DATASET_CORRUPT: {
    actor: "user",
    meaning:
      "A data file is damaged, cut off, or not what its checksum says; or a folder of your own is not of the form expected. The message names it. Fetch an official file again from its page.",
  },
  DATASET_CHANGED: {
    actor: "user",
    meaning:
      "The training part of a data set does not have the number of frames that a bundle was made of, so nobody knows which of them it never learned from; or the classes of a part are not the bundle's, or are in another order. Give the folder as it was then, or a test part.",
  },
  DATASET_TOO_LARGE: {
    actor: "user",
    meaning:
      "The frames of a data set, decoded, take more memory than is free. The message names both. Give fewer pictures, smaller frames, or a machine with more memory.",
  },
  BUNDLE_MISSING: {
    actor: "user",
    meaning: "No model bundle of that name or in that folder. `meanet bundle list` names those of the zoo.",
  },
  BUNDLE_INVALID: {
    actor: "user",
    meaning:
      "The manifest of a bundle, or its file of figures, is missing, not JSON, or not of its schema. The message names the file or field.",
  },
  BUNDLE_MISMATCH: {
    actor: "operator",
    meaning:
      "A file of a bundle does not match its sha256 in the manifest: damaged or changed. Copy the bundle again.",
  },
  BUNDLE_PLACE_REFUSED: {
    actor: "user",
    meaning:
      "A bundle was to be written to a folder that holds something else, or cannot be written. Name one that is not there yet, is empty, or holds a bundle to be replaced.",
  },
  INPUT_KIND_UNSUPPORTED: {
    actor: "user",
    meaning:
      "A bundle takes one kind of input, images or sensor windows, and was given the other. Give a bundle of the kind named.",
  },
  QUANTIZATION_REFUSED: {
    actor: "user",
    meaning:
      "A bundle or model cannot be made int8: it already is, lacks the part asked for, or holds nothing that could be quantised. The message says which.",
  },
  RECIPE_INVALID: {
    actor: "user",
    meaning:
      "A training recipe is not YAML of its schema, or asks for what the data do not have. The message names the key and what was expected.",
  },
  RECIPE_MISMATCH: {
    actor: "user",
    meaning:
      "The bundle that a recipe takes main from learned from other data or another split, or its main is another network. The message names what differs.",
  },
  CHECKPOINT_MISMATCH: {
    actor: "user",
    meaning:
      "A checkpoint was written by another recipe or with other frames, or is damaged. Go back to that recipe and data, or train anew without --resume.",
  },
  CHECKPOINT_UNWRITABLE: {
    actor: "user",
    meaning:
      "The folder of a training's checkpoints and log cannot be written: no rights, or the disk is full. Give it rights or room, or name another with --work; what was written before is whole.",
  },
  TRAINING_UNDER_WAY: {
    actor: "user",
    meaning:
      "Another process trains in the same folder of checkpoints. Wait for it, or name another folder with --work.",
  },
  TRAINING_FAILED: {
    actor: "operator",
    meaning:
      "A training thread died, or the loss or the parameters are no longer numbers. The last checkpoint is kept. After a thread that died, --resume goes on from it; otherwise train anew at a lower learning rate.",
  },
  TRAINING_INCOMPLETE: {
    actor: "user",
    meaning: "The extension was to be trained alone before main is done. Train main first.",
  },
  TRAINING_ABORTED: {
    actor: "user",
    meaning:
      "Training was stopped on request after it wrote a checkpoint. The same command with --resume goes on from there.",
  },
  MODEL_MISMATCH: {
    actor: "operator",
    meaning:
      "An edge asked for another bundle than the worker runs. Give edges and workers the same bundle and version.",
  },
  OVERLOAD: {
    actor: "operator",
    meaning:
      "A worker's queue was full, and its oldest item gave way. Add workers, or send less to the cloud.",
  },
  DEADLINE: {
    actor: "operator",
    meaning:
      "The time of a complex item was up before a worker came to it. Add workers, or raise the deadline of the edge.",
  },
  INPUT_NOT_A_DISTRIBUTION: {
    actor: "developer",
    meaning: "A vector of class probabilities has an entry outside [0, 1] or does not sum to 1.",
  },
  IMAGE_UNDECODABLE: {
    actor: "sender",
    meaning:
      "A frame is damaged, cut short, or not the picture or tensor that it claims to be. Send it again from the source.",
  },
  IMAGE_TOO_LARGE: {
    actor: "sender",
    meaning:
      "A frame has more bytes, or unfolds to more pixels or a longer side, than the node accepts. Send it smaller.",
  },
  WRONG_SIZE: {
    actor: "sender",
    meaning:
      "A raw frame does not have the size of the model's input. The message names the sizes that fit, as bytes and as float32.",
  },
  STORE_UNUSABLE: {
    actor: "operator",
    meaning:
      "The recorder's database cannot be opened (missing, damaged, of another release, or without rights), or an InfluxDB that is asked gives no answer. The message names the file or server.",
  },
  STORE_FAILED: {
    actor: "operator",
    meaning:
      "The recorder's database cannot be written for now: disk full, no rights, or another process holds it. The recorder tries again.",
  },
  QUERY_INVALID: {
    actor: "user",
    meaning:
      "A monitoring query has an unknown name or a wrong option. The message names the option and what was expected.",
  },
  THUMBNAIL_UNKNOWN: {
    actor: "user",
    meaning:
      "The recorder has no small picture of this device or frame: none was published, it has been deleted since, or thumbnails are switched off.",
  },
  HOST_REFUSED: {
    actor: "operator",
    meaning:
      "The recorder was asked under a name that is not its own, as by a web page whose name was made to point here. Use 127.0.0.1 or localhost, or name the origin in http.allowOrigins.",
  },
  QUERY_BUSY: {
    actor: "operator",
    meaning: "Too many monitoring queries run at once. Ask again in a moment, or over a shorter time.",
  },
  RECORDER_UNREACHABLE: {
    actor: "operator",
    meaning: "The recorder gave no answer, or none that can be read. Check that it runs, and its URL.",
  },
  OUTPUT_UNWRITABLE: {
    actor: "user",
    meaning: "A file that a command was to write could not be written. Check its folder and rights.",
  },
  FRAME_UNKNOWN: {
    actor: "user",
    meaning:
      "No verdict of a frame with this id is recorded. Check the id, the device and the store that is asked; retention may have deleted it.",
  },
  JOURNAL_UNUSABLE: {
    actor: "operator",
    meaning:
      "An edge node cannot open or write its journal. Check rights and space of its state folder; frames stay unacknowledged meanwhile.",
  },
  ITEMS_UNUSABLE: {
    actor: "operator",
    meaning:
      "The store of labelled items of an edge node cannot be opened. Check folder and disk; deleting it loses what was collected.",
  },
  DISCOVERY_REFUSED: {
    actor: "operator",
    meaning:
      "The file `discovery.json` of an edge node, which counts what labels say of each class, is damaged or belongs to another main block. Counting begins anew and the file is replaced; nothing needs to be done.",
  },
  LEARNING_UNSUPPORTED: {
    actor: "operator",
    meaning:
      "This bundle cannot be trained on by an edge node. The message says what it lacks; serve one made by `meanet train`, in float32.",
  },
  LEARNING_REFUSED: {
    actor: "operator",
    meaning:
      "A training in service did not begin: there is too little to learn from, or it would need more memory than allowed. The message names the figures.",
  },
  SETTING_INVALID: {
    actor: "user",
    meaning:
      "A value published to a `set` topic does not fit. The setting stays as it was; the message tells what was expected.",
  },
  SETTING_TIMEOUT: {
    actor: "operator",
    meaning:
      "An edge node did not tell the state of a setting in time. Check that it is online, and its name; the setting may have been applied.",
  },
  ENERGY_INPUT_INVALID: {
    actor: "developer",
    meaning: "An energy figure was asked for a negative or non-finite count of MACs or bytes.",
  },
  RESULTS_INVALID: {
    actor: "user",
    meaning:
      "A file of figures that a document is made of is missing, not JSON, or not of its schema. The message names it and how to make it again.",
  },
  RESULTS_OUTDATED: {
    actor: "user",
    meaning: "A document is not what the figures give. Make it again with the command named.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCodes;
