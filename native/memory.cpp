// See memory.h.
#include "memory.h"

#include <cstdlib>

#include "platform.h"

namespace attune {

constexpr size_t kPage = size_t(64) << 10;  // a multiple of every system's
constexpr size_t kHugePage = size_t(2) << 20;

Memory::~Memory() {
  while (arenas_) {
    Arena* arena = arenas_;
    arenas_ = arena->next;
    unmapPages(arena->pages, arena->bytes);
    free(arena);
  }
  while (records_) {
    Records* records = records_;
    records_ = records->next;
    free(records);
  }
}

/** Eight classes to a power of two; a block stands in the class of the largest size that it can serve. */
int Memory::classOf(size_t bytes) {
  const size_t units = bytes / kAlignment;
  if (units < 8) return static_cast<int>(units);
  const int exponent = 63 - __builtin_clzll(units);
  const int result = (exponent - 2) * 8 + static_cast<int>((units >> (exponent - 3)) & 7);
  return result < kClasses ? result : kClasses - 1;
}

Block* Memory::makeRecord() {
  if (!spareRecords_) {
    Records* records = static_cast<Records*>(calloc(1, sizeof(Records)));
    if (!records) return nullptr;
    records->next = records_;
    records_ = records;
    for (Block& block : records->blocks) {
      block.next = spareRecords_;
      spareRecords_ = &block;
    }
  }
  Block* block = spareRecords_;
  spareRecords_ = block->next;
  *block = Block{};
  return block;
}

void Memory::insert(Block* block) {
  const int index = classOf(block->bytes);
  block->free = true;
  block->previous = nullptr;
  block->next = lists_[index];
  if (block->next) block->next->previous = block;
  lists_[index] = block;
  occupied_[index / 64] |= 1ull << (index % 64);
}

void Memory::remove(Block* block) {
  const int index = classOf(block->bytes);
  block->free = false;
  if (block->previous) {
    block->previous->next = block->next;
  } else {
    lists_[index] = block->next;
    if (!block->next) occupied_[index / 64] &= ~(1ull << (index % 64));
  }
  if (block->next) block->next->previous = block->previous;
}

Block* Memory::find(size_t bytes) {
  // The class of `bytes` itself may hold blocks that are too small; every block of a higher one fits.
  const int own = classOf(bytes);
  int tries = 8;
  for (Block* block = lists_[own]; block && tries > 0; block = block->next, tries--) {
    if (block->bytes >= bytes) return block;
  }
  for (int index = own + 1; index < kClasses;) {
    const uint64_t rest = occupied_[index / 64] >> (index % 64);
    if (rest) return lists_[index + __builtin_ctzll(rest)];
    index = (index / 64 + 1) * 64;
  }
  return nullptr;
}

/** New pages as one block. */
Block* Memory::makeArena(size_t bytes, bool huge) {
  Arena* arena = static_cast<Arena*>(malloc(sizeof(Arena)));
  Block* block = makeRecord();
  char* pages = arena && block ? mapPages(bytes, huge) : nullptr;
  if (!pages) {
    free(arena);
    return nullptr;
  }
  *arena = {pages, bytes, arenas_};
  arenas_ = arena;
  reserved_ += bytes;
  block->address = pages;
  block->bytes = bytes;
  return block;
}

Block* Memory::handOut(Block* block) {
  inUse_ += block->bytes;
  if (inUse_ > peak_) peak_ = inUse_;
  return block;
}

Block* Memory::allocate(size_t bytes) {
  if (bytes > (size_t(1) << 52)) return nullptr;
  bytes = bytes ? (bytes + kAlignment - 1) & ~(kAlignment - 1) : kAlignment;
  Block* block = find(bytes);
  if (!block) {
    Block* arena = makeArena(bytes > kArenaBytes ? (bytes + kHugePage - 1) & ~(kHugePage - 1) : kArenaBytes, true);
    if (!arena) return nullptr;
    insert(arena);
    block = find(bytes);
  }
  remove(block);
  if (block->bytes > bytes) {
    Block* rest = makeRecord();
    if (rest) {  // otherwise the whole block is handed out
      rest->address = block->address + bytes;
      rest->bytes = block->bytes - bytes;
      rest->before = block;
      rest->after = block->after;
      if (rest->after) rest->after->before = rest;
      block->after = rest;
      block->bytes = bytes;
      insert(rest);
    }
  }
  return handOut(block);
}

Block* Memory::allocateApart(size_t bytes, bool* zero) {
  if (bytes > (size_t(1) << 52)) return nullptr;
  bytes = (bytes + kPage - 1) & ~(kPage - 1);
  for (Block** place = &apart_; *place; place = &(*place)->next) {
    Block* block = *place;
    if (block->bytes != bytes) continue;
    *place = block->next;
    *zero = false;
    return handOut(block);
  }
  Block* block = makeArena(bytes, false);
  if (!block) return nullptr;
  block->apart = true;
  *zero = true;
  return handOut(block);
}

void Memory::release(Block* block) {
  inUse_ -= block->bytes;
  if (block->apart) {
    block->next = apart_;
    apart_ = block;
    return;
  }
  Block* before = block->before;
  if (before && before->free) {
    remove(before);
    before->bytes += block->bytes;
    before->after = block->after;
    if (before->after) before->after->before = before;
    block->next = spareRecords_;
    spareRecords_ = block;
    block = before;
  }
  Block* after = block->after;
  if (after && after->free) {
    remove(after);
    block->bytes += after->bytes;
    block->after = after->after;
    if (block->after) block->after->before = block;
    after->next = spareRecords_;
    spareRecords_ = after;
  }
  insert(block);
}

}  // namespace attune
