// The addon's face to JavaScript (Node-API): src/backends/native/addon.ts has its types.
//
// An engine is a stream and its memory. Engines belong to the environment that made them, so every worker thread of Node
// may have its own; nothing here is shared between them. A hook ends an engine with its environment: the kernel that
// runs is finished, what is still queued is dropped, since nobody is left to see its result.
#include "binding.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "isa.h"
#include "memory.h"
#include "platform.h"
#include "stream.h"

namespace attune {

struct Engine {
  Stream* stream;
  Memory* memory;
  double* block;  // the arguments' array, shared with JavaScript
  napi_ref blockReference;
  napi_threadsafe_function report;
  long pending;         // reads and fences on their way
  int64_t reported;     // bytes that the garbage collector knows of
  int holders;          // JavaScript's object and the reporting function
};

struct Completion {
  double id;
  bool failed;
  char message[640];
};

/** An object in pages of its own, or nullptr. (`new` would be all that the addon takes from a C++ library.) */
template <class T, class... Arguments>
static T* make(const Arguments&... arguments) {
  char* pages = mapPages(sizeof(T));
  return pages ? new (pages) T(arguments...) : nullptr;
}
template <class T>
static void destroy(T* object) {
  if (!object) return;
  object->~T();
  unmapPages(reinterpret_cast<char*>(object), sizeof(T));
}

static void releaseEngine(Engine* engine) {
  if (--engine->holders == 0) free(engine);
}

/** Ends the stream and gives the memory back. */
static void endEngine(Engine* engine, bool drain) {
  if (!engine->stream) return;
  engine->stream->close(drain);
  destroy(engine->stream);
  destroy(engine->memory);
  engine->stream = nullptr;
  engine->memory = nullptr;
  napi_release_threadsafe_function(engine->report, drain ? napi_tsfn_release : napi_tsfn_abort);
}

static void endWithEnvironment(void* engine) { endEngine(static_cast<Engine*>(engine), false); }

/** On the stream's thread: hands a completion to JavaScript's. */
static void complete(void* context, double id, const char* error) {
  Engine* engine = static_cast<Engine*>(context);
  Completion* completion = static_cast<Completion*>(malloc(sizeof(Completion)));
  if (!completion) return;
  completion->id = id;
  completion->failed = error != nullptr;
  completion->message[0] = 0;
  if (error) strncat(completion->message, error, sizeof completion->message - 1);
  if (napi_call_threadsafe_function(engine->report, completion, napi_tsfn_nonblocking) != napi_ok) free(completion);
}

/** On JavaScript's thread: callback(id, message or undefined). */
static void deliver(napi_env env, napi_value callback, void* context, void* data) {
  Engine* engine = static_cast<Engine*>(context);
  Completion* completion = static_cast<Completion*>(data);
  if (env) {
    // With nothing pending, the function must not keep a finished process alive.
    if (--engine->pending == 0 && engine->stream) napi_unref_threadsafe_function(env, engine->report);
    napi_value arguments[2], receiver;
    napi_get_undefined(env, &receiver);
    napi_create_double(env, completion->id, &arguments[0]);
    arguments[1] = receiver;
    if (completion->failed) napi_create_string_utf8(env, completion->message, NAPI_AUTO_LENGTH, &arguments[1]);
    napi_call_function(env, receiver, callback, 2, arguments, nullptr);
  }
  free(completion);
}

// ---- arguments and results -----------------------------------------------------------------------------------------

/** Arguments of a call to a method of an engine. */
struct Call {
  napi_env env;
  napi_value arguments[5];
  size_t count = 5;
  Engine* engine = nullptr;
  Call(napi_env env, napi_callback_info info) : env(env) {
    void* data;
    napi_get_cb_info(env, info, &count, arguments, nullptr, &data);
    engine = static_cast<Engine*>(data);
  }
  double number(int i) const {
    double value = 0;
    napi_get_value_double(env, arguments[i], &value);
    return value;
  }
  char* address(int i) const { return reinterpret_cast<char*>(static_cast<uintptr_t>(number(i))); }
  char* array(int i, size_t* bytes) const { return arrayBytes(env, arguments[i], bytes); }
  bool closed() const {
    if (engine->stream) return false;
    napi_throw_error(env, nullptr, "the engine is closed");
    return true;
  }
  napi_value result(bool value) const {
    napi_value out;
    napi_get_boolean(env, value, &out);
    return out;
  }
};

/** Tells the garbage collector how much memory its small handles hold: once a step or so, not at every call. */
static void reportMemory(const Call& call) {
  const int64_t bytes = static_cast<int64_t>(call.engine->memory->bytesInUse());
  int64_t total;
  napi_adjust_external_memory(call.env, bytes - call.engine->reported, &total);
  call.engine->reported = bytes;
}

static void expectCompletion(const Call& call) {
  if (call.engine->pending++ == 0) napi_ref_threadsafe_function(call.env, call.engine->report);
}

// ---- methods of an engine ------------------------------------------------------------------------------------------

/** enqueue(count): the command that stands in the block. */
static napi_value enqueue(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  return call.result(call.engine->stream->enqueue(call.engine->block, static_cast<int64_t>(call.number(0))));
}

/** Leaves handle and address of what was allocated in the block; false without memory. */
static napi_value allocated(const Call& call, Block* block, size_t reservedBefore) {
  if (!block) return call.result(false);
  if (call.engine->memory->bytesReserved() > reservedBefore) reportMemory(call);
  call.engine->block[0] = static_cast<double>(reinterpret_cast<uintptr_t>(block));
  call.engine->block[1] = static_cast<double>(reinterpret_cast<uintptr_t>(block->address));
  return call.result(true);
}

/** allocate(bytes): leaves handle and address in the block; false without memory. */
static napi_value allocate(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  Memory& memory = *call.engine->memory;
  const size_t before = memory.bytesReserved();
  return allocated(call, memory.allocate(static_cast<size_t>(call.number(0))), before);
}

/** allocateApart(bytes): as allocate, in pages of its own; behind the address 1 where they are zero, else 0. */
static napi_value allocateApart(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  Memory& memory = *call.engine->memory;
  const size_t before = memory.bytesReserved();
  bool zero = false;
  Block* block = memory.allocateApart(static_cast<size_t>(call.number(0)), &zero);
  call.engine->block[2] = zero ? 1 : 0;
  return allocated(call, block, before);
}

/** release(handle) */
static napi_value release(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.closed()) call.engine->memory->release(reinterpret_cast<Block*>(call.address(0)));
  return nullptr;
}

