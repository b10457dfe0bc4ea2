// See bytes.h.
#include "bytes.h"

#include <cstring>

namespace attune {

// ---- Snappy (google/snappy, format_description.txt) ----------------------------------------------------------------

static size_t littleEndian(const uint8_t* bytes, size_t width) {
  size_t value = 0;
  for (size_t i = 0; i < width; i++) value |= size_t(bytes[i]) << (8 * i);
  return value;
}

/** Up to so many bytes are copied as so many where there is room: a copy of a fixed size is two instructions. */
static const size_t kShort = 16;

/** Copies what may have been written by this very copy: a distance that is shorter than the run repeats itself. */
static void repeat(uint8_t* out, size_t to, size_t distance, size_t run, size_t length) {
  if (distance >= kShort && run <= kShort && length - to >= kShort) {
    memcpy(out + to, out + to - distance, kShort);
  } else if (distance >= 8 && length - to >= run + 8) {
    for (size_t i = 0; i < run; i += 8) memcpy(out + to + i, out + to + i - distance, 8);
  } else {
    for (size_t i = 0; i < run; i++) out[to + i] = out[to + i - distance];
  }
}

bool unpackSnappy(Bytes packed, uint8_t* out, size_t length) {
  const uint8_t* in = packed.data;
  const size_t size = packed.size;
  size_t from = 0, to = 0;
  while (from < size && in[from] >= 0x80) from++;  // the length, which the caller knows
  if (from == size || from > 4) return false;
  from++;
  while (from < size) {
    const uint8_t tag = in[from++];
    size_t run = 1 + (tag >> 2);
    if ((tag & 3) == 0) {
      if (run > 60) {
        const size_t width = run - 60;
        if (size - from < width) return false;
        run = 1 + littleEndian(in + from, width);
        from += width;
      }
      if (run > size - from || run > length - to) return false;
      const bool isShort = run <= kShort && size - from >= kShort && length - to >= kShort;
      memcpy(out + to, in + from, isShort ? kShort : run);
      from += run;
    } else {
      const size_t width = (tag & 3) == 3 ? 4 : tag & 3;
      if (size - from < width) return false;
      size_t distance = littleEndian(in + from, width);
      from += width;
      if ((tag & 3) == 1) {
        distance |= size_t(tag >> 5) << 8;
        run = 4 + ((tag >> 2) & 7);
      }
      if (distance == 0 || distance > to || run > length - to) return false;
      repeat(out, to, distance, run, length);
    }
    to += run;
  }
  return to == length;
}

// ---- values of a page ----------------------------------------------------------------------------------------------

int64_t takeSized(Bytes bytes, size_t count, int32_t* offsets, uint8_t* values, size_t room) {
  size_t at = 0, to = 0;
  offsets[0] = 0;
  for (size_t i = 0; i < count; i++) {
    if (bytes.size - at < 4) return -1;
    const size_t length = littleEndian(bytes.data + at, 4);
    at += 4;
    if (length > bytes.size - at || length > room - to || to + length > 0x7fffffff) return -1;
    const bool isShort = length <= kShort && bytes.size - at >= kShort && room - to >= kShort;
    memcpy(values + to, bytes.data + at, isShort ? kShort : length);
    at += length;
    to += length;
    offsets[i + 1] = int32_t(to);
  }
  return int64_t(to);
}

int64_t sizeOfGathered(const int32_t* offsets, size_t known, const int32_t* numbers, size_t count) {
  int64_t size = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t number = size_t(uint32_t(numbers[i]));
    if (number >= known) return -1;
    size += offsets[number + 1] - offsets[number];
  }
  return size;
}

void gatherSized(const uint8_t* given, const int32_t* ends, const int32_t* numbers, size_t count, int32_t* offsets,
                 uint8_t* values) {
  size_t to = 0;
  offsets[0] = 0;
  for (size_t i = 0; i < count; i++) {
    const int32_t start = ends[numbers[i]];
    const size_t length = size_t(ends[numbers[i] + 1] - start);
    memcpy(values + to, given + start, length);
    to += length;
    offsets[i + 1] = int32_t(to);
  }
}

