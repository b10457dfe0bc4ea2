// See pool.h.
#include "pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace attune {

constexpr int kSpinsBeforeParking = 30000;  // about a millisecond: waking a parked thread costs more than a short kernel

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
      completed_.fetch_add(1, std::memory_order_release);
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
      if (++spins < kSpinsBeforeParking) {
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
  for (int spins = 0; completed_.load(std::memory_order_acquire) < count;) {
    if (++spins < 4000) {
      relax();
    } else {
      yieldProcessor();
    }
  }
}

}  // namespace attune
