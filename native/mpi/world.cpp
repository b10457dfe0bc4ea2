// See world.h.
#include "world.h"

#include <dlfcn.h>
#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "operations.h"

namespace attune::mpi {

constexpr int kAsk = 1, kAnswer = 2;         // tags of questions
constexpr int kAnswerBytes = 320;
constexpr double kSecondsForAnswers = 2;
constexpr int kMostDescribed = 8;            // processes that a message tells of
constexpr int kSpins = 200;                  // looks before the thread sleeps between two
constexpr auto kNap = std::chrono::microseconds(50);   // between looks, while something moves
constexpr auto kRest = std::chrono::milliseconds(200);  // between looks for questions, while nothing does

double secondsNow() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

World& World::instance() {
  static World* world = new World;  // never destroyed: its thread may outlive what ends at exit
  return *world;
}

// ---- the program's thread ------------------------------------------------------------------------------------------

std::string World::start(double limitSeconds) {
  limit_ = limitSeconds;
  lastAt_ = secondsNow();
  thread_ = std::thread([this] { loop(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return initialized_; });
  running_ = beginError_.empty();
  if (!running_) {
    lock.unlock();
    thread_.join();
  }
  return beginError_;
}

int64_t World::submit(Lane& lane, OperationPointer operation) {
  std::unique_lock lock(mutex_);
  const int64_t ticket = ++lane.submitted;
  if (failed_) {
    operation->error = failure_;
    operation->finished = true;
    lane.finished.store(ticket);
    lock.unlock();
    if (operation->whenDone) operation->whenDone(*operation);
    return ticket;
  }
  if (auto* tensors = dynamic_cast<TensorOperation*>(operation.get())) tensors->ticket = ticket;
  lane.queue.push_back(std::move(operation));
  changed_.notify_all();
  return ticket;
}

void World::wait(const OperationPointer& operation) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return operation->finished; });
}

Channel* World::open(std::string* error) {
  // The first channel carries the making of all others, so that who makes none is named.
  Channel* first;
  Channel* channel;
  {
    std::unique_lock lock(mutex_);
    first = channels_.front().get();
    channels_.push_back(std::make_unique<Channel>());
    channel = channels_.back().get();
  }
  for (const OperationPointer& operation : {
           OperationPointer(std::make_shared<Exchange>(first->control, "new Accelerator", std::vector<char>())),
           OperationPointer(std::make_shared<Opening>(first->control, *channel)),
       }) {
    submit(first->controlLane, operation);
    wait(operation);
    *error = operation->error;
    if (!error->empty()) break;
  }
  return channel;
}

std::string World::finish() {
  if (!running_) return "";
  std::vector<OperationPointer> ends;
  {
    std::unique_lock lock(mutex_);
    if (failed_) return failure_;
  }
  for (const auto& channel : channels_) {
    auto end = std::make_shared<Exchange>(channel->control, "the end of the program", std::vector<char>());
    submit(channel->controlLane, end);
    ends.push_back(end);
  }
  for (const auto& end : ends) {
    wait(end);
    if (!end->error.empty()) return end->error;
  }
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
  running_ = false;
  return "";
}

void World::abort(int status) {
  {
    std::unique_lock lock(mutex_);
    abortStatus_ = status;
    aborting_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  _Exit(status);
}

// ---- the engine's stream -------------------------------------------------------------------------------------------

void World::signal(Channel& channel, int64_t ticket) {
  std::unique_lock lock(mutex_);
  channel.dataLane.signalled.store(ticket);
  changed_.notify_all();
}

const char* World::awaitTicket(Channel& channel, int64_t ticket) {
  const double began = secondsNow();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return channel.dataLane.finished.load() >= ticket || failed_ || ending_ || aborting_; });
  statistics.held.store(statistics.held.load() + secondsNow() - began);
  return failed_ ? failure_.c_str() : nullptr;
}

// ---- the communication thread --------------------------------------------------------------------------------------