bool gatherWords(const int32_t* given, size_t known, size_t words, const int32_t* numbers, size_t count, int32_t* values) {
  for (size_t i = 0; i < count; i++) {
    const size_t number = size_t(uint32_t(numbers[i]));
    if (number >= known) return false;
    for (size_t word = 0; word < words; word++) values[i * words + word] = given[number * words + word];
  }
  return true;
}

bool takeRuns(Bytes bytes, unsigned width, size_t count, int32_t* out) {
  const uint32_t mask = (uint32_t(1) << width) - 1;
  size_t at = 0, seen = 0;
  while (seen < count) {
    size_t header = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at == bytes.size || shift > 28) return false;
      const uint8_t byte = bytes.data[at++];
      header |= size_t(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    header &= 0xffffffff;
    if (header & 1) {
      const size_t packed = (header >> 1) * 8;
      const size_t taken = packed < count - seen ? packed : count - seen;
      if ((taken * width + 7) / 8 > bytes.size - at) return false;
      const uint8_t* next = bytes.data + at;
      uint32_t bits = 0;
      unsigned held = 0;
      for (size_t i = 0; i < taken; i++) {
        for (; held < width; held += 8) bits |= uint32_t(*next++) << held;
        out[seen + i] = int32_t(bits & mask);
        bits >>= width;
        held -= width;
      }
      const size_t skipped = (packed / 8) * width;  // the last run may lack what pads it
      at += skipped < bytes.size - at ? skipped : bytes.size - at;
      seen += taken;
    } else {
      const size_t run = (header >> 1) < count - seen ? header >> 1 : count - seen;
      const size_t size = (width + 7) / 8;
      if (size > bytes.size - at) return false;
      const int32_t value = int32_t(littleEndian(bytes.data + at, size));
      at += size;
      for (size_t i = 0; i < run; i++) out[seen + i] = value;
      seen += run;
    }
  }
  return true;
}

static bool isSet(const uint8_t* bits, size_t i) { return bits[i >> 3] >> (i & 7) & 1; }

int64_t firstOutside(const int64_t* values, size_t count, const uint8_t* valid, int64_t least, int64_t most) {
  for (size_t i = 0; i < count; i++) {
    if (values[i] >= least && values[i] <= most) continue;
    if (!valid || isSet(valid, i)) return int64_t(i);
  }
  return -1;
}

int64_t firstCut(Bytes text, const int32_t* offsets, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const size_t start = size_t(offsets[i]);
    if (start < text.size && (text.data[start] & 0xc0) == 0x80) return int64_t(i);
  }
  return -1;
}

void rebase(const int32_t* offsets, size_t count, int32_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = offsets[i] - offsets[0];
}

// ---- lines and fields ----------------------------------------------------------------------------------------------

static const uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

/** The high bit of the first byte that is 0, and of none before it. */
static inline uint64_t firstZero(uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighs; }

/** The first byte from `at` on that ends a field outside of quotes. */
static inline size_t endOfField(const uint8_t* bytes, size_t at, size_t size, uint8_t delimiter) {
  const uint64_t delimiters = kOnes * delimiter, newlines = kOnes * '\n', returns = kOnes * '\r';
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  for (; size - at >= 8; at += 8) {
    uint64_t word;
    memcpy(&word, bytes + at, 8);
    const uint64_t found = firstZero(word ^ delimiters) | firstZero(word ^ newlines) | firstZero(word ^ returns);
    if (found) return at + size_t(__builtin_ctzll(found)) / 8;
  }
#endif
  while (at < size && bytes[at] != delimiter && bytes[at] != '\n' && bytes[at] != '\r') at++;
  return at;
}

