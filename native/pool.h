// A pool of threads that spin for a moment, then park. `each` hands out task numbers from one 64-bit ticket (epoch << 32 |
// next task): a worker that wakes late finds that the ticket has moved on, so the caller never waits for a worker that was
// not running, only for tasks that were really taken. The caller is thread 0.
#pragma once
#include <atomic>
#include <cstdint>

#include "platform.h"

namespace attune {

/** Subnormal numbers are zero in this thread: Adam's moments decay into them, at thirty times the cost. */
void flushSubnormals();

class Pool {
 public:
  static constexpr int kMaxThreads = 256;
  typedef void (*Task)(void* context, int task, int thread);

  /** Starts threads - 1 workers; fewer where the system refuses them. */
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }
  /** Runs task(context, i, thread) for 0 <= i < count and returns when all are done. */
  void run(int count, Task task, void* context);
  /** body(task, thread) */
  template <class Body>
  void each(int count, const Body& body) {
    run(
        count, [](void* context, int task, int thread) { (*static_cast<const Body*>(context))(task, thread); },
        const_cast<Body*>(&body));
  }

 private:
  struct Worker {
    Pool* pool;
    int index;
    Thread thread;
  };
  void takeTasks(int thread);
  void work(int thread);
  void waitForOthers(int count);
  void sleepUntilDone(int count);

  int threads_ = 1;
  alignas(64) std::atomic<uint64_t> ticket_{0xFFFFFFFFull};
  alignas(64) std::atomic<int> completed_{0};
  alignas(64) std::atomic<uint32_t> epoch_{0};  // parked workers wait for it to change
  Parking parking_;
  std::atomic<int> parked_{0};
  std::atomic<uint32_t> done_{0};  // a parked caller waits for it to change
  Parking callerParking_;
  std::atomic<bool> callerWaits_{false};
  std::atomic<int> amongOthers_{0};  // regions to go through as if other processes wanted the processors
  std::atomic<bool> stop_{false};
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int> count_{0};
  Worker workers_[kMaxThreads];
};

}  // namespace attune