/** write(address, array) */
static napi_value write(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  size_t bytes;
  const char* data = call.array(1, &bytes);
  return call.result(call.engine->stream->write(call.address(0), data, bytes));
}

/** read(address, array, id): fills the array, which the caller keeps alive, and reports. */
static napi_value read(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  reportMemory(call);
  size_t bytes;
  char* target = call.array(1, &bytes);
  expectCompletion(call);
  return call.result(call.engine->stream->read(target, call.address(0), bytes, call.number(2)));
}

/** fence(id) */
static napi_value fence(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  reportMemory(call);
  expectCompletion(call);
  return call.result(call.engine->stream->fence(call.number(0)));
}

/** call(function, context, argument): a function of another addon, in stream order. */
static napi_value callForeign(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  const auto function = reinterpret_cast<Stream::Foreign>(static_cast<uintptr_t>(call.number(0)));
  return call.result(call.engine->stream->call(function, call.address(1), call.number(2)));
}

/** statistics(): leaves its numbers in the block, then seconds and calls of every kernel. */
static napi_value statistics(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.closed()) return nullptr;
  const Engine& engine = *call.engine;
  double* out = engine.block;
  *out++ = static_cast<double>(engine.memory->bytesInUse());
  *out++ = static_cast<double>(engine.memory->bytesReserved() + engine.stream->bytesReserved());
  *out++ = static_cast<double>(engine.memory->peakBytesInUse());
  *out++ = static_cast<double>(engine.stream->enqueued());
  *out++ = engine.stream->busySeconds();
  for (int i = 0; i < kKernelCount; i++) {
    *out++ = engine.stream->kernelSeconds(i);
    *out++ = static_cast<double>(engine.stream->kernelCalls(i));
  }
  return nullptr;
}

static bool takeBlock(const Call& call, int argument) {
  Engine& engine = *call.engine;
  napi_ref reference;
  if (napi_create_reference(call.env, call.arguments[argument], 1, &reference) != napi_ok) return false;
  if (engine.blockReference) napi_delete_reference(call.env, engine.blockReference);
  engine.blockReference = reference;
  size_t bytes;
  engine.block = reinterpret_cast<double*>(call.array(argument, &bytes));
  return true;
}

/** setBlock(array): a larger array for arguments. */
static napi_value setBlock(napi_env env, napi_callback_info info) {
  Call call(env, info);
  takeBlock(call, 0);
  return nullptr;
}

/** close(): runs what is queued, then ends. */
static napi_value close(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.engine->stream) return nullptr;
  napi_remove_env_cleanup_hook(env, endWithEnvironment, call.engine);
  int64_t total;
  napi_adjust_external_memory(env, -call.engine->reported, &total);
  endEngine(call.engine, true);
  return nullptr;
}

// ---- the module ----------------------------------------------------------------------------------------------------

