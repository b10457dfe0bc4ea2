// The walks over bytes: what whole input gives, and that damaged input is refused without a look behind its end or a write
// behind the result's. Every array here has memory of its own, which sanitizers watch.
#include "../bytes.h"

#include "harness.h"

namespace attune::test {

typedef std::vector<uint8_t> Octets;

static int failures;
static void check(bool holds, const char* what) {
  if (holds) return;
  printf("FAILED: bytes: %s\n", what);
  failures++;
}

static Octets octets(const std::string& text) { return Octets(text.begin(), text.end()); }
static Bytes view(const Octets& bytes) { return {bytes.data(), bytes.size()}; }
static std::string text(const Octets& bytes, long start, long end) { return std::string(bytes.begin() + start, bytes.begin() + end); }

static Octets unpacked(const Octets& packed, size_t length, bool& whole) {
  Octets out(length);
  whole = unpackSnappy(view(packed), out.data(), length);
  return out;
}

static void snappy() {
  // a literal of 4, a copy of 4 from 4 back in the short form, one of 20 from 2 back, one of 3 from 28 back in the long form
  const Octets packed = {31, 3 << 2, 'a', 'b', 'c', 'd', 0x01, 4, (19 << 2) | 2, 2, 0, (2 << 2) | 3, 28, 0, 0, 0};
  bool whole;
  const Octets out = unpacked(packed, 31, whole);
  check(whole && text(out, 0, 31) == "abcdabcdcdcdcdcdcdcdcdcdcdcdabc", "Snappy's forms");
  for (size_t length : {0, 1, 30, 32, 100}) {
    unpacked(packed, length, whole);
    check(!whole, "Snappy of another length");
  }
  for (size_t size = 0; size < packed.size(); size++) {
    unpacked(Octets(packed.begin(), packed.begin() + long(size)), 31, whole);
    check(!whole, "Snappy that is cut off");
  }
  for (size_t i = 0; i < packed.size(); i++) {
    for (int byte = 0; byte < 256; byte++) {
      Octets damaged = packed;
      damaged[i] = uint8_t(byte);
      unpacked(damaged, 31, whole);
      unpacked(damaged, 7, whole);
    }
  }
  const Octets far = {4, 0, 'a', 0x01, 2};  // a copy from before the beginning
  unpacked(far, 5, whole);
  check(!whole, "Snappy that copies from before its beginning");
}

static void pages() {
  const Octets sized = {1, 0, 0, 0, 'a', 0, 0, 0, 0, 2, 0, 0, 0, 'b', 'c'};
  Ints offsets(4);
  Octets values(3);
  check(takeSized(view(sized), 3, offsets.data(), values.data(), 3) == 3, "values behind their lengths");
  check(offsets == Ints({0, 1, 1, 3}) && text(values, 0, 3) == "abc", "values behind their lengths, as they are");
  for (size_t size = 0; size < sized.size(); size++) {
    const Octets cut(sized.begin(), sized.begin() + long(size));
    check(takeSized(view(cut), 3, offsets.data(), values.data(), 3) == -1, "values that are cut off");
  }
  check(takeSized(view(sized), 3, offsets.data(), values.data(), 2) == -1, "values without room");
  const Octets huge = {0xff, 0xff, 0xff, 0xff, 'a'};
  check(takeSized(view(huge), 1, offsets.data(), values.data(), 3) == -1, "a length beyond the end");

  const Ints ends = {0, 1, 1, 3}, numbers = {2, 0, 2, 1}, beyond = {0, 3}, below = {-1};
  check(sizeOfGathered(ends.data(), 3, numbers.data(), 4) == 5, "the size of values by number");
  check(sizeOfGathered(ends.data(), 3, beyond.data(), 2) == -1, "a number beyond the last");
  check(sizeOfGathered(ends.data(), 3, below.data(), 1) == -1, "a number below 0");
  Ints where(5);
  Octets gathered(5);
  gatherSized(values.data(), ends.data(), numbers.data(), 4, where.data(), gathered.data());
  check(text(gathered, 0, 5) == "bcabc" && where == Ints({0, 2, 3, 5, 5}), "values by number");
  const Ints words = {1, 2, 3, 4};
  Ints pairs(4);
  check(gatherWords(words.data(), 2, 2, Ints({1, 0}).data(), 2, pairs.data()) && pairs == Ints({3, 4, 1, 2}), "words by number");
  check(!gatherWords(words.data(), 2, 2, Ints({2}).data(), 1, pairs.data()), "words of a number beyond the last");

  // 10 times 5, and the numbers 0 to 7 in three bits each (Parquet's own example of bit packing)
  const Octets runs = {20, 5, 3, 0x88, 0xc6, 0xfa};
  Ints out(18);
  check(takeRuns(view(runs), 3, 18, out.data()), "runs");
  check(out == Ints({5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7}), "runs, as they are");
  for (size_t size = 0; size < runs.size(); size++) {
    check(!takeRuns(view(Octets(runs.begin(), runs.begin() + long(size))), 3, 18, out.data()), "runs that are cut off");
  }
  uint32_t state = 1;
  for (int i = 0; i < 20000; i++) {
    Octets random(size_t(i % 9));
    for (uint8_t& byte : random) byte = uint8_t((state = state * 1664525 + 1013904223) >> 24);
    takeRuns(view(random), unsigned(i % 25), 18, out.data());
  }

  const std::vector<int64_t> integers = {3, -1, 9, 1ll << 40};
  const uint8_t valid = 0b0011;
  check(firstOutside(integers.data(), 4, nullptr, -1, 3) == 2, "the first integer outside");
  check(firstOutside(integers.data(), 4, &valid, -1, 3) == -1, "integers outside that are null");
  check(firstOutside(integers.data(), 4, nullptr, -1, 1ll << 40) == -1, "integers inside");
  Ints based(3);
  rebase(Ints({5, 7, 12}).data(), 3, based.data());
  check(based == Ints({0, 2, 7}), "offsets from 0 on");
  const Octets accents = octets("a\xc3\xa9z");
  check(firstCut(view(accents), Ints({0, 1, 3, 4}).data(), 3) == -1, "texts that begin with characters");
  check(firstCut(view(accents), Ints({0, 2, 4, 4}).data(), 3) == 1, "a text that begins within one");
}

struct Lines {
  Octets bytes;
  LinePlace place{0, 1};
  Ints spans;
  Doubles sizes;
  size_t count;
  Lines(const std::string& given, size_t columns, size_t most, int quote = '"')
      : bytes(octets(given)), spans(2 * columns * most), sizes(columns) {
    count = splitLines(bytes.data(), bytes.size(), place, columns, most, ',', quote, spans.data(), sizes.data());
  }
  std::string field(size_t i) const { return text(bytes, spans[2 * i], spans[2 * i + 1]); }
};

static void lines() {
  const std::string given = "a,bcdefghijk\n\n\"x,\"\"y\"\"\r\n\",2\r\nlast,one\rmore,";
  const Lines some(given, 2, 9);
  check(some.count == 3 && some.place.at == given.size() - 5 && some.place.lines == 6, "lines that are whole");
  check(some.field(0) == "a" && some.field(1) == "bcdefghijk" && some.field(3) == "2", "fields");
  check(some.field(2) == "x,\"y\"\r\n", "a field in quotes");
  check(some.sizes == Doubles({1 + 7 + 4, 10 + 1 + 3}), "sizes of columns");
  check(Lines(given, 2, 1).count == 1, "as many lines as are asked for");
  check(Lines(given, 3, 9).count == 0 && Lines(given, 1, 9).count == 0, "lines of other columns");
  check(Lines("a\"b,c\n", 2, 9).field(0) == "a\"b", "a quote within a field");
  check(Lines("\"a\"b,c\n", 2, 9).count == 0, "what stands behind a quote");
  check(Lines("\"a\",c\n", 2, 9, -1).field(0) == "\"a\"", "quotes that mean nothing");
  check(Lines("a,b\r", 2, 9).count == 0, "a return that may be half a line end");
  uint32_t state = 7;
  const char signs[] = "\",\n\ra1";
  for (int i = 0; i < 50000; i++) {
    std::string random(size_t(i % 23), ' ');
    for (char& sign : random) sign = signs[((state = state * 1664525 + 1013904223) >> 24) % 6];
    const Lines cut(random, size_t(1 + i % 3), 4);
    const Ints& spans = cut.spans;
    for (size_t k = 0; k < cut.count * size_t(1 + i % 3); k++) {
      check(spans[2 * k] <= spans[2 * k + 1] && spans[2 * k + 1] <= long(random.size()), "spans of random lines");
    }
  }
}

static void columns() {
  const Lines cut("12,0.25\nNA,-3\n,x\n-007,1.\n", 2, 9);
  check(cut.count == 4, "lines of columns");
  const Octets missing = octets("NA");
  const Ints missingOffsets = {0, 0, 2};
  const auto fields = [&](size_t column, size_t count) {
    return Fields{cut.bytes.data(), cut.spans.data() + 2 * column, 2, count, missing.data(), missingOffsets.data(), 2};
  };
  Octets valid(1);
  std::vector<int64_t> integers(4);
  check(takeIntegers(fields(0, 4), integers.data(), valid.data()) == 2, "missing integers");
  check(integers == std::vector<int64_t>({12, 0, 0, -7}) && valid[0] == 0b1001, "integers");
  check(takeIntegers(fields(1, 1), integers.data(), valid.data()) == -1, "what is no integer");
  Doubles numbers(2);
  check(takeNumbers(fields(1, 2), numbers.data(), valid.data()) == 0 && numbers == Doubles({0.25, -3}), "numbers");
  check(takeNumbers(fields(1, 3), Doubles(3).data(), valid.data()) == -1, "what is no number");
  Ints offsets(5);
  Octets values(size_t(cut.sizes[0]));
  check(takeTexts(fields(0, 4), offsets.data(), values.data(), valid.data()) == 2, "missing texts");
  check(text(values, 0, offsets[4]) == "12-007" && offsets == Ints({0, 2, 2, 2, 6}) && valid[0] == 0b1001, "texts");
}

int testBytes() {
  failures = 0;
  snappy();
  pages();
  lines();
  columns();
  return failures;
}

}  // namespace attune::test
