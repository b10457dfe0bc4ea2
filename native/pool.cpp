// See pool.h.
#include "pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace attune {

constexpr int kSpinsBeforeParking = 30000;  // about a millisecond: waking a parked thread costs more than a short kernel
// Where others want the processors too, whoever spins keeps from working those that it waits for.
constexpr int kSpinsAmongOthers = 300;
constexpr double kSecondsForLastTasks = 0.5e-3;  // more than a task takes, less than a turn of another process
constexpr int kRegionsAmongOthers = 100;

void flushSubnormals() {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, denormals are zero
#elif defined(__aarch64__)
  uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" ::"r"(control | (1ull << 24)));
#endif
}

Pool::Pool(int threads) {
  if (threads > kMaxThreads) threads = kMaxThreads;
  for (int i = 1; i < threads; i++) {
    workers_[i].pool = this;
    workers_[i].index = i;
    const auto body = [](void* argument) {
      const Worker* worker = static_cast<const Worker*>(argument);
      flushSubnormals();
      worker->pool->work(worker->index);
    };
    if (!workers_[i].thread.start(body, &workers_[i])) break;
    threads_ = i + 1;
  }
}

Pool::~Pool() {
  stop_ = true;
  epoch_.fetch_add(1);
  parking_.wakeAll();
  for (int i = 1; i < threads_; i++) workers_[i].thread.join();
}

void Pool::takeTasks(int thread) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  for (;;) {
    const Task task = task_.load(std::memory_order_relaxed);
    void* context = context_.load(std::memory_order_relaxed);
    const uint32_t index = static_cast<uint32_t>(ticket);
    if (index >= static_cast<uint32_t>(count_.load(std::memory_order_relaxed))) return;
    // Success proves that the fields read above belong to the ticket's epoch.
    if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
      task(context, static_cast<int>(index), thread);
      completed_.fetch_add(1);
      if (callerWaits_.load()) {
        done_.fetch_add(1);
        callerParking_.wakeAll();
      }
      ticket = ticket_.load(std::memory_order_acquire);
    }
  }
}

void Pool::work(int thread) {
  uint32_t seen = 0;
  while (!stop_.load(std::memory_order_relaxed)) {
    int spins = 0;
    uint32_t epoch;
    while ((epoch = epoch_.load(std::memory_order_acquire)) == seen) {
      if (++spins < (amongOthers_.load(std::memory_order_relaxed) ? kSpinsAmongOthers : kSpinsBeforeParking)) {
        relax();
        continue;
      }
      parked_.fetch_add(1);
      parking_.wait(epoch_, seen);
      parked_.fetch_sub(1);
    }
    seen = epoch;
    takeTasks(thread);
  }
}

void Pool::run(int count, Task task, void* context) {
  if (threads_ == 1 || count <= 1) {
    for (int i = 0; i < count; i++) task(context, i, 0);
    return;
  }
  const uint64_t epoch = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
  ticket_.store(epoch << 32 | 0xFFFFFFFFull);  // closed: no old ticket can be taken any more
  task_.store(task, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  count_.store(count, std::memory_order_relaxed);
  completed_.store(0, std::memory_order_relaxed);
  ticket_.store(epoch << 32, std::memory_order_release);
  epoch_.fetch_add(1);
  if (parked_.load() > 0) parking_.wakeAll();
  takeTasks(0);
  waitForOthers(count);
}

/** Until the tasks that workers have taken are done. */
void Pool::waitForOthers(int count) {
  double start = 0;
  for (int spins = 1; completed_.load(std::memory_order_acquire) < count; spins++) {
    relax();
    if (spins % 64 != 0) continue;
    if (start == 0) start = secondsNow();
    if (secondsNow() - start > kSecondsForLastTasks) return sleepUntilDone(count);
  }
  const int regions = amongOthers_.load(std::memory_order_relaxed);
  if (regions > 0) amongOthers_.store(regions - 1, std::memory_order_relaxed);
}

void Pool::sleepUntilDone(int count) {
  // A worker that takes so long for its last task has probably lost its processor to another process.
  amongOthers_.store(kRegionsAmongOthers, std::memory_order_relaxed);
  callerWaits_ = true;
  for (;;) {
    const uint32_t seen = done_.load();
    if (completed_.load() >= count) break;
    callerParking_.wait(done_, seen);
  }
  callerWaits_ = false;
}

}  // namespace attune
