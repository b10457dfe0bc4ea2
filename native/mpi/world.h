// The processes of a job, over MPI. One thread of its own makes every call of MPI, so that no more is asked of the library
// than MPI_THREAD_FUNNELED, and nobody who computes ever waits inside of it. It works on lanes: in a lane one operation
// follows another, and lanes move at the same time.
//
// A channel is what one Accelerator talks over: a lane for messages between programs (control) and one for tensors (data),
// each with a communicator of its own. An operation on tensors begins when the engine's stream has come to its mark
// (signal), and the stream can be held until an operation is done (awaitTicket): that is how communication runs beside
// the computation that goes on.
//
// Whoever waits for others longer than the limit asks them where they are, and everything fails with the answer.
#pragma once
#define OMPI_SKIP_MPICXX 1  // the C interface is all that is used
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace attune::mpi {

/** Of a clock that only goes forward. */
double secondsNow();

class World;

/** What is done together with the other processes. Only the communication thread touches it between submit and its end. */
class Operation {
 public:
  enum class State { waiting, moving, done };

  explicit Operation(std::string what) : what(std::move(what)) {}
  virtual ~Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /** Goes on as far as it can without waiting. On failure `error` is set, and it is done. */
  virtual State advance(World& world) = 0;

  /** What it is, for people: "gather float32 [8, 2]". */
  const std::string what;
  std::string error;
  /** Called once, on the communication thread, when it is done. */
  std::function<void(Operation&)> whenDone;
  /** When it began to wait for others; 0 before. */
  double since = 0;
  bool finished = false;  // guarded by the world's mutex

 protected:
  /** Records the error of a call of MPI; true where there is one. */
  bool failed(int code);
  /** Whether all of these requests are done. */
  bool completed(std::vector<MPI_Request>& requests);
  bool completed(MPI_Request& request);
};

using OperationPointer = std::shared_ptr<Operation>;

struct Lane {
  std::deque<OperationPointer> queue;
  int64_t submitted = 0;                // tickets given out
  std::atomic<int64_t> signalled{0};    // the stream has come to the mark of this ticket
  std::atomic<int64_t> finished{0};
};

struct Channel {
  MPI_Comm control = MPI_COMM_NULL, data = MPI_COMM_NULL;
  Lane controlLane, dataLane;
};

struct Statistics {
  std::atomic<int64_t> bytesSent{0};
  /** Seconds between the mark of an operation on tensors and its end, all together. */
  std::atomic<double> moving{0};
  /** Seconds for which the engine's stream was held. */
  std::atomic<double> held{0};
};

class World {
 public:
  /** There is one: MPI begins and ends once in a process. */
  static World& instance();

  // ---- the program's thread ----

  /** Begins MPI; waits until that is done. @returns an error, or nothing */
  std::string start(double limitSeconds);
  bool running() const { return running_; }
  /** A channel that all processes open at the same point of their program; waits until they have. */
  Channel* open(std::string* error);
  /** @returns the operation's ticket in its lane. */
  int64_t submit(Lane& lane, OperationPointer operation);
  /** Waits until an operation is done. */
  void wait(const OperationPointer& operation);
  /** Waits for the others to end too, and ends MPI. @returns an error, or nothing */
  std::string finish();
  /** Ends all processes of the job, this one too. */
  [[noreturn]] void abort(int status);

  // ---- the engine's stream, of one or several engines ----

  void signal(Channel& channel, int64_t ticket);
  /** Holds the caller until the operation is done; an error, or nullptr. */
  const char* awaitTicket(Channel& channel, int64_t ticket);

  // ---- any thread ----

  int rank = 0, size = 1, localRank = 0, localSize = 1;
  std::string host, library;
  Statistics statistics;

 private:
  World() = default;
  void loop();
  std::string begin();
  bool progress();
  void complete(Lane& lane);
  void fail(const std::string& message);
  void answerOthers();
  std::string describeOthers(const Operation& waiting);
  std::string whereAmI();

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;  // something was submitted or signalled, or has ended
  std::vector<std::unique_ptr<Channel>> channels_;
  double limit_ = 1800;
  bool running_ = false;
  bool initialized_ = false, ending_ = false, aborting_ = false;
  int abortStatus_ = 1;
  std::string beginError_;
  std::atomic<bool> failed_{false};
  std::string failure_;  // written once, before failed_
  MPI_Comm questions_ = MPI_COMM_NULL;
  std::string last_ = "the start";
  double lastAt_ = 0;
};

}  // namespace attune::mpi
