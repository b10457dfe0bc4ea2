// See harness.h.
#include "harness.h"

namespace attune::test {

double Dropout::operator()(long index) const {
  if (!active) return 1;
  uint32_t x = uint32_t(index) * 0x9E3779B1u + key0;
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = ((x ^ (x >> 13)) + key1) * 0xC2B2AE35u;
  x ^= x >> 16;
  return double(x >> 8) < std::floor(probability * 16777216) ? 0 : double(float(1 / (1 - probability)));
}

static const char* nameOf(Opcode opcode) {
  static const char* const names[] = {
#define X(name) #name,
      ATTUNE_KERNELS(X)
#undef X
  };
  return names[opcode];
}

void Run::call(Opcode opcode, const Arguments& arguments) {
  table.kernels[opcode](context_, arguments.values.data(), long(arguments.values.size()));
  check(!context_.failed(), "%s: %s", nameOf(opcode), context_.message());
  context_.clearError();
}

std::string Run::failing(Opcode opcode, const Arguments& arguments) {
  table.kernels[opcode](context_, arguments.values.data(), long(arguments.values.size()));
  const std::string message = context_.message();
  context_.clearError();
  check(!message.empty(), "%s did not fail", nameOf(opcode));
  return message;
}

void Run::remember(const void* data, size_t bytes) {
  const unsigned char* p = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < bytes; i++) bits_ = (bits_ ^ p[i]) * 1099511628211ull;
}

void Run::check(bool holds, const char* format, ...) {
  checks_++;
  if (holds) return;
  failures_++;
  va_list arguments;
  va_start(arguments, format);
  printf("FAILED %s, %d threads: ", table.name, threads());
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

void Run::expect(const char* what, const Floats& actual, const Doubles& expected, double tolerance) {
  remember(actual.data(), actual.size() * sizeof(float));
  if (actual.size() != expected.size()) return check(false, "%s: %zu elements, expected %zu", what, actual.size(), expected.size());
  double scale = 1;
  for (double value : expected)
    if (std::isfinite(value)) scale = std::fmax(scale, std::fabs(value));
  size_t worst = actual.size();
  double worstDifference = tolerance * scale;
  for (size_t i = 0; i < actual.size(); i++) {
    const double a = actual[i], e = expected[i];
    if (std::isnan(e) ? std::isnan(a) : a == e) continue;
    const double difference = std::fabs(a - e);
    if (!(difference <= worstDifference)) {
      worst = i;
      worstDifference = difference;
      if (!std::isfinite(difference)) break;
    }
  }
  check(worst == actual.size(), "%s: element %zu of %zu is %.9g, expected %.9g to within %.3g", what, worst, actual.size(),
        worst < actual.size() ? actual[worst] : 0, worst < actual.size() ? expected[worst] : 0, tolerance * scale);
}

void Run::expect(const char* what, const Ints& actual, const Ints& expected) {
  remember(actual.data(), actual.size() * sizeof(int32_t));
  for (size_t i = 0; i < expected.size(); i++) {
    if (actual[i] != expected[i]) return check(false, "%s: element %zu is %d, expected %d", what, i, actual[i], expected[i]);
  }
  check(actual.size() == expected.size(), "%s: %zu elements, expected %zu", what, actual.size(), expected.size());
}

void Run::expectText(const char* what, const std::string& actual, const std::string& expected) {
  check(actual == expected, "%s: \"%s\", expected \"%s\"", what, actual.c_str(), expected.c_str());
}

// ---- numbers -------------------------------------------------------------------------------------------------------

static uint32_t next(uint32_t& state) {  // Lehmer's generator
  state = uint32_t(uint64_t(state) * 48271 % 2147483647);
  return state;
}

Floats numbers(long length, uint32_t seed) {
  uint32_t state = seed * 48271 + 1;
  Floats result(static_cast<size_t>(length));
  for (float& value : result) value = float(double(next(state)) / 2147483647 * 2 - 1);
  return result;
}

Ints integers(long length, int limit, uint32_t seed) {
  uint32_t state = seed * 48271 + 1;
  Ints result(static_cast<size_t>(length));
  for (int32_t& value : result) value = int32_t(next(state) % uint32_t(limit));
  return result;
}

// ---- functions -----------------------------------------------------------------------------------------------------

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
static double relu(double x) { return std::isnan(x) ? x : std::fmax(x, 0); }
static double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
constexpr double kPi = 3.14159265358979323846;  // M_PI is not everywhere
static double geluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / kPi) * (x + 0.044715 * x * x * x)));
}

double unaryOf(int op, double x, double p0, double p1) {
  switch (op) {
    case 0: return -x;
    case 1: return std::exp(x);
    case 2: return std::log(x);
    case 3: return std::sqrt(x);
    case 4: return std::tanh(x);
    case 5: return sigmoid(x);
    case 6: return relu(x);
    case 7: return gelu(x);
    case 8: return geluTanh(x);
    case 9: return x * sigmoid(x);
    case 10: return x < p0 ? p0 : x > p1 ? p1 : x;
    case 11: return x * p0 + p1;
    default: return std::pow(x, p0);
  }
}

double activationOf(int activation, double x) {
  switch (activation) {
    case 1: return gelu(x);
    case 2: return geluTanh(x);
    case 3: return relu(x);
    case 4: return x * sigmoid(x);
    case 5: return std::tanh(x);
    default: return x;
  }
}

double slopeOf(const std::function<double(double)>& f, double x) {
  const double step = 1e-5 * std::fmax(std::fabs(x), 0.01);
  return (f(x + step) - f(x - step)) / (2 * step);
}

}  // namespace attune::test
