// The stream as JavaScript uses it: commands of every kind and length from another thread, faster than they are run, with
// reads that must see what came before them.
#include <atomic>

#include "../stream.h"
#include "harness.h"

namespace attune::test {

struct Done {
  std::atomic<int> count{0}, errors{0};
};

static void completed(void* context, double, const char* error) {
  Done* done = static_cast<Done*>(context);
  if (error) done->errors++;
  done->count++;
}

static void enqueue(Stream& stream, Opcode opcode, const Arguments& arguments) {
  Doubles command = {double(opcode), 0};
  command.insert(command.end(), arguments.values.begin(), arguments.values.end());
  stream.enqueue(command.data(), int64_t(command.size()));
}

int testStream(const KernelTable& table) {
  int failures = 0;
  const auto check = [&](bool holds, const char* what) {
    if (holds) return;
    failures++;
    printf("FAILED %s: stream: %s\n", table.name, what);
  };
  for (int threads = 1; threads <= 3; threads++) {
    Done done;
    Stream stream(table, threads, 16, completed, &done);
    const long n = 50000, large = 400000;
    Floats x(n), product(64 * 64), staged(large), back(large);
    std::vector<Floats> seen(60, Floats(1));
    const Floats a = numbers(64 * 64, 1), host = numbers(large, 2);
    std::vector<double> runs = {0, 1500};  // more runs than a command holds in the ring
    for (int i = 0; i < 1500; i++) runs.insert(runs.end(), {double(uintptr_t(x.data())), 1.0});
    Floats norm(1);
    runs[0] = double(uintptr_t(norm.data()));
    enqueue(stream, fillOpcode, {0, x, n, 0});
    for (size_t i = 0; i < seen.size(); i++) {
      enqueue(stream, unaryOpcode, {11, x, x, n, 1, 1});
      enqueue(stream, gemmOpcode, {64, 64, 64, a, false, 64, a, true, 64, product, 64, false, 1, 0, 0, 0, 0, 0, 0, 0, 0});
      if (i % 7 == 0) enqueue(stream, normOpcode, runs);
      stream.read(reinterpret_cast<char*>(seen[i].data()), reinterpret_cast<char*>(x.data() + n - 1), sizeof(float), double(i));
      const float small[3] = {float(i), 2, 3};
      stream.write(reinterpret_cast<char*>(staged.data()), reinterpret_cast<const char*>(small), sizeof small);
    }
    stream.write(reinterpret_cast<char*>(staged.data()), reinterpret_cast<const char*>(host.data()), large * sizeof(float));
    stream.read(reinterpret_cast<char*>(back.data()), reinterpret_cast<char*>(staged.data()), large * sizeof(float), -1);
    const Ints outside = {9};
    enqueue(stream, gatherRowsOpcode, {0, x, 3, outside, product, 1, 1});  // an error, reported by the next fence
    stream.fence(-2);
    stream.close(true);
    check(done.count == int(seen.size()) + 2, "not every read and fence was reported");
    check(done.errors == 1, "the error was not reported once");
    for (size_t i = 0; i < seen.size(); i++) check(seen[i][0] == float(i + 1), "a read saw another command's result");
    check(back == host, "a staged write arrived damaged");
    check(norm[0] > 0, "a long command did not run");
  }
  {
    Done done;
    Stream stream(table, 2, 64, completed, &done);
    Floats x(1000);
    for (int i = 0; i < 200; i++) enqueue(stream, unaryOpcode, {11, x, x, 1000, 1, 1});
    stream.close(false);  // with work in the queue
  }
  return failures;
}

}  // namespace attune::test
