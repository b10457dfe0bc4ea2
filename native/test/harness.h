// What the tests of the kernels share. A test calls kernels as the stream does and compares what they leave with sums in
// double precision, written here without any thought of speed. Every test runs with one, two and three threads, and their
// bits must be the same.
#pragma once
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "../kernels.h"

namespace attune::test {

typedef std::vector<float> Floats;
typedef std::vector<int32_t> Ints;
typedef std::vector<double> Doubles;

/** A kernel's arguments: numbers, flags and addresses, one after another. */
struct Arguments {
  Doubles values;
  Arguments(std::initializer_list<Arguments> parts) {
    for (const Arguments& part : parts) values.insert(values.end(), part.values.begin(), part.values.end());
  }
  Arguments(double value) : values{value} {}
  Arguments(int value) : values{double(value)} {}
  Arguments(long value) : values{double(value)} {}
  Arguments(bool value) : values{double(value)} {}
  Arguments(const void* address) : values{double(uintptr_t(address))} {}
  Arguments(const Floats& floats) : Arguments((const void*)floats.data()) {}
  Arguments(const Ints& ints) : Arguments((const void*)ints.data()) {}
  Arguments(const std::vector<uint16_t>& halves) : Arguments((const void*)halves.data()) {}
  Arguments(const Doubles& numbers) : values(numbers) {}
};

/** The dropout arguments of a kernel, and the factor that they mean for an element: backends/kernels.ts has the formula. */
struct Dropout {
  bool active = false;
  double probability = 0;
  uint32_t key0 = 0, key1 = 0;
  Arguments arguments() const {
    return {active, std::floor(probability * 16777216), active ? 1 / (1 - probability) : 1.0, double(key0), double(key1)};
  }
  double operator()(long index) const;
};

/** One run of the tests: a set of kernels, a number of threads. */
class Run {
 public:
  Run(const KernelTable& table, int threads) : table(table), pool_(threads), context_(pool_) {}

  const KernelTable& table;
  int threads() const { return pool_.threads(); }

  /** Calls a kernel; an error of the stream is a failure. */
  void call(Opcode opcode, const Arguments& arguments);
  /** Calls a kernel that must fail; returns its message. */
  std::string failing(Opcode opcode, const Arguments& arguments);

  /** Fails unless |actual - expected| <= tolerance * max(1, largest |expected|) everywhere; NaN and infinity for the same. */
  void expect(const char* what, const Floats& actual, const Doubles& expected, double tolerance);
  void expect(const char* what, const Ints& actual, const Ints& expected);
  void expectText(const char* what, const std::string& actual, const std::string& expected);
  /** Fails with a message (printf's format) unless it holds. */
  void check(bool holds, const char* format, ...) __attribute__((format(printf, 3, 4)));

  /** A digest of everything that was compared. */
  uint64_t bits() const { return bits_; }
  int checks() const { return checks_; }
  int failures() const { return failures_; }

 private:
  void remember(const void* data, size_t bytes);
  Pool pool_;
  Context context_;
  uint64_t bits_ = 14695981039346656037ull;
  int checks_ = 0, failures_ = 0;
};

/** Rounding of a float sum of n terms, as a random walk adds it up, and of a few operations around it. */
inline double rounding(double terms = 1) { return std::ldexp(1.0, -24) * (16 + 4 * std::sqrt(terms)); }

/** Numbers in [-1, 1) from a fixed sequence. */
Floats numbers(long length, uint32_t seed);
Ints integers(long length, int limit, uint32_t seed);
inline Doubles doubles(const Floats& x) { return Doubles(x.begin(), x.end()); }

/** Value and derivative of what kernels call by number: Unary of elementwise.cpp (p0, p1 its parameters). */
double unaryOf(int op, double x, double p0, double p1);
/** Activation of gemm.cpp; 0 is none. */
double activationOf(int activation, double x);
double slopeOf(const std::function<double(double)>& f, double x);

/** A test of one kernel or a few; `opcodes` says of which. */
struct Test {
  const char* name;
  std::vector<Opcode> opcodes;
  void (*body)(Run& run);
};
extern const std::vector<Test> elementTests, reductionTests, productTests, attentionTests, rowTests, trainingTests;

/** Commands through a stream, from another thread, with reads, writes and a full queue. Returns the number of failures. */
int testStream(const KernelTable& table);
/** The walks over bytes, which are no kernels. Returns the number of failures. */
int testBytes();
/** Prints GFLOP/s and GB/s of one set. */
void measure(const KernelTable& table, int threads);

}  // namespace attune::test