/** Of two quotes in a field one goes, where it stands; returns the field's new end. */
static size_t withoutDoubled(uint8_t* bytes, size_t start, size_t end, uint8_t quote) {
  size_t to = start;
  for (size_t at = start; at < end; at++) {
    if (bytes[at] == quote) at++;
    bytes[to++] = bytes[at];
  }
  return to;
}

/** Behind the line end at `at`; 0 where more has to be known. */
static inline size_t behindLineEnd(const uint8_t* bytes, size_t at, size_t size) {
  if (bytes[at] != '\r') return at + 1;
  if (at + 1 == size) return 0;
  return bytes[at + 1] == '\n' ? at + 2 : at + 1;
}

size_t splitLines(uint8_t* bytes, size_t size, LinePlace& place, size_t columns, size_t most, uint8_t delimiter, int quote,
                  int32_t* spans, double* sizes) {
  size_t count = 0;
  for (; count < most; count++) {
    size_t at = place.at, lines = 1, doubled = 0;
    for (; at < size && (bytes[at] == '\n' || bytes[at] == '\r'); lines++) {  // empty lines
      const size_t next = behindLineEnd(bytes, at, size);
      if (next == 0) return count;
      at = next;
    }
    int32_t* line = spans + 2 * columns * count;
    size_t column = 0;
    for (;; column++) {
      if (at >= size) return count;
      if (column == columns) return count;
      size_t start = at, end;
      if (quote >= 0 && bytes[at] == quote) {
        start = ++at;
        for (;; at += 2) {
          const void* found = at < size ? memchr(bytes + at, quote, size - at) : nullptr;
          if (!found) return count;
          at = size_t(static_cast<const uint8_t*>(found) - bytes);
          if (at + 1 >= size) return count;
          if (bytes[at + 1] != quote) break;
          doubled++;
        }
        end = at++;
        for (const uint8_t* next = bytes + start; (next = static_cast<const uint8_t*>(
             memchr(next, '\n', size_t(bytes + end - next)))) != nullptr; next++) lines++;
        if (bytes[at] != delimiter && bytes[at] != '\n' && bytes[at] != '\r') return count;
      } else {
        at = end = endOfField(bytes, at, size, delimiter);
        if (at >= size) return count;
      }
      line[2 * column] = int32_t(start);
      line[2 * column + 1] = int32_t(end);
      if (bytes[at] != delimiter) break;
      at++;
    }
    if (column + 1 != columns) return count;
    const size_t next = behindLineEnd(bytes, at, size);
    if (next == 0) return count;
    for (size_t i = 0; i < columns; i++) {
      int32_t& end = line[2 * i + 1];
      const size_t start = size_t(line[2 * i]);
      const bool isQuoted = quote >= 0 && size_t(end) < size && bytes[end] == quote;
      if (doubled > 0 && isQuoted) end = int32_t(withoutDoubled(bytes, start, size_t(end), uint8_t(quote)));
      sizes[i] += double(size_t(end) - start);
    }
    place.at = next;
    place.lines += lines;
  }
  return count;
}

/** A field, and whether it is one of the texts that mean "no value". */
struct Field {
  const uint8_t* text;
  size_t length;
  bool isMissing;
};

/** Looks fields up; most have a length that no text has which means "no value". */
class FieldReader {
 public:
  explicit FieldReader(const Fields& fields) : fields_(fields) {
    for (size_t i = 0; i < fields.missingCount; i++) lengths_ |= bitOf(size_t(lengthOf(i)));
  }

  Field at(size_t i) const {
    const int32_t* span = fields_.spans + 2 * fields_.stride * i;
    Field field = {fields_.bytes + span[0], size_t(span[1] - span[0]), false};
    if (!(lengths_ & bitOf(field.length))) return field;
    for (size_t m = 0; m < fields_.missingCount && !field.isMissing; m++) {
      const size_t length = size_t(lengthOf(m));
      field.isMissing = length == field.length && same(fields_.missing + fields_.missingOffsets[m], field.text, length);
    }
    return field;
  }