/** create(isa, threads, maxPending, block, callback) */
static napi_value create(napi_env env, napi_callback_info info) {
  Call call(env, info);
  char isa[32] = {};
  size_t length;
  napi_get_value_string_utf8(env, call.arguments[0], isa, sizeof isa, &length);
  const KernelTable* tables[kMaxTables];
  const KernelTable* table = nullptr;
  const int count = availableTables(tables);
  for (int i = 0; i < count; i++)
    if (strcmp(tables[i]->name, isa) == 0) table = tables[i];
  if (!table) {
    napi_throw_error(env, nullptr, "unknown instruction set");
    return nullptr;
  }
  Engine* engine = static_cast<Engine*>(calloc(1, sizeof(Engine)));
  napi_value name;
  napi_create_string_utf8(env, "attune", NAPI_AUTO_LENGTH, &name);
  const auto reporterGone = [](napi_env, void* data, void*) { releaseEngine(static_cast<Engine*>(data)); };
  if (!engine || napi_create_threadsafe_function(env, call.arguments[4], nullptr, name, 0, 1, engine, reporterGone,
                                                 engine, deliver, &engine->report) != napi_ok) {
    free(engine);
    napi_throw_error(env, nullptr, "cannot make a function to report to JavaScript");
    return nullptr;
  }
  napi_unref_threadsafe_function(env, engine->report);
  engine->holders = 1;
  call.engine = engine;
  engine->memory = make<Memory>();
  engine->stream = make<Stream>(*table, static_cast<int>(call.number(1)), static_cast<int64_t>(call.number(2)), complete,
                                static_cast<void*>(engine));
  if (!engine->memory || !engine->stream || !engine->stream->started() || !takeBlock(call, 3)) {
    destroy(engine->memory);
    destroy(engine->stream);
    napi_release_threadsafe_function(engine->report, napi_tsfn_abort);
    napi_throw_error(env, nullptr, "cannot start the stream's thread");
    return nullptr;
  }
  napi_add_env_cleanup_hook(env, endWithEnvironment, engine);

  napi_value object, threads;
  napi_create_object(env, &object);
  napi_create_int32(env, engine->stream->threads(), &threads);
  napi_set_named_property(env, object, "threads", threads);
  defineMethod(env, object, "enqueue", enqueue, engine);
  defineMethod(env, object, "allocate", allocate, engine);
  defineMethod(env, object, "allocateApart", allocateApart, engine);
  defineMethod(env, object, "release", release, engine);
  defineMethod(env, object, "write", write, engine);
  defineMethod(env, object, "read", read, engine);
  defineMethod(env, object, "fence", fence, engine);
  defineMethod(env, object, "call", callForeign, engine);
  defineMethod(env, object, "statistics", statistics, engine);
  defineMethod(env, object, "setBlock", setBlock, engine);
  defineMethod(env, object, "close", close, engine);
  const auto objectGone = [](napi_env, void* data, void*) { releaseEngine(static_cast<Engine*>(data)); };
  if (napi_add_finalizer(env, object, engine, objectGone, nullptr, nullptr) == napi_ok) engine->holders++;
  return object;
}

static napi_value listOf(napi_env env, const char* const* names, int count) {
  napi_value list;
  napi_create_array_with_length(env, static_cast<size_t>(count), &list);
  for (int i = 0; i < count; i++) {
    napi_value text;
    napi_create_string_utf8(env, names[i], NAPI_AUTO_LENGTH, &text);
    napi_set_element(env, list, static_cast<uint32_t>(i), text);
  }
  return list;
}

/**
 * What JavaScript writes for a kernel, and what the engine's methods and those of bytes take. Raise it, and INTERFACE in
 * src/backends/native/addon.ts, where either changes: an addon that reads other arguments than it is given ends the process.
 */
static const int32_t kInterface = 4;

static napi_value initialize(napi_env env, napi_value exports) {
  const KernelTable* tables[kMaxTables];
  const int count = availableTables(tables);
  const char* isas[kMaxTables];
  for (int i = 0; i < count; i++) isas[i] = tables[i]->name;
  static const char* const kNames[] = {
#define X(name) #name,
      ATTUNE_KERNELS(X)
#undef X
  };
  napi_set_named_property(env, exports, "isas", listOf(env, isas, count));
  napi_set_named_property(env, exports, "kernels", listOf(env, kNames, kKernelCount));
  napi_value number;
  napi_create_int32(env, kInterface, &number);
  napi_set_named_property(env, exports, "interface", number);
  defineMethod(env, exports, "create", create, nullptr);
  napi_set_named_property(env, exports, "bytes", bytesObject(env));
  return exports;
}

}  // namespace attune

NAPI_MODULE_INIT() { return attune::initialize(env, exports); }
