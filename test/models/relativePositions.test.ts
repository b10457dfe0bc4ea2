// Buckets of relative positions against Python's (test/parity/fixtures/make.py wrote them).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { debertaV2Config } from "../../src/models/deberta-v2/config.js";
import { distanceRows, logBucket } from "../../src/models/deberta-v2/distances.js";
import { AutoModel } from "../../src/models/index.js";
import { relativeBucket } from "../../src/models/mpnet/relativeBias.js";
import { tensor } from "../../src/tensor/index.js";

interface Buckets {
  /** The first distance. */
  readonly first: number;
  /** By "buckets,longest distance": of query minus key. */
  readonly deberta: Readonly<Record<string, readonly number[]>>;
  /** Of key minus query. */
  readonly mpnet: readonly number[];
}

const expected = JSON.parse(
  readFileSync(new URL("../parity/fixtures/relative-positions.json", import.meta.url), "utf8"),
) as Buckets;

describe("buckets of relative positions", () => {
  it("are MPNet's", () => {
    expect(expected.mpnet.map((_, i) => relativeBucket(expected.first + i))).toEqual(expected.mpnet);
  });

  it.each(Object.keys(expected.deberta))("are DeBERTa's for %s", (sizes) => {
    const [buckets, longest] = sizes.split(",").map(Number);
    const found = expected.deberta[sizes].map((_, i) => logBucket(expected.first + i, buckets, longest));
    // Python has no -0
    expect(found.map((bucket) => bucket + 0)).toEqual(expected.deberta[sizes]);
  });

  it("leave each row of the table once, with the place of every distance", () => {
    const config = debertaV2Config({ relative_attention: true, position_buckets: 8, max_position_embeddings: 40 });
    const { rows, places } = distanceRows(config, 12);
    expect(places.length).toBe(23);
    expect(new Set(rows).size).toBe(rows.length);
    const buckets = expected.deberta["8,40"];
    for (let distance = -11; distance <= 11; distance++) {
      // the place is by key minus query, the bucket by query minus key
      expect(rows[places[11 + distance]]).toBe(buckets[-distance - expected.first] + 8);
    }
  });

  it("take sequences longer than max_position_embeddings where there is no table of positions", async () => {
    const config = {
      ...{ model_type: "deberta-v2", vocab_size: 9, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2 },
      ...{ intermediate_size: 8, max_position_embeddings: 6, relative_attention: true, pos_att_type: ["c2p", "p2c"] },
    };
    const batch = { input_ids: tensor(new Int32Array(20).fill(3), { shape: [1, 20] }) };
    const longer = AutoModel.fromConfig({ ...config, position_biased_input: false }).forward(batch);
    expect((await longer.last_hidden_state.data()).every(Number.isFinite)).toBe(true);
    expect(() => AutoModel.fromConfig(config).forward(batch)).toThrow("max_position_embeddings");
  });

  it("clamp distances beyond the table", () => {
    const config = debertaV2Config({ relative_attention: true, max_relative_positions: 3 });
    const { rows, places } = distanceRows(config, 6);
    expect(Array.from(places, (place) => rows[place])).toEqual([5, 5, 5, 5, 4, 3, 2, 1, 0, 0, 0]);
  });
});
