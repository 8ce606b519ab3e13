/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets Node's tests talk to a stand-in that the addon has opened in the same process: open(path) opens it
 * (again) and gives the function that takes a request and gives the answer as text.
 */
#include <dlfcn.h>
#include <node_api.h>
#include <stdlib.h>

typedef char* (*Control)(const char* request);

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

static napi_value Request(napi_env env, napi_callback_info info) {
  char *request = TextArgument(env, info), *answer;
  void* control = NULL;
  napi_value result = NULL;
  if (request == NULL) return NULL;
  napi_get_cb_info(env, info, NULL, NULL, NULL, &control);
  answer = (*(Control*)&control)(request);
  free(request);
  napi_create_string_utf8(env, answer, NAPI_AUTO_LENGTH, &result);
  free(answer);
  return result;
}

static napi_value Open(napi_env env, napi_callback_info info) {
  char* path = TextArgument(env, info);
  void *library, *control;
  napi_value result = NULL;
  if (path == NULL) return NULL;
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  free(path);
  control = library == NULL ? NULL : dlsym(library, "trtn_standin_control");
  if (control == NULL) {
    napi_throw_error(env, NULL, dlerror());
    return NULL;
  }
  napi_create_function(env, "control", NAPI_AUTO_LENGTH, Request, control, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, Open, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  return exports;
}
