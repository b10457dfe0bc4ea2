// See operations.h.
#include "operations.h"

#include <algorithm>
#include <climits>
#include <cstring>

namespace attune::mpi {

// ---- what all share ------------------------------------------------------------------------------------------------

bool Operation::failed(int code) {
  if (code == MPI_SUCCESS) return false;
  char text[MPI_MAX_ERROR_STRING] = "unknown";
  int length = 0;
  MPI_Error_string(code, text, &length);
  if (error.empty()) error = what + ": MPI says: " + text;
  return true;
}

bool Operation::completed(std::vector<MPI_Request>& requests) {
  int done = 0;
  if (failed(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE))) return true;
  return done != 0;
}

bool Operation::completed(MPI_Request& request) {
  int done = 0;
  if (failed(MPI_Test(&request, &done, MPI_STATUS_IGNORE))) return true;
  return done != 0;
}

/** A datatype that means these very elements, wherever they stand. */
static MPI_Datatype typeOf(const std::vector<Run>& runs, MPI_Datatype element) {
  std::vector<int> lengths;
  std::vector<MPI_Aint> addresses;
  for (const Run& run : runs) {
    for (int64_t done = 0; done < run.count;) {  // MPI counts in int
      const int part = static_cast<int>(std::min<int64_t>(run.count - done, INT_MAX));
      MPI_Aint address;
      MPI_Get_address(run.address + 4 * done, &address);
      lengths.push_back(part);
      addresses.push_back(address);
      done += part;
    }
  }
  MPI_Datatype type;
  MPI_Type_create_hindexed(static_cast<int>(lengths.size()), lengths.data(), addresses.data(), element, &type);
  MPI_Type_commit(&type);
  return type;
}

static void release(MPI_Datatype& type) {
  if (type != MPI_DATATYPE_NULL) MPI_Type_free(&type);
}

// ---- Exchange ------------------------------------------------------------------------------------------------------

Operation::State Exchange::advance(World& world) {
  if (phase_ == 0) {
    header_ = {};
    header_.bytes = static_cast<int64_t>(own_.size());
    strncpy(header_.what, what.c_str(), kWhatBytes - 1);
    headers_.resize(world.size);
    if (failed(MPI_Iallgather(&header_, sizeof(Header), MPI_BYTE, headers_.data(), sizeof(Header), MPI_BYTE, communicator_,
                              &request_))) {
      return State::done;
    }
    phase_ = 1;
  }
  if (!completed(request_)) return State::moving;
  if (!error.empty() || phase_ == 2) return State::done;

  error = differences();
  if (!error.empty()) return State::done;
  int64_t total = 0;
  for (const Header& header : headers_) {
    lengths.push_back(header.bytes);
    counts_.push_back(static_cast<int>(header.bytes));
    offsets_.push_back(static_cast<int>(total));
    total += header.bytes;
  }
  if (total > INT_MAX) {
    error = what + ": " + std::to_string(total) + " bytes at once are more than MPI counts";
    return State::done;
  }
  world.statistics.bytesSent += sizeof(Header) + header_.bytes;
  if (total == 0) return State::done;
  all.resize(total);
  if (failed(MPI_Iallgatherv(own_.data(), static_cast<int>(own_.size()), MPI_BYTE, all.data(), counts_.data(),
                             offsets_.data(), MPI_BYTE, communicator_, &request_))) {
    return State::done;
  }
  phase_ = 2;
  return State::moving;
}

/** Who makes which call, where they are not the same. */
std::string Exchange::differences() const {
  struct Call {
    std::string what;
    std::string ranks;
  };
  std::vector<Call> calls;
  for (size_t rank = 0; rank < headers_.size(); rank++) {
    const std::string call = headers_[rank].what;
    auto same = std::find_if(calls.begin(), calls.end(), [&](const Call& other) { return other.what == call; });
    if (same == calls.end()) {
      calls.push_back({call, std::to_string(rank)});
    } else {
      same->ranks += "," + std::to_string(rank);
    }
  }
  if (calls.size() < 2) return "";
  std::string text = "the processes do not make the same call:";
  for (const Call& call : calls) text += "\n  rank " + call.ranks + ": " + call.what;
  return text;
}

// ---- Opening -------------------------------------------------------------------------------------------------------

