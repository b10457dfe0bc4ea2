// The functions of bytes.h for JavaScript, which gives typed arrays that are as long as ByteRoutines in
// src/backends/native/bytes.ts says, and gets a number.
#include "binding.h"
#include "bytes.h"

namespace attune {

char* arrayBytes(napi_env env, napi_value array, size_t* bytes) {
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* data = nullptr;
  napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr);
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array: *bytes = length; break;
    case napi_int16_array:
    case napi_uint16_array: *bytes = 2 * length; break;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: *bytes = 4 * length; break;
    default: *bytes = 8 * length;
  }
  return static_cast<char*>(data);
}

void defineMethod(napi_env env, napi_value object, const char* name, napi_callback method, void* data) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, method, data, &function);
  napi_set_named_property(env, object, name, function);
}

/** A typed array that was given. */
template <class T>
struct Array {
  T* data;
  size_t length;
};

/** The arguments of a call. */
class Given {
 public:
  Given(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMost;
    napi_get_cb_info(env, info, &count, arguments_, nullptr, nullptr);
  }

  template <class T>
  Array<T> array(int i) const {
    size_t bytes = 0;
    T* data = reinterpret_cast<T*>(arrayBytes(env_, arguments_[i], &bytes));
    return {data, bytes / sizeof(T)};
  }
  Bytes bytes(int i) const {
    const Array<uint8_t> given = array<uint8_t>(i);
    return {given.data, given.length};
  }
  double number(int i) const {
    double value = 0;
    napi_get_value_double(env_, arguments_[i], &value);
    return value;
  }
  size_t count(int i) const { return static_cast<size_t>(number(i)); }
  napi_value result(double value) const {
    napi_value out;
    napi_create_double(env_, value, &out);
    return out;
  }

 private:
  static const size_t kMost = 10;
  napi_env env_;
  napi_value arguments_[kMost];
};

/** unpackSnappy(packed, out): 1, or 0. */
static napi_value snappy(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<uint8_t> out = given.array<uint8_t>(1);
  return given.result(unpackSnappy(given.bytes(0), out.data, out.length));
}

/** takeSized(bytes, offsets, values) */
static napi_value sized(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> offsets = given.array<int32_t>(1);
  const Array<uint8_t> values = given.array<uint8_t>(2);
  if (offsets.length == 0) return given.result(-1);
  return given.result(double(takeSized(given.bytes(0), offsets.length - 1, offsets.data, values.data, values.length)));
}

/** sizeOfGathered(offsets, numbers) */
static napi_value gatheredSize(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> offsets = given.array<int32_t>(0), numbers = given.array<int32_t>(1);
  const size_t known = offsets.length == 0 ? 0 : offsets.length - 1;
  return given.result(double(sizeOfGathered(offsets.data, known, numbers.data, numbers.length)));
}

/** gatherSized(given, ends, numbers, offsets, values) */
static napi_value gathered(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> numbers = given.array<int32_t>(2);
  gatherSized(given.bytes(0).data, given.array<int32_t>(1).data, numbers.data, numbers.length,
              given.array<int32_t>(3).data, given.array<uint8_t>(4).data);
  return given.result(1);
}

/** gatherWords(given, words, numbers, values): 1, or 0. */
static napi_value gatheredWords(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> from = given.array<int32_t>(0), numbers = given.array<int32_t>(2);
  const size_t words = given.count(1);
  return given.result(gatherWords(from.data, from.length / words, words, numbers.data, numbers.length,
                                  given.array<int32_t>(3).data));
}

/** takeRuns(bytes, width, out): 1, or 0. */
static napi_value runs(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> out = given.array<int32_t>(2);
  return given.result(takeRuns(given.bytes(0), static_cast<unsigned>(given.count(1)), out.length, out.data));
}

