// Device memory: blocks cut from large arenas (2 MB aligned, huge pages where the system has them) that stay with the
// engine until it closes. Free blocks stand in lists by size class, eight to a power of two, and are joined with free
// neighbours, so that batches of many different lengths share one working set. The records of blocks are kept apart
// from the memory itself: a block is given back when its last call is enqueued, and kernels still write to it then.
// What stays zero for the most part gets an arena of its own in small pages, of which the system gives those that are
// written to only.
// One thread (JavaScript's) uses it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace attune {

struct Block {
  char* address;
  size_t bytes;
  Block *before, *after;      // neighbours in the arena
  Block *previous, *next;     // in the list of its size class, while free
  bool free;
  bool apart;  // an arena of its own
};

class Memory {
 public:
  Memory() = default;
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /** At least `bytes`, aligned to 64; nullptr where the system has no more. */
  Block* allocate(size_t bytes);
  /** As allocate, in an arena of its own. `zero`: whether it is filled with zero, and no memory yet; else it was in use. */
  Block* allocateApart(size_t bytes, bool* zero);
  void release(Block* block);

  size_t bytesInUse() const { return inUse_; }
  size_t bytesReserved() const { return reserved_; }
  size_t peakBytesInUse() const { return peak_; }

 private:
  static constexpr int kClasses = 8 * 48;
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kArenaBytes = size_t(64) << 20;

  struct Arena {
    char* pages;
    size_t bytes;
    Arena* next;
  };
  static int classOf(size_t bytes);
  Block* makeRecord();
  void insert(Block* block);
  void remove(Block* block);
  Block* find(size_t bytes);
  Block* makeArena(size_t bytes, bool huge);
  Block* handOut(Block* block);

  Block* lists_[kClasses] = {};
  uint64_t occupied_[kClasses / 64] = {};
  Arena* arenas_ = nullptr;
  struct Records {
    Records* next;
    Block blocks[255];
  };
  Records* records_ = nullptr;
  Block* spareRecords_ = nullptr;
  Block* apart_ = nullptr;  // free ones
  size_t inUse_ = 0, reserved_ = 0, peak_ = 0;
};

}  // namespace attune