/** What begins MPI; an error, or nothing. */
std::string World::begin() {
  // Plugins of some builds of MPI look for its symbols in the global scope, where an addon of Node is not.
  Dl_info where;
  if (dladdr(reinterpret_cast<void*>(&MPI_Init_thread), &where) && where.dli_fname) {
    dlopen(where.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  }
  int provided = 0;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return "MPI_Init failed";
  if (provided < MPI_THREAD_FUNNELED) return "this MPI cannot be used by a program of several threads";
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm node;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &localRank);
  MPI_Comm_size(node, &localSize);
  MPI_Comm_free(&node);
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MPI_Get_processor_name(name, &length);
  host = name;
  char version[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  MPI_Get_library_version(version, &length);
  library = std::string(version).substr(0, std::string(version).find_first_of(",\n"));
  channels_.push_back(std::make_unique<Channel>());
  Channel& first = *channels_.front();
  MPI_Comm_dup(MPI_COMM_WORLD, &first.control);
  MPI_Comm_dup(MPI_COMM_WORLD, &first.data);
  MPI_Comm_dup(MPI_COMM_WORLD, &questions_);
  for (const MPI_Comm communicator : {first.control, first.data, questions_}) {
    MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
  }
  return "";
}

/**
 * Asks the system to run this thread soon after it wakes up, also where all processors compute: it does little at a time, and
 * other processes wait for it. A Linux of 6.12 or newer takes short slices as that wish; others take no notice.
 */
static void wakeSoon() {
#ifdef __linux__
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != SCHED_OTHER) return;
  attributes.runtime = 100'000;  // nanoseconds, the shortest that there is
  syscall(SYS_sched_setattr, 0, &attributes, 0);
#endif
}

void World::loop() {
  wakeSoon();
  std::string error = begin();
  std::unique_lock lock(mutex_);
  beginError_ = error;
  initialized_ = true;
  changed_.notify_all();
  if (!error.empty()) return;
  double asked = 0;
  for (int spins = 0; !ending_ && !aborting_;) {
    lock.unlock();
    const bool moving = progress();
    if (secondsNow() - asked > 0.1) {
      answerOthers();
      asked = secondsNow();
    }
    if (moving && ++spins < kSpins) std::this_thread::yield();
    lock.lock();
    if (ending_ || aborting_) break;
    if (!moving) {
      spins = 0;
      // New work between progress() and here would have to wait: look once more.
      bool ready = false;
      for (const auto& channel : channels_) {
        ready = ready || (!failed_ && !channel->controlLane.queue.empty());
        const Lane& data = channel->dataLane;
        ready = ready || (!failed_ && !data.queue.empty() && data.signalled.load() > data.finished.load());
      }
      if (!ready) changed_.wait_for(lock, kRest);
    } else if (spins >= kSpins) {
      changed_.wait_for(lock, kNap);
    }
  }
  lock.unlock();
  if (aborting_) MPI_Abort(MPI_COMM_WORLD, abortStatus_);
  MPI_Finalize();
}

/** Every lane's first operation goes on; whether any of them waits for others. */
bool World::progress() {
  if (failed_) return false;
  bool moving = false;
  std::vector<Lane*> lanes;
  {
    std::unique_lock lock(mutex_);
    for (const auto& channel : channels_) {
      lanes.push_back(&channel->controlLane);
      lanes.push_back(&channel->dataLane);
    }
  }
  for (Lane* lane : lanes) {
    for (;;) {
      OperationPointer operation;
      {
        std::unique_lock lock(mutex_);
        if (lane->queue.empty()) break;
        operation = lane->queue.front();
      }
      const Operation::State state = operation->advance(*this);
      if (state == Operation::State::waiting) break;
      if (operation->since == 0) operation->since = secondsNow();
      if (state == Operation::State::moving) {
        moving = true;
        const double waited = secondsNow() - operation->since;
        if (waited > limit_) {
          char seconds[32];
          snprintf(seconds, sizeof seconds, "%.0f s", waited);
          fail("rank " + std::to_string(rank) + " waited " + seconds + " in \"" + operation->what + "\"; " +
               describeOthers(*operation));
          return false;
        }
        break;
      }
      if (!operation->error.empty()) {  // the processes are not in step any more
        fail(operation->error);
        return false;
      }
      complete(*lane);
      moving = true;
    }
  }
  return moving;
}

