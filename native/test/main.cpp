// The kernels' own test program, without JavaScript: fast kernels against naive ones, for every instruction set of this
// build that the processor has.
//
//   kernels             tests; fails too if a set that the processor has was not tested
//   kernels --measure   prints GFLOP/s and GB/s
//   ATTUNE_ISA=avx2     that set alone; ATTUNE_THREADS=4: threads of --measure
#include <cstdlib>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "../isa.h"
#include "harness.h"

namespace attune::test {

#if defined(__x86_64__)
/** Whether the system lets a program use AMX's registers, by its own list of what it permits to this one. */
static bool tilesAllowed() {
#if defined(__linux__)
  const long kPermitted = 0x1022, kTileData = 18;
  unsigned long features = 0;
  return syscall(SYS_arch_prctl, kPermitted, &features) == 0 && (features >> kTileData & 1);
#else
  return false;
#endif
}
#endif

/** The sets that the processor has by the compiler's own knowledge, not ours. */
static std::vector<std::string> expectedSets() {
  std::vector<std::string> names;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx512 && __builtin_cpu_supports("avx512bf16")) {
    if (__builtin_cpu_supports("amx-bf16") && tilesAllowed()) names.push_back("amx");
    names.push_back("avx512bf16");
  }
  if (avx512) names.push_back("avx512");
  if (avx2) names.push_back("avx2");
#endif
  names.push_back("base");
  return names;
}

static std::vector<Test> allTests() {
  std::vector<Test> all;
  for (const auto* tests : {&elementTests, &reductionTests, &productTests, &attentionTests, &rowTests, &trainingTests})
    all.insert(all.end(), tests->begin(), tests->end());
  return all;
}

/** Runs everything on one set; returns the number of failures. */
static int testSet(const KernelTable& table) {
  const double start = secondsNow();
  int failures = 0, checks = 0;
  for (const Test& test : allTests()) {
    uint64_t bits = 0;
    for (int threads = 1; threads <= 3; threads++) {
      Run run(table, threads);
      test.body(run);
      if (threads > 1) run.check(run.bits() == bits, "%s: other bits than with one thread", test.name);
      if (threads == 1) bits = run.bits();
      failures += run.failures();
      checks += run.checks();
    }
  }
  failures += testStream(table);
  printf("%s: %d checks, %d failed (%.1f s)\n", table.name, checks, failures, secondsNow() - start);
  fflush(stdout);
  return failures;
}

/** Every kernel has a test. */
static int untested() {
  static const char* const names[] = {
#define X(name) #name,
      ATTUNE_KERNELS(X)
#undef X
  };
  bool tested[kKernelCount] = {};
  for (const Test& test : allTests())
    for (Opcode opcode : test.opcodes) tested[opcode] = true;
  int count = 0;
  for (int i = 0; i < kKernelCount; i++) {
    if (tested[i]) continue;
    printf("FAILED: native/test has no test of the kernel %s\n", names[i]);
    count++;
  }
  return count;
}

static int run(bool measuring) {
  const KernelTable* tables[kMaxTables];
  const int count = availableTables(tables);
  const char* chosen = getenv("ATTUNE_ISA");
  const char* threads = getenv("ATTUNE_THREADS");
  if (chosen && !*chosen) chosen = nullptr;
  int failures = measuring ? 0 : untested() + testBytes();
  std::string ran;
  for (int i = 0; i < count; i++) {
    if (chosen && strcmp(chosen, tables[i]->name) != 0) continue;
    if (measuring) {
      measure(*tables[i], threads && atoi(threads) > 0 ? atoi(threads) : 2);
    } else {
      failures += testSet(*tables[i]);
    }
    ran += std::string(ran.empty() ? "" : " ") + tables[i]->name;
  }
  if (ran.empty()) {
    printf("FAILED: this build and processor do not have ATTUNE_ISA=%s\n", chosen);
    return 1;
  }
  for (const std::string& name : expectedSets()) {
    if (chosen || (" " + ran + " ").find(" " + name + " ") != std::string::npos) continue;
    printf("FAILED: the processor has %s, and it was not run\n", name.c_str());
    failures++;
  }
  printf("instruction sets run: %s%s\n", ran.c_str(), chosen ? " (ATTUNE_ISA)" : "");
  return failures > 0;
}

}  // namespace attune::test

int main(int count, char** arguments) {
  const bool measuring = count > 1 && strcmp(arguments[1], "--measure") == 0;
  if (count > 1 && !measuring) {
    printf("usage: kernels [--measure]\n");
    return 2;
  }
  return attune::test::run(measuring);
}
