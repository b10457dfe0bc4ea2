// Attention over padded batches: packed, and with a mask that only the kernel sees.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pack, packedAttention } from "../../src/nn/index.js";
import { setBackend, type Tensor, takeRows, tensor } from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";

const [batch, length, heads, width] = [3, 7, 2, 12];
const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + step * i));

for (const { label, create } of backendsHere()) {
  describe(label, () => {
    let before: ReturnType<typeof setBackend>;
    beforeAll(() => {
      before = setBackend(create());
    });
    afterAll(() => {
      setBackend(before)?.close();
    });

    const rows = (): Tensor => tensor(wave(batch * length * 3 * width, 0.7), { shape: [batch * length, 3 * width] });
    const relativeBias = (): Tensor => tensor(wave(heads * (2 * length - 1), 0.3), { shape: [heads, 2 * length - 1] });

    it("does not depend on whether the host knows the mask", async () => {
      const lengths = [4, 7, 2];
      const mask = Int32Array.from({ length: batch * length }, (_, i) =>
        i % length < lengths[(i / length) | 0] ? 1 : 0,
      );
      const known = pack([batch, length], tensor(mask, { shape: [batch, length] }));
      const hidden = tensor(mask, { shape: [batch, length] });
      hidden.markChanged(); // as if a kernel had written it
      const onDevice = pack([batch, length], hidden);
      expect(known.deviceMask).toBeUndefined();
      expect(onDevice.deviceMask).toBeDefined();
      const options = { heads, dropout: 0, relativeBias: relativeBias() };
      const packed = await packedAttention([takeRows(rows(), known.index)], known, options).data();
      const padded = await takeRows(packedAttention([rows()], onDevice, options), known.index).data();
      for (const [i, value] of packed.entries()) expect(Math.abs(padded[i] - value)).toBeLessThan(1e-6);
    });

    it("keeps distances over padding between tokens where a model reads them", async () => {
      // row 0 without its column 2 is the same as a row whose column 2 nobody may look at
      const mask = Int32Array.from({ length: batch * length }, (_, i) => (i === 2 ? 0 : 1));
      const plain = pack([batch, length], tensor(mask, { shape: [batch, length] }));
      expect(plain.index.shape).toEqual([batch * length - 1]);
      const kept = pack([batch, length], tensor(mask, { shape: [batch, length] }), { keepDistances: true });
      expect(kept.index.shape).toEqual([batch * length]);
      const options = { heads, dropout: 0, relativeBias: relativeBias() };
      const out = await packedAttention([rows()], kept, options).data();
      const all = await packedAttention([rows()], pack([batch, length], undefined), options).data();
      expect(Array.from(out.subarray(length * width))).toEqual(Array.from(all.subarray(length * width)));
      expect(out[0]).not.toBe(all[0]);
      // by hand: the first head of the first query
      const x = wave(batch * length * 3 * width, 0.7);
      const bias = wave(heads * (2 * length - 1), 0.3);
      const columns = [0, 1, 3, 4, 5, 6];
      const scores = columns.map((j) => {
        let dot = 0;
        for (let d = 0; d < width / heads; d++) dot += x[d] * x[j * 3 * width + width + d];
        return Math.exp(dot / Math.sqrt(width / heads) + bias[j + length - 1]);
      });
      const total = scores.reduce((a, b) => a + b, 0);
      const expected = columns.reduce((sum, j, i) => sum + (scores[i] / total) * x[j * 3 * width + 2 * width], 0);
      expect(Math.abs(out[0] - expected)).toBeLessThan(1e-6);
    });

    it("keeps memory in proportion to length times window for backward", () => {
      const kept = (tokens: number, window: number): number => {
        const x = tensor(wave(tokens * 24, 0.7), { shape: [tokens, 24], requiresGrad: true });
        const before = x.backend.statistics().bytesInUse;
        const out = packedAttention([x], pack([1, tokens], undefined), { heads: 2, dropout: 0, window });
        const bytes = x.backend.statistics().bytesInUse - before;
        out.dispose();
        x.dispose();
        return bytes;
      };
      // weights of 2 heads, 2 * 10 + 1 keys a query, 8 or 4 bytes each; and the output
      expect(kept(400, 10)).toBeLessThan(400 * (2 * 21 + 8) * 8 + 20_000);
      expect(kept(400, 0)).toBeGreaterThan(400 * 400 * 2 * 4);
    });

    it("packs rows padded on either side as they are", () => {
      const mask = tensor([0, 1, 1, 1, 1, 0, 1, 1, 1], { shape: [3, 3], dtype: "int32" });
      const packing = pack([3, 3], mask, { keepDistances: true });
      expect(packing.deviceMask).toBeUndefined();
      expect(Array.from(packing.offsets.host ?? [])).toEqual([0, 2, 4, 7]);
    });
  });
}
