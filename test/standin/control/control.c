/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets Node's tests talk to the stand-in driver that the addon has opened in the same process: open(path) opens it
 * (again), control(request) gives the answer as text.
 */
#include <dlfcn.h>
#include <node_api.h>
#include <stdlib.h>

typedef char* (*Control)(const char* request);
static Control control_function = NULL;

/* The only argument as text of the caller's, or NULL with an exception pending. */
static char* TextArgument(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1, length = 0;
  char* text;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_string_utf8(env, argument, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "expected a string");
    return NULL;
  }
  text = malloc(length + 1);
  napi_get_value_string_utf8(env, argument, text, length + 1, &length);
  return text;
}

static napi_value Open(napi_env env, napi_callback_info info) {
  char* path = TextArgument(env, info);
  void* library;
  if (path == NULL) return NULL;
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  free(path);
  *(void**)&control_function = library == NULL ? NULL : dlsym(library, "trtn_standin_control");
  if (control_function == NULL) napi_throw_error(env, NULL, dlerror());
  return NULL;
}

static napi_value Request(napi_env env, napi_callback_info info) {
  char *request, *answer;
  napi_value result = NULL;
  if (control_function == NULL) {
    napi_throw_error(env, NULL, "open() comes first");
    return NULL;
  }
  request = TextArgument(env, info);
  if (request == NULL) return NULL;
  answer = control_function(request);
  free(request);
  napi_create_string_utf8(env, answer, NAPI_AUTO_LENGTH, &result);
  free(answer);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, Open, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  napi_create_function(env, "control", NAPI_AUTO_LENGTH, Request, NULL, &function);
  napi_set_named_property(env, exports, "control", function);
  return exports;
}
