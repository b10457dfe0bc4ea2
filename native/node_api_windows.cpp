// Node-API on Windows. A library there names the program that it takes functions from, and node.exe goes by other names
// too (Electron's, a renamed copy). So the functions are looked up in the program that runs, when the addon is loaded.
//
// A call of a function that is declared as imported goes through the pointer __imp_NAME, which an import library would
// define; here it is a variable, and what fills it runs before anything else of the addon.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define NODE_API_FUNCTIONS(X)                                                                                         \
  X(napi_add_env_cleanup_hook) X(napi_add_finalizer) X(napi_adjust_external_memory) X(napi_call_function)             \
  X(napi_call_threadsafe_function) X(napi_create_array_with_length) X(napi_create_double) X(napi_create_function)     \
  X(napi_create_int32) X(napi_create_object) X(napi_create_reference) X(napi_create_string_utf8)                      \
  X(napi_create_threadsafe_function) X(napi_delete_reference) X(napi_get_boolean) X(napi_get_cb_info)                 \
  X(napi_get_typedarray_info) X(napi_get_undefined) X(napi_get_value_double) X(napi_get_value_string_utf8)            \
  X(napi_ref_threadsafe_function) X(napi_release_threadsafe_function) X(napi_remove_env_cleanup_hook)                 \
  X(napi_set_element) X(napi_set_named_property) X(napi_throw_error) X(napi_unref_threadsafe_function)

extern "C" {
#define X(name) void* __imp_##name = nullptr;
NODE_API_FUNCTIONS(X)
#undef X
}

namespace {
struct Lookup {
  Lookup() {
    const HMODULE program = GetModuleHandleW(nullptr);
    const HMODULE library = GetModuleHandleW(L"libnode.dll");  // a Node that is embedded as a library
    const auto find = [&](const char* name) {
      FARPROC function = GetProcAddress(program, name);
      if (!function && library) function = GetProcAddress(library, name);
      return reinterpret_cast<void*>(function);
    };
#define X(name) __imp_##name = find(#name);
    NODE_API_FUNCTIONS(X)
#undef X
  }
} lookup;
}  // namespace
