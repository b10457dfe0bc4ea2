// What the processor can do: multiplications and additions that never leave the registers, by one thread for each number
// on standard input, for a moment; their sum in GFLOP/s on standard output. One side of bench/table.ts.
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int kLanes = 16, kSums = 24;
#elif defined(__AVX2__)
constexpr int kLanes = 8, kSums = 12;
#else
constexpr int kLanes = 4, kSums = 12;
#endif
#if defined(__AVX512F__)
#define REGISTER "v"
#elif defined(__x86_64__)
#define REGISTER "x"
#else
#define REGISTER "w"
#endif
typedef float Vector __attribute__((vector_size(kLanes * 4)));

static double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/** GFLOP/s of this thread. */
static double loop(double seconds) {
  Vector sums[kSums] = {}, factor = Vector{} + 0.999f, term = Vector{} + 1e-3f;
  asm volatile("" : "+" REGISTER(factor), "+" REGISTER(term));
#pragma GCC unroll 24
  for (int j = 0; j < kSums; j++) asm volatile("" : "+" REGISTER(sums[j]));  // or the compiler would see that they are alike
  const double start = secondsNow();
  double end = start;
  long rounds = 0;
  for (; end - start < seconds; end = secondsNow()) {
    for (int i = 0; i < 2000; i++) {
#pragma GCC unroll 24
      for (int j = 0; j < kSums; j++) sums[j] = sums[j] * factor + term;
    }
    rounds += 2000;
  }
#pragma GCC unroll 24
  for (int j = 0; j < kSums; j++) asm volatile("" : : REGISTER(sums[j]));
  return double(rounds) * kSums * kLanes * 2 / (end - start) / 1e9;
}

int main() {
  int threads;
  while (scanf("%d", &threads) == 1) {
    std::vector<double> rates(threads);
    std::vector<std::thread> others;
    for (int i = 1; i < threads; i++) others.emplace_back([&rates, i] { rates[i] = loop(0.15); });
    rates[0] = loop(0.15);
    double total = 0;
    for (std::thread& thread : others) thread.join();
    for (double rate : rates) total += rate;
    printf("%f\n", total);
    fflush(stdout);
  }
}