/** The first operation of a lane is done. */
void World::complete(Lane& lane) {
  OperationPointer operation;
  {
    std::unique_lock lock(mutex_);
    operation = std::move(lane.queue.front());
    lane.queue.pop_front();
    operation->finished = true;
    last_ = operation->what;
    lastAt_ = secondsNow();
    lane.finished.fetch_add(1);
    changed_.notify_all();
  }
  if (operation->whenDone) operation->whenDone(*operation);
}

/** Nothing goes on after this: what was submitted, and what will be, ends with the message. */
void World::fail(const std::string& message) {
  std::vector<OperationPointer> ended;
  {
    std::unique_lock lock(mutex_);
    failure_ = message;
    failed_ = true;
    for (const auto& channel : channels_) {
      for (Lane* lane : {&channel->controlLane, &channel->dataLane}) {
        for (auto& operation : lane->queue) {
          if (operation->error.empty()) operation->error = message;
          operation->finished = true;
          ended.push_back(std::move(operation));
        }
        lane->queue.clear();
        lane->finished.store(lane->submitted);
      }
    }
    changed_.notify_all();
  }
  for (const auto& operation : ended)
    if (operation->whenDone) operation->whenDone(*operation);
}

// ---- who is where --------------------------------------------------------------------------------------------------

std::string World::whereAmI() {
  std::unique_lock lock(mutex_);
  char seconds[32];
  for (const auto& channel : channels_) {
    for (const Lane* lane : {&channel->controlLane, &channel->dataLane}) {
      if (lane->queue.empty() || lane->queue.front()->since == 0) continue;
      snprintf(seconds, sizeof seconds, "%.0f s", secondsNow() - lane->queue.front()->since);
      return "is in \"" + lane->queue.front()->what + "\", for " + seconds;
    }
  }
  snprintf(seconds, sizeof seconds, "%.0f s", secondsNow() - lastAt_);
  return "makes no call, for " + std::string(seconds) + "; its last was \"" + last_ + "\"";
}

/** Tells others who ask. */
void World::answerOthers() {
  for (;;) {
    int asked = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, kAsk, questions_, &asked, &status) != MPI_SUCCESS || !asked) return;
    MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, kAsk, questions_, MPI_STATUS_IGNORE);
    char* answer = static_cast<char*>(calloc(1, kAnswerBytes));
    strncpy(answer, whereAmI().c_str(), kAnswerBytes - 1);
    MPI_Request request;
    MPI_Isend(answer, kAnswerBytes, MPI_BYTE, status.MPI_SOURCE, kAnswer, questions_, &request);
    MPI_Request_free(&request);  // the few bytes stay: who asks is about to end the job
  }
}

/** Where the others are, for a message. */
std::string World::describeOthers(const Operation& waiting) {
  std::vector<std::vector<char>> answers(size);
  std::vector<MPI_Request> requests(size, MPI_REQUEST_NULL);
  for (int r = 0; r < size; r++) {
    if (r == rank) continue;
    answers[r].resize(kAnswerBytes);
    MPI_Irecv(answers[r].data(), kAnswerBytes, MPI_BYTE, r, kAnswer, questions_, &requests[r]);
    MPI_Request sent;
    MPI_Isend(nullptr, 0, MPI_BYTE, r, kAsk, questions_, &sent);
    MPI_Request_free(&sent);
  }
  std::vector<int> done(size, 0);
  for (const double began = secondsNow(); secondsNow() - began < kSecondsForAnswers;) {
    answerOthers();
    int missing = 0;
    for (int r = 0; r < size; r++) {
      if (r != rank && !done[r]) MPI_Test(&requests[r], &done[r], MPI_STATUS_IGNORE);
      missing += r != rank && !done[r];
    }
    if (missing == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::string here = "is in \"" + waiting.what + "\"";
  std::string text;
  int described = 0;
  for (int r = 0; r < size && described < kMostDescribed; r++) {
    if (r == rank) continue;
    const std::string answer = done[r] ? answers[r].data() : "does not answer: it was stopped, or its machine is gone";
    if (answer.compare(0, here.size(), here) == 0) continue;  // it waits, too
    text += (described++ > 0 ? ", rank " : "rank ") + std::to_string(r) + " " + answer;
  }
  return text.empty() ? "all others wait there, too: what they wait for does not come through" : text;
}

}  // namespace attune::mpi