 private:
  /** Byte by byte: compilers make a call of memcmp one of a function that not every system has. */
  static bool same(const uint8_t* a, const uint8_t* b, size_t length) {
    size_t i = 0;
    while (i < length && a[i] == b[i]) i++;
    return i == length;
  }
  int32_t lengthOf(size_t m) const { return fields_.missingOffsets[m + 1] - fields_.missingOffsets[m]; }
  /** All long ones have the same bit. */
  static uint64_t bitOf(size_t length) { return uint64_t(1) << (length < 63 ? length : 63); }

  const Fields& fields_;
  uint64_t lengths_ = 0;
};

static void mark(uint8_t* valid, size_t i, bool isThere) {
  if ((i & 7) == 0) valid[i >> 3] = 0;
  valid[i >> 3] = uint8_t(valid[i >> 3] | unsigned(isThere) << (i & 7));
}

size_t takeTexts(const Fields& fields, int32_t* offsets, uint8_t* values, uint8_t* valid) {
  size_t to = 0, missing = 0;
  offsets[0] = 0;
  const FieldReader reader(fields);
  for (size_t i = 0; i < fields.count; i++) {
    const Field field = reader.at(i);
    mark(valid, i, !field.isMissing);
    if (field.isMissing) {
      missing++;
    } else {
      memcpy(values + to, field.text, field.length);
      to += field.length;
    }
    offsets[i + 1] = int32_t(to);
  }
  return missing;
}

static const size_t kDigits = 15;  // so many are exact in a double, and in JavaScript

/** Reads digits; returns what is behind them. */
static inline const uint8_t* digits(const uint8_t* at, const uint8_t* end, int64_t& value) {
  for (; at < end && *at >= '0' && *at <= '9'; at++) value = 10 * value + (*at - '0');
  return at;
}

int64_t takeIntegers(const Fields& fields, int64_t* values, uint8_t* valid) {
  int64_t missing = 0;
  const FieldReader reader(fields);
  for (size_t i = 0; i < fields.count; i++) {
    const Field field = reader.at(i);
    mark(valid, i, !field.isMissing);
    values[i] = 0;
    if (field.isMissing) {
      missing++;
      continue;
    }
    const uint8_t* end = field.text + field.length;
    const bool isNegative = field.length > 0 && *field.text == '-';
    const uint8_t* first = field.text + isNegative;
    int64_t value = 0;
    if (first == end || size_t(end - first) > kDigits || digits(first, end, value) != end) return -1;
    values[i] = isNegative ? -value : value;
  }
  return missing;
}

static const double kPowers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

int64_t takeNumbers(const Fields& fields, double* values, uint8_t* valid) {
  int64_t missing = 0;
  const FieldReader reader(fields);
  for (size_t i = 0; i < fields.count; i++) {
    const Field field = reader.at(i);
    mark(valid, i, !field.isMissing);
    values[i] = 0;
    if (field.isMissing) {
      missing++;
      continue;
    }
    const uint8_t* end = field.text + field.length;
    const bool isNegative = field.length > 0 && *field.text == '-';
    const uint8_t* first = field.text + isNegative;
    if (first == end || size_t(end - first) > kDigits + 1) return -1;
    int64_t value = 0;
    const uint8_t* point = digits(first, end, value);
    size_t count = size_t(point - first), decimals = 0;
    if (point < end) {
      if (*point != '.' || digits(point + 1, end, value) != end) return -1;
      decimals = size_t(end - point - 1);
      count += decimals;
    }
    if (count == 0 || count > kDigits) return -1;
    const double number = double(value) / kPowers[decimals];  // both are exact, so that the quotient is the nearest double
    values[i] = isNegative ? -number : number;
  }
  return missing;
}

}  // namespace attune
