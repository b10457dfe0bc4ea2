// Walks over bytes, for JavaScript to call as it is: what is packed is unpacked, values that stand behind their lengths are
// taken apart, lines are cut into fields. Each has a twin in src/datasets that does the same without the addon; this one is
// as fast at its first call as at its last. Nothing here trusts a length that it reads.
#pragma once
#include <cstddef>
#include <cstdint>

namespace attune {

/** Bytes of one array. */
struct Bytes {
  const uint8_t* data;
  size_t size;
};

/** Unpacks Snappy's raw format into exactly `length` bytes; false where it is damaged or holds another number of them. */
bool unpackSnappy(Bytes packed, uint8_t* out, size_t length);

/**
 * Takes `count` values apart, each of which stands behind its length in 32 bits: where each ends goes to `offsets`, behind
 * a 0. Returns the bytes of all, at most `room`; -1 where they are damaged.
 */
int64_t takeSized(Bytes bytes, size_t count, int32_t* offsets, uint8_t* values, size_t room);

/** The bytes that the values of these numbers have together; -1 where there is no value of a number. */
int64_t sizeOfGathered(const int32_t* offsets, size_t known, const int32_t* numbers, size_t count);

/** The values of these numbers, which sizeOfGathered has seen. */
void gatherSized(const uint8_t* given, const int32_t* ends, const int32_t* numbers, size_t count, int32_t* offsets, uint8_t* values);

/** The values of these numbers, of `words` words of 32 bits each; false where there is no value of a number. */
bool gatherWords(const int32_t* given, size_t known, size_t words, const int32_t* numbers, size_t count, int32_t* values);

/** Parquet's hybrid of repeated and bit-packed values, of up to 24 bits; false where they end before `count`. */
bool takeRuns(Bytes bytes, unsigned width, size_t count, int32_t* out);

/** The first integer outside of `least` to `most` that is not null by the bitmap `valid`, which may be missing; else -1. */
int64_t firstOutside(const int64_t* values, size_t count, const uint8_t* valid, int64_t least, int64_t most);

/** The first text that begins within a character of UTF-8; -1 where none does. */
int64_t firstCut(Bytes text, const int32_t* offsets, size_t count);

/** Offsets that begin at 0 instead of at the first of them. */
void rebase(const int32_t* offsets, size_t count, int32_t* out);

/** Where splitLines stands. */
struct LinePlace {
  size_t at;
  size_t lines;  // those passed
};

/**
 * Cuts lines of `columns` fields each apart, from `place` on, which is moved behind them. Of each field begin and end go to
 * `spans`, and its length is added to the column's of `sizes`. Fields may stand in quotes (`quote` -1: none do), and of two
 * quotes within them one is taken out, where it stands. Stops before what is not whole or not regular; returns the lines.
 */
size_t splitLines(uint8_t* bytes, size_t size, LinePlace& place, size_t columns, size_t most, uint8_t delimiter, int quote,
                  int32_t* spans, double* sizes);

/** Fields of one column, as splitLines leaves them, and the texts that mean "no value". */
struct Fields {
  const uint8_t* bytes;
  const int32_t* spans;  // of the column's first field
  size_t stride;         // from a field to the next of the column, in spans
  size_t count;
  const uint8_t* missing;  // the texts one behind the other
  const int32_t* missingOffsets;
  size_t missingCount;
};

/** The fields as texts: `offsets` and `values`, a bitmap of what is there. Returns how many are not. */
size_t takeTexts(const Fields& fields, int32_t* offsets, uint8_t* values, uint8_t* valid);

/** The fields as whole numbers of up to 15 digits; returns how many are missing, -1 where one is something else. */
int64_t takeIntegers(const Fields& fields, int64_t* values, uint8_t* valid);

/**
 * The fields as numbers of up to 15 digits, a point among them or not, which are exact in one division; returns how many are
 * missing, -1 where one is something else.
 */
int64_t takeNumbers(const Fields& fields, double* values, uint8_t* valid);

}  // namespace attune
