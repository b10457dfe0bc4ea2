// What every instruction set's build of the kernels exports, and what a kernel gets to work with. The kernels are those
// of src/backends/kernels.ts, where their meaning is defined; each reads its arguments from an array of doubles, in the
// order that src/backends/native/kernels.ts writes them (addresses fit a double exactly; 0 stands for "not given").
#pragma once
#include <cstddef>
#include <cstdint>

#include "pool.h"

#define ATTUNE_KERNELS(X)                                                                                           \
  X(fill) X(copy) X(cast) X(unary) X(unaryGradient) X(binary) X(where) X(reduce) X(argmax) X(softmax)               \
  X(softmaxGradient) X(gemm) X(gemmBfloat16) X(layerNorm) X(layerNormGradient) X(attention) X(attentionGradient)    \
  X(rotary) X(gatedActivation) X(gatedActivationGradient) X(dropout) X(drawNormal)                                  \
  X(gatherRows) X(scatterAddRows) X(sumRowSegments) X(gather) X(scatterAdd) X(crossEntropy) X(crossEntropyGradient) \
  X(norm) X(clipFactor) X(scale) X(adamw) X(checkFinite)

namespace attune {

enum Opcode : int {
#define X(name) name##Opcode,
  ATTUNE_KERNELS(X)
#undef X
      kKernelCount,
};

/** Numbers of the dtypes in arguments. */
enum class DType : int { float32, bfloat16, float16, int32 };

/** Where a kernel runs: threads, memory of its own, and the place for an error. */
class Context {
 public:
  explicit Context(Pool& pool) : pool(pool) {}
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Pool& pool;

  /**
   * Makes room for `shared` floats of one area and `local` floats for each thread, until the next call; their content is
   * undefined. False, with the error recorded, where memory has run out.
   */
  bool reserve(size_t shared, size_t local);
  float* shared() const { return shared_; }
  float* local(int thread) const { return local_[thread]; }

  /** Records the stream's error (the first one counts); printf's format. */
  void fail(const char* format, ...) __attribute__((format(printf, 2, 3)));
  /** Puts the kernel's name before the recorded error, and the step behind it. */
  void nameError(const char* kernel, long step);
  bool failed() const { return message_[0] != 0; }
  const char* message() const { return message_; }
  void clearError() { message_[0] = 0; }
  /** Bytes of the areas that reserve() made; any thread may ask. */
  size_t bytesReserved() const { return reserved_.load(std::memory_order_relaxed); }

 private:
  float* shared_ = nullptr;
  size_t sharedBytes_ = 0;
  float* local_[Pool::kMaxThreads] = {};
  size_t localBytes_ = 0;
  std::atomic<size_t> reserved_{0};
  char message_[640] = {};
};

typedef void (*Kernel)(Context& context, const double* arguments, long count);

struct KernelTable {
  const char* name;
  Kernel kernels[kKernelCount];
};

/** Reads a kernel's arguments one after another. */
struct Arguments {
  const double* next;
  __attribute__((always_inline)) double number() { return *next++; }
  __attribute__((always_inline)) long integer() { return static_cast<long>(*next++); }
  __attribute__((always_inline)) bool flag() { return *next++ != 0; }
  __attribute__((always_inline)) uint32_t word() { return static_cast<uint32_t>(*next++); }
  template <class T>
  __attribute__((always_inline)) T* pointer() {
    return reinterpret_cast<T*>(static_cast<uintptr_t>(*next++));
  }
  __attribute__((always_inline)) float* floats() { return pointer<float>(); }
  __attribute__((always_inline)) int32_t* ints() { return pointer<int32_t>(); }
};

}  // namespace attune
