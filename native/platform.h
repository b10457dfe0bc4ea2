// What the engine asks of the operating system: pages, threads, a place to sleep, a clock. platform_posix.cpp and
// platform_windows.cpp have it; nothing else includes a header of a system.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace attune {

/** Pages from the system, filled with zero; `huge`: large ones where they can be had. nullptr where there are none left. */
char* mapPages(size_t bytes, bool huge = true);
void unmapPages(char* pages, size_t bytes);

/** Of a clock that only goes forward. */
double secondsNow();

/** Asks for AMX's tile registers, for all threads of the process; false where the system does not have or give them. */
bool allowTileRegisters();

/** Lets another thread have this processor. */
void yieldProcessor();

/** Tells the processor that this is a waiting loop. */
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class Thread {
 public:
  typedef void (*Body)(void* argument);
  /** Starts a thread that receives no signals; false where the system refuses. The object must outlive it. */
  bool start(Body body, void* argument);
  /** Waits for the end of a thread that was started. */
  void join();

 private:
#if defined(_WIN32)
  void* handle_ = nullptr;
#else
  pthread_t thread_{};
#endif
  Body body_ = nullptr;
  void* argument_ = nullptr;
  friend struct ThreadStart;
};

/**
 * Where threads sleep until a word changes. (std::atomic's own wait is not to be had alike everywhere: where a C++ library
 * does not know the system's way it looks again and again, and that costs processor time.)
 */
class Parking {
 public:
  Parking() = default;
  ~Parking();
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  /** Returns once the word is not `seen` any more. */
  void wait(const std::atomic<uint32_t>& word, uint32_t seen);
  /** Wakes whoever waits; the word was changed before. */
  void wakeAll();

 private:
#if defined(_WIN32)
  void* lock_ = nullptr;  // an SRWLOCK and a CONDITION_VARIABLE, which start as zero
  void* changed_ = nullptr;
#else
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
#endif
};

}  // namespace attune
