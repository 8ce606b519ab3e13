/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stand-in driver (libcuda.so.1) exports besides the driver API: for the stand-in of TensorRT, which
 * has no other way to put work on a stream, and for tests.
 */
#ifndef TRTN_STANDIN_H_
#define TRTN_STANDIN_H_

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/*
 * Enqueues `run(argument)` to a stream as a kernel of `duration_us`; recorded instead while the stream
 * captures, and then run at every launch of the graph. `destroy(argument)` is called once nothing can run it
 * any more. Returns a CUresult.
 */
int trtn_standin_launch(void* stream, const char* name, double duration_us, void (*run)(void* argument),
                        void* argument, void (*destroy)(void* argument));

/*
 * Counts and records a call of `entry` ("IExecutionContext::enqueueV3"), and tells whether a fault was
 * ordered for this call: 0 none, else the ordered value (a CUresult for the driver's, 1 for "returns false or
 * null").
 */
int trtn_standin_call(const char* entry);

/* Counts objects of TensorRT: +1 when made, -1 when destroyed; `kind` is the class ("IExecutionContext"). */
void trtn_standin_count_object(const char* kind, int change);

/* Reports what real hardware would answer with undefined behaviour ("two threads in one IExecutionContext").
 */
void trtn_standin_violation(const char* text);

/* Whether `bytes` at a device address belong to a live allocation. */
int trtn_standin_is_device_memory(const void* address, unsigned long long bytes);

/*
 * The tests' side: takes one request and answers with JSON in memory that the caller frees with free(). The
 * requests are listed at the head of driver/control.cc.
 */
char* trtn_standin_control(const char* request);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif /* TRTN_STANDIN_H_ */
