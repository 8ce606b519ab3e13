/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that an asynchronous native call can cost: an empty job that goes to one thread of our own and comes
 * back through one thread-safe function. The overhead of a run is stated as a multiple of this.
 *
 *   start(callback)   starts the thread; `callback` is called once for each job that came back
 *   submit()          hands a job over
 *   stop()            ends the thread
 */
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int waiting_jobs = 0;
static bool is_stopped = false;
static pthread_t thread;
static napi_threadsafe_function deliver;
static napi_ref callback_reference;

static void* work(void* unused) {
  pthread_mutex_lock(&mutex);
  for (;;) {
    while (waiting_jobs == 0 && !is_stopped) pthread_cond_wait(&wake, &mutex);
    if (is_stopped) break;
    waiting_jobs--;
    pthread_mutex_unlock(&mutex);
    napi_call_threadsafe_function(deliver, NULL, napi_tsfn_nonblocking);
    pthread_mutex_lock(&mutex);
  }
  pthread_mutex_unlock(&mutex);
  return unused;
}

static void call_js(napi_env env, napi_value unused, void* context, void* data) {
  if (env == NULL) return;
  napi_value callback, global, result;
  napi_get_reference_value(env, callback_reference, &callback);
  napi_get_undefined(env, &global);
  napi_call_function(env, global, callback, 0, NULL, &result);
}

static napi_value submit(napi_env env, napi_callback_info info) {
  pthread_mutex_lock(&mutex);
  waiting_jobs++;
  pthread_mutex_unlock(&mutex);
  pthread_cond_signal(&wake);
  return NULL;
}

static napi_value start(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value callback, name;
  napi_get_cb_info(env, info, &count, &callback, NULL, NULL);
  napi_create_reference(env, callback, 1, &callback_reference);
  napi_create_string_utf8(env, "round-trip", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js, &deliver);
  pthread_create(&thread, NULL, work, NULL);
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  pthread_mutex_lock(&mutex);
  is_stopped = true;
  pthread_mutex_unlock(&mutex);
  pthread_cond_signal(&wake);
  pthread_join(thread, NULL);
  napi_release_threadsafe_function(deliver, napi_tsfn_abort);
  napi_delete_reference(env, callback_reference);
  return NULL;
}

static void add(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  add(env, exports, "start", start);
  add(env, exports, "submit", submit);
  add(env, exports, "stop", stop);
  return exports;
}
