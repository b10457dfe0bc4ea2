// What the files of the addon's face to JavaScript have in common.
#pragma once
#if defined(_WIN32)
#define NAPI_EXTERN __declspec(dllimport)  // node_api_windows.cpp has the other end
#endif
#include <node_api.h>

namespace attune {

/** Where the elements of a typed array stand, and how many bytes they are. */
char* arrayBytes(napi_env env, napi_value array, size_t* bytes);

void defineMethod(napi_env env, napi_value object, const char* name, napi_callback method, void* data);

/** The functions of bytes.h: binding_bytes.cpp. */
napi_value bytesObject(napi_env env);

}  // namespace attune