/** firstOutside(values, valid, least, most); no bytes of `valid`: all are there. */
static napi_value outside(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int64_t> values = given.array<int64_t>(0);
  const Bytes valid = given.bytes(1);
  const int64_t first = firstOutside(values.data, values.length, valid.size > 0 ? valid.data : nullptr,
                                     int64_t(given.number(2)), int64_t(given.number(3)));
  return given.result(double(first));
}

/** firstCut(text, offsets) */
static napi_value cut(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> offsets = given.array<int32_t>(1);
  return given.result(double(firstCut(given.bytes(0), offsets.data, offsets.length - 1)));
}

/** rebase(offsets, out) */
static napi_value rebased(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> out = given.array<int32_t>(1);
  rebase(given.array<int32_t>(0).data, out.length, out.data);
  return given.result(1);
}

/** splitLines(bytes, place, columns, delimiter, quote, spans, sizes) */
static napi_value lines(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<uint8_t> bytes = given.array<uint8_t>(0);
  const Array<double> place = given.array<double>(1);
  const Array<int32_t> spans = given.array<int32_t>(5);
  const size_t columns = given.count(2);
  LinePlace at = {static_cast<size_t>(place.data[0]), 0};
  const size_t count = splitLines(bytes.data, bytes.length, at, columns, spans.length / (2 * columns),
                                  static_cast<uint8_t>(given.number(3)), static_cast<int>(given.number(4)), spans.data,
                                  given.array<double>(6).data);
  place.data[0] = double(at.at);
  place.data[1] += double(at.lines);
  return given.result(double(count));
}

/** (bytes, spans, column, columns, missing, missingOffsets, ...): the fields of a column, `count` of them. */
static Fields fieldsOf(const Given& given, size_t count) {
  const Array<int32_t> offsets = given.array<int32_t>(5);
  return {given.bytes(0).data, given.array<int32_t>(1).data + 2 * given.count(2), given.count(3), count,
          given.bytes(4).data, offsets.data, offsets.length - 1};
}

/** takeTexts(..., offsets, values, valid) */
static napi_value texts(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int32_t> offsets = given.array<int32_t>(6);
  const Fields fields = fieldsOf(given, offsets.length - 1);
  const size_t missing = takeTexts(fields, offsets.data, given.array<uint8_t>(7).data, given.array<uint8_t>(8).data);
  return given.result(double(missing));
}

/** takeIntegers(..., values, valid) */
static napi_value integers(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<int64_t> values = given.array<int64_t>(6);
  return given.result(double(takeIntegers(fieldsOf(given, values.length), values.data, given.array<uint8_t>(7).data)));
}

/** takeNumbers(..., values, valid) */
static napi_value numbers(napi_env env, napi_callback_info info) {
  const Given given(env, info);
  const Array<double> values = given.array<double>(6);
  return given.result(double(takeNumbers(fieldsOf(given, values.length), values.data, given.array<uint8_t>(7).data)));
}

napi_value bytesObject(napi_env env) {
  napi_value object;
  napi_create_object(env, &object);
  defineMethod(env, object, "unpackSnappy", snappy, nullptr);
  defineMethod(env, object, "takeSized", sized, nullptr);
  defineMethod(env, object, "sizeOfGathered", gatheredSize, nullptr);
  defineMethod(env, object, "gatherSized", gathered, nullptr);
  defineMethod(env, object, "gatherWords", gatheredWords, nullptr);
  defineMethod(env, object, "takeRuns", runs, nullptr);
  defineMethod(env, object, "firstOutside", outside, nullptr);
  defineMethod(env, object, "firstCut", cut, nullptr);
  defineMethod(env, object, "rebase", rebased, nullptr);
  defineMethod(env, object, "splitLines", lines, nullptr);
  defineMethod(env, object, "takeTexts", texts, nullptr);
  defineMethod(env, object, "takeIntegers", integers, nullptr);
  defineMethod(env, object, "takeNumbers", numbers, nullptr);
  return object;
}

}  // namespace attune
