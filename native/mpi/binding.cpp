// The processes of a job as JavaScript sees them (Node-API): src/processes/mpi/addon.ts has the types.
#include <node_api.h>

#include <cstring>
#include <string>

#include "operations.h"

namespace attune::mpi {

// ---- what the engine's stream calls --------------------------------------------------------------------------------

extern "C" {
/** The stream has come to the mark of a ticket. */
static const char* signalTicket(void* channel, double ticket) {
  World::instance().signal(*static_cast<Channel*>(channel), static_cast<int64_t>(ticket));
  return nullptr;
}
/** The stream needs what the operation of this ticket gives. */
static const char* awaitTicket(void* channel, double ticket) {
  return World::instance().awaitTicket(*static_cast<Channel*>(channel), static_cast<int64_t>(ticket));
}
}

// ---- arguments and results -----------------------------------------------------------------------------------------

struct Call {
  napi_env env;
  napi_value arguments[5];
  size_t count = 5;
  Call(napi_env env, napi_callback_info info) : env(env) { napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr); }

  double number(int i) const {
    double value = 0;
    napi_get_value_double(env, arguments[i], &value);
    return value;
  }
  template <class T>
  T* pointer(int i) const {
    return reinterpret_cast<T*>(static_cast<uintptr_t>(number(i)));
  }
  std::string text(int i) const {
    size_t length = 0;
    napi_get_value_string_utf8(env, arguments[i], nullptr, 0, &length);
    std::string value(length, 0);
    napi_get_value_string_utf8(env, arguments[i], value.data(), length + 1, &length);
    return value;
  }
  /** The elements of a typed array. */
  template <class T>
  std::vector<T> list(int i) const {
    size_t length = 0;
    void* data = nullptr;
    napi_typedarray_type type;
    napi_get_typedarray_info(env, arguments[i], &type, &length, &data, nullptr, nullptr);
    const T* first = static_cast<const T*>(data);
    return std::vector<T>(first, first + length);
  }
  /** Pairs of address and count. */
  std::vector<Run> runs(int i) const {
    std::vector<Run> runs;
    const std::vector<double> numbers = list<double>(i);
    for (size_t j = 0; j + 1 < numbers.size(); j += 2) {
      runs.push_back({reinterpret_cast<char*>(static_cast<uintptr_t>(numbers[j])), static_cast<int64_t>(numbers[j + 1])});
    }
    return runs;
  }
};

static napi_value numberOf(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

static napi_value textOf(napi_env env, const std::string& value) {
  napi_value result;
  napi_create_string_utf8(env, value.c_str(), value.size(), &result);
  return result;
}

static void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

/** An array with a Uint8Array of each process's bytes. */
static napi_value partsOf(napi_env env, const Exchange& exchange) {
  napi_value parts;
  napi_create_array_with_length(env, exchange.lengths.size(), &parts);
  size_t position = 0;
  for (size_t i = 0; i < exchange.lengths.size(); i++) {
    const size_t length = static_cast<size_t>(exchange.lengths[i]);
    void* data = nullptr;
    napi_value buffer, part;
    napi_create_arraybuffer(env, length, &data, &buffer);
    if (length > 0) memcpy(data, exchange.all.data() + position, length);
    napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &part);
    napi_set_element(env, parts, static_cast<uint32_t>(i), part);
    position += length;
  }
  return parts;
}

// ---- reports to JavaScript -----------------------------------------------------------------------------------------

static napi_threadsafe_function report = nullptr;
static int pending = 0;  // exchanges on their way; JavaScript's thread only

struct Report {
  double id;
  OperationPointer operation;
};

/** On JavaScript's thread: callback(id, message or undefined, parts). */
static void deliver(napi_env env, napi_value callback, void*, void* data) {
  Report* result = static_cast<Report*>(data);
  if (env) {
    if (--pending == 0) napi_unref_threadsafe_function(env, report);  // nothing keeps a finished program alive
    napi_value receiver;
    napi_get_undefined(env, &receiver);
    const Exchange& exchange = static_cast<const Exchange&>(*result->operation);
    napi_value arguments[] = {numberOf(env, result->id), receiver, receiver};
    if (exchange.error.empty()) {
      arguments[2] = partsOf(env, exchange);
    } else {
      arguments[1] = textOf(env, exchange.error);
    }
    napi_call_function(env, receiver, callback, 3, arguments, nullptr);
  }
  delete result;
}

// ---- the module's functions ----------------------------------------------------------------------------------------

/** start(limitSeconds, callback) -> who this process is */
static napi_value start(napi_env env, napi_callback_info info) {
  Call call(env, info);
  World& world = World::instance();
  const std::string error = world.running() ? "MPI has begun already" : world.start(call.number(0));
  if (!error.empty()) {
    napi_throw_error(env, nullptr, error.c_str());
    return nullptr;
  }
  napi_create_threadsafe_function(env, call.arguments[1], nullptr, textOf(env, "attune processes"), 0, 1, nullptr, nullptr,
                                  nullptr, deliver, &report);
  napi_unref_threadsafe_function(env, report);
  napi_value self;
  napi_create_object(env, &self);
  set(env, self, "rank", numberOf(env, world.rank));
  set(env, self, "size", numberOf(env, world.size));
  set(env, self, "localRank", numberOf(env, world.localRank));
  set(env, self, "localSize", numberOf(env, world.localSize));
  set(env, self, "host", textOf(env, world.host));
  set(env, self, "library", textOf(env, world.library));
  return self;
}

