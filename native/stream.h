// The stream: one thread of its own that takes commands from a bounded ring, in order. A command is a run of doubles:
// opcode, step, arguments. The stream's thread is thread 0 of the pool on which kernels run.
//
// Errors: the first kernel that fails leaves its message; kernels after it are skipped, until a read or fence has reported
// the message. After that the stream goes on, so that a program that handles the error can.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "platform.h"
#include "pool.h"

namespace attune {

class Stream {
 public:
  /** Called on the stream's thread when a read or fence is done; `error` is nullptr or the message to report. */
  typedef void (*Completed)(void* context, double id, const char* error);
  /** A function of another library: nullptr, or an error that stays readable. */
  typedef const char* (*Foreign)(void* context, double argument);

  /** At most `maxPending` commands wait; a caller that enqueues more is held up. */
  Stream(const KernelTable& table, int threads, int64_t maxPending, Completed completed, void* context);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool started() const { return ring_ != nullptr; }
  int threads() const { return pool_.threads(); }

  // Called by one thread, the owner's. They return false where memory has run out.
  /** command: opcode, step, arguments. */
  bool enqueue(const double* command, int64_t count);
  /** Copies `bytes` of host data now, and into device memory in stream order. */
  bool write(char* target, const char* data, size_t bytes);
  bool read(char* target, const char* source, size_t bytes, double id);
  bool fence(double id);
  /**
   * Calls a function of another library in stream order: whatever the stream's state, since somebody may wait for it. What
   * it returns, if it is not nullptr, becomes the stream's error.
   */
  bool call(Foreign function, void* context, double argument);
  /** Ends the thread: after everything enqueued has run, or after the present kernel. */
  void close(bool drain);

  int64_t enqueued() const { return enqueuedKernels_; }
  double busySeconds() const;
  double kernelSeconds(int opcode) const { return seconds_[opcode].load(std::memory_order_relaxed); }
  int64_t kernelCalls(int opcode) const { return calls_[opcode].load(std::memory_order_relaxed); }
  size_t bytesReserved() const { return context_.bytesReserved(); }

 private:
  // Commands beside the kernels.
  enum : int { kWriteChunk = kKernelCount, kWriteInline, kRead, kFence, kCall };
  static constexpr int64_t kRingDoubles = 1 << 18;
  static constexpr int64_t kInlineDoubles = 2048;  // longer commands stand outside of the ring
  static constexpr int kChunks = 8;
  static constexpr size_t kChunkBytes = size_t(1) << 20;

  double* place(int64_t count);
  void publish();
  void waitFor(int64_t consumed, int64_t executed);
  void loop();
  void execute(double* command, int64_t count);

  const KernelTable& table_;
  Pool pool_;
  Context context_;
  const int64_t maxPending_;
  const Completed completed_;
  void* const completedContext_;
  double* ring_ = nullptr;
  char* staging_ = nullptr;
  Thread thread_;
  bool running_ = false;

  // Owner's side.
  int64_t writePosition_ = 0;   // in doubles, only growing
  int64_t commands_ = 0;        // commands enqueued
  int64_t enqueuedKernels_ = 0;
  int64_t chunkWrites_ = 0;
  int64_t chunkCommand_[kChunks] = {};  // the command after which a chunk is free again

  alignas(64) std::atomic<int64_t> published_{0};   // end of the last complete command
  std::atomic<bool> draining_{false}, abandoned_{false};
  alignas(64) std::atomic<uint32_t> wake_{0};    // the parked stream waits for it to change
  std::atomic<bool> parked_{false};
  Parking parking_;
  alignas(64) std::atomic<int64_t> consumed_{0};    // doubles taken
  std::atomic<int64_t> executed_{0};                // commands done
  std::atomic<uint32_t> progress_{0};            // a held-up owner waits for it to change
  std::atomic<bool> ownerWaits_{false};
  Parking ownerParking_;
  std::atomic<double> seconds_[kKernelCount] = {};
  std::atomic<int64_t> calls_[kKernelCount] = {};
};

}  // namespace attune
