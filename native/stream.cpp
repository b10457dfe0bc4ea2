// See stream.h.
#include "stream.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace attune {

// ---- Context -------------------------------------------------------------------------------------------------------

Context::~Context() {
  unmapPages(reinterpret_cast<char*>(shared_), sharedBytes_);
  for (int i = 0; i < pool.threads(); i++) unmapPages(reinterpret_cast<char*>(local_[i]), localBytes_);
}

/** Grows by half at least, so that slowly growing needs do not remap each time. */
static size_t grown(size_t floats, size_t before) {
  const size_t bytes = floats * sizeof(float), atLeast = before + before / 2;
  const size_t wanted = bytes > atLeast ? bytes : atLeast;
  return (wanted + 0xFFFF) & ~size_t(0xFFFF);
}

bool Context::reserve(size_t shared, size_t local) {
  bool complete = true;
  if (shared * sizeof(float) > sharedBytes_) {
    const size_t bytes = grown(shared, sharedBytes_);
    unmapPages(reinterpret_cast<char*>(shared_), sharedBytes_);
    shared_ = reinterpret_cast<float*>(mapPages(bytes));
    sharedBytes_ = shared_ ? bytes : 0;
    complete = shared_ != nullptr;
  }
  if (local * sizeof(float) > localBytes_) {
    const size_t bytes = grown(local, localBytes_);
    for (int i = 0; i < pool.threads(); i++) {
      unmapPages(reinterpret_cast<char*>(local_[i]), localBytes_);
      local_[i] = reinterpret_cast<float*>(mapPages(bytes));
      complete = complete && local_[i];
    }
    localBytes_ = bytes;
    if (!complete) {
      for (int i = 0; i < pool.threads(); i++) {
        unmapPages(reinterpret_cast<char*>(local_[i]), localBytes_);
        local_[i] = nullptr;
      }
      localBytes_ = 0;
    }
  }
  reserved_.store(sharedBytes_ + localBytes_ * pool.threads(), std::memory_order_relaxed);
  if (!complete) fail("out of memory: a kernel needs %zu bytes to work in", (shared + local) * sizeof(float));
  return complete;
}

void Context::fail(const char* format, ...) {
  if (failed()) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message_, sizeof message_, format, arguments);
  va_end(arguments);
}

void Context::nameError(const char* kernel, long step) {
  char plain[sizeof message_];
  memcpy(plain, message_, sizeof plain);
  snprintf(message_, sizeof message_, "%s: %.480s (step %ld)", kernel, plain, step);
}

// ---- owner's side --------------------------------------------------------------------------------------------------

Stream::Stream(const KernelTable& table, int threads, int64_t maxPending, Completed completed, void* context)
    : table_(table),
      pool_(threads),
      context_(pool_),
      maxPending_(maxPending),
      completed_(completed),
      completedContext_(context) {
  ring_ = static_cast<double*>(malloc(kRingDoubles * sizeof(double)));
  const auto body = [](void* stream) {
    flushSubnormals();
    static_cast<Stream*>(stream)->loop();
  };
  if (ring_ && thread_.start(body, this)) {
    running_ = true;
  } else {
    free(ring_);
    ring_ = nullptr;
  }
}

Stream::~Stream() {
  close(false);
  free(ring_);
  unmapPages(staging_, kChunks * kChunkBytes);
}

void Stream::close(bool drain) {
  if (!running_) return;
  running_ = false;
  if (!drain) abandoned_ = true;
  draining_ = true;
  wake_.fetch_add(1);
  parking_.wakeAll();
  thread_.join();
}

/** Waits until the stream has taken so many doubles and done so many commands. */
void Stream::waitFor(int64_t consumed, int64_t executed) {
  for (int spins = 0;; spins++) {
    const uint32_t seen = progress_.load();
    if (consumed_.load() >= consumed && executed_.load() >= executed) return;
    if (spins < 200) {
      relax();
      continue;
    }
    ownerWaits_ = true;
    if (consumed_.load() < consumed || executed_.load() < executed) ownerParking_.wait(progress_, seen);
    ownerWaits_ = false;
  }
}

/** Room for a command of `count` doubles behind its length, in one piece. */
double* Stream::place(int64_t count) {
  int64_t position = writePosition_ % kRingDoubles;
  if (position + count + 1 > kRingDoubles) {
    waitFor(writePosition_ + 1 - kRingDoubles, 0);
    ring_[position] = 0;  // go on at the start
    writePosition_ += kRingDoubles - position;
    position = 0;
  }
  waitFor(writePosition_ + count + 1 - kRingDoubles, commands_ + 1 - maxPending_);
  ring_[position] = static_cast<double>(count);
  writePosition_ += count + 1;
  commands_++;
  return ring_ + position + 1;
}

void Stream::publish() {
  published_.store(writePosition_);
  if (parked_.load()) {
    wake_.fetch_add(1);
    parking_.wakeAll();
  }
}

bool Stream::enqueue(const double* command, int64_t count) {
  if (count > kInlineDoubles) {
    double* copy = static_cast<double*>(malloc(count * sizeof(double)));
    if (!copy) return false;
    memcpy(copy, command, count * sizeof(double));
    double* target = place(2);
    target[-1] = -1;  // the command stands elsewhere
    target[0] = static_cast<double>(reinterpret_cast<uintptr_t>(copy));
    target[1] = static_cast<double>(count);
  } else {
    memcpy(place(count), command, count * sizeof(double));
  }
  if (static_cast<int>(command[0]) < kKernelCount) enqueuedKernels_++;
  publish();
  return true;
}

