// See platform.h: Windows.
#include "platform.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

namespace attune {

char* mapPages(size_t bytes, bool) {
  return static_cast<char*>(VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
}

void unmapPages(char* pages, size_t) {
  if (pages) VirtualFree(pages, 0, MEM_RELEASE);
}

double secondsNow() {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return static_cast<double>(count.QuadPart) / static_cast<double>(frequency.QuadPart);
}

bool allowTileRegisters() { return false; }  // not asked for

void yieldProcessor() { SwitchToThread(); }

// ---- Thread --------------------------------------------------------------------------------------------------------

struct ThreadStart {
  static DWORD WINAPI run(void* thread) {
    const Thread* self = static_cast<const Thread*>(thread);
    self->body_(self->argument_);
    return 0;
  }
};

bool Thread::start(Body body, void* argument) {
  body_ = body;
  argument_ = argument;
  handle_ = CreateThread(nullptr, 0, ThreadStart::run, this, 0, nullptr);
  return handle_ != nullptr;
}

void Thread::join() {
  WaitForSingleObject(handle_, INFINITE);
  CloseHandle(handle_);
}

// ---- Parking -------------------------------------------------------------------------------------------------------

static_assert(sizeof(SRWLOCK) == sizeof(void*) && sizeof(CONDITION_VARIABLE) == sizeof(void*));

Parking::~Parking() = default;

void Parking::wait(const std::atomic<uint32_t>& word, uint32_t seen) {
  SRWLOCK* lock = reinterpret_cast<SRWLOCK*>(&lock_);
  AcquireSRWLockExclusive(lock);
  while (word.load() == seen) {
    SleepConditionVariableSRW(reinterpret_cast<CONDITION_VARIABLE*>(&changed_), lock, INFINITE, 0);
  }
  ReleaseSRWLockExclusive(lock);
}

void Parking::wakeAll() {
  // Taken and given back, so that nobody stands between looking at the word and falling asleep.
  AcquireSRWLockExclusive(reinterpret_cast<SRWLOCK*>(&lock_));
  ReleaseSRWLockExclusive(reinterpret_cast<SRWLOCK*>(&lock_));
  WakeAllConditionVariable(reinterpret_cast<CONDITION_VARIABLE*>(&changed_));
}

}  // namespace attune
