// What processes do together. See world.h for when each of these runs.
#pragma once
#include "world.h"

namespace attune::mpi {

/** Numbers of the dtypes; src/processes/mpi/addon.ts has the other end. */
enum class Element : int { float32, int32 };

/** Consecutive elements of 4 bytes. */
struct Run {
  char* address;
  int64_t count;
};

/**
 * Everybody's bytes for everybody, as many as each has. What the call is goes along: where processes do not make the same
 * call, all of them learn who makes which.
 */
class Exchange : public Operation {
 public:
  Exchange(const MPI_Comm& communicator, std::string what, std::vector<char> own)
      : Operation(std::move(what)), communicator_(communicator), own_(std::move(own)) {}
  State advance(World& world) override;

  /** Of all processes, one after another. */
  std::vector<char> all;
  std::vector<int64_t> lengths;

 private:
  static constexpr int kWhatBytes = 232;
  struct Header {
    int64_t bytes;
    char what[kWhatBytes];
  };
  std::string differences() const;

  const MPI_Comm& communicator_;
  std::vector<char> own_;
  Header header_;
  std::vector<Header> headers_;
  std::vector<int> counts_, offsets_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  int phase_ = 0;
};

/** Makes the communicators of a channel. */
class Opening : public Operation {
 public:
  Opening(MPI_Comm parent, Channel& channel) : Operation("opening a channel"), parent_(parent), channel_(channel) {}
  State advance(World& world) override;

 private:
  MPI_Comm parent_;
  Channel& channel_;
  std::vector<MPI_Request> requests_;
};

/** An operation on tensors: it waits for the stream's mark first. */
class TensorOperation : public Operation {
 public:
  TensorOperation(Channel& channel, std::string what) : Operation(std::move(what)), channel_(channel) {}
  State advance(World& world) final;
  int64_t ticket = 0;

 protected:
  virtual State move(World& world) = 0;
  Channel& channel_;

 private:
  double began_ = 0;
};

/**
 * The sum over all processes, in place. Process j sums the j-th part of the elements, over processes in ascending order, and
 * gives the result to the others: so the bits depend on the number of processes only, not on timing, nor on how elements
 * are cut into operations.
 */
class AllReduce : public TensorOperation {
 public:
  AllReduce(Channel& channel, std::string what, std::vector<Run> runs, Element element)
      : TensorOperation(channel, std::move(what)), runs_(std::move(runs)), element_(element) {}
  ~AllReduce() override;

 protected:
  State move(World& world) override;

 private:
  void cut(int parts);
  template <class T, class Wide>
  void sum(int rank, int size);

  std::vector<Run> runs_;
  const Element element_;
  std::vector<std::vector<Run>> parts_;
  std::vector<int64_t> counts_;
  std::vector<MPI_Datatype> types_;
  std::vector<std::vector<char>> received_;
  std::vector<MPI_Request> requests_;
  int phase_ = 0;
};

/** Every process's bytes, one after another, at `out` of every process. */
class AllGather : public TensorOperation {
 public:
  AllGather(Channel& channel, std::string what, const char* own, char* out, std::vector<int64_t> bytes)
      : TensorOperation(channel, std::move(what)), own_(own), out_(out), bytes_(std::move(bytes)) {}

 protected:
  State move(World& world) override;

 private:
  const char* own_;
  char* out_;
  std::vector<int64_t> bytes_;
  std::vector<int> counts_, offsets_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  int phase_ = 0;
};

/** One process's elements in place of those of all others. */
class Broadcast : public TensorOperation {
 public:
  Broadcast(Channel& channel, std::string what, std::vector<Run> runs, int root)
      : TensorOperation(channel, std::move(what)), runs_(std::move(runs)), root_(root) {}
  ~Broadcast() override;

 protected:
  State move(World& world) override;

 private:
  std::vector<Run> runs_;
  const int root_;
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  MPI_Request request_ = MPI_REQUEST_NULL;
  int phase_ = 0;
};

}  // namespace attune::mpi
