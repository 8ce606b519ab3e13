// SPDX-License-Identifier: Apache-2.0
//
// What the stand-in writes down: calls, the trace, the timeline of the device, violations, objects of
// TensorRT. All of it has a lock of its own that is taken last, so that it may be used with and without the
// driver's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "api.h"
#include "entries.h"

namespace standin {

/// Counts a call and tells its result if one was ordered (a fault, a device that is gone), else 0.
CUresult Enter(Entry entry);

/// Makes a sticky result of the calling thread's context last; defined beside the contexts.
void PoisonCurrent(CUresult result);

/// Something that real hardware answers with undefined behaviour.
void Violate(const std::string& text);

/// Small number of the calling thread, from 1.
int ThreadNumber();
/// µs since the library was opened.
double NowUs();

struct TimelineEntry {
  const char* op;
  std::string name;
  uint64_t stream;
  size_t bytes;
  double start_us, end_us;
};
void AddToTimeline(TimelineEntry entry);

/// Tells Enter() to look closely (faults, trace, a delay): it is free of that otherwise.
enum Scrutiny : unsigned { kFaults = 1, kTrace = 2, kDelay = 4, kGone = 8 };
void SetScrutiny(Scrutiny what, bool is_on);
bool HasScrutiny(Scrutiny what);
/// Time that each call takes.
void SetCallNs(long ns);

/// As JSON.
std::string CallsJson();
std::string TraceJson();
std::string TimelineJson();
std::string ObjectsJson();
std::string TakeViolationsJson();
/// A string as JSON.
std::string Quoted(const std::string& text);
void SetTrace(bool is_on);
void ResetRecord();

/// While a host function runs on this thread the driver may not be called.
class HostFunctionScope {
 public:
  HostFunctionScope();
  ~HostFunctionScope();
};

}  // namespace standin
