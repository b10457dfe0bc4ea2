// Post-processors one after another (tokenizers/src/processors/sequence.rs): one frames, others trim offsets.
import { FileFormatError } from "../../support/errors.js";
import type { PostProcessor } from "./index.js";
import { type OffsetTrim, type Piece, plainPieces } from "./pieces.js";

export class PostProcessorSequence implements PostProcessor {
  readonly processors: readonly PostProcessor[];
  readonly trim: OffsetTrim | undefined;
  readonly frames: boolean;

  /** Throws FileFormatError, naming `place`, where there is more than one frame. */
  constructor(processors: readonly PostProcessor[], place = "post_processor") {
    const framing = processors.filter(({ frames }) => frames);
    if (framing.length > 1) {
      throw new FileFormatError(`${place} frames a text ${framing.length} times; once is supported`);
    }
    this.processors = processors;
    this.frames = framing.length > 0;
    this.trim = processors.find(({ trim }) => trim)?.trim;
  }

  pieces(pair: boolean, addSpecialTokens: boolean): readonly Piece[] {
    return this.processors.find(({ frames }) => frames)?.pieces(pair, addSpecialTokens) ?? plainPieces(pair);
  }

  toJSON(): object {
    return { type: "Sequence", processors: this.processors.map((processor) => processor.toJSON()) };
  }
}
