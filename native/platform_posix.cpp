// See platform.h: Linux and macOS.
#include "platform.h"

#include <csignal>
#include <ctime>
#include <sched.h>
#include <sys/mman.h>
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace attune {

constexpr size_t kHugePage = size_t(2) << 20;

char* mapPages(size_t bytes, [[maybe_unused]] bool huge) {
  const size_t padded = bytes + kHugePage;
  void* pages = mmap(nullptr, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  char* start = static_cast<char*>(pages);
  char* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(start) + kHugePage - 1) & ~(kHugePage - 1));
  if (aligned > start) munmap(start, aligned - start);
  if (start + padded > aligned + bytes) munmap(aligned + bytes, start + padded - (aligned + bytes));
#ifdef MADV_HUGEPAGE
  madvise(aligned, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  return aligned;
}

void unmapPages(char* pages, size_t bytes) {
  if (pages) munmap(pages, bytes);
}

double secondsNow() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

bool allowTileRegisters() {
#if defined(__linux__) && defined(__x86_64__)
  // Their 8 KiB are kept for those threads only that use them, in processes that have asked (Linux 5.16).
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

void yieldProcessor() { sched_yield(); }

// ---- Thread --------------------------------------------------------------------------------------------------------

struct ThreadStart {
  static void* run(void* thread) {
    const Thread* self = static_cast<const Thread*>(thread);
    self->body_(self->argument_);
    return nullptr;
  }
};

bool Thread::start(Body body, void* argument) {
  body_ = body;
  argument_ = argument;
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  const int failure = pthread_create(&thread_, nullptr, ThreadStart::run, this);
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  return failure == 0;
}

void Thread::join() { pthread_join(thread_, nullptr); }

// ---- Parking -------------------------------------------------------------------------------------------------------

Parking::~Parking() {
  pthread_cond_destroy(&changed_);
  pthread_mutex_destroy(&lock_);
}

void Parking::wait(const std::atomic<uint32_t>& word, uint32_t seen) {
  pthread_mutex_lock(&lock_);
  while (word.load() == seen) pthread_cond_wait(&changed_, &lock_);
  pthread_mutex_unlock(&lock_);
}

void Parking::wakeAll() {
  // Taken and given back, so that nobody stands between looking at the word and falling asleep.
  pthread_mutex_lock(&lock_);
  pthread_mutex_unlock(&lock_);
  pthread_cond_broadcast(&changed_);
}

}  // namespace attune