bool Stream::write(char* target, const char* data, size_t bytes) {
  constexpr size_t kInlineBytes = (kInlineDoubles - 4) * sizeof(double);
  if (bytes <= kInlineBytes) {
    double* command = place(4 + static_cast<int64_t>((bytes + 7) / 8));
    command[0] = kWriteInline;
    command[1] = 0;
    command[2] = static_cast<double>(reinterpret_cast<uintptr_t>(target));
    command[3] = static_cast<double>(bytes);
    memcpy(command + 4, data, bytes);
    publish();
    return true;
  }
  if (!staging_) staging_ = mapPages(kChunks * kChunkBytes);
  if (!staging_) return false;
  while (bytes > 0) {
    const size_t part = bytes < kChunkBytes ? bytes : kChunkBytes;
    const int chunk = static_cast<int>(chunkWrites_++ % kChunks);
    waitFor(0, chunkCommand_[chunk]);
    memcpy(staging_ + chunk * kChunkBytes, data, part);
    double* command = place(5);
    command[0] = kWriteChunk;
    command[1] = 0;
    command[2] = static_cast<double>(reinterpret_cast<uintptr_t>(target));
    command[3] = static_cast<double>(part);
    command[4] = chunk;
    chunkCommand_[chunk] = commands_;
    publish();
    data += part;
    target += part;
    bytes -= part;
  }
  return true;
}

bool Stream::read(char* target, const char* source, size_t bytes, double id) {
  const double command[] = {kRead,
                            0,
                            static_cast<double>(reinterpret_cast<uintptr_t>(target)),
                            static_cast<double>(reinterpret_cast<uintptr_t>(source)),
                            static_cast<double>(bytes),
                            id};
  return enqueue(command, 6);
}

bool Stream::fence(double id) {
  const double command[] = {kFence, 0, id};
  return enqueue(command, 3);
}

bool Stream::call(Foreign function, void* context, double argument) {
  const double command[] = {kCall,
                            0,
                            static_cast<double>(reinterpret_cast<uintptr_t>(function)),
                            static_cast<double>(reinterpret_cast<uintptr_t>(context)),
                            argument};
  return enqueue(command, 5);
}

double Stream::busySeconds() const {
  double total = 0;
  for (const auto& seconds : seconds_) total += seconds.load(std::memory_order_relaxed);
  return total;
}

// ---- the stream's thread -------------------------------------------------------------------------------------------

void Stream::loop() {
  constexpr int kSpinsBeforeParking = 4000;
  int64_t position = 0;
  for (int spins = 0;;) {
    if (abandoned_.load(std::memory_order_relaxed)) return;
    if (published_.load(std::memory_order_acquire) == position) {
      if (draining_.load()) {
        if (published_.load() == position) return;
        continue;
      }
      if (++spins < kSpinsBeforeParking) {
        relax();
        continue;
      }
      const uint32_t seen = wake_.load();
      parked_ = true;
      if (published_.load() == position && !draining_.load()) parking_.wait(wake_, seen);
      parked_ = false;
      spins = 0;
      continue;
    }
    spins = 0;
    double* command = ring_ + position % kRingDoubles;
    const int64_t count = static_cast<int64_t>(command[0]);
    if (count == 0) {
      position += kRingDoubles - position % kRingDoubles;
      consumed_.store(position);
      continue;
    }
    if (count > 0) {
      execute(command + 1, count);
      position += count + 1;
    } else {
      double* elsewhere = reinterpret_cast<double*>(static_cast<uintptr_t>(command[1]));
      execute(elsewhere, static_cast<int64_t>(command[2]));
      free(elsewhere);
      position += 3;
    }
    consumed_.store(position);
    executed_.fetch_add(1);
    progress_.fetch_add(1);
    if (ownerWaits_.load()) ownerParking_.wakeAll();
  }
}

void Stream::execute(double* command, int64_t count) {
  const int opcode = static_cast<int>(command[0]);
  Arguments arguments{command + 2};
  if (opcode < kKernelCount) {
    if (context_.failed()) return;
    const double start = secondsNow();
    table_.kernels[opcode](context_, command + 2, static_cast<long>(count - 2));
    seconds_[opcode].store(seconds_[opcode].load(std::memory_order_relaxed) + secondsNow() - start, std::memory_order_relaxed);
    calls_[opcode].store(calls_[opcode].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (context_.failed()) {
      static const char* const kNames[] = {
#define X(name) #name,
          ATTUNE_KERNELS(X)
#undef X
      };
      context_.nameError(kNames[opcode], static_cast<long>(command[1]));
    }
    return;
  }
  switch (opcode) {
    case kWriteInline: {
      char* target = arguments.pointer<char>();
      const size_t bytes = static_cast<size_t>(arguments.number());
      memcpy(target, arguments.next, bytes);
      break;
    }
    case kWriteChunk: {
      char* target = arguments.pointer<char>();
      const size_t bytes = static_cast<size_t>(arguments.number());
      memcpy(target, staging_ + static_cast<size_t>(arguments.number()) * kChunkBytes, bytes);
      break;
    }
    case kCall: {
      const Foreign function = reinterpret_cast<Foreign>(static_cast<uintptr_t>(arguments.number()));
      void* context = arguments.pointer<void>();
      const char* error = function(context, arguments.number());
      if (error) context_.fail("%s", error);
      break;
    }
    default: {
      if (opcode == kRead) {
        char* target = arguments.pointer<char>();
        const char* source = arguments.pointer<char>();
        memcpy(target, source, static_cast<size_t>(arguments.number()));
      }
      completed_(completedContext_, arguments.number(), context_.failed() ? context_.message() : nullptr);
      context_.clearError();
    }
  }
}

}  // namespace attune