/** open() -> channel */
static napi_value open(napi_env env, napi_callback_info) {
  std::string error;
  Channel* channel = World::instance().open(&error);
  if (!error.empty()) {
    napi_throw_error(env, nullptr, error.c_str());
    return nullptr;
  }
  return numberOf(env, static_cast<double>(reinterpret_cast<uintptr_t>(channel)));
}

/** exchange(channel, what, bytes, id): the callback hears of it. */
static napi_value exchange(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Channel* channel = call.pointer<Channel>(0);
  auto operation = std::make_shared<Exchange>(channel->control, call.text(1), call.list<char>(2));
  const double id = call.number(3);
  if (pending++ == 0) napi_ref_threadsafe_function(env, report);
  std::weak_ptr<Exchange> itself = operation;  // an operation that held itself would never go
  operation->whenDone = [id, itself](Operation&) {
    napi_call_threadsafe_function(report, new Report{id, itself.lock()}, napi_tsfn_nonblocking);
  };
  World::instance().submit(channel->controlLane, operation);
  return nullptr;
}

/** exchangeNow(channel, what, bytes) -> parts: holds the program until all processes have come. */
static napi_value exchangeNow(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Channel* channel = call.pointer<Channel>(0);
  auto operation = std::make_shared<Exchange>(channel->control, call.text(1), call.list<char>(2));
  World::instance().submit(channel->controlLane, operation);
  World::instance().wait(operation);
  if (operation->error.empty()) return partsOf(env, *operation);
  napi_throw_error(env, nullptr, operation->error.c_str());
  return nullptr;
}

/** allReduce(channel, what, runs, element) -> ticket */
static napi_value allReduce(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Channel* channel = call.pointer<Channel>(0);
  const auto element = static_cast<Element>(static_cast<int>(call.number(3)));
  auto operation = std::make_shared<AllReduce>(*channel, call.text(1), call.runs(2), element);
  return numberOf(env, static_cast<double>(World::instance().submit(channel->dataLane, operation)));
}

/** allGather(channel, what, own address, out address, bytes of each process) -> ticket */
static napi_value allGather(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Channel* channel = call.pointer<Channel>(0);
  std::vector<int64_t> bytes;
  for (const double value : call.list<double>(4)) bytes.push_back(static_cast<int64_t>(value));
  auto operation =
      std::make_shared<AllGather>(*channel, call.text(1), call.pointer<char>(2), call.pointer<char>(3), std::move(bytes));
  return numberOf(env, static_cast<double>(World::instance().submit(channel->dataLane, operation)));
}

/** broadcast(channel, what, runs, root) -> ticket */
static napi_value broadcast(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Channel* channel = call.pointer<Channel>(0);
  auto operation =
      std::make_shared<Broadcast>(*channel, call.text(1), call.runs(2), static_cast<int>(call.number(3)));
  return numberOf(env, static_cast<double>(World::instance().submit(channel->dataLane, operation)));
}

/** statistics() */
static napi_value statistics(napi_env env, napi_callback_info) {
  const Statistics& numbers = World::instance().statistics;
  napi_value result;
  napi_create_object(env, &result);
  set(env, result, "bytesSent", numberOf(env, static_cast<double>(numbers.bytesSent.load())));
  set(env, result, "movingSeconds", numberOf(env, numbers.moving.load()));
  set(env, result, "heldSeconds", numberOf(env, numbers.held.load()));
  return result;
}

/** finish(): waits for the others' end, and ends MPI. */
static napi_value finish(napi_env env, napi_callback_info) {
  const std::string error = World::instance().finish();
  if (!error.empty()) napi_throw_error(env, nullptr, error.c_str());
  return nullptr;
}

/** abort(status): ends all processes of the job. */
static napi_value abort(napi_env env, napi_callback_info info) {
  World::instance().abort(static_cast<int>(Call(env, info).number(0)));
}

static napi_value initialize(napi_env env, napi_value exports) {
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {{"start", start},         {"open", open},           {"exchange", exchange},
                   {"exchangeNow", exchangeNow}, {"allReduce", allReduce}, {"allGather", allGather},
                   {"broadcast", broadcast}, {"statistics", statistics}, {"finish", finish},
                   {"abort", abort}};
  for (const auto& each : functions) {
    napi_value function;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.function, nullptr, &function);
    set(env, exports, each.name, function);
  }
  set(env, exports, "signalFunction", numberOf(env, static_cast<double>(reinterpret_cast<uintptr_t>(&signalTicket))));
  set(env, exports, "awaitFunction", numberOf(env, static_cast<double>(reinterpret_cast<uintptr_t>(&awaitTicket))));
  return exports;
}

}  // namespace attune::mpi

NAPI_MODULE_INIT() { return attune::mpi::initialize(env, exports); }