Operation::State Opening::advance(World&) {
  if (requests_.empty()) {
    requests_.resize(2, MPI_REQUEST_NULL);
    if (failed(MPI_Comm_idup(parent_, &channel_.control, &requests_[0]))) return State::done;
    if (failed(MPI_Comm_idup(parent_, &channel_.data, &requests_[1]))) return State::done;
  }
  if (!completed(requests_)) return State::moving;
  if (error.empty()) {
    MPI_Comm_set_errhandler(channel_.control, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(channel_.data, MPI_ERRORS_RETURN);
  }
  return State::done;
}

// ---- operations on tensors -----------------------------------------------------------------------------------------

Operation::State TensorOperation::advance(World& world) {
  if (channel_.dataLane.signalled.load() < ticket) return State::waiting;
  if (began_ == 0) began_ = secondsNow();
  const State state = move(world);
  if (state == State::done) {
    world.statistics.moving.store(world.statistics.moving.load() + secondsNow() - began_);
  }
  return state;
}

/** Cuts the elements into parts of about equally many. */
void AllReduce::cut(int parts) {
  int64_t total = 0;
  for (const Run& run : runs_) total += run.count;
  parts_.resize(parts);
  counts_.resize(parts);
  int64_t position = 0;  // of the run's first element among all
  size_t part = 0;
  const auto endOf = [&](size_t i) { return total * static_cast<int64_t>(i + 1) / parts; };
  for (const Run& run : runs_) {
    for (int64_t done = 0; done < run.count;) {
      while (position + done >= endOf(part)) part++;
      const int64_t count = std::min(run.count - done, endOf(part) - position - done);
      parts_[part].push_back({run.address + 4 * done, count});
      counts_[part] += count;
      done += count;
    }
    position += run.count;
  }
}

/** Sums this process's part over all processes, in their order. */
template <class T, class Wide>
void AllReduce::sum(int rank, int size) {
  constexpr int64_t kBlock = 1024;
  Wide sums[kBlock];
  int64_t position = 0;
  for (const Run& run : parts_[rank]) {
    T* own = reinterpret_cast<T*>(run.address);
    for (int64_t start = 0; start < run.count; start += kBlock) {
      const int64_t count = std::min(kBlock, run.count - start);
      for (int i = 0; i < count; i++) sums[i] = 0;
      for (int r = 0; r < size; r++) {
        const T* values = r == rank ? own + start : reinterpret_cast<const T*>(received_[r].data()) + position;
        for (int i = 0; i < count; i++) sums[i] += static_cast<Wide>(values[i]);
      }
      for (int i = 0; i < count; i++) own[start + i] = static_cast<T>(sums[i]);
      position += count;
    }
  }
}

Operation::State AllReduce::move(World& world) {
  const int rank = world.rank, size = world.size;
  const MPI_Datatype element = element_ == Element::float32 ? MPI_FLOAT : MPI_INT32_T;
  constexpr int kScatter = 1, kGather = 2;
  const auto send = [&](int part, int to, int tag) {
    requests_.push_back(MPI_REQUEST_NULL);
    world.statistics.bytesSent += 4 * counts_[part];
    return failed(MPI_Isend(MPI_BOTTOM, 1, types_[part], to, tag, channel_.data, &requests_.back()));
  };

  if (phase_ == 0) {
    cut(size);
    for (const auto& part : parts_) types_.push_back(typeOf(part, element));
    received_.resize(size);
    for (int i = 1; i < size; i++) {  // not everybody to the same one first
      const int from = (rank - i + size) % size;
      received_[from].resize(4 * counts_[rank]);
      requests_.push_back(MPI_REQUEST_NULL);
      if (counts_[rank] > INT_MAX) {
        error = what + ": more elements at once than MPI counts";
        return State::done;
      }
      if (failed(MPI_Irecv(received_[from].data(), static_cast<int>(counts_[rank]), element, from, kScatter,
                           channel_.data, &requests_.back()))) {
        return State::done;
      }
    }
    for (int i = 1; i < size; i++) {
      const int to = (rank + i) % size;
      if (send(to, to, kScatter)) return State::done;
    }
    phase_ = 1;
  }
  if (!completed(requests_)) return State::moving;
  if (!error.empty() || phase_ == 2) return State::done;

  if (element_ == Element::float32) {
    sum<float, double>(rank, size);
  } else {
    sum<int32_t, int64_t>(rank, size);
  }
  received_.clear();
  requests_.clear();
  for (int i = 1; i < size; i++) {
    const int from = (rank - i + size) % size;
    requests_.push_back(MPI_REQUEST_NULL);
    if (failed(MPI_Irecv(MPI_BOTTOM, 1, types_[from], from, kGather, channel_.data, &requests_.back()))) {
      return State::done;
    }
  }
  for (int i = 1; i < size; i++) {
    if (send(rank, (rank + i) % size, kGather)) return State::done;
  }
  phase_ = 2;
  return State::moving;
}

AllReduce::~AllReduce() {
  for (MPI_Datatype& type : types_) release(type);
}

Operation::State AllGather::move(World& world) {
  if (phase_ == 0) {
    int64_t total = 0;
    for (const int64_t bytes : bytes_) {
      counts_.push_back(static_cast<int>(bytes));
      offsets_.push_back(static_cast<int>(total));
      total += bytes;
    }
    if (total > INT_MAX) {
      error = what + ": " + std::to_string(total) + " bytes at once are more than MPI counts";
      return State::done;
    }
    world.statistics.bytesSent += bytes_[world.rank] * (world.size - 1);
    if (failed(MPI_Iallgatherv(own_, counts_[world.rank], MPI_BYTE, out_, counts_.data(), offsets_.data(), MPI_BYTE,
                               channel_.data, &request_))) {
      return State::done;
    }
    phase_ = 1;
  }
  return completed(request_) ? State::done : State::moving;
}

Operation::State Broadcast::move(World& world) {
  if (phase_ == 0) {
    type_ = typeOf(runs_, MPI_INT32_T);
    if (world.rank == root_) {
      for (const Run& run : runs_) world.statistics.bytesSent += 4 * run.count;
    }
    if (failed(MPI_Ibcast(MPI_BOTTOM, 1, type_, root_, channel_.data, &request_))) return State::done;
    phase_ = 1;
  }
  return completed(request_) ? State::done : State::moving;
}

Broadcast::~Broadcast() { release(type_); }

}  // namespace attune::mpi
