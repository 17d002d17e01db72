/** The two parts that the authors of a data set made. Held-out data is a seeded part of `train`. */
export type OfficialSplit = "train" | "test";

/** On shared memory; bytes where there are no more than 256 classes. */
type ClassIndices = Uint8Array<SharedArrayBuffer> | Uint16Array<SharedArrayBuffer>;

/** Labelled images, all of one shape. */
export interface LabelledImages {
  readonly kind: "image";
  readonly count: number;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
  /** `count` x C x H x W bytes, planes one after the other, on shared memory so that worker threads need no copy. */
  readonly images: Uint8Array<SharedArrayBuffer>;
  /** `count` class indices. */
  readonly labels: ClassIndices;
}

/** Labelled sensor windows, all of one shape. */
export interface LabelledWindows {
  readonly kind: "window";
  readonly count: number;
  /** [C, T]: channels, readings of each. */
  readonly shape: readonly [number, number];
  /** Readings of a channel per second. */
  readonly rateHz: number;
  /** `count` x C x T raw values, on shared memory so that worker threads need no copy. */
  readonly windows: Float32Array<SharedArrayBuffer>;
  /** `count` class indices. */
  readonly labels: Uint8Array<SharedArrayBuffer>;
  /** Who wore the sensors, for each window. Windows of one person are alike: hold out whole persons. */
  readonly subjects: Uint8Array<SharedArrayBuffer>;
}

export type LabelledFrames = LabelledImages | LabelledWindows;

export interface Dataset<F extends LabelledFrames = LabelledFrames> {
  readonly name: string;
  /** [C, H, W] of images, [C, T] of windows. */
  readonly shape: F["shape"];
  readonly classes: readonly string[];
  /** The folder that the files are read from. */
  readonly folder: string;
  /** Terms of use, an SPDX expression; what the references of our own stand for is in `terms.ts`. */
  readonly licence: string;
  /**
   * Whether frames of it may travel with a bundle, which goes to others. Where they may not, a bundle is made without reference frames,
   * and its golden answers are those to drawn noise.
   */
  readonly redistributable: boolean;
  /** Whether the folder holds that part. */
  has(split: OfficialSplit): Promise<boolean>;
  /**
   * Reads one official part whole.
   *
   * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
   */
  read(split: OfficialSplit): Promise<F>;
  /**
   * The file of each frame of a part, from `folder`, where frames are files of their own.
   *
   * @throws {MeanetError} as `read`
   */
  filesOf?(split: OfficialSplit): Promise<readonly string[]>;
}

export interface OpenDatasetOptions {
  /** Folder of the official files. Without it: the well-known places, then the official download. */
  readonly from?: string | undefined;
  /** Whether the official files may be downloaded when they are found nowhere. Default true. */
  readonly download?: boolean | undefined;
  /** Told about each file that is downloaded. */
  readonly onDownload?: ((url: string) => void) | undefined;
  /** Of the frames that are wanted, where the data set has no shape of its own: [C, H, W] of an image folder. */
  readonly shape?: readonly number[] | undefined;
  /** The classes of who asks, in the order of their indices, where the data set's follow none but their names'. */
  readonly classes?: readonly string[] | undefined;
  /** Whether pictures that cannot be read are left out, rather than refused. Default false. */
  readonly skipUnreadable?: boolean | undefined;
  /** Most bytes that the decoded pictures of a part may take. Default: three quarters of the memory that is free. */
  readonly maxBytes?: number | undefined;
  /** Told of a part whose pictures are decoded one by one, which takes minutes of many. */
  readonly onDecoding?: ((part: PicturePart) => void) | undefined;
  /** Told of each picture that is decoded: how many are. */
  readonly onDecoded?: ((part: PicturePart & { readonly decoded: number }) => void) | undefined;
  /** Told of the pictures that were left out. */
  readonly onSkipped?: ((part: PicturePart & { readonly skipped: readonly string[] }) => void) | undefined;
}

/** A part of a data set that lies there as picture files. */
interface PicturePart {
  readonly split: OfficialSplit;
  readonly pictures: number;
}
