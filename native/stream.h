// The stream: one thread of its own that takes commands from a bounded ring, in order. A command is a run of doubles:
// opcode, step, arguments. The stream's thread is thread 0 of the pool on which kernels run.
//
// Errors: the first kernel that fails leaves its message; kernels after it are skipped, until a read or fence has reported
// the message. After that the stream goes on, so that a program that handles the error can.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <pthread.h>

#include "kernels.h"
#include "pool.h"

namespace attune {

class Stream {
 public:
  /** Called on the stream's thread when a read or fence is done; `error` is nullptr or the message to report. */
  typedef void (*Completed)(void* context, double id, const char* error);

  /** At most `maxPending` commands wait; a caller that enqueues more is held up. */
  Stream(const KernelTable& table, int threads, long maxPending, Completed completed, void* context);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool started() const { return ring_ != nullptr; }
  int threads() const { return pool_.threads(); }

  // Called by one thread, the owner's. They return false where memory has run out.
  /** command: opcode, step, arguments. */
  bool enqueue(const double* command, long count);
  /** Copies `bytes` of host data now, and into device memory in stream order. */
  bool write(char* target, const char* data, size_t bytes);
  bool read(char* target, const char* source, size_t bytes, double id);
  bool fence(double id);
  /** Ends the thread: after everything enqueued has run, or after the present kernel. */
  void close(bool drain);

  long enqueued() const { return enqueuedKernels_; }
  double busySeconds() const;
  double kernelSeconds(int opcode) const { return seconds_[opcode].load(std::memory_order_relaxed); }
  long kernelCalls(int opcode) const { return calls_[opcode].load(std::memory_order_relaxed); }
  size_t bytesReserved() const { return context_.bytesReserved(); }

 private:
  // Commands beside the kernels.
  enum : int { kWriteChunk = kKernelCount, kWriteInline, kRead, kFence };
  static constexpr long kRingDoubles = 1 << 18;
  static constexpr long kInlineDoubles = 2048;  // longer commands stand outside of the ring
  static constexpr int kChunks = 8;
  static constexpr size_t kChunkBytes = size_t(1) << 20;

  double* place(long count);
  void publish();
  void waitFor(long consumed, long executed);
  void loop();
  void execute(double* command, long count);

  const KernelTable& table_;
  Pool pool_;
  Context context_;
  const long maxPending_;
  const Completed completed_;
  void* const completedContext_;
  double* ring_ = nullptr;
  char* staging_ = nullptr;
  pthread_t thread_{};
  bool running_ = false;

  // Owner's side.
  long writePosition_ = 0;   // in doubles, only growing
  long commands_ = 0;        // commands enqueued
  long enqueuedKernels_ = 0;
  long chunkWrites_ = 0;
  long chunkCommand_[kChunks] = {};  // the command after which a chunk is free again

  alignas(64) std::atomic<long> published_{0};   // end of the last complete command
  std::atomic<bool> draining_{false}, abandoned_{false};
  alignas(64) std::atomic<uint32_t> wake_{0};    // the parked stream waits for it to change
  std::atomic<bool> parked_{false};
  alignas(64) std::atomic<long> consumed_{0};    // doubles taken
  std::atomic<long> executed_{0};                // commands done
  std::atomic<uint32_t> progress_{0};            // a held-up owner waits for it to change
  std::atomic<bool> ownerWaits_{false};
  std::atomic<double> seconds_[kKernelCount] = {};
  std::atomic<long> calls_[kKernelCount] = {};
};

}  // namespace attune
